"""Our figures are genai-prices' figures, on every model, usage and date.

genai-prices adds the exact prices of all units; we round each line half-even to a
nano-USD. So the sums differ by at most half a nano-USD a line.
"""

import re
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from genai_prices import Usage as TheirUsage
from genai_prices.data_snapshot import find_provider_by_id, get_snapshot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cellcost.prices import Catalogue, PriceBook, cost
from cellcost.prices.catalogue import SHIPPED
from cellcost.prices.compile import compile_catalogue, write_catalogue
from cellcost.records import INPUT_METERS, OUTPUT_METERS, Line, Usage

THEIR_PROVIDERS = get_snapshot().providers
MODELS = [(p, m) for p in THEIR_PROVIDERS for m in p.models]

thresholds = [100_000, 128_000, 199_999, 200_000, 256_000, 272_000, 512_000]
counts = st.one_of(
    st.integers(0, 600_000),
    st.sampled_from([n + d for n in thresholds for d in (0, 1)]),
)
moments = st.one_of(
    st.integers(0, 4 * 365 * 86_400).map(
        lambda seconds: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    ),
    st.sampled_from(
        [
            datetime(2026, 10, 14, tzinfo=UTC),
            datetime(2026, 10, 13, 23, 59, 59, 999_999, tzinfo=UTC),
            datetime(2026, 10, 19, tzinfo=UTC),
            datetime(2026, 11, 24, 1, 0, tzinfo=UTC),
            datetime(2026, 11, 24, 4, 0, tzinfo=UTC),
            datetime(2026, 11, 24, 16, 30, tzinfo=UTC),
            datetime(2026, 11, 24, 0, 29, 59, tzinfo=UTC),
        ]
    ),
)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    plain, cached, written, audio, cached_audio, said, thought, spoken = (
        draw(st.one_of(st.just(0), counts)) for _ in range(8)
    )
    return Usage(
        input_tokens=plain + cached + written + audio + cached_audio,
        cache_read_tokens=cached + cached_audio,
        cache_write_tokens=written,
        cache_write_1h_tokens=draw(st.integers(0, written)),
        input_audio_tokens=audio + cached_audio,
        cache_read_audio_tokens=cached_audio,
        output_tokens=said + thought + spoken,
        reasoning_tokens=thought,
        output_audio_tokens=spoken,
        other=draw(
            st.dictionaries(
                st.sampled_from(["web_search", "audio_second", "storage_search"]),
                st.integers(0, 5_000),
            )
        ),
    )


def theirs(usage: Usage) -> TheirUsage:
    """Return the same usage in genai-prices' words, every zero said."""
    seconds = usage.other.get("audio_second", 0)
    return TheirUsage(
        input_tokens=usage.input_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        cache_write_1h_tokens=usage.cache_write_1h_tokens,
        input_audio_tokens=usage.input_audio_tokens,
        cache_audio_read_tokens=usage.cache_read_audio_tokens,
        cache_audio_write_tokens=0,
        input_image_tokens=0,
        cache_image_read_tokens=0,
        input_video_tokens=0,
        output_tokens=usage.output_tokens,
        output_reasoning_tokens=usage.reasoning_tokens,
        output_audio_tokens=usage.output_audio_tokens,
        output_image_tokens=0,
        output_video_tokens=0,
        output_citation_tokens=0,
        audio_seconds=seconds,
        input_audio_seconds=seconds,
        web_searches=usage.other.get("web_search", 0),
        storage_searches=usage.other.get("storage_search", 0),
    )


def partitions(lines: tuple[Line, ...], usage: Usage) -> bool:
    inputs = sum(line.quantity for line in lines if line.meter in INPUT_METERS)
    outputs = sum(line.quantity for line in lines if line.meter in OUTPUT_METERS)
    return (
        inputs == usage.input_tokens
        and outputs == usage.output_tokens
        and all(line.quantity > 0 for line in lines)
        and [line.line_no for line in lines] == list(range(1, len(lines) + 1))
        and len({(line.meter, line.variant) for line in lines}) == len(lines)
    )


def check(
    book: PriceBook, provider: Any, name: str, usage: Usage, at: datetime
) -> None:
    total, listed = their_total(provider.id, name, usage, at, {})
    card = book.rate_card(provider.id, name, at=at)
    lines = cost(card, usage)
    assert partitions(lines, usage)
    if not listed:  # a model without any rate: they say 0, we say unknown
        assert card.reason
        assert all(line.cost_nusd is None for line in lines)
        return
    assert not card.reason
    known = sum(line.cost_nusd for line in lines if line.cost_nusd is not None)
    assert abs(known - total * 10**9) <= Decimal(len(lines)) / 2
    for line in lines:
        assert (line.cost_nusd is None) == bool(line.reason) or line.cost_nusd


def their_total(
    provider_id: str,
    name: str,
    usage: Usage,
    at: datetime,
    context: Mapping[str, str],
) -> tuple[Decimal, bool]:
    found = get_snapshot().calc(theirs(usage), name, provider_id, None, at, context)
    priced = [v for v in found.model_price.__dict__.values() if v is not None]
    return found.total_price, bool(priced)


