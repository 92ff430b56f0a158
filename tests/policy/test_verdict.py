"""The verdict: the strictest word wins, and nothing that is added makes it milder."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_tables import naive_action, random_policy, random_rule, random_table

from cellcost.policy import Option, Question, decide, stricter
from cellcost.policy.caps import caps_in_force
from cellcost.policy.rules import Cap, Hours, Match, Patterns, Policy, Rule

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
LARGE = Question(
    model="o1-pro", provider="openai", output_rate=Decimal(600), cost_nusd=500_000_000
)
SMALL = Question(model="gpt-6-luna", provider="openai", output_rate=Decimal(2))


def rule(action, line=1, **match) -> Rule:
    patterns = {
        name: Patterns.of([value] if isinstance(value, str) else value)
        for name, value in match.items()
        if name in ("environment", "team", "function", "user", "provider", "model")
    }
    return Rule(
        action=action, match=Match(**{**match, **patterns}), source="a.toml", line=line
    )


def policy(*rules: Rule, **more) -> Policy:
    return Policy(source="a.toml", rules=rules, **more)


# -- without a policy ------------------------------------------------------------------


def test_without_a_policy_a_large_model_in_dev_is_a_warning_and_no_more():
    found = decide(LARGE, (), NOON)
    assert (found.action, found.basis, found.large) == ("warn", "default", True)
    assert found.message == (
        "o1-pro is a large model in dev ($600 per 1M output tokens)."
    )
    for ask in (SMALL, replace(LARGE, tags={"environment": "prod"})):
        found = decide(ask, (), NOON)
        assert (found.action, found.basis, found.message) == ("allow", "nothing", "")


def test_without_a_policy_an_unknown_price_is_a_warning():
    ask = Question(model="mine", unpriced="no list has mine")
    found = decide(ask, (), NOON)
    assert (found.action, found.basis) == ("warn", "default")
    assert found.message == "No list has mine: the cost is not known."


@pytest.mark.parametrize("unpriced", ["allow", "warn", "block"])
def test_a_file_says_what_a_call_without_a_price_is(unpriced):
    ask = Question(model="mine", unpriced="no list has mine")
    said = policy(unpriced=unpriced, unpriced_line=4)
    found = decide(ask, (said,), NOON)
    assert (found.action, found.basis) == (unpriced, "unpriced")
    assert (found.source, found.line) == ("a.toml", 4)
    assert decide(LARGE, (said,), NOON).basis == "default"


# -- rules -----------------------------------------------------------------------------


def test_the_strictest_rule_holds_wherever_it_stands():
    mild, strict = rule("warn", 1), rule("block", 9, model="o1*")
    for rules in ((mild, strict), (strict, mild)):
        found = decide(LARGE, (policy(*rules),), NOON)
        assert (found.action, found.rule, found.line) == ("block", strict, 9)
        assert found.source == "a.toml"
    assert decide(SMALL, (policy(mild, strict),), NOON).rule is mild


def test_of_equals_the_most_general_file_and_its_first_rule_is_told():
    one, other = rule("ask", 1), rule("ask", 2, model="*")
    host = Policy(layer="host", rules=(replace(one, source="h.toml", layer="host"),))
    found = decide(LARGE, (host, policy(one, other)), NOON)
    assert (found.source, found.line, found.layer) == ("h.toml", 1, "host")


def test_a_rule_that_allows_answers_cellcosts_own_warning_and_nothing_else():
    allow = policy(rule("allow", model="o1-pro"))
    assert decide(LARGE, (allow,), NOON).action == "allow"
    blocked = decide(LARGE, (allow, policy(rule("block"))), NOON)
    assert blocked.action == "block"


@pytest.mark.parametrize(
    ("match", "holds"),
    [
        ({}, True),
        ({"model": "O1-PRO"}, True),
        ({"model": "o1"}, False),
        ({"model": ["*", "!o1-pro"]}, False),
        ({"model": "!gpt-*"}, True),
        ({"model": "openai/o1-pro-2025"}, True),
        ({"provider": "openai"}, True),
        ({"environment": "dev"}, True),
        ({"environment": "!dev"}, False),
        ({"team": "search"}, False),
        ({"team": "!search"}, True),
        ({"user": "ann"}, True),
        ({"large": True}, True),
        ({"call_nusd": 500_000_000}, True),
        ({"call_nusd": 500_000_001}, False),
        ({"tokens": 1}, False),
        ({"gpu": Patterns.of(["!A10"])}, False),
        ({"hours": Hours(12, 13)}, True),
        ({"hours": Hours(13, 12)}, False),
        ({"hours": Hours(20, 13)}, True),
        ({"hours": Hours(0, 24)}, True),
        ({"environment": "dev", "model": "gpt-*"}, False),
    ],
)
def test_all_that_a_match_says_must_hold(match, holds):
    ask = replace(LARGE, names=("openai/o1-pro-2025",), user="ann")
    found = decide(ask, (policy(rule("block", **match)),), NOON)
    assert (found.action == "block") is holds


def test_large_is_what_the_rules_own_file_calls_large():
    """o1-mini's $12 is large to the host, who says $10; not to the project's rule."""
    ask = replace(LARGE, output_rate=Decimal(12), tags={"environment": "prod"})
    large = rule("block", large=True)
    host = Policy(layer="host", rules=(large,), large_output_rate=Decimal(10))
    assert decide(ask, (host,), NOON).action == "block"
    assert decide(ask, (policy(large),), NOON).action == "allow"
    raised = replace(host, large_output_rate=None)
    project = policy(large_output_rate=Decimal(1000))
    assert decide(LARGE, (raised, project), NOON).action == "block"


def test_a_project_cannot_raise_what_cellcost_calls_large():
    raised = policy(large_output_rate=Decimal(1000))
    assert decide(LARGE, (raised,), NOON).action == "warn"
    assert decide(LARGE, (replace(raised, layer="user"),), NOON).action == "allow"
    lowered = policy(large_output_rate=Decimal(1))
    assert decide(SMALL, (lowered,), NOON).action == "warn"


# -- caps ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cost", "action"), [(None, "allow"), (400, "allow"), (401, "warn"), (501, "block")]
)
def test_a_call_that_alone_is_over_a_cap_is_stopped(cost, action):
    cap = Cap(scope="cell", hard_nusd=500, soft_nusd=400, source="c.toml", line=3)
    found = decide(replace(SMALL, cost_nusd=cost), (policy(caps=(cap,)),), NOON)
    assert found.action == action
    if action != "allow":
        assert (found.cap, found.source, found.line) == (cap, "c.toml", 3)


def test_a_cap_says_the_cost_and_the_limit():
    cap = Cap(scope="user_day", hard_nusd=400_000_000)
    found = decide(LARGE, (policy(caps=(cap,)),), NOON)
    assert found.message == (
        "One call may cost $0.50: over the cap of $0.400 a user and day."
    )


def test_the_lowest_cap_of_each_scope_is_in_force():
    low, high = Cap(scope="call", hard_nusd=5), Cap(scope="call", hard_nusd=9)
    soft = Cap(scope="call", hard_nusd=7, soft_nusd=2)
    found = caps_in_force((policy(caps=(high, soft)), policy(caps=(low,))))
    assert [(c.hard_nusd, c.soft_nusd) for c in found] == [(5, None), (None, 2)]


# -- what else is said -----------------------------------------------------------------


def test_the_tags_that_are_missing_are_named_once():
    said = policy(require_tags=("team", "feature")), policy(require_tags=("team",))
    found = decide(replace(SMALL, tags={"feature": "x", "team": ""}), said, NOON)
    assert (found.action, found.missing) == ("allow", ("team",))


def test_a_message_has_model_and_environment_filled_in():
    told = replace(rule("warn"), message="No {model} in {environment}, {please}.")
    assert decide(LARGE, (policy(told),), NOON).message == (
        "No o1-pro in dev, {please}."
    )


def test_a_message_follows_what_the_rule_does():
    told = replace(rule("block"), message="Ask Ann.")
    assert decide(LARGE, (policy(told),), NOON).message == (
        "The policy does not allow o1-pro in dev: Ask Ann."
    )


@pytest.mark.parametrize("action", ["warn", "ask", "approve", "block"])
def test_a_rule_without_a_message_still_says_what_holds(action):
    said = decide(LARGE, (policy(rule(action)),), NOON).message
    assert "o1-pro in dev" in said or "o1-pro is used in dev" in said


def test_what_a_rule_suggests_comes_with_its_figure():
    asked: list[str] = []

    def price_of(model: str) -> Option:
        asked.append(model)
        return Option(model=model or "nearest", cost_nusd=2, own_nusd=31)

    told = replace(rule("block"), suggest="gpt-6-luna")
    found = decide(LARGE, (policy(told),), NOON, price_of=price_of)
    assert found.suggest == Option(model="gpt-6-luna", cost_nusd=2, own_nusd=31)
    found = decide(LARGE, (), NOON, price_of=price_of)
    assert found.suggest is not None and found.suggest.model == "nearest"
    decide(SMALL, (), NOON, price_of=price_of)
    assert asked == ["gpt-6-luna", ""], "what is allowed needs no other model"


# -- properties ------------------------------------------------------------------------

TABLES = 20
"""So many a draw: hypothesis takes ten times as long to draw as we to decide."""

draws = st.integers(min_value=0, max_value=2**32).map(Random)


@settings(max_examples=10_000 // TABLES, deadline=None, database=None)
@given(draws)
def test_another_rule_never_makes_a_verdict_milder(random):
    """Only cellcost's own warning gives way, to a rule that allows. 10,000 tables."""
    for _ in range(TABLES):
        table = random_table(random)
        ask, now = table.ask, table.now
        policies = list(table.policies) or [random_policy(random, "project")]
        before = decide(ask, policies, now)
        more = random_rule(random)
        at = random.randrange(len(policies))
        rules = list(policies[at].rules)
        rules.insert(random.randint(0, len(rules)), more)
        policies[at] = replace(policies[at], rules=tuple(rules))
        after = decide(ask, policies, now)
        if before.basis == "default" and more.action == "allow":
            assert after.action in ("allow", before.action)
        else:
            assert not stricter(before.action, after.action)
        if stricter(after.action, before.action):
            assert after.rule is more


