"""The Jupyter server sends the journal once somebody logs in, and shows how it goes."""

from typing import Any

from cellcost.sync import log_in
from cellcost.testing.records import make_event


async def test_nothing_is_said_while_nobody_is_logged_in(get: Any) -> None:
    assert (await get("today"))["ledger"] is None


async def test_a_login_counts_without_a_restart_and_being_offline_is_quiet(
    home: Any, writer: Any, get: Any, subscribe: Any, monkeypatch: Any
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    writer.settle(make_event())
    async with subscribe() as next_event:
        log_in(home, "http://127.0.0.1:9", "cck_x")
        event = await next_event("today", lambda body: body["ledger"] is not None)
    first, why = event["ledger"]["rows"]
    assert first == {"text": "127.0.0.1:9", "detail": "not reached, 1 waiting"}
    assert "does not answer" in why["text"]
    assert "cck_x" not in str(event)
    assert (await get("today"))["ledger"] == event["ledger"]
