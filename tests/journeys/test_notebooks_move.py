"""A notebook that is renamed keeps its figures; its copy starts with none."""

from typing import Any

from cellcost.testing.provider import FakeProvider

CALL_NUSD = 100 * 250 + 10 * 2000


def ask(provider: FakeProvider) -> str:
    return f"""
import httpx2
asked = {{"model": "gpt-5-mini", "messages": [{{"role": "user", "content": "hi"}}]}}
httpx2.post("{provider.url}/chat/completions", json=asked) and None
"""


def test_a_renamed_notebook_keeps_its_figures_and_a_copy_has_none(
    desk: Any, provider: FakeProvider
) -> None:
    desk.write("first.ipynb")
    notebook = desk.open("first.ipynb")
    notebook.run(ask(provider), cell="c1")
    desk.notebook("first.ipynb", lambda n: n["total"]["calls"] == 1)

    desk.request("PATCH", "api/contents/first.ipynb", {"path": "second.ipynb"})
    desk.request(
        "PATCH", f"api/sessions/{notebook.session_id}", {"path": "second.ipynb"}
    )
    copy: dict[str, Any] = desk.request(
        "POST", "api/contents", {"copy_from": "second.ipynb"}
    )
    copied = desk.open(copy["path"])
    # The kernel that runs on still believes in the old name.
    notebook.run(ask(provider), cell="c2")

    shown = desk.notebook("second.ipynb", lambda n: n["total"]["calls"] == 2)
    assert [cell["cell_id"] for cell in shown["cells"]] == ["c1", "c2"]
    assert shown["total"]["cost_nusd"] == str(2 * CALL_NUSD)
    assert desk.api("notebook", path=copy["path"])["total"]["calls"] == 0

    # Its cells have the ids of the original's: they stay two notebooks.
    copied.run(ask(provider), cell="c1")
    shown = desk.notebook(copy["path"], lambda n: n["total"]["calls"] == 1)
    assert shown["total"]["cost_nusd"] == str(CALL_NUSD)
    again = desk.api("notebook", path="second.ipynb")
    assert again["total"]["cost_nusd"] == str(2 * CALL_NUSD)
    rows = desk.report("notebook")
    assert {key: row["calls"] for key, row in rows.items()} == {
        str(desk.work / "second.ipynb"): 2,
        str(desk.work / copy["path"]): 1,
    }

    # A new notebook under the old name has nothing of it.
    desk.write("first.ipynb")
    assert desk.api("notebook", path="first.ipynb")["total"]["calls"] == 0


def test_notebooks_of_one_name_under_two_servers_stay_two(
    start_desk: Any, desk: Any, provider: FakeProvider
) -> None:
    with start_desk("", home=desk.home) as other:
        for place in (desk, other):
            place.write("Untitled.ipynb")
            place.open("Untitled.ipynb").run(ask(provider), cell="c1")
        for place in (desk, other):
            shown = place.notebook("Untitled.ipynb", lambda n: n["total"]["calls"])
            assert shown["total"]["calls"] == 1
        rows = desk.report("notebook")
        for place in (desk, other):
            assert rows[str(place.work / "Untitled.ipynb")]["calls"] == 1
