"""What findings say where a policy has a word: code, severity, message, fixes."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from cellcost.analysis import (
    Document,
    Estimate,
    Finding,
    analyse,
    cheaper,
    estimate,
    findings,
    fixes,
)
from cellcost.analysis.tagging import tags_in
from cellcost.config.files import read_file
from cellcost.config.reading import check_file
from cellcost.policy.rules import Policy
from cellcost.prices import PriceBook, load_catalogue

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
BOOK = PriceBook(load_catalogue())
HEAD = "from openai import OpenAI\nclient = OpenAI()\n"
CALL = 'client.responses.create(model="{}", input="x", max_output_tokens=1000)\n'


def words(text: str, model: str) -> int:
    return len(text.split())


def estimates(source: str) -> list[Estimate]:
    sites = analyse(Document("a.py", source))
    return [estimate(site, book=BOOK, count=words, at=AT) for site in sites]


def policy(folder: Path, text: str) -> Policy:
    (folder / "cellcost.toml").write_text(text, "utf-8")
    file = read_file("user", folder / "cellcost.toml")
    assert file is not None
    found = check_file(file).policy
    assert found is not None
    return found


def found(
    tmp_path: Path, text: str, model: str = "gpt-5.5", **more: str
) -> list[Finding]:
    return list(
        findings(
            estimates(HEAD + CALL.format(model)),
            policies=(policy(tmp_path, text),),
            instead=partial(cheaper, book=BOOK),
            **more,
        )
    )


def rule(action: str, match: str = "{}", more: str = "") -> str:
    return f'[[policy.rules]]\nmatch = {match}\naction = "{action}"\n{more}\n'


@pytest.mark.parametrize(
    ("model", "text", "said"),
    [
        ("gpt-5.5", rule("allow"), []),
        ("gpt-5.5", rule("warn"), [("COST001", "warning")]),
        ("gpt-5.5", rule("ask"), [("COST007", "warning")]),
        ("gpt-5.5", rule("approve"), [("COST007", "warning")]),
        ("gpt-5.5", rule("block"), [("COST001", "error")]),
        ("gpt-4o", rule("allow"), []),
        ("gpt-4o", rule("warn"), [("COST007", "warning")]),
        ("gpt-4o", rule("ask"), [("COST007", "warning")]),
        ("gpt-4o", rule("block"), [("COST007", "error")]),
        ("gpt-4o", "[policy.caps]\ncall = '0.01'\n", [("COST007", "error")]),
        ("gpt-4o", "[policy.caps]\ncall = '0.02'\n", []),
        (
            "gpt-4o",
            "[policy.caps]\ncell = { soft = '0.01' }\n",
            [("COST007", "warning")],
        ),
        ("gpt-4o", rule("ask", '{ call_cost = "0.01" }'), [("COST007", "warning")]),
        ("gpt-4o", rule("ask", '{ call_cost = "0.02" }'), []),
        ("gpt-4o", rule("ask", "{ tokens = 1001 }"), [("COST007", "warning")]),
        ("gpt-4o", rule("ask", "{ tokens = 1002 }"), []),
        ("mine", "[policy]\n", [("COST006", "information")]),
        ("mine", "[policy]\nunpriced = 'allow'\n", [("COST006", "information")]),
        ("mine", "[policy]\nunpriced = 'warn'\n", [("COST006", "warning")]),
        ("mine", "[policy]\nunpriced = 'block'\n", [("COST006", "error")]),
        ("gpt-4o", "[policy]\nrequire_tags = ['team']\n", [("COST008", "warning")]),
    ],
)
def test_a_verdict_is_one_code_of_one_severity(tmp_path, model, text, said):
    """1 word + 1,000 tokens of gpt-4o ($2.50 / $10 per 1M) are just over $0.01."""
    assert [(f.code, f.severity) for f in found(tmp_path, text, model)] == said


def test_outside_dev_a_large_model_is_a_remark_with_its_comparison(tmp_path):
    (one,) = found(tmp_path, "[policy]\n", environment="prod")
    assert (one.code, one.severity) == ("COST001", "information")
    assert "The same call on gpt-6.1-terra: ≈ $0.0020 instead of $0.012." in one.message
    assert [other.model for other in one.cheaper] == ["gpt-6.1-terra", "gpt-6-luna"]


def test_a_message_tells_what_why_who_and_what_to_use(tmp_path):
    more = 'name = "small"\nmessage = "Try small first."\nsuggest = "gpt-6-luna"'
    (one,) = found(tmp_path, rule("block", more=more))
    assert one.message == (
        "gpt-5.5 is a large model in dev ($30 per 1M output tokens)."
        " The policy does not allow gpt-5.5 in dev: Try small first."
        ' [user policy, cellcost.toml:1, "small"]'
        " The same call on gpt-6-luna: ≈ $0.00020 instead of $0.012."
    )


def test_what_a_rule_suggests_is_the_first_fix(tmp_path):
    """gpt-4o is no step down that we would offer: the policy says so all the same."""
    source = HEAD + CALL.format("gpt-5.5")
    (one,) = found(tmp_path, rule("ask", more='suggest = "gpt-4o"'))
    offered = fixes(one, lambda path, cell: source.split("\n"))
    assert [fix.title.split(" (")[0] for fix in offered] == [
        "Use gpt-4o",
        "Use gpt-6.1-terra",
        "Use gpt-6-luna",
        "Ignore COST007 here, with a reason",
    ]
    assert offered[0].best


@pytest.mark.parametrize("suggest", ["nobodys-model", "claude-haiku-5-5"])
def test_a_suggestion_without_a_figure_is_still_told(tmp_path, suggest):
    """Of another provider, or without a price: no figure, and no fix."""
    (one,) = found(tmp_path, rule("ask", more=f'suggest = "{suggest}"'))
    assert one.message.endswith(f"Use {suggest} instead.")
    assert suggest not in [other.model for other in one.cheaper]


def test_models_of_one_word_are_one_finding(tmp_path):
    source = (
        HEAD + 'm = "gpt-5.5" if x else "o1-pro"\n' + CALL.format("").replace('""', "m")
    )
    said = (policy(tmp_path, rule("block", '{ model = "o1*" }')),)
    one, other = findings(estimates(source), policies=said)
    assert {(f.code, f.severity) for f in (one, other)} == {
        ("COST001", "warning"),
        ("COST001", "error"),
    }
    (both,) = findings(estimates(source))
    assert both.message.startswith("gpt-5.5 or o1-pro is a large model in dev ($600")


def test_weights_are_not_blamed_for_a_price_of_tokens(tmp_path):
    source = (
        "from transformers import AutoModel\n"
        'AutoModel.from_pretrained("meta-llama/Llama-3.1-8B")\n'
    )
    strict = policy(tmp_path, "[policy]\nunpriced = 'block'\n")
    assert findings(estimates(source), policies=(strict,)) == ()
    block = policy(tmp_path, rule("block", '{ model = "meta-llama/*" }'))
    (one,) = findings(estimates(source), policies=(block,))
    assert (one.code, one.severity) == ("COST007", "error")


def test_a_missing_tag_is_said_once_and_not_where_the_source_sets_it(tmp_path):
    strict = (policy(tmp_path, "[policy]\nrequire_tags = ['team', 'feature']\n"),)
    items = estimates(HEAD + 2 * CALL.format("gpt-4o"))
    (one,) = findings(items, policies=strict, tags={"feature": "x"})
    assert (one.estimate, one.code) == (items[0], "COST008")
    assert "no tag team," in one.message
    lines = ["with cellcost.tags(team='search',", "  feature=f(1)):", "  call()"]
    assert findings(items, policies=strict, lines=lines) == ()


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("with cellcost.tags(team='a', run=f'{x(1)}'):", {"team", "run"}),
        ("@tags(\n  team='a',\n)", {"team"}),
        ("tags(a == b)", set[str]()),
        ("hashtags(team='a')", set[str]()),
        ("tags(team='a'", set[str]()),
    ],
)
def test_tags_in_source_are_found_by_name(source, names):
    assert tags_in(source.split("\n")) == names


def test_nothing_is_suggested_that_the_policy_would_not_let_pass(
    tmp_path: Path,
) -> None:
    rule = '[[policy.rules]]\nmatch = {{ {} }}\naction = "block"\n'
    (one,) = found(tmp_path, rule.format('model = "gpt-5.5"'))
    assert one.cheaper
    (other,) = found(tmp_path, rule.format('provider = "openai"'))
    assert not other.cheaper
    assert "instead" not in other.message
