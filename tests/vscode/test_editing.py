"""Python files in VS Code: hints, squiggles, lenses, fixes, hover."""

import contextlib

from playwright.sync_api import TimeoutError as TooLate
from playwright.sync_api import expect

ASKING = """\
from openai import OpenAI

client = OpenAI()
answer = client.responses.create(model="gpt-5-pro", input="Hello!")
print(answer.output_text)
"""
LARGE = """\
from openai import OpenAI

MODEL = "gpt-5.5"
client = OpenAI()


def summarise(text):
    return client.responses.create(model=MODEL, input=text).output_text
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


def test_a_large_model_is_marked_and_a_fix_swaps_it_where_it_is_defined(new_window):
    window = new_window({"app.py": LARGE})
    expect(window.line("responses.create")).to_contain_text("≈ $0.012")
    expect(window.page.locator(".squiggly-warning")).to_have_count(1)
    expect(window.page.locator(".codelens-decoration").first).to_contain_text("1 call")
    window.shot("large-model")
    window.line("MODEL = ").get_by_text("gpt-5.5").click()
    fixes = window.page.locator(".action-widget .monaco-list-row")

    def offered():
        """Ask for fixes; a layout that still moves closes their menu at once."""
        window.page.keyboard.press("Control+.")
        with contextlib.suppress(TooLate):
            fixes.first.wait_for(timeout=5_000)
        return fixes.count()

    window.until(offered)
    expect(fixes.last).to_contain_text("Ignore COST001 here, with a reason")
    window.shot("quick-fixes")
    fixes.filter(has_text="Use ").first.click()
    expect(window.line("MODEL = ")).not_to_contain_text("gpt-5.5")
    expect(window.page.locator(".squiggly-warning")).to_have_count(0)
    expect(window.line("responses.create")).not_to_contain_text("$0.012")
    lenses = window.page.locator(".codelens-decoration")
    expect(lenses.filter(has_text="1 call")).to_have_count(2)
    expect(lenses.filter(has_text="$0.012")).to_have_count(0)
    window.shot("fixed")


def test_a_models_name_tells_its_prices(new_window):
    window = new_window({"app.py": LARGE})
    expect(window.line("responses.create")).to_contain_text("≈ $")
    window.line("MODEL = ").get_by_text("gpt-5.5").hover()
    hover = window.page.locator(".monaco-hover:visible")
    expect(hover).to_contain_text("output")
    expect(hover).to_contain_text("gpt-5.5")
    window.shot("hover")


def test_a_lens_and_the_status_bar_list_the_calls(new_window):
    window = new_window({"app.py": LARGE})
    window.page.locator(".codelens-decoration a").first.click()
    expect(window.picks).to_contain_text("gpt-5.5")
    expect(window.picks).to_contain_text("line 8")
    window.page.keyboard.press("Enter")
    expect(window.page.locator(".statusbar")).to_contain_text("Ln 8, Col 1")
    window.status.click()
    expect(window.picks).to_contain_text("to run everything once")
    expect(window.picks).to_contain_text("1 call in 1 file")
    window.shot("totals")


def test_a_walkthrough_shows_the_first_steps(new_window):
    window = new_window({"app.py": LARGE})
    expect(window.status).to_contain_text("$")
    window.run_command("Welcome: Open Walkthrough...")
    window.picks.get_by_text("See what model calls cost").first.click()
    steps = window.page.locator(".gettingStartedContainer")
    for step in ("Before the run", "After the run", "Where the figures come from"):
        expect(steps).to_contain_text(step)
    window.shot("walkthrough")