@settings(max_examples=10_000 // TABLES, deadline=None, database=None)
@given(draws)
def test_the_verdict_is_what_the_words_of_the_page_give(random):
    for _ in range(TABLES):
        table = random_table(random)
        found = decide(table.ask, table.policies, table.now)
        assert found.action == naive_action(table)
        assert found == decide(table.ask, table.policies, table.now)


@settings(max_examples=100, deadline=None, database=None)
@given(draws)
def test_a_projects_file_never_loosens_what_the_others_say(random):
    for _ in range(TABLES):
        table = random_table(random)
        others = tuple(p for p in table.policies if p.layer != "project")
        before = decide(table.ask, others, table.now)
        project = random_policy(random, "project")
        after = decide(table.ask, (*others, project), table.now)
        assert before.basis == "default" or not stricter(before.action, after.action)
        assert set(before.missing) <= set(after.missing)


@settings(max_examples=100, deadline=None, database=None)
@given(draws)
def test_the_order_of_rules_and_files_does_not_matter(random):
    for _ in range(TABLES):
        table = random_table(random)
        shuffled = [
            replace(p, rules=tuple(random.sample(p.rules, len(p.rules))))
            for p in random.sample(table.policies, len(table.policies))
        ]
        one = decide(table.ask, table.policies, table.now)
        other = decide(table.ask, shuffled, table.now)
        assert (one.action, one.large) == (other.action, other.large)
        assert set(one.missing) == set(other.missing)
