"""What counting tokens takes, beside bare tiktoken on the same ranks."""

import random
from collections.abc import Callable
from itertools import count as numbers

from cellcost import tokens
from cellcost.tokens.vocabularies import load
from measure import BenchPath, per_call_us

WORDS = [
    "the",
    "price",
    "of",
    "a",
    "model",
    "call",
    "is,",
    "λ",
    "=",
    "0.25",
    "*",
    "tokens;",
    "don't",
    "日本語",
    "naïve\tx_1",
]


def paths() -> list[BenchPath]:
    encoding = load("o200k_base")
    if encoding is None:
        return [BenchPath(name="count 1 kB", figure=lambda: 0.0, skip="no ranks")]
    rng = random.Random(7)

    def fresh(size: int) -> list[str]:
        made: list[str] = []
        for _ in range(2_000):
            text = ""
            while len(text) < size:
                text += rng.choice(WORDS) + rng.choice((" ", " ", "\n"))
            made.append(text)
        return made

    texts = fresh(1_000)
    steps = numbers()

    def each(use: Callable[[str], object]) -> Callable[[], object]:
        return lambda: use(texts[next(steps) % len(texts)])

    prompt = "".join(fresh(50)[:2_000])
    edits = numbers()

    def edited() -> str:
        """Return a 100 kB prompt with one line changed."""
        return f"{prompt[:50_000]}\n# {next(edits)}\n{prompt[50_000:]}"

    return [
        BenchPath(
            name="count a fresh 1 kB text",
            figure=lambda: per_call_us(each(tokens.count), calls=2_000),
            floor=lambda: per_call_us(each(encoding.encode_ordinary), calls=2_000),
            goal_ratio=1.2,
        ),
        BenchPath(
            name="count a 100 kB prompt after an edit",
            figure=lambda: per_call_us(lambda: tokens.count(edited()), calls=20),
            floor=lambda: per_call_us(
                lambda: encoding.encode_ordinary(edited()), calls=20
            ),
            goal_ratio=1,
        ),
    ]
