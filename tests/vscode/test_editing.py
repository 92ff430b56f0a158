"""Python files in VS Code: hints, squiggles, lenses, fixes, hover."""

from playwright.sync_api import expect

ASKING = """\
from openai import OpenAI

client = OpenAI()
answer = client.responses.create(model="gpt-5-pro", input="Hello!")
print(answer.output_text)
"""


def test_a_hint_stands_at_the_end_of_a_call(new_window):
    window = new_window({"app.py": ASKING})
    expect(window.page.locator(".view-line", has_text="≈")).to_contain_text(
        'client.responses.create(model="gpt-5-pro", input="Hello!")'
    )
    expect(window.page.locator(".notification-toast")).to_have_count(0)
    window.shot("hint")
