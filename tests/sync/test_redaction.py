"""What leaves under each policy; what the ledger knows an event by never moves."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellcost.config import Redaction, SyncSettings
from cellcost.journal import codec
from cellcost.sync.redaction import redacted
from cellcost.testing.records import WHERE, make_event

SECRET = b"s" * 32
POLICIES: list[Redaction] = ["send", "hash", "drop"]
CORE = ("id", "seq", "kind", "time_us", "lines", "corrects", "call", "confidence")


def wire(**where: str) -> dict[str, object]:
    event = replace(
        make_event(), where=replace(WHERE, **where), installation="i", seq=7
    )
    return codec.event_to_wire(event)


def where_of(policy: SyncSettings, **where: str) -> dict[str, str]:
    found: dict[str, str] = redacted(wire(**where), policy, SECRET)["where"]
    return found


def test_without_a_policy_all_leaves_as_it_is() -> None:
    event = wire(user="ada")
    assert redacted(event, SyncSettings(), SECRET) == event


@pytest.mark.parametrize(
    ("name", "field"),
    [("user", "user"), ("host", "host"), ("path", "notebook"), ("cell", "cell_id")],
)
def test_a_hash_is_the_same_for_the_same_name_and_tells_nothing(
    name: str, field: str
) -> None:
    policy = SyncSettings(**{name: "hash"})  # type: ignore[arg-type]  # by name
    one = where_of(policy, **{field: "ada"})[field]
    assert one == where_of(policy, **{field: "ada"})[field]
    assert one != where_of(policy, **{field: "bob"})[field]
    assert one.startswith("h:") and len(one) == 18
    other = redacted(wire(**{field: "ada"}), policy, b"t" * 32)["where"][field]
    assert one != other


def test_a_path_is_treated_wherever_it_stands() -> None:
    where = {
        "notebook": "/data/ada/q.ipynb",
        "call_file": r"C:\ada\tools.py",
        "call_site": r"C:\ada\tools.py:Tool.ask.<locals>.go:12",
        "cell_id": "vscode-notebook-cell:/data/ada/q.ipynb#W0sZmlsZQ",
    }
    dropped = where_of(SyncSettings(path="drop"), **where)
    assert "ada" not in str(dropped)
    assert dropped["call_site"] == ":Tool.ask.<locals>.go:12"
    hashed = where_of(SyncSettings(path="hash"), **where)
    assert "ada" not in str(hashed)
    assert hashed["call_site"].endswith(":Tool.ask.<locals>.go:12")
    assert hashed["call_site"].startswith(hashed["call_file"])


def test_the_call_site_of_a_cell_holds_no_path() -> None:
    policy = SyncSettings(path="drop")
    assert where_of(policy, call_site="cell:ask:3")["call_site"] == "cell:ask:3"


def test_a_call_site_takes_its_file_and_its_mark_along() -> None:
    where = {"call_site": "a/b.py:f:1", "call_file": "/x/a/b.py", "call_mark": "m1"}
    dropped = where_of(SyncSettings(call_site="drop"), **where)
    assert not {"call_site", "call_file", "call_mark"} & set(dropped)
    hashed = where_of(SyncSettings(call_site="hash"), **where)
    assert all(hashed[name].startswith("h:") for name in where)


def test_a_cell_takes_the_hash_of_its_source_along() -> None:
    dropped = where_of(SyncSettings(cell="drop"), cell_id="c1", source_hash="s1")
    assert not {"cell_id", "source_hash"} & set(dropped)


@given(
    st.fixed_dictionaries(
        {
            name: st.sampled_from(POLICIES)
            for name in ("user", "host", "path", "cell", "call_site")
        }
    ),
    st.fixed_dictionaries(
        {
            name: st.text(max_size=12)
            for name in ("user", "host", "notebook", "cell_id", "call_site")
        }
    ),
)
def test_no_policy_moves_what_an_event_is_known_by(
    policy: dict[str, Redaction], where: dict[str, str]
) -> None:
    event = wire(**where)
    before = codec.dumps(event)
    found = redacted(event, SyncSettings(**policy), SECRET)
    assert codec.dumps(event) == before
    for name in CORE:
        assert found.get(name) == event.get(name)
    assert set(found["where"]) <= {*event["where"], "call_site"}  # type: ignore[misc]  # a dict
