"""A policy in the editor: over stdio, from the file to the finding and its fix."""

from test_diagnostics import LARGE, published

POLICY = """[[policy.rules]]
name = "none"
match = { model = "gpt-5*" }
action = "%s"
suggest = "gpt-6-luna"
"""


def test_what_a_policy_blocks_is_an_error_at_the_models_name(launch, root):
    (root / "cellcost.toml").write_text(POLICY % "block", "utf-8")
    editor = launch()
    editor.start()
    uri = editor.open("a.py", LARGE)
    (found,) = published(editor, uri)
    assert (found["code"], found["severity"]) == ("COST001", 1)
    assert (found["range"]["start"]["line"], found["range"]["start"]["character"]) == (
        3,
        10,
    )
    assert "The policy does not allow gpt-5.5 in dev." in found["message"]
    assert '[project policy, cellcost.toml:1, "none"]' in found["message"]
    assert "Quick fixes: use gpt-6-luna · use gpt-6.1-terra" in found["message"]


def test_an_edited_policy_counts_at_once(launch, root):
    (root / "cellcost.toml").write_text(POLICY % "ask", "utf-8")
    editor = launch()
    editor.start()
    uri = editor.open("a.py", LARGE)
    (found,) = published(editor, uri)
    assert (found["code"], found["severity"]) == ("COST007", 2)
    assert found["codeDescription"]["href"].endswith("docs/analysis.md#cost007")
    (root / "cellcost.toml").write_text(POLICY % "allow", "utf-8")
    editor.notify(
        "workspace/didChangeWatchedFiles",
        {"changes": [{"uri": (root / "cellcost.toml").as_uri(), "type": 2}]},
    )
    published(editor, uri, lambda items: not items)
