"""Events as FOCUS rows: one for each line, for the tools that read cloud bills.

FOCUS is the FinOps Foundation's table of cost and usage; its columns are named here as
there. Its costs must not be null: a line without a known cost has 0 in them, true in
`x_CostUnknown`, and why in `x_CostUnknownReason`.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from typing import Any, Literal

from cellcost.clock import from_microseconds
from cellcost.records import GPU_BUSY, GPU_HELD, INPUT_METERS, OUTPUT_METERS

__all__ = ["VERSIONS", "Version", "focus_columns", "focus_rows"]

Version = Literal["1.2", "1.4"]
VERSIONS: tuple[Version, ...] = ("1.2", "1.4")

_ORIGIN: Mapping[str, tuple[str, ...]] = {
    "1.2": ("ProviderName", "PublisherName", "InvoiceIssuerName"),
    "1.4": ("ServiceProviderName", "HostProviderName", "InvoiceIssuerName"),
}
_COLUMNS = (
    *("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"),
    *("ListUnitPrice", "ContractedUnitPrice", "BillingCurrency"),
    *("BillingAccountId", "BillingAccountName", "SubAccountId", "SubAccountName"),
    *("BillingPeriodStart", "BillingPeriodEnd", "InvoiceId"),
    *("ChargePeriodStart", "ChargePeriodEnd"),
    *("ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency"),
    *("ConsumedQuantity", "ConsumedUnit", "PricingQuantity", "PricingUnit"),
    *("PricingCategory", "ServiceCategory", "ServiceSubcategory", "ServiceName"),
    *("SkuId", "SkuPriceId", "SkuMeter", "SkuPriceDetails"),
    # Prices and bills are in one currency. Rules of the Foundation's validator read
    # these columns, also where they may be left out.
    *("PricingCurrency", "PricingCurrencyListUnitPrice"),
    *("PricingCurrencyContractedUnitPrice", "PricingCurrencyEffectiveCost"),
    "CommitmentDiscountStatus",
    *("RegionId", "RegionName", "ResourceId", "ResourceName", "ResourceType", "Tags"),
)
_OWN = (
    *("x_CostUnknown", "x_CostUnknownReason", "x_Confidence", "x_Model", "x_User"),
    *("x_Installation", "x_EventId", "x_LineNumber", "x_Corrects", "x_EventTime"),
)
_MILLION = Decimal(1_000_000)
_NANO = Decimal(1_000_000_000)
_HOUR_MS = Decimal(3_600_000)
_NANO_HOURS = Decimal("0.000000000001")
# A rate has up to 50 digits and a quantity 16: nothing here is ever rounded.
_EXACT = Context(prec=200)
_NOBODY = "Unknown"
"""Stands for a provider that is not known: FOCUS wants a name."""


def focus_columns(version: Version) -> tuple[str, ...]:
    """Return the head row."""
    return (*_COLUMNS[:11], *_ORIGIN[version], *_COLUMNS[11:], *_OWN)


def focus_rows(
    event: Mapping[str, Any], version: Version, tenant: str
) -> Iterator[dict[str, Any]]:
    """Yield one row for each line of an event as `/api/v1/events` tells it."""
    shared = _shared(event, version, tenant)
    for line in event["lines"]:
        told = (_service(line, event), _priced(line, event), _marked(line, event))
        yield {**shared, **told[0], **told[1], **told[2]}


def _shared(event: Mapping[str, Any], version: Version, tenant: str) -> dict[str, Any]:
    call: Mapping[str, Any] = event.get("call", {})
    provider = event["provider"] or _NOBODY
    account = call.get("billing_account") or tenant
    time = from_microseconds(event["time_us"]).astimezone(UTC)
    hour = time.replace(minute=0, second=0, microsecond=0)
    month = hour.replace(day=1, hour=0)
    return {
        **dict.fromkeys(("BillingCurrency", "PricingCurrency"), "USD"),
        **dict.fromkeys(("BillingAccountId", "BillingAccountName"), account),
        **dict.fromkeys(("SubAccountId", "SubAccountName"), event["team"] or None),
        "BillingPeriodStart": _time(month),
        "BillingPeriodEnd": _time((month + timedelta(days=32)).replace(day=1)),
        "ChargePeriodStart": _time(hour),
        "ChargePeriodEnd": _time(hour + timedelta(hours=1)),
        "ChargeCategory": "Usage",
        "ChargeClass": "Correction" if event["corrects"] else None,
        "ChargeFrequency": "Usage-Based",
        "PricingCategory": "Standard",
        **dict.fromkeys(_ORIGIN[version], provider),
        "Tags": json.dumps(event["where"]["tags"], ensure_ascii=False),
    }


def _priced(line: Mapping[str, Any], event: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line's quantities, prices and costs, every one exact."""
    used, unit, pricing, priced_by = _quantities(line)
    unknown = line["cost_nusd"] is None
    billed = Decimal() if unknown else _EXACT.divide(Decimal(line["cost_nusd"]), _NANO)
    # What has no known cost has no known price either, whatever a rate says.
    list_price = None if unknown else _decimal(line["list_rate"])
    contracted = None if unknown else _decimal(line["contracted_rate"])
    contracted = list_price if contracted is None else contracted
    sku = "/".join(
        filter(
            None, (event["provider"], event["model"], line["meter"], line["variant"])
        )
    )
    return {
        "BilledCost": _text(billed),
        "EffectiveCost": _text(billed),
        "ListCost": _text(_cost(list_price, pricing, billed)),
        "ContractedCost": _text(_cost(contracted, pricing, billed)),
        "ListUnitPrice": _text(list_price),
        "ContractedUnitPrice": _text(contracted),
        "ChargeDescription": f"{line['meter']} of {event['model'] or event['kind']}",
        # FOCUS wants a decimal: a column of whole numbers alone reads as integers.
        "ConsumedQuantity": f"{used:f}" if used % 1 else f"{used:.1f}",
        "ConsumedUnit": unit,
        "PricingQuantity": _text(pricing),
        "PricingUnit": priced_by,
        "PricingCurrencyListUnitPrice": _text(list_price),
        "PricingCurrencyContractedUnitPrice": _text(contracted),
        "PricingCurrencyEffectiveCost": _text(billed),
        "SkuId": sku,
        "SkuPriceId": None if list_price is None else f"{sku}@{_text(list_price)}",
        "SkuMeter": line["meter"],
    }


