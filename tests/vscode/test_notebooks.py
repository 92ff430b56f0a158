"""Notebooks in VS Code: hints in cells, and under a cell what its run really cost."""

import json
import os
import subprocess
import sys

from playwright.sync_api import expect

from cellcost.money import format_usd
from cellcost.testing.provider import Reply

SETUP = "from openai import OpenAI\n\nclient = OpenAI()"
ASK = """\
answer = client.responses.create(model="gpt-5", input="Hello!", stream=True)
for event in answer:
    print(getattr(event, "delta", ""), end="")"""
STORY = "The export is empty for teams on the old plan. " * 20


def notebook(*sources: str) -> str:
    """Return a notebook file of code cells."""
    cells = [
        {
            "id": f"cell-{number}",
            "cell_type": "code",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for number, source in enumerate(sources)
    ]
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": spec, "language_info": {"name": "python"}}
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    )


def spent_today(env: dict[str, str]) -> str:
    """Return what the journal holds of today, as people read it."""
    command = [sys.executable, "-P", "-m", "cellcost", "report", "--json"]
    done = subprocess.run(
        [*command, "--since", "today"],
        env=os.environ | env,
        capture_output=True,
        check=True,
    )
    return format_usd(sum(int(row["cost_nusd"]) for row in json.loads(done.stdout)))


def test_a_cell_shows_its_cost_before_while_and_after_it_runs(
    new_window, code_server, provider
):
    window = new_window({"demo.ipynb": notebook(SETUP, ASK)})
    expect(window.line("gpt-5")).to_contain_text("≈ $")
    expect(window.cell_items).to_have_count(0)
    writing = Reply(input_tokens=1_200, output_tokens=350, text=STORY, hold_after=20)
    provider.script(writing)
    window.run_cell("from openai import OpenAI")
    window.run_cell("for event in answer")
    expect(window.cell_items).to_contain_text("≥ $")
    window.shot("notebook-live")
    writing.gate.set()
    # 1,200 at $1.25 and 350 at $10 per million.
    expect(window.cell_items).to_have_text("$0.00500 · 1.2k→350")
    expect(window.line("gpt-5")).to_contain_text("$0.00500 last run")
    expect(window.status).to_contain_text(spent_today(code_server.env))
    window.shot("notebook")
    window.cell_items.click()
    expect(window.picks).to_contain_text("gpt-5")
    window.shot("notebook-calls")
