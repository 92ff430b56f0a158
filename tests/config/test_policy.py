"""`[policy]` in settings files: read, checked, and never loosened by a project."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st

from cellcost.config import load_settings_or_default
from cellcost.config.files import SettingsFile
from cellcost.config.reading import check_file
from cellcost.errors import ConfigError
from cellcost.policy import Question, decide

RULE = '[[policy.rules]]\nmatch = { model = "o1-pro" }\naction = "block"\n'


def error(place, text: str) -> str:
    path = place.project_file(text)
    with pytest.raises(ConfigError) as raised:
        place.load()
    said = str(raised.value)
    assert said.startswith(f"{path}:")
    return said.removeprefix(str(path))


def test_every_file_has_its_policy_and_says_where_each_word_stands(place):
    host = place.host_file("[policy.caps]\ncall = '0.50'\n")
    user = place.user_file("[policy]\nunpriced = 'block'\nrequire_tags = ['team']\n")
    project = place.project_file(f"# ours\n\n{RULE}")
    first, second, third = place.load().policies
    assert [p.layer for p in (first, second, third)] == ["host", "user", "project"]
    (cap,) = first.caps
    assert (cap.scope, cap.hard_nusd, cap.soft_nusd) == ("call", 500_000_000, None)
    assert (cap.source, cap.line, cap.layer) == (str(host), 2, "host")
    assert (second.unpriced, second.unpriced_line) == ("block", 2)
    assert (second.require_tags, second.source) == (("team",), str(user))
    (rule,) = third.rules
    assert (rule.action, rule.source, rule.line) == ("block", str(project), 3)


def test_a_pyproject_says_the_same(place):
    place.project_file(
        '[project]\nname = "x"\n[[tool.cellcost.policy.rules]]\nmatch = {}\n'
        'action = "warn"\n[tool.cellcost.policy.caps]\ncell = "1"\n',
        "pyproject.toml",
    )
    (policy,) = place.load().policies
    assert (policy.rules[0].line, policy.caps[0].line) == (3, 7)


def test_a_match_in_a_table_of_its_own_is_the_same_match(place):
    place.project_file(
        '[[policy.rules]]\naction = "warn"\n[policy.rules.match]\nteam = "search"\n'
        '[[policy.rules]]\naction = "warn"\nmatch = { team = ["SEARCH"] }\n'
    )
    one, other = place.load().policies[0].rules
    assert one.match == other.match
    assert (one.line, other.line) == (1, 5)


def test_every_kind_of_match_is_read(place):
    place.project_file(
        '[[policy.rules]]\naction = "ask"\nname = "all"\nmessage = "m"\n'
        'suggest = "gpt-6-luna"\n'
        'match = { environment = "dev", team = ["a", "!b"], function = "*",'
        ' user = "ann", provider = ["azure.ai.openai", "x*"], model = "gpt-5*",'
        ' size = "large", call_cost = "0.25", tokens = 50_000, gpu = "*H100*",'
        ' hours = "20-7" }\n'
    )
    (rule,) = place.load().policies[0].rules
    match = rule.match
    assert match.team is not None and match.team.texts == ("!b", "a")
    assert match.provider is not None and match.provider.texts == ("azure", "x*")
    assert (match.large, match.call_nusd, match.tokens) == (True, 250_000_000, 50_000)
    assert match.hours is not None and (match.hours.start, match.hours.end) == (20, 7)
    assert (rule.name, rule.message, rule.suggest) == ("all", "m", "gpt-6-luna")


@pytest.mark.parametrize(
    ("written", "hard", "soft"),
    [
        ('"0.50"', 500_000_000, None),
        ('"$0.50"', 500_000_000, None),
        ("0.50", 500_000_000, None),
        ("2", 2_000_000_000, None),
        ('{ soft = "0.40", hard = "0.50" }', 500_000_000, 400_000_000),
        ('{ soft = "0.000000001" }', None, 1),
    ],
)
def test_a_cap_is_usd_hard_unless_said_otherwise(place, written, hard, soft):
    place.project_file(f"[policy.caps]\nuser_day = {written}\n")
    (cap,) = place.load().policies[0].caps
    assert (cap.hard_nusd, cap.soft_nusd) == (hard, soft)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[policy]\nunprized = 'warn'\n", ":2: unknown key policy.unprized; did you"),
        ("[policy]\nrule = []\n", ":2: unknown key policy.rule; did you mean rules?"),
        ("policy = 3\n", ":1: policy must be a table: [policy]"),
        ("[policy.rules]\naction = 'warn'\n", "must be written [[policy.rules]]"),
        ("[policy]\nunpriced = 'ask'\n", 'must be "allow" or "warn" or "block"'),
        ("[policy]\nunpriced = 'deny'\n", '"block", not "deny"'),
        (
            "[policy.caps]\nuser_dya = '1'\n",
            ":2: unknown key policy.caps.user_dya",
        ),
        ("[policy.caps]\nday = '1'\n", "policy.caps.day; did you mean user_day?"),
        (
            "[policy.caps]\ncall = 'much'\n",
            ":2: policy.caps.call must be USD like",
        ),
        ("[policy.caps]\ncall = '0'\n", 'more than 0; a rule with action = "block"'),
        ("[policy.caps]\ncall = '-1'\n", "policy.caps.call must not be negative"),
        ("[policy.caps]\ncall = '1e99'\n", "policy.caps.call is too large"),
        ("[policy.caps]\ncall = 'NaN'\n", "policy.caps.call must be a finite number"),
        ("[policy.caps]\ncall = true\n", "not the truth value true"),
        ("[policy.caps]\ncall = { hrad = '1' }\n", "did you mean hard?"),
        ("[policy.caps]\ncall = {}\n", "policy.caps.call is empty"),
        (
            "[policy.caps]\ncall = { soft = '2', hard = '1' }\n",
            "soft 2 is above hard 1: it would never be reached",
        ),
        (
            "[policy.caps]\ncall = '1'\n[[policy.rules]]\nmatch = {}\n",
            ":3: policy.rules needs action",
        ),
        (
            "[[policy.rules]]\naction = 'warn'\n",
            ":1: policy.rules needs match: which calls it is about; {} is every call",
        ),
        (
            "[[policy.rules]]\nmatch = {}\naction = 'deny'\n",
            ':3: policy.rules.action "deny" is no action; did you mean "block"?',
        ),
        (
            "[[policy.rules]]\nmatch = {}\naction = 'blok'\n",
            'not "blok"; did you mean block?',
        ),
        (
            "[[policy.rules]]\nmatch = {}\naction = 'warn'\n"
            "[[policy.rules]]\nmatch = {}\naktion = 'warn'\n",
            ":6: unknown key policy.rules.aktion; did you mean action?",
        ),
        (
            "[[policy.rules]]\nmodel = 'o1'\nmatch = {}\naction = 'warn'\n",
            ":2: unknown key policy.rules.model; did you mean match.model?",
        ),
        (
            "[[policy.rules]]\naction = 'warn'\nmatch = { env = 'dev' }\n",
            ":3: unknown key policy.rules.match.env; did you mean environment?",
        ),
        (
            "[[policy.rules]]\naction = 'warn'\nmatch = { modell = 'o1' }\n",
            ":3: unknown key policy.rules.match.modell; did you mean model?",
        ),
        (
            "[[policy.rules]]\naction = 'warn'\nmatch = 'o1'\n",
            ':3: policy.rules.match must be a table like { model = "gpt-5*" }',
        ),
        (
            "[[policy.rules]]\naction = 'warn'\nmatch = { size = 'big' }\n",
            ':3: policy.rules.match.size must be "large", not "big"',
        ),
        (
            "[[policy.rules]]\naction = 'warn'\nmatch = { hours = '25-7' }\n",
            ":3: policy.rules.match.hours must be two different hours from 0 to 24",
        ),
        (
            "[[policy.rules]]\naction = 'warn'\nmatch = { hours = 7 }\n",
            'policy.rules.match.hours must be whole hours like "20-7", not the',
        ),
        (
            "[[policy.rules]]\naction = 'warn'\nmatch = { tokens = '9k' }\n",
            "policy.rules.match.tokens must be a whole number",
        ),
        (
            "[[policy.rules]]\naction = 'warn'\nmatch = { provider = 'opnai' }\n",
            ':3: policy.rules.match.provider is no known provider: "opnai"; did you',
        ),
        (
            "[[policy.rules]]\naction = 'warn'\nmatch = { model = [] }\n",
            "policy.rules.match.model is empty",
        ),
        (
            "[[policy.rules]]\naction = 'warn'\nmatch = { model = '!' }\n",
            'policy.rules.match.model must not be empty; write "*" for any',
        ),
        (
            "[[policy.rules]]\naction = 'warn'\nmatch = { model = 5 }\n",
            "must be text or a list of texts, not the number 5",
        ),
    ],
)
def test_what_cannot_be_is_an_error_that_says_what_was_meant(place, text, said):
    assert said in error(place, text)


JUNK = st.recursive(
    st.one_of(
        st.text(max_size=4),
        st.integers(-5, 10**20),
        st.booleans(),
        st.decimals(allow_nan=True),
        st.sampled_from(["block", "large", "20-7", "0.50", "!", "team", "openai"]),
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "rules",
                    "caps",
                    "match",
                    "action",
                    "call",
                    "hard",
                    "model",
                    "hours",
                    "provider",
                    "tokens",
                    "unpriced",
                    "require_tags",
                    "size",
                    "name",
                    "large_output_rate",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@tries(max_examples=400, deadline=None, database=None)
@given(JUNK)
def test_whatever_stands_there_it_is_a_policy_or_an_error_that_names_the_file(junk):
    file = SettingsFile("user", Path("cellcost.toml"), "", {"policy": junk})
    try:
        found = check_file(file).policy
    except ConfigError as error:
        assert str(error).startswith("cellcost.toml: ")
        assert "policy" in str(error)
    else:
        assert found is not None
        decide(Question(model="o1"), (found,), datetime(2026, 11, 25, tzinfo=UTC))


def test_rules_that_contradict_each_other_are_both_named(place):
    said = error(
        place,
        '[[policy.rules]]\nname = "first"\nmatch = { model = ["a", "B"] }\n'
        'action = "warn"\n\n[[policy.rules]]\nmatch = { model = ["b", "A"] }\n'
        'action = "block"\n',
    )
    assert "policy.rules contradict each other" in said
    assert 'rule 2 in line 6 (block) and "first" in line 1 (warn)' in said


def test_the_same_rule_in_two_files_is_no_contradiction(place):
    place.user_file(RULE.replace("block", "warn"))
    place.project_file(RULE)
    assert len(place.load().policies) == 2


def test_a_file_with_a_mistake_leaves_the_other_policies_in_force(place):
    place.host_file(RULE)
    place.project_file("[policy]\nrulez = []\n")
    settings, problem = load_settings_or_default(cwd=place.project, env=place.env)
    assert problem is not None
    assert [policy.layer for policy in settings.policies] == ["host"]


def test_a_policy_of_a_project_counts_without_trust(place):
    place.project_file(RULE)
    settings = place.load()
    assert (len(settings.policies), settings.untrusted) == (1, ())


def test_an_admin_can_lock_the_policy(place):
    host = place.host_file(f'locked = ["policy"]\n{RULE}')
    place.user_file(RULE)
    settings = place.load()
    assert [policy.layer for policy in settings.policies] == ["host"]
    assert any("policy from" in note and str(host) in note for note in settings.notes)


def test_a_large_rate_of_a_file_holds_for_its_own_rules(place):
    place.host_file("[policy]\nlarge_output_rate = 15\n")
    place.project_file(RULE)
    host, project = place.load().policies
    assert (host.large_from, project.large_from) == (Decimal(15), Decimal(20))
