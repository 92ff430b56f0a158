"""Python files in VS Code: hints, squiggles, lenses, fixes, hover."""

from playwright.sync_api import expect

ASKING = """\
from openai import OpenAI

client = OpenAI()
answer = client.responses.create(model="gpt-5-pro", input="Hello!")
print(answer.output_text)
"""
CALL = 'client.responses.create(model="gpt-5-pro", input="Hello!")'


def test_a_hint_stands_at_the_end_of_a_call(new_window):
    window = new_window({"app.py": ASKING})
    expect(window.line(CALL)).to_contain_text("≈ $")
    expect(window.line("≈")).to_have_count(1)
    expect(window.messages).to_have_count(0)
    window.shot("hint")


def test_a_setting_and_a_command_switch_hints_at_once(new_window):
    window = new_window({"app.py": ASKING})
    expect(window.line(CALL)).to_contain_text("≈ $")
    window.run_command("cellcost: Toggle Cost Hints")
    expect(window.line("≈")).to_have_count(0)
    window.set("cellcost.editor.hints", "on")
    expect(window.line(CALL)).to_contain_text("≈ $")


def test_what_vs_code_leaves_unset_is_the_projects_to_say(new_window):
    toml = '[editor]\nhints = "off"\n'
    window = new_window({"cellcost.toml": toml, "app.py": ASKING})
    expect(window.line(CALL)).to_be_visible()
    window.set("cellcost.editor.hints", "on")
    expect(window.line(CALL)).to_contain_text("≈ $")
    window.set("cellcost.editor.hints", None)
    expect(window.line("≈")).to_have_count(0)
