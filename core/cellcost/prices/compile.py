"""Writes the price catalogue that we ship, from the installed genai-prices.

    python -m cellcost.prices.compile [TARGET]

Run it when genai-prices has a new release. Nothing else in cellcost imports
genai-prices.
"""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cellcost.errors import CatalogueError
from cellcost.prices.units import SOURCE_UNITS

__all__ = ["compile_catalogue", "write_catalogue"]

FORMAT = 1
TARGET = Path(__file__).parent / "data" / "catalogue.json"

# genai-prices computes these in code, not in data (types.py, ModelInfo.calc_price):
# Groq bills at least 10 seconds of audio a request.
_MINIMUMS = {
    ("groq", "whisper-large-v3"): {"audio_second": 10},
    ("groq", "whisper-large-v3-turbo"): {"audio_second": 10},
}


def compile_catalogue() -> dict[str, Any]:
    """Return the catalogue as plain JSON values.

    Raises CatalogueError when genai-prices holds something we cannot express.
    """
    from genai_prices.data import providers  # the one place that may: a build-time tool

    source_version = version("genai-prices")
    return {
        "format": FORMAT,
        "version": f"genai-prices-{source_version}",
        "source": f"https://github.com/pydantic/genai-prices {source_version} (MIT)",
        "newest_price": max(_start_dates(providers)).isoformat(),
        "providers": [_provider(provider) for provider in providers],
    }


def write_catalogue(target: Path = TARGET) -> None:
    """Write the catalogue to `target`, one model a line so that changes can be read."""
    catalogue = compile_catalogue()
    catalogue["compiled"] = datetime.now(UTC).date().isoformat()
    providers = catalogue.pop("providers")
    rows = [json.dumps(catalogue, ensure_ascii=False)[:-1] + ', "providers": [']
    for position, provider in enumerate(providers):
        models = provider.pop("models")
        rows.append(
            json.dumps(provider, ensure_ascii=False, separators=(",", ":"))[:-1]
            + ',"models":['
        )
        rows.append(
            ",\n".join(
                json.dumps(model, ensure_ascii=False, separators=(",", ":"))
                for model in models
            )
        )
        rows.append("]}," if position + 1 < len(providers) else "]}")
    rows.append("]}")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join(rows) + "\n", encoding="utf-8")


def _provider(provider: Any) -> dict[str, Any]:
    out: dict[str, Any] = {
        "id": provider.id,
        "name": provider.name,
        # `.*` would let a path pose as a host: https://evil.example/x.googleapis.com
        "url": provider.api_pattern.replace(".*", "[^/]*"),
    }
    if provider.provider_match is not None:
        out["names"] = _clauses(provider.provider_match)
    if provider.fallback_model_providers:
        out["fallback"] = list(provider.fallback_model_providers)
    out["models"] = [_model(provider.id, model) for model in provider.models]
    return out


def _model(provider: str, model: Any) -> dict[str, Any]:
    out: dict[str, Any] = {"id": model.id, "match": _clauses(model.match)}
    if model.context_window:
        out["window"] = model.context_window
    place = f"{provider}/{model.id}"
    if hasattr(model.prices, "calc_price"):  # one price, not a list of dated ones
        out["prices"] = [{"rates": _rates(model.prices, place)}]
    else:
        out["prices"] = [
            {**_constraint(item.constraint), "rates": _rates(item.prices, place)}
            for item in model.prices
        ]
    variants = [
        {
            "when": dict(variant.when),
            **_constraint(variant.constraint),
            "rates": _rates(variant.prices, place),
        }
        for variant in model.price_variants or ()
    ]
    if variants:
        out["variants"] = variants
    if minimum := _MINIMUMS.get((provider, model.id)):
        out["minimum"] = minimum
    return out


def _rates(prices: Any, place: str) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in prices.__dict__.items():
        if value is None:
            continue
        if key not in SOURCE_UNITS:
            raise CatalogueError(
                f"{place}: genai-prices prices {key!r}, which cellcost does not know;"
                " add it to cellcost/prices/units.py"
            )
        if hasattr(value, "tiers"):
            steps = [[tier.start, str(tier.price)] for tier in value.tiers]
            out[key] = [str(value.base), *steps]
        else:
            out[key] = str(value)
    return out


def _constraint(constraint: Any) -> dict[str, Any]:
    if constraint is None:
        return {}
    if hasattr(constraint, "start_date"):
        return {"from": constraint.start_date.isoformat()}
    return {"hours": [_utc(constraint.start_time), _utc(constraint.end_time)]}


def _utc(moment: time) -> str:
    if moment.tzinfo is not None:
        moment = datetime.combine(date(1970, 1, 1), moment).astimezone(UTC).time()
    return moment.isoformat("seconds")


def _clauses(match: Any) -> list[Any]:
    """Return a match rule as alternatives; a nested list is an `and` of clauses."""
    if hasattr(match, "or_"):
        return [clause for item in match.or_ for clause in _clauses(item)]
    if hasattr(match, "and_"):
        parts = [_clauses(item) for item in match.and_]
        if any(len(part) != 1 for part in parts):
            raise CatalogueError("genai-prices nests `or` in `and`: not supported yet")
        return [[part[0] for part in parts]]
    for name, sign in _SIGNS.items():
        if hasattr(match, name):
            text: str = getattr(match, name)
            return [sign + (text if name == "regex" else text.lower())]
    raise CatalogueError(f"unknown match clause of genai-prices: {match!r}")


_SIGNS = {
    "equals": "=",
    "starts_with": "^",
    "ends_with": "$",
    "contains": "*",
    "regex": "~",
}


def _start_dates(providers: Any) -> Iterator[date]:
    yield date(1970, 1, 1)
    for provider in providers:
        for model in provider.models:
            dated = () if hasattr(model.prices, "calc_price") else model.prices
            for item in (*dated, *(model.price_variants or ())):
                if hasattr(item.constraint, "start_date"):
                    yield item.constraint.start_date


if __name__ == "__main__":
    write_catalogue(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET)
