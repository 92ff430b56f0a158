"""How much GPU memory a model's weights take, as far as its name tells."""

import re
from decimal import Decimal

__all__ = ["weights_bytes"]

_BILLION = 1_000_000_000
_MILLION = 1_000_000

# `8x7B`: the experts share what is not theirs. Mixtral 8x7B holds 46.7B parameters,
# 8x22B holds 141B: 0.83 and 0.80 of the product (model cards, 2026-11).
_MIXTURE = re.compile(
    r"(?<![a-z0-9.])(\d{1,3})x(\d{1,3}(?:\.\d+)?)b(?![a-z])", re.IGNORECASE
)
_SHARED = Decimal("0.82")
_BILLIONS = re.compile(r"(?<![a-z0-9.])(\d{1,4}(?:\.\d+)?)b(?![a-z0-9])", re.IGNORECASE)
_MILLIONS = re.compile(r"(?<![a-z0-9.])(\d{2,4}(?:\.\d+)?)m(?![a-z0-9])", re.IGNORECASE)

# Parameters of models whose names do not tell them (model cards, 2026-11).
_KNOWN: tuple[tuple[re.Pattern[str], int], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), parameters)
    for pattern, parameters in (
        (r"all-MiniLM-L6", 23 * _MILLION),
        (r"all-MiniLM-L12", 33 * _MILLION),
        (r"all-mpnet-base", 109 * _MILLION),
        (r"bge-small|e5-small", 33 * _MILLION),
        (r"bge-base|e5-base", 109 * _MILLION),
        (r"bge-large|e5-large", 335 * _MILLION),
        (r"bge-m3", 568 * _MILLION),
        (r"distilbert", 66 * _MILLION),
        (r"bert-base", 110 * _MILLION),
        (r"bert-large", 340 * _MILLION),
        (r"gpt2-medium", 355 * _MILLION),
        (r"gpt2-large", 774 * _MILLION),
        (r"gpt2-xl", 1_558 * _MILLION),
        (r"(?:^|/)gpt2$", 124 * _MILLION),
        (r"(?:whisper-|^)tiny(?:\.en)?$", 39 * _MILLION),
        (r"(?:whisper-|^)base(?:\.en)?$", 74 * _MILLION),
        (r"(?:whisper-|^)small(?:\.en)?$", 244 * _MILLION),
        (r"(?:whisper-|^)medium(?:\.en)?$", 769 * _MILLION),
        (r"(?:whisper-|^)large(?:-v[123])?$", 1_550 * _MILLION),
    )
)
_BITS: tuple[tuple[re.Pattern[str], Decimal], ...] = (
    # Four bits and the scales beside them.
    (
        re.compile(r"awq|gptq|int4|4[-_]?bit|nf4|[-_.]q4|w4a16", re.IGNORECASE),
        Decimal("4.5"),
    ),
    (re.compile(r"fp8|int8|8[-_]?bit|[-_.]q8|w8a8", re.IGNORECASE), Decimal(8)),
)
_USUAL_BITS = Decimal(16)


def weights_bytes(name: str) -> int | None:
    """Return the bytes of a model's weights by its name; None if that does not tell.

    `meta-llama/Llama-3.1-8B` holds 8e9 parameters of 16 bits. What a server keeps
    beside them (its cache of keys and values, activations) is not in it.
    """
    parameters = _parameters(name)
    if parameters is None:
        return None
    bits = next((b for pattern, b in _BITS if pattern.search(name)), _USUAL_BITS)
    return int(parameters * bits / 8)


def _parameters(name: str) -> Decimal | None:
    last = name.rstrip("/").rpartition("/")[2]
    mixture = _MIXTURE.search(last)
    if mixture is not None:
        return Decimal(mixture[1]) * Decimal(mixture[2]) * _SHARED * _BILLION
    billions = [Decimal(found) for found in _BILLIONS.findall(last)]
    if billions:
        # `Qwen3-30B-A3B` holds 30B of which 3B work at a time.
        return max(billions) * _BILLION
    millions = _MILLIONS.search(last)
    if millions is not None:
        return Decimal(millions[1]) * _MILLION
    known = next((size for pattern, size in _KNOWN if pattern.search(last)), None)
    return None if known is None else Decimal(known)
