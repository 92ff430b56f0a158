"""Hints at the end of calls, over stdio."""

CALL = """from openai import OpenAI
client = OpenAI()
client.chat.completions.create(
    model="gpt-4o", messages=[{"role": "user", "content": "Hello"}], max_tokens=100
)
"""


def test_a_call_has_its_cost_at_its_end(editor):
    uri = editor.open("a.py", CALL)
    assert editor.labels(uri) == [(4, "≈ $0.00102")]
    assert editor.stop() == 0
