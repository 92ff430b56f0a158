"""The FOCUS table: each line once, exact, and unknown is marked."""

import csv
import io
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cellcost.clock import to_microseconds
from cellcost.records import Line
from cellcost.testing.records import make_event
from cellcost_ledger.book.schema import event, event_line
from cellcost_ledger.focus import VERSIONS

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Json, Ledger, noon, wire
from test_breakdown import skewed
from test_command import run

PERIOD = {"since": "2026-11-18", "until": "2026-11-24"}


def exported(ledger: Ledger, **query: str) -> list[dict[str, str]]:
    answer = ledger.client(ledger.key(teams=["ads"])).get(
        "/api/v1/focus", params={**PERIOD, **query}
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


def at_noon(seq: int, lines: tuple[Line, ...], **changes: Any) -> Json:
    made = wire(seq, make_event(lines), time_us=to_microseconds(noon()), **changes)
    made["call"]["billing_account"] = "org-1"
    return made


@pytest.mark.parametrize("version", VERSIONS)
def test_the_billed_costs_add_up_to_the_spend(ledger: Ledger, version: str) -> None:
    client = ledger.client(ledger.key(teams=["ads"]))
    events = skewed()
    client.statuses(events)
    total = client.get("/api/v1/spend", params=PERIOD).json()["total"]
    rows = exported(ledger, version=version)
    assert len(rows) == sum(len(event["lines"]) for event in events)
    billed = sum(Decimal(row["BilledCost"]) for row in rows)
    assert billed * 10**9 == int(total["cost_nusd"])
    unknown = [row for row in rows if row["x_CostUnknown"] == "true"]
    assert len(unknown) == total["n_unpriced"] > 0
    assert not any("E" in row[name] for row in rows for name in row if "Cost" in name)


def test_a_row_tells_price_quantity_and_whose_it_is(ledger: Ledger) -> None:
    line = Line(
        line_no=1,
        meter="input",
        quantity=1234,
        list_rate=Decimal("0.25"),
        contracted_rate=Decimal("0.2"),
        cost_nusd=246800,
    )
    ledger.client(ledger.key(user="ada")).statuses([at_noon(1, (line,))])
    (row,) = exported(ledger)
    assert {name: value for name, value in row.items() if value} == {
        "BilledCost": "0.0002468",
        "EffectiveCost": "0.0002468",
        "ListCost": "0.0003085",
        "ContractedCost": "0.0002468",
        "ListUnitPrice": "0.25",
        "ContractedUnitPrice": "0.2",
        "BillingCurrency": "USD",
        "BillingAccountId": "org-1",
        "BillingAccountName": "org-1",
        "SubAccountId": "search",
        "SubAccountName": "search",
        "ProviderName": "openai",
        "PublisherName": "openai",
        "InvoiceIssuerName": "openai",
        "BillingPeriodStart": "2026-11-01T00:00:00Z",
        "BillingPeriodEnd": "2026-12-01T00:00:00Z",
        "ChargePeriodStart": "2026-11-20T12:00:00Z",
        "ChargePeriodEnd": "2026-11-20T13:00:00Z",
        "ChargeCategory": "Usage",
        "ChargeDescription": "input of gpt-5-mini-2025-08-07",
        "ChargeFrequency": "Usage-Based",
        "ConsumedQuantity": "1234.0",
        "ConsumedUnit": "Tokens",
        "PricingQuantity": "0.001234",
        "PricingUnit": "1000000 Tokens",
        "PricingCurrency": "USD",
        "PricingCurrencyListUnitPrice": "0.25",
        "PricingCurrencyContractedUnitPrice": "0.2",
        "PricingCurrencyEffectiveCost": "0.0002468",
        "PricingCategory": "Standard",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceSubcategory": "Generative AI",
        "ServiceName": "openai chat",
        "SkuId": "openai/gpt-5-mini-2025-08-07/input",
        "SkuPriceId": "openai/gpt-5-mini-2025-08-07/input@0.25",
        "SkuMeter": "input",
        "Tags": '{"team": "search"}',
        "x_CostUnknown": "false",
        "x_Confidence": "measured",
        "x_Model": "gpt-5-mini-2025-08-07",
        "x_User": "ada",
        "x_Installation": "inst",
        "x_EventId": row["x_EventId"],
        "x_LineNumber": "1",
        "x_EventTime": "2026-11-20T12:00:00Z",
    }
    assert json.loads(row["Tags"]) == {"team": "search"}


def test_device_time_is_seconds_at_a_price_by_the_hour(sqlite_ledger: Ledger) -> None:
    held = Line(
        line_no=1,
        meter="gpu_held",
        quantity=1234567,
        list_rate=Decimal("2.49"),
        cost_nusd=853_908_842,
    )
    sqlite_ledger.client().statuses([at_noon(1, (held,), kind="gpu")])
    (row,) = exported(sqlite_ledger)
    assert (row["ConsumedQuantity"], row["ConsumedUnit"]) == ("1234.567", "Seconds")
    assert (row["PricingQuantity"], row["PricingUnit"]) == ("0.342935277778", "Hours")
    hours, price = Decimal(row["PricingQuantity"]), Decimal(row["ListUnitPrice"])
    assert Decimal(row["ListCost"]) == hours * price
    assert abs(Decimal(row["ListCost"]) - Decimal(row["BilledCost"])) < Decimal("1e-9")
    assert (row["BilledCost"], row["ServiceCategory"]) == ("0.853908842", "Compute")


def test_what_is_unknown_is_marked_and_no_false_nothing(ledger: Ledger) -> None:
    unpriced = Line(line_no=1, meter="input", quantity=7, reason="no price")
    ledger.client().statuses([at_noon(1, (unpriced,))])
    (row,) = exported(ledger)
    assert (row["BilledCost"], row["ListUnitPrice"]) == ("0", "")
    assert (row["x_CostUnknown"], row["x_CostUnknownReason"]) == ("true", "no price")


def test_a_correction_is_one_and_signed(ledger: Ledger) -> None:
    lines = (
        Line(
            line_no=1,
            meter="output",
            quantity=-10,
            list_rate=Decimal(2),
            cost_nusd=-20000,
        ),
    )
    ledger.client().statuses([at_noon(1, lines, corrects="earlier", kind="correction")])
    (row,) = exported(ledger)
    assert (row["ChargeClass"], row["x_Corrects"]) == ("Correction", "earlier")
    assert (row["BilledCost"], row["ListCost"]) == ("-0.00002", "-0.00002")
    assert (row["ConsumedQuantity"], row["PricingQuantity"]) == ("-10.0", "-0.00001")


def test_a_time_of_which_events_were_pruned_is_refused(ledger: Ledger) -> None:
    client = ledger.client()
    client.statuses([at_noon(1, ()), at_noon(2, ())])
    book = ledger.book()
    for table in (event_line, event):
        gone = sa.delete(table).where(table.c.tenant == ledger.tenant)
        book.write(lambda c, gone=gone: c.execute(gone))
    book.close()
    answer = client.get("/api/v1/focus", params=PERIOD)
    assert (answer.status_code, answer.json()["error"]) == (422, "pruned")
    told = client.get("/api/v1/spend", params={**PERIOD, "group_by": "kind"}).json()
    assert (told["events_not_kept"], told["rows"]) == (2, [])


def test_the_command_writes_the_table_that_the_route_tells(tmp_path: Path) -> None:
    own = Ledger(str(tmp_path / "ledger.db"), tmp_path)
    own.start()
    own.client(own.key(teams=["ads"])).statuses(skewed())
    told = exported(own)
    assert own.stop() == 0
    days = ["--since", PERIOD["since"], "--until", PERIOD["until"]]
    printed = run(tmp_path, "focus", *days)
    assert (printed.returncode, printed.stderr) == (0, "")
    assert list(csv.DictReader(io.StringIO(printed.stdout))) == told
    table = tmp_path / "table.csv"
    written = run(tmp_path, "focus", *days, "--output", str(table))
    assert (written.returncode, written.stdout) == (0, "")
    text = table.read_bytes().decode()
    assert list(csv.DictReader(io.StringIO(text, newline=""))) == told
    again = run(tmp_path, "focus", *days, "--output", str(table))
    assert (again.returncode, "cannot write" in again.stderr) == (1, True)
    assert table.read_bytes().decode() == text
    other = run(tmp_path, "focus", *days, "--tenant", "other", "--version", "1.4")
    assert len(other.stdout.splitlines()) == 1
    assert "ServiceProviderName" in other.stdout
    turned = ["--since", PERIOD["until"], "--until", PERIOD["since"]]
    assert "later day" in run(tmp_path, "focus", *turned).stderr
