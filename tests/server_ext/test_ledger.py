"""The ledger's card: quiet while it works or is away, a warning where one must act."""

from cellcost.sync.watching import Condition
from cellcost_server.ledger import ledger_json

URL = "https://ledger.corp/cost"


def test_nobody_logged_in_is_no_card() -> None:
    assert ledger_json(Condition(state="off")) is None


def test_what_waits_is_counted() -> None:
    done = ledger_json(Condition(state="ok", url=URL))
    assert done == {"rows": [{"text": "ledger.corp", "detail": "up to date"}]}
    some = ledger_json(Condition(state="waiting", url=URL, waiting=1200))
    assert some == {"rows": [{"text": "ledger.corp", "detail": "1,200 waiting"}]}


def test_only_what_somebody_must_do_is_a_warning() -> None:
    away = ledger_json(Condition(state="failing", url=URL, detail="no route"))
    no = ledger_json(Condition(state="refused", url=URL, detail="no key", waiting=2))
    assert away is not None
    assert no is not None
    assert "level" not in str(away)
    assert [row["level"] for row in no["rows"]] == ["warn", "warn"]
    assert no["rows"][0]["detail"] == "not sending, 2 waiting"
