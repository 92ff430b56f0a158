"""The README's picture of VS Code: an estimate, a warning and a real cost."""

import os
import subprocess

import pytest
from playwright.sync_api import expect

from cellcost.testing.provider import Reply

SUPPORT = """\
from openai import OpenAI

client = OpenAI()
MODEL = "gpt-5-mini"


def summarise(ticket):
    order = f"Summarise in one line: {ticket}"
    return client.responses.create(model=MODEL, input=order).output_text


def report(summaries):
    order = "Write the weekly report:\\n" + "\\n".join(summaries)
    return client.responses.create(model="gpt-5.5", input=order).output_text


if __name__ == "__main__":
    tickets = [f"Ticket {n}: the export is empty since Monday" for n in range(20)]
    print([summarise(ticket) for ticket in tickets])
"""
TIDY = {
    "breadcrumbs.enabled": False,
    "editor.fontSize": 14,
    "editor.renderLineHighlight": "none",
    "window.commandCenter": False,
    "workbench.activityBar.location": "hidden",
    "workbench.layoutControl.enabled": False,
}


@pytest.mark.parametrize(
    ("theme", "name"),
    [("Default Light Modern", "light"), ("Default Dark Modern", "dark")],
)
def test_one_file_shows_what_was_spent_and_what_will_be(
    new_window, code_server, provider, root, theme, name
):
    def run(folder):
        # 20 x (920 at $0.25 and 105 at $2 per million).
        provider.script(*[Reply(input_tokens=920, output_tokens=105)] * 20)
        subprocess.run(
            [root / ".venv/bin/cellcost", "run", "support.py"],
            cwd=folder,
            env=os.environ | code_server.env,
            check=True,
        )

    window = new_window(
        {"support.py": SUPPORT},
        prepare=run,
        settings=TIDY | {"workbench.colorTheme": theme},
        viewport={"width": 1100, "height": 640},
        device_scale_factor=2,
    )
    expect(window.line("model=MODEL")).to_contain_text("$0.00880 last run")
    expect(window.line("gpt-5.5")).to_contain_text("≈ $")
    expect(window.page.locator(".squiggly-warning")).to_have_count(1)
    expect(window.status).to_contain_text("$")
    window.run_command("View: Toggle Primary Side Bar Visibility")
    window.line("gpt-5.5").click()
    window.page.keyboard.press("F8")
    expect(window.page.locator(".marker-widget")).to_contain_text("gpt-5.5 is a large")
    expect(window.page.locator(".statusbar")).not_to_contain_text("cellcost:")
    window.shot(name)
