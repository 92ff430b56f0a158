"""What the same tokens cost elsewhere."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from cellcost.records import Line, Usage
from cellcost.testing.records import CALL, make_event, make_lines
from cellcost.views import alternatives, entries_of


def cost_of(provider: str, model: str, usage: Usage, at: datetime) -> Sequence[Line]:
    """Return a made-up price: a nano-dollar a token and letter of the name."""
    cost = usage.input_tokens * len(model)
    known = None if provider == "mistral" else cost
    return [
        Line(line_no=1, meter="input", quantity=usage.input_tokens, cost_nusd=known)
    ]


def test_at_most_three_cheaper_models_are_named_own_provider_first() -> None:
    found = alternatives(entries_of([make_event(), make_event()]), cost_of)
    assert "gpt-6-luna" in {other.model for other in found}
    assert len(found) == 3
    assert all(other.cost_nusd < 90_000 for other in found)
    assert "mistral-small-latest" not in {other.model for other in found}
    assert found == tuple(sorted(found, key=lambda other: -other.cost_nusd))


def test_an_estimate_is_compared_with_nothing() -> None:
    guess = replace(make_event(), confidence="estimated")
    assert alternatives(entries_of([guess]), cost_of) == ()


def test_embeddings_and_audio_are_compared_with_nothing() -> None:
    vectors = replace(make_event(), call=replace(CALL, operation="embeddings"))
    spoken = replace(make_lines()[0], meter="input_audio")
    assert alternatives(entries_of([vectors]), cost_of) == ()
    assert alternatives(entries_of([make_event(lines=(spoken,))]), cost_of) == ()


def test_nothing_dearer_is_offered() -> None:
    cheap = make_event(lines=(replace(make_lines()[0], cost_nusd=1),))
    assert alternatives(entries_of([cheap]), cost_of) == ()
