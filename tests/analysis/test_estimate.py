"""Estimates are ranges with reasons; codes are pure functions of them."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cellcost.analysis import (
    Document,
    Estimate,
    Notebook,
    analyse,
    estimate,
    estimate_json,
    findings,
    ignored,
    named,
    sarif,
)
from cellcost.policy.rules import Policy
from cellcost.prices import PriceBook, load_catalogue

HEAD = "from openai import OpenAI\nclient = OpenAI()\n"
AT = datetime(2026, 11, 24, tzinfo=UTC)
BOOK = PriceBook(load_catalogue())


def words(text: str, model: str) -> int:
    """Count a token for each word: what is tested here is not the counting."""
    return len(text.split())


def estimates(source: str) -> list[Estimate]:
    sites = analyse(Document("a.py", source))
    return [estimate(site, book=BOOK, count=words, at=AT) for site in sites]


def codes(source: str, *, environment: str = "dev") -> list[str]:
    found = findings(estimates(source), environment=environment)
    return [finding.code for finding in found]


def test_a_known_prompt_and_cap_give_an_exact_range() -> None:
    """gpt-4o: $2.50 and $10 per 1M; 5 words + 3 a message + 3 to prime the answer."""
    (found,) = estimates(
        HEAD
        + 'client.chat.completions.create(model="gpt-4o", max_tokens=100,'
        + ' messages=[{"role": "user", "content": "one two three four five"}])\n'
    )
    assert found.input_tokens is not None
    assert (found.input_tokens.low, found.input_tokens.high) == (11, 11)
    assert found.cost_nusd is not None
    assert found.cost_nusd.low == 11 * 2500
    assert found.cost_nusd.high == 11 * 2500 + 100 * 10_000
    assert found.reasons == ()


def test_what_is_not_known_opens_the_range_and_is_said() -> None:
    (found,) = estimates(
        HEAD + 'client.responses.create(model="gpt-4o", input=f"Summarise: {text}")\n'
    )
    assert found.input_tokens is not None
    assert found.input_tokens.low == 1
    assert found.input_tokens.high is None
    assert found.cost_nusd is not None
    assert found.cost_nusd.high is None
    assert "part of the prompt is known only at run time" in found.reasons
    assert "nothing caps its output" in found.reasons


def test_a_model_without_a_price_is_never_free() -> None:
    (found,) = estimates(HEAD + 'client.responses.create(model="mine-7b", input="x")\n')
    assert found.cost_nusd is None
    assert any("no price for model 'mine-7b'" in reason for reason in found.reasons)


def test_several_models_span_their_prices() -> None:
    (found,) = estimates(
        HEAD
        + 'm = "gpt-4o" if big else "gpt-4o-mini"\n'
        + 'client.responses.create(model=m, input="one two", max_output_tokens=10)\n'
    )
    assert found.cost_nusd is not None
    assert found.cost_nusd.low == 2 * 150
    assert found.cost_nusd.high == 2 * 2500 + 10 * 10_000


def test_the_provider_follows_the_base_url() -> None:
    (found,) = estimates(
        "from openai import OpenAI\n"
        'c = OpenAI(base_url="https://api.groq.com/openai/v1")\n'
        'c.chat.completions.create(model="llama-3.3-70b-versatile", messages=[])\n'
    )
    assert found.provider == "groq"


@pytest.mark.parametrize(
    ("written", "provider", "means"),
    [
        ("gpt-4o", "", ("openai", "gpt-4o")),
        ("openai:gpt-4o", "", ("openai", "gpt-4o")),
        (
            "anthropic/claude-3-haiku-20240307",
            "",
            ("anthropic", "claude-3-haiku-20240307"),
        ),
        ("bedrock/anthropic.claude-v2", "", ("aws", "anthropic.claude-v2")),
        ("meta-llama/Llama-3-8B", "together", ("together", "meta-llama/Llama-3-8B")),
        (
            "anthropic/claude-3.5-sonnet",
            "openrouter",
            ("openrouter", "anthropic/claude-3.5-sonnet"),
        ),
        ("mine", "", ("", "mine")),
    ],
)
def test_a_written_name_means_a_model_of_a_provider(
    written: str, provider: str, means: tuple[str, str]
) -> None:
    found = named(written, provider)
    assert (found.provider, found.model) == means


CALL = 'client.responses.create(model="{}", input="x", max_output_tokens=9)\n'


def test_a_large_model_is_a_warning_in_dev_and_a_remark_elsewhere() -> None:
    """Large: $20 or more per 1M output tokens; o1-pro costs $600, gpt-4o $10."""
    large = estimates(HEAD + CALL.format("o1-pro"))
    assert [(f.code, f.severity) for f in findings(large)] == [("COST001", "warning")]
    assert [f.severity for f in findings(large, environment="prod")] == ["information"]
    dear = (Policy(layer="user", large_output_rate=Decimal(601)),)
    assert findings(large, policies=dear) == ()
    assert codes(HEAD + CALL.format("gpt-4o")) == []


def test_a_missing_cap_is_said_only_when_asked() -> None:
    call = HEAD + 'client.responses.create(model="gpt-4o", input="x")\n'
    assert codes(call) == []
    assert [f.code for f in findings(estimates(call), off=())] == ["COST002"]


def test_an_endless_loop_around_a_call_is_found() -> None:
    assert codes(HEAD + "while True:\n    " + CALL.format("gpt-4o")) == ["COST003"]
    assert codes(HEAD + "while busy():\n    " + CALL.format("gpt-4o")) == []


def test_a_long_prompt_sent_again_uncached_is_found() -> None:
    source = (
        "from anthropic import Anthropic\nclient = Anthropic()\n"
        f'RULES = """{"rule " * 1500}"""\n'
        "for q in questions:\n"
        '    client.messages.create(model="claude-haiku-4-5", max_tokens=9,'
        ' system=RULES, messages=[{"role": "user", "content": q}])\n'
    )
    assert codes(source) == ["COST004"]
    marked = '[{"type": "text", "text": RULES, "cache_control": {"type": "ephemeral"}}]'
    assert codes(source.replace("system=RULES", f"system={marked}")) == []


def test_a_huge_literal_prompt_is_found() -> None:
    text = "word " * 4000
    assert codes(
        HEAD + f'client.responses.create(model="gpt-4o", input="{text}")\n'
    ) == ["COST005"]


def test_retired_and_unpriced_models_are_found() -> None:
    assert "COST006" in codes(HEAD + CALL.format("text-davinci-003"))
    assert codes(HEAD + CALL.format("mine-7b")) == ["COST006"]


@pytest.mark.parametrize(
    ("line", "silences"),
    [
        ("f()  # cellcost: ignore[COST001] only a demo", {"COST001"}),
        ("f()  # cellcost: ignore[COST001, COST003]", {"COST001", "COST003"}),
        ("f()  # cellcost: ignore", set[str]()),
        ("f()  # ignore", None),
    ],
)
def test_a_comment_silences_codes(line: str, silences: set[str] | None) -> None:
    assert ignored(line) == silences


def test_json_has_what_the_issue_lists() -> None:
    notebook = Notebook("n.ipynb")
    notebook.update([(1, HEAD), (4, "for i in range(7):\n    " + CALL.format("o1"))])
    (site,) = analyse(notebook)
    found = estimate(site, book=BOOK, count=words, at=AT)
    said = estimate_json(found, ["COST001"])
    assert {key: said[key] for key in ("path", "cell", "line", "kind", "provider")} == {
        "path": "n.ipynb",
        "cell": 4,
        "line": 2,
        "kind": "responses",
        "provider": "openai",
    }
    assert said["models"] == ["o1"]
    assert (said["in_loop"], said["loop_count"]) == (True, 7)
    assert said["input_tokens"] == 1
    assert said["output_tokens"] == [0, 9]
    assert said["cost_nusd"] == ["15000", str(15_000 + 9 * 60_000)]
    assert said["codes"] == ["COST001"]


def test_sarif_names_rule_level_and_region() -> None:
    log = sarif(findings(estimates(HEAD + CALL.format("o1-pro"))), version="1", rows={})
    (result,) = log["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("COST001", "warning")
    region = result["locations"][0]["physicalLocation"]["region"]
    assert (region["startLine"], region["startColumn"]) == (3, 1)