def _marked(line: Mapping[str, Any], event: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "x_CostUnknown": line["cost_nusd"] is None,
        "x_CostUnknownReason": line["reason"] or None,
        "x_Confidence": event["confidence"],
        "x_Model": event["model"] or None,
        "x_User": event["user"] or None,
        "x_Installation": event["installation"],
        "x_EventId": event["id"],
        "x_LineNumber": line["line_no"],
        "x_Corrects": event["corrects"] or None,
        "x_EventTime": _time(from_microseconds(event["time_us"])),
    }


def _service(line: Mapping[str, Any], event: Mapping[str, Any]) -> dict[str, str]:
    """Return what was used; FOCUS wants one category for each service's name."""
    provider = event["provider"] or _NOBODY
    # By its line, so that a correction of GPU time is of the same service.
    if event["kind"] == "gpu" or line["meter"].startswith("gpu"):
        name, category, subcategory = "GPU", "Compute", "Other (Compute)"
    else:
        name = event.get("call", {}).get("operation") or "AI"
        category, subcategory = "AI and Machine Learning", "Generative AI"
    return {
        "ServiceCategory": category,
        "ServiceSubcategory": subcategory,
        "ServiceName": f"{provider} {name}",
    }


def _quantities(line: Mapping[str, Any]) -> tuple[Decimal, str, Decimal, str]:
    """Return what was used and of what unit, then the same as its price counts it."""
    quantity, meter = Decimal(line["quantity"]), line["meter"]
    if meter in (GPU_BUSY, GPU_HELD):
        # In milliseconds, priced by the hour. Hours need not end: rounded to 4 ns.
        hours = _EXACT.divide(quantity, _HOUR_MS).quantize(_NANO_HOURS, context=_EXACT)
        return _EXACT.divide(quantity, Decimal(1000)), "Seconds", hours, "Hours"
    unit = "Seconds" if meter.endswith("seconds") else "Units"
    if meter in INPUT_METERS or meter in OUTPUT_METERS:
        unit = "Tokens"
    return quantity, unit, _EXACT.divide(quantity, _MILLION), f"1000000 {unit}"


def _cost(price: Decimal | None, quantity: Decimal, billed: Decimal) -> Decimal:
    """Return price x quantity; a cost that came without a price is all there is."""
    return billed if price is None else _EXACT.multiply(price, quantity)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _text(value: Decimal | None) -> str | None:
    """Return a number without an exponent, and without zeros that say nothing."""
    if value is None:
        return None
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
