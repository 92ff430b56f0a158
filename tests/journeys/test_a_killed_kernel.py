"""A kernel that dies in mid-stream: what it had used is kept, on its cell."""

import os
import signal
from typing import Any

from cellcost.testing.provider import FakeProvider, Reply

SETUP = """
import json, os, openai
client = openai.OpenAI(base_url={url!r}, api_key="none", max_retries=0)
asked = dict(model="gpt-5-mini", messages=[dict(role="user", content="hello")])
print(json.dumps(os.getpid()))
"""
STREAM = """
for part in client.chat.completions.create(**asked, stream=True):
    print(json.dumps(part.choices[0].delta.content), flush=True)
"""
CALL_NUSD = 100 * 250 + 10 * 2000


def test_a_kernel_killed_in_mid_stream_loses_nothing(
    desk: Any, provider: FakeProvider
) -> None:
    desk.write("dies.ipynb")
    desk.write("lives.ipynb")
    dying, living = desk.open("dies.ipynb"), desk.open("lives.ipynb")
    (pid,) = dying.run(SETUP.format(url=provider.url), cell="setup")
    living.run(SETUP.format(url=provider.url), cell="setup")
    dying.run("client.chat.completions.create(**asked) and None", cell="whole")
    held = Reply(hold_after=4)
    provider.script(held, Reply(hold_after=4))
    dying.send(STREAM, cell="killed")
    dying.wait_for_print()
    assert held.held.wait(60)
    slow = living.send(STREAM, cell="slow")
    living.wait_for_print()
    shown = desk.notebook("dies.ipynb", lambda n: n["total"]["tokens"]["output"] == 13)
    assert shown["total"]["live_calls"] == 1
    assert shown["total"]["state"] == "live"

    os.kill(pid, signal.SIGKILL)
    found = desk.notebook("dies.ipynb", lambda n: n["total"]["live_calls"] == 0)
    held.gate.set()

    whole, killed = desk.events()
    assert (whole["cell_id"], whole["confidence"]) == ("whole", "measured")
    assert whole["cost_nusd"] == str(CALL_NUSD)
    assert (killed["cell_id"], killed["confidence"]) == ("killed", "partial")
    assert killed["notebook"] == str(desk.work / "dies.ipynb")
    assert killed["seq"] == 2
    # "hello" in a chat request is 8 tokens; the three words that came are 3 more.
    assert (killed["input_tokens"], killed["output_tokens"]) == (8, 3)
    assert killed["cost_nusd"] == str(8 * 250 + 3 * 2000)
    cell = {cell["cell_id"]: cell for cell in found["cells"]}["killed"]
    assert (cell["state"], cell["n_partial"]) == ("partial", 1)
    # The slow call of the kernel that lives is nobody's to declare dead.
    assert desk.api("notebook", path="lives.ipynb")["total"]["live_calls"] == 1
    assert slow
