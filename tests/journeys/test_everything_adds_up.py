"""Two kernels and a script at once, in one journal: every view has the same sum."""

import threading
from pathlib import Path
from typing import Any

from cellcost.journal import Reader
from cellcost.records import known_cost
from cellcost.testing.provider import FakeProvider, Reply

ASK = """
import sys, threading, httpx2
def ask(model="gpt-5-mini", stream=False):
    body = {"model": model, "stream": stream,
            "stream_options": {"include_usage": True} if stream else None,
            "messages": [{"role": "user", "content": "hi"}]}
    httpx2.post(URL + "/chat/completions", json=body, timeout=60)
def work(n):
    threads = [threading.Thread(target=ask, kwargs=dict(
        model=("gpt-5-mini", "gpt-5", "claude-made-up")[k % 3], stream=k % 2 == 0))
        for k in range(n)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""
EACH = 12


def test_two_kernels_and_a_script_at_once_add_up_to_the_nano_dollar(
    desk: Any, provider: FakeProvider
) -> None:
    provider.always(Reply(input_tokens=1237, cached_tokens=411, output_tokens=89))
    # A third of the calls is refused: attempts that cost nothing and are there.
    provider.script(*(Reply(status=429) if n % 3 == 0 else Reply() for n in range(30)))
    source = f"URL = {provider.url!r}{ASK}"
    (desk.work / "job.py").write_text(f"{source}work({EACH})\n")
    notebooks = []
    for name in ("one.ipynb", "two.ipynb"):
        desk.write(name)
        notebooks.append(desk.open(name))
    for notebook in notebooks:
        notebook.run(source, cell="setup")
    results = []
    script = threading.Thread(
        target=lambda: results.append(desk.cellcost("run", "job.py"))
    )
    script.start()
    running = [
        [n.send(f"work({EACH // 2})", cell=cell) for cell in ("a", "b", "a")]
        for n in notebooks
    ]
    for notebook, cells in zip(notebooks, running, strict=True):
        for msg_id in cells:
            notebook.wait(msg_id)
    script.join()
    assert (results[0].returncode, results[0].stderr) == (0, "")

    calls = EACH + 2 * 3 * (EACH // 2)
    assert len(provider.received) == calls
    events = desk.events()
    assert sorted(event["seq"] for event in events) == list(range(1, calls + 1))
    total = sum(int(event["cost_nusd"] or 0) for event in events)
    unpriced = sum(event["cost_nusd"] is None for event in events)
    assert total > 0
    assert unpriced > 0

    for by in ("cell", "notebook", "model", "call_site", "day", "team", "environment"):
        rows = desk.report(by).values()
        assert sum(row["calls"] for row in rows) == calls
        assert sum(int(row["cost_nusd"] or 0) for row in rows) == total
        assert sum(row["unpriced"] for row in rows) == unpriced
    with Reader(Path(desk.home)) as reader:
        assert sum(known_cost(event.lines) or 0 for event in reader.events()) == total

    def day_total() -> Any:
        return desk.api("today")["total"]

    shown = [
        desk.notebook(name, lambda n: n["total"]["calls"] == 3 * (EACH // 2))
        for name in ("one.ipynb", "two.ipynb")
    ]
    today = day_total()
    assert (int(today["cost_nusd"]), today["n_unpriced"]) == (total, unpriced)
    assert today["calls"] == calls
    models = desk.api("today")["by_model"]
    assert sum(int(row["cost_nusd"] or 0) for row in models) == total
    by_notebook = desk.report("notebook")
    for notebook in shown:
        known = int(notebook["total"]["cost_nusd"])
        assert known == int(by_notebook[str(desk.work / notebook["path"])]["cost_nusd"])
        parts = notebook["breakdown"].values()
        assert sum(int(part["cost_nusd"] or 0) for part in parts) == known
        assert notebook["breakdown"]["earlier_runs"]["calls"] == EACH // 2
        latest = sum(int(cell["cost_nusd"] or 0) for cell in notebook["cells"])
        assert latest == int(notebook["breakdown"]["cells"]["cost_nusd"])
    assert known_sum(shown) + int(by_notebook[""]["cost_nusd"]) == total


def known_sum(notebooks: list[Any]) -> int:
    return sum(int(notebook["total"]["cost_nusd"]) for notebook in notebooks)
