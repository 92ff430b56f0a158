"""Notebooks in VS Code: hints in cells, and under a cell what its run really cost."""

import json

from playwright.sync_api import expect

SETUP = "from openai import OpenAI\n\nclient = OpenAI()"
ASK = 'print(client.responses.create(model="gpt-5", input="Hello!").output_text)'


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


def test_a_cell_shows_what_its_run_really_cost(new_window):
    window = new_window({"demo.ipynb": notebook(SETUP, ASK)})
    try:
        expect(window.page.locator(".view-line", has_text="≈")).to_contain_text("gpt-5")
        window.page.locator(".monaco-editor .view-lines").first.click()
        window.page.keyboard.press("Shift+Enter")
        window.page.keyboard.press("Shift+Enter")
        window.page.wait_for_timeout(15000)
    finally:
        window.shot("notebook")
