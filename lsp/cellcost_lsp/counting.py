"""Tokens of a prompt: guessed at once, counted as soon as a vocabulary is in memory."""

from cellcost.tokens import count, guess, ready, warm

__all__ = ["Counting", "load_for"]


class Counting:
    """Counts for one reading; remembers which models it could only guess for."""

    def __init__(self) -> None:
        self.guessed: set[str] = set()

    def __call__(self, text: str, model: str) -> int | None:
        """Return the tokens of `text`; loads nothing."""
        if ready(model):
            return count(text, model)
        self.guessed.add(model)
        return guess(len(text.encode("utf-8", "replace")))


def load_for(models: set[str]) -> bool:
    """Load the vocabularies of some models; say whether any can count now."""
    for model in models:
        warm(model)
    return any(ready(model) for model in models)
