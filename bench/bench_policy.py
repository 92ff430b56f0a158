"""What a verdict takes: no policy, a team's policy, and a table of a hundred rules."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

from cellcost.policy import Question, decide
from cellcost.policy.rules import Cap, Match, Patterns, Policy, Rule
from measure import BenchPath, per_call_us

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ASK = Question(
    model="gpt-5.5",
    names=("gpt-5.5",),
    provider="openai",
    tags={"environment": "dev", "team": "search", "function": "chat"},
    user="ann",
    output_rate=Decimal(30),
    cost_nusd=12_000_000,
    tokens=2_400,
)


def paths() -> list[BenchPath]:
    return [
        BenchPath(
            name="verdict without a policy",
            figure=_timed(()),
            goal_us=10,
        ),
        BenchPath(
            name="verdict, 10 rules and 3 caps",
            figure=_timed((_policy(10),)),
            floor=_floor(_policy(10)),
            goal_ratio=5,
            goal_us=50,
        ),
        BenchPath(
            name="verdict, 100 rules and 3 caps",
            figure=_timed((_policy(100),)),
            floor=_floor(_policy(100)),
            goal_ratio=3,
            goal_us=300,
        ),
    ]


def _policy(rules: int) -> Policy:
    """Return rules on model, environment and team, one of ten of which matches."""
    return Policy(
        layer="user",
        rules=tuple(
            Rule(
                action="warn",
                match=Match(
                    model=Patterns.of(["gpt-5*" if n % 10 == 0 else f"model-{n}-*"]),
                    environment=Patterns.of(["dev"]),
                    team=Patterns.of(["!ads"]),
                ),
            )
            for n in range(rules)
        ),
        caps=(
            Cap(scope="call", hard_nusd=500_000_000),
            Cap(scope="cell", hard_nusd=5_000_000_000),
            Cap(scope="user_day", soft_nusd=8_000_000_000),
        ),
    )


def _timed(policies: tuple[Policy, ...]) -> Callable[[], float]:
    return lambda: per_call_us(lambda: decide(ASK, policies, NOW), calls=5_000)


def _floor(policy: Policy) -> Callable[[], float]:
    """Time the same patterns on the same names, and nothing else of a verdict."""
    patterns = [
        (match.model, match.environment, match.team)
        for match in (rule.match for rule in policy.rules)
    ]
    names = [ASK.model, *ASK.names]
    here, team_of = ["dev"], ["search"]

    def bare() -> int:
        held = 0
        for model, environment, team in patterns:
            if (
                model is not None
                and model.match_folded(names)
                and environment is not None
                and environment.match_folded(here)
                and team is not None
                and team.match_folded(team_of)
            ):
                held += 1
        return held

    return lambda: per_call_us(bare, calls=5_000)
