"""A company's spend, made up: six teams, office days, an unpriced model, no tags."""

import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

TEAMS = {
    "support": (1.0, ["answer", "summarise", "triage"]),
    "research": (0.8, ["evaluate", "label", "explore"]),
    "search": (0.42, ["rerank", "expand", "embed"]),
    "platform": (0.24, ["gateway", "smoke-test"]),
    "ads": (0.16, ["headline", "judge"]),
    "finance": (0.09, ["extract", "reconcile"]),
}
MODELS = {
    "gpt-5": ("openai", 1250, 10_000),
    "gpt-5-mini": ("openai", 250, 2_000),
    "claude-sonnet-4-5": ("anthropic", 3_000, 15_000),
    "gemini-2.5-flash": ("google", 300, 2_500),
    "llama-in-house": ("in-house", None, None),
}
"""Provider, and nano-USD for one token in and out; None: nobody knows the price."""
USERS = ["ada", "grace", "alan", "edsger", "barbara", "donald"]


def company(
    until: datetime, *, days: int = 60, a_day: int = 60, seed: int = 7
) -> Iterator[tuple[str, str, list[Json]]]:
    """Yield (team, installation, events in the order of their seq)."""
    for number, (team, (weight, functions)) in enumerate(TEAMS.items()):
        made = random.Random(f"{seed} {team}")
        for machine in (1, 2):
            times = sorted(_times(made, until, days, a_day * weight / 2))
            installation = f"{team}-{machine}-0192f0c{number}{machine}"
            yield (
                team,
                installation,
                [
                    event(
                        seq,
                        at,
                        team=team,
                        function=made.choice([*functions, functions[0], ""]),
                        model=made.choices(list(MODELS), [4, 6, 5, 3, 0.4])[0],
                        environment=made.choice(["dev", "dev", "staging", "prod"]),
                        tokens=(
                            int(made.lognormvariate(9.6, 0.8)),
                            int(made.lognormvariate(7.2, 0.7)),
                        ),
                    )
                    for seq, at in enumerate(times, 1)
                ],
            )


def event(
    seq: int,
    at: datetime,
    *,
    team: str = "search",
    function: str = "rerank",
    environment: str = "dev",
    model: str = "gpt-5-mini",
    tokens: tuple[int, int] = (1_000, 100),
    kind: str = "llm",
) -> Json:
    """Return one call as it goes over the wire."""
    provider, *prices = MODELS[model]
    tags = {"team": team, "function": function, "environment": environment}
    lines = [
        {
            "line_no": place,
            "meter": meter,
            "quantity": quantity,
            **(
                {"reason": "no price is known for this model"}
                if price is None
                else {
                    "list_rate": f"{price / 1000:g}",
                    "cost_nusd": str(quantity * price),
                }
            ),
        }
        for place, (meter, quantity, price) in enumerate(
            zip(("input", "output"), tokens, prices, strict=True), 1
        )
    ]
    return {
        "id": str(uuid.uuid4()),
        "seq": seq,
        "time_us": int(at.timestamp() * 1_000_000),
        "kind": kind,
        "confidence": "measured",
        "where": {
            "origin": "cell",
            "notebook": f"{function or 'scratch'}.ipynb",
            "call_site": f"{function or 'scratch'}.py:{20 + seq % 60}",
            "tags": {name: value for name, value in tags.items() if value},
        },
        "call": {"provider": provider, "operation": "chat", "response_model": model},
        "lines": lines,
    }


def _times(
    made: random.Random, until: datetime, days: int, a_day: float
) -> Iterator[datetime]:
    midnight = datetime.combine(until.date(), datetime.min.time(), UTC)
    for back in range(days):
        day = midnight - timedelta(days=back)
        weekday = 0.35 if day.weekday() >= 5 else 1.0
        growth = 1.25 - 0.5 * back / days
        for _ in range(int(a_day * weekday * growth * made.uniform(0.85, 1.15))):
            hour = min(23.9, max(0.0, made.gauss(13.5, 3.2)))
            at = day + timedelta(hours=hour)
            if at < until:
                yield at
