"""Which notebook an event belongs to, under the name it has now."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cellcost.journal import Rename
from cellcost.records import Where
from cellcost.testing.records import WHERE
from cellcost_server.places import Places

ROOT = str(Path("/srv/home").absolute())
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def path(name: str) -> str:
    return str(Path(ROOT, name))


def made_in(notebook: str, kernel: str = "k", session: str = "s") -> Where:
    return replace(WHERE, notebook=notebook, kernel_id=kernel, session_id=session)


def moved(old: str, new: str, hours: float) -> Rename:
    return Rename(path(old), path(new), at(hours))


def test_one_notebook_has_one_key_however_it_is_written() -> None:
    places = Places(root=ROOT)
    key = places.key("notes/a.ipynb")
    assert places.key("/notes/a.ipynb") == places.key("RTC:notes/a.ipynb") == key
    assert places.of(made_in("notes/a.ipynb"), NOON) == key
    assert places.of(made_in(path("notes/a.ipynb")), NOON) == key
    assert places.api_path(key) == "notes/a.ipynb"


def test_a_notebook_outside_the_root_keeps_its_path() -> None:
    places = Places(root=ROOT)
    outside = str(Path("/elsewhere/a.ipynb").absolute())
    assert places.of(made_in(outside), NOON) == outside
    assert places.api_path(outside) == outside
    assert not places.inside(outside)
    assert not places.inside(ROOT + "-2/a.ipynb")


def test_history_follows_renames_of_files_and_folders() -> None:
    places = Places(
        root=ROOT,
        renames=(moved("a.ipynb", "old/b.ipynb", 1), moved("old", "new", 2)),
    )
    assert places.of(made_in("a.ipynb"), at(0)) == path("new/b.ipynb")
    assert set(places.names(path("new/b.ipynb"))) >= {
        "a.ipynb",
        path("a.ipynb"),
        path("old/b.ipynb"),
        path("new/b.ipynb"),
    }


def test_a_new_notebook_under_the_old_name_is_another_one() -> None:
    places = Places(root=ROOT, renames=(moved("a.ipynb", "b.ipynb", 1),))
    assert places.of(made_in("a.ipynb"), at(2)) == path("a.ipynb")


def test_a_kernel_started_before_the_rename_still_knows_the_old_name() -> None:
    places = Places(
        root=ROOT,
        renames=(moved("a.ipynb", "b.ipynb", 1),),
        starts={("k", "s"): at(0), ("k", "restarted"): at(1.5)},
    )
    assert places.of(made_in("a.ipynb"), at(2)) == path("b.ipynb")
    assert places.of(made_in("a.ipynb", session="restarted"), at(2)) == path("a.ipynb")


def test_there_and_back_again_ends_where_it_began() -> None:
    places = Places(
        root=ROOT,
        renames=(moved("a.ipynb", "b.ipynb", 1), moved("b.ipynb", "a.ipynb", 2)),
    )
    assert places.of(made_in("a.ipynb"), at(0)) == path("a.ipynb")
    assert places.of(made_in("b.ipynb"), at(1.5)) == path("a.ipynb")


def test_a_kernel_that_knows_no_notebook_is_found_by_its_session() -> None:
    places = Places(root=ROOT, kernels={"k": path("a.ipynb")})
    assert places.of(made_in(""), NOON) == path("a.ipynb")
    assert places.of(made_in("", kernel="other"), NOON) == ""
