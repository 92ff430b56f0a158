"""What goes wrong beside the user's code is said in the notebook and by the doctor."""

from typing import Any

from cellcost.journal import JOURNAL_FILE
from cellcost.testing.provider import FakeProvider

CALL_NUSD = 100 * 250 + 10 * 2000


def ask(provider: FakeProvider) -> str:
    return f"""
import httpx2
asked = {{"model": "gpt-5-mini", "messages": [{{"role": "user", "content": "hi"}}]}}
httpx2.post("{provider.url}/chat/completions", json=asked) and None
"""


def test_a_client_that_user_code_replaced_is_said_until_it_is_back(
    desk: Any, provider: FakeProvider
) -> None:
    desk.write("replaced.ipynb")
    notebook = desk.open("replaced.ipynb")
    notebook.run(ask(provider), cell="c1")
    notebook.run(
        "kept, httpx2.Client.send = httpx2.Client.send, lambda *_, **__: 7", cell="c2"
    )
    notebook.run(f"{ask(provider)}", cell="c3")
    shown = desk.notebook("replaced.ipynb", lambda n: n["meter"]["not_captured"])
    (missed,) = shown["meter"]["not_captured"]
    assert missed["stack"] == "httpx2"
    assert "Client.send is now <lambda> of __main__" in missed["reason"]
    assert "calls through httpx2 are not captured" in desk.cellcost("doctor").stdout
    assert shown["total"]["calls"] == 1

    notebook.run("httpx2.Client.send = kept", cell="c4")
    notebook.run(ask(provider), cell="c5")
    shown = desk.notebook("replaced.ipynb", lambda n: n["total"]["calls"] == 2)
    desk.notebook("replaced.ipynb", lambda n: not n["meter"]["not_captured"])


def test_a_journal_that_breaks_under_a_running_kernel_costs_no_call(
    desk: Any, provider: FakeProvider
) -> None:
    desk.write("broken.ipynb")
    notebook = desk.open("broken.ipynb")
    notebook.run(ask(provider), cell="c1")
    desk.notebook("broken.ipynb", lambda n: n["total"]["calls"] == 1)
    before = len(desk.events())

    journal = desk.home / JOURNAL_FILE
    for path in desk.home.glob(f"{JOURNAL_FILE}-*"):
        path.unlink()
    journal.unlink()
    journal.write_bytes(b"this is no database" * 1000)
    notebook.run(ask(provider), cell="c2")
    shown = desk.notebook(
        "broken.ipynb", lambda n: n["meter"]["journal"]["state"] != "ok"
    )
    assert shown["meter"]["journal"]["detail"]
    doctor = desk.cellcost("doctor")
    assert doctor.returncode == 1
    assert f"{journal} is damaged" in doctor.stdout

    repaired = desk.cellcost("doctor", "--repair")
    assert "Kept the damaged journal as" in repaired.stdout
    notebook.run(ask(provider), cell="c3")
    events = desk.events()
    assert [event["cell_id"] for event in events] == ["c2", "c3"]
    assert {event["cost_nusd"] for event in events} == {str(CALL_NUSD)}
    assert before >= 1
    shown = desk.notebook("broken.ipynb", lambda n: n["total"]["calls"] == 2)
    desk.notebook("broken.ipynb", lambda n: n["meter"]["journal"]["state"] == "ok")


def test_a_broken_settings_file_is_the_reason_that_an_unpriced_call_gives(
    desk: Any, provider: FakeProvider
) -> None:
    settings = desk.home / "cellcost.toml"
    whole = settings.read_text()
    desk.write("settings.ipynb")
    notebook = desk.open("settings.ipynb")
    settings.write_text(whole + "[nonsense\n")
    notebook.run(f"import logging\nlogging.disable()\n{ask(provider)}", cell="c1")
    shown = desk.notebook("settings.ipynb", lambda n: n["total"]["calls"] == 1)
    assert (shown["total"]["cost_nusd"], shown["total"]["n_unpriced"]) == (None, 1)
    lines = desk.api("cell", path="settings.ipynb", cell_id="c1")["lines"]
    assert "cellcost.toml:4: is not valid TOML" in lines[0]["reason"]
    assert f"{settings}:4: is not valid TOML" in desk.cellcost("doctor").stdout
    settings.write_text(whole)
