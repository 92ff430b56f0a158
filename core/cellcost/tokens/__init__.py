"""How many tokens a text has. Importing costs nothing; the first count loads ranks."""

from cellcost.tokens.chat import chat_tokens
from cellcost.tokens.counting import count, guess, ready, warm
from cellcost.tokens.vocabularies import Vocabulary, vocabulary_of

__all__ = [
    "Vocabulary",
    "chat_tokens",
    "count",
    "guess",
    "ready",
    "vocabulary_of",
    "warm",
]