def name_of(provider: Any, model: Any) -> str | None:
    """Return a name by which genai-prices finds the model itself, if there is one."""
    for name in (
        model.id,
        *re.findall(r"(?:equals|starts_with|contains)='([^']+)'", repr(model.match)),
    ):
        if provider.find_model(name, all_providers=THEIR_PROVIDERS) is model:
            return name
    return None


NAMED = [(p, m, name) for p, m in MODELS if (name := name_of(p, m))]


def test_nearly_every_model_can_be_named() -> None:
    assert len(NAMED) > 0.97 * len(MODELS)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(NAMED), usages(), moments)
def test_any_usage_of_any_model_at_any_time_costs_the_same(
    book: PriceBook, named: Any, usage: Usage, at: datetime
) -> None:
    provider, _, name = named
    check(book, provider, name, usage, at)


PLAIN = {"cache_read_tokens": 50_001, "cache_write_tokens": 7, "output_tokens": 999}


@pytest.mark.parametrize(
    ("usage", "at"),
    [
        (
            Usage(input_tokens=99_999, reasoning_tokens=77, **PLAIN),
            datetime(2026, 11, 24, 12, tzinfo=UTC),
        ),
        (
            Usage(input_tokens=272_001, cache_write_1h_tokens=3, **PLAIN),
            datetime(2026, 11, 24, 2, tzinfo=UTC),
        ),
        (
            Usage(input_tokens=200_000, input_audio_tokens=101, **PLAIN),
            datetime(2025, 3, 1, 20, tzinfo=UTC),
        ),
    ],
    ids=["short", "long context", "before most price changes"],
)
def test_every_model_costs_the_same(
    book: PriceBook, usage: Usage, at: datetime
) -> None:
    for provider, _, name in NAMED:
        check(book, provider, name, usage, at)


TIERED = [
    (p, m, name, v)
    for p, m, name in NAMED
    for v in m.price_variants or ()
    if set(v.when) <= {"service_tier", "processing", "speed"}
]


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(TIERED), usages(), moments)
def test_a_service_tier_costs_the_same_or_is_unpriced(
    book: PriceBook, tiered: Any, usage: Usage, at: datetime
) -> None:
    provider, model, name, variant = tiered
    ((_, tier),) = variant.when.items()
    card = book.rate_card(provider.id, name, tier=tier, at=at)
    active = [
        v
        for v in model.price_variants
        if v.when == variant.when and (v.constraint is None or v.constraint.active(at))
    ]
    if not active:
        assert f"service tier {tier!r}" in card.reason
        return
    total, _ = their_total(provider.id, name, usage, at, variant.when)
    lines = cost(card, usage)
    known = sum(line.cost_nusd for line in lines if line.cost_nusd is not None)
    assert abs(known - total * 10**9) <= Decimal(len(lines)) / 2


def test_every_name_means_the_same_model(catalogue: Catalogue) -> None:
    """Each name in a rule, and its dated, upper-case and prefixed forms."""
    snapshot = get_snapshot()
    checked = 0
    for provider in snapshot.providers:
        ours = catalogue.providers[provider.id]
        texts = {
            text
            for model in provider.models
            for text in re.findall(r"='([^']+)'", repr(model.match))
        } | {model.id for model in provider.models}
        if len(texts) > 300:  # OpenRouter: a sample, to be quick
            texts = set(sorted(texts)[::20])
        for text in texts:
            for name in (
                text,
                text.upper(),
                f"{text}-20251211",
                f"{text}-2025-12-11",
                f"x/{text}",
            ):
                expected = provider.find_model(name, all_providers=snapshot.providers)
                found = catalogue.model(ours, name)
                assert (found[1].id if found else None) == (
                    expected.id if expected else None
                ), f"{provider.id}: {name}"
                checked += 1
    assert checked > 4_000


def test_every_provider_name_means_the_same_provider(catalogue: Catalogue) -> None:
    names = [p.id for p in THEIR_PROVIDERS]
    names += ["aws.bedrock", "gcp.vertex_ai", "gcp.gemini", "mistral_ai", "xai"]
    names += ["google-vertex", "Anthropic", "bedrock_converse", "OPENAI", "nobody"]
    for name in names:
        expected = find_provider_by_id(THEIR_PROVIDERS, name)
        found = catalogue.provider(name)
        assert (found.id if found else None) == (expected.id if expected else None)


def test_the_shipped_catalogue_is_what_compile_writes(tmp_path: Any) -> None:
    """After an update of genai-prices: python -m cellcost.prices.compile."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert compile_catalogue()["format"] == 1
        write_catalogue(tmp_path / "catalogue.json")
    undated = re.compile(r'"compiled": "[^"]*"')
    fresh = (tmp_path / "catalogue.json").read_text(encoding="utf-8")
    shipped = SHIPPED.read_text(encoding="utf-8")
    if fresh.split(",")[1] != shipped.split(",")[1]:
        pytest.skip("another version of genai-prices is installed")
    assert undated.sub("", fresh) == undated.sub("", shipped)
