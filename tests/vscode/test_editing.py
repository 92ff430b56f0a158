"""Python files in VS Code: hints, squiggles, lenses, fixes, hover."""

from playwright.sync_api import expect


def test_the_extension_starts(new_window):
    window = new_window({"app.py": "print(1)\n"})
    expect(window.status("trial")).to_be_visible()
    window.shot("start")
