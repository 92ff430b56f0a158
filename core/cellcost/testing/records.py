"""Records of ordinary calls and GPU time, for tests that write a journal."""

from decimal import Decimal

from cellcost.clock import utc_now
from cellcost.ids import new_id
from cellcost.records import GPU_BUSY, GPU_HELD, Call, Event, Intent, Line, Where

__all__ = ["CALL", "WHERE", "gpu_event", "intent_of", "make_event", "make_lines"]

WHERE = Where(
    origin="cell",
    run_id="run-1",
    cell_id="cell-1",
    notebook="work/a.ipynb",
    kernel_id="kernel-1",
    tags={"team": "search"},
)
CALL = Call(
    provider="openai",
    operation="chat",
    endpoint="api.openai.com",
    request_model="gpt-5-mini",
    response_model="gpt-5-mini-2025-08-07",
    status=200,
)


def make_lines(input_tokens: int = 100, output_tokens: int = 10) -> tuple[Line, ...]:
    """Return two lines, priced at $0.25 and $2 per million tokens."""
    return (
        Line(
            line_no=1,
            meter="input",
            quantity=input_tokens,
            list_rate=Decimal("0.25"),
            cost_nusd=input_tokens * 250,
        ),
        Line(
            line_no=2,
            meter="output",
            quantity=output_tokens,
            list_rate=Decimal(2),
            cost_nusd=output_tokens * 2000,
        ),
    )


def make_event(lines: tuple[Line, ...] | None = None, id_: str | None = None) -> Event:
    """Return a settled chat call."""
    return Event(
        id=id_ or new_id(),
        time=utc_now(),
        kind="llm",
        where=WHERE,
        call=CALL,
        lines=make_lines() if lines is None else lines,
        duration_seconds=0.5,
    )


def gpu_event(
    busy_ms: int = 1_000,
    held_ms: int = 0,
    *,
    cost_nusd: int | None = 833_333,
    device: str = "NVIDIA H100",
    where: Where = WHERE,
) -> Event:
    """Return the device time of a run, at a cost in all; None is no rate."""
    used = [(GPU_BUSY, busy_ms), (GPU_HELD, held_ms)]
    meters = [(meter, quantity) for meter, quantity in used if quantity]
    return Event(
        id=new_id(),
        time=utc_now(),
        kind="gpu",
        where=where,
        call=Call(provider="gpu", operation="gpu", request_model=device),
        lines=tuple(
            Line(
                line_no=number,
                meter=meter,
                quantity=quantity,
                variant=device,
                cost_nusd=cost_nusd if cost_nusd is None or number == 1 else 0,
                reason="" if cost_nusd is not None else f"no rate for {device}",
            )
            for number, (meter, quantity) in enumerate(meters, start=1)
        ),
        duration_seconds=(busy_ms + held_ms) / 1000,
    )


def intent_of(event: Event) -> Intent:
    """Return the intent that came before `event`."""
    return Intent(
        id=event.id,
        time=event.time,
        where=event.where,
        call=event.call or CALL,
        expected=make_lines(80, 0)[:1],
        worst_nusd=12_345,
        kind=event.kind,
    )
