"""The FOCUS table before two validators: the FinOps Foundation's for 1.2, and for 1.4.

Both exit with 0 on failures too, or may: what they print is read.
"""

import csv
import io
import re
import subprocess
import sys
import venv
from decimal import Decimal
from pathlib import Path

import pytest

from cellcost.clock import to_microseconds
from cellcost.records import Line
from cellcost.testing.records import make_event

sys.path.insert(0, str(Path(__file__).parents[1] / "ledger"))

from conftest import Json, Ledger, noon, wire

PLACE = Path(__file__).parents[2] / ".focus-validators"
PACKAGES = (
    "focus-data-toolkit>=0.14",
    "focus-validator==2.2.1",
    # Newer ones want a numpy that the validator does not.
    "pyarrow<22",
)
# What a ledger has; without a word for it the validator leaves its rules out.
SUPPORTED = (
    "ACCOUNT_NAMING_SUPPORTED,NEGOTIATED_PRICING_SUPPORTED,UNIT_PRICING_SUPPORTED,"
    "SUB_ACCOUNT_SUPPORTED,TAGGING_SUPPORTED,"
    "USAGE_MEASUREMENT_SUPPORTED,PUBLIC_PRICE_LIST_SUPPORTED"
)
KNOWN = {
    # No row is of an invoice, and then it must be null (C-004, which passes). This one
    # is for rows that are of one; the validator, which cannot tell, asks it of all.
    "InvoiceId-C-005-C",
}


@pytest.fixture(scope="session")
def validators() -> Path:
    """The folder of the validators' programs, installed once."""
    programs = PLACE / "bin"
    if not (PLACE / "ready").exists():
        venv.create(PLACE, clear=True, with_pip=True)
        install = [programs / "python", "-m", "pip", "install", "-q"]
        done = subprocess.run(
            [*install, "--ignore-requires-python", *PACKAGES],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        _fit_to_this_python(_packages())
        (PLACE / "ready").touch()
    return programs


def _packages() -> Path:
    (found,) = PLACE.glob("lib/python*/site-packages")
    return found


def _fit_to_this_python(packages: Path) -> None:
    """Let the validator run before Python 3.12: one f-string of it is of that."""
    if sys.version_info >= (3, 12):
        return
    path = packages / "focus_validator/config_objects/focus_to_duckdb_converter.py"
    newer = """k.replace('\\"', '\\"\\"')"""
    text = path.read_text()
    assert text.count(newer) == 1
    path.write_text(text.replace(newer, "k.replace(chr(34), chr(34) * 2)"))


def table(folder: Path, version: str, events: list[Json]) -> Path:
    """Return the file that a ledger tells of some events."""
    ledger = Ledger(str(folder / "ledger.db"), folder)
    ledger.start()
    client = ledger.client(ledger.key(user="ada"))
    assert set(client.statuses(events)) == {"stored"}
    asked = f"/api/v1/focus?version={version}&since=2026-11-01&until=2026-12-01"
    answer = client.get(asked)
    assert answer.status_code == 200, answer.text
    assert ledger.stop() == 0
    path = folder / "focus.csv"
    path.write_bytes(answer.content)
    assert len(answer.text.splitlines()) > len(events)
    return path


def made(seq: int, *lines: Line, **changes: object) -> Json:
    event = wire(seq, make_event(lines or None), time_us=to_microseconds(noon()))
    event["call"]["billing_account"] = "org-1"
    return event | changes


def priced() -> list[Json]:
    """Return a month of calls with rates, a discount, GPU time and a correction."""
    discounted = Line(
        line_no=1,
        meter="input",
        quantity=1000,
        list_rate=Decimal("0.25"),
        contracted_rate=Decimal("0.2"),
        cost_nusd=200_000,
    )
    gpu = Line(
        line_no=1,
        meter="gpu_seconds",
        quantity=3600,
        list_rate=Decimal("694.444444444444444444"),
        cost_nusd=2_500_000_000,
    )
    held = Line(
        line_no=1,
        meter="gpu_held",
        quantity=1234567,
        list_rate=Decimal("2.49"),
        cost_nusd=853_908_842,
    )
    back = Line(
        line_no=1,
        meter="input",
        quantity=-10,
        list_rate=Decimal("0.25"),
        cost_nusd=-2500,
    )
    return [
        *(made(seq) for seq in range(1, 21)),
        made(21, discounted),
        made(22, gpu, kind="gpu"),
        made(23, back, kind="correction", corrects="earlier"),
        made(24, held, kind="gpu"),
    ]


def unpriced() -> list[Json]:
    """Return a call without a price, and one whose gateway said the cost alone."""
    unknown = Line(line_no=1, meter="input", quantity=7, reason="no price")
    reported = Line(line_no=1, meter="reported_cost", quantity=1, cost_nusd=123_456)
    return [made(31, unknown), made(32, reported)]


def judged(validators: Path, path: Path) -> dict[str, set[str]]:
    """Return the rules of 1.2 by what the Foundation's validator says of them."""
    done = subprocess.run(
        [
            validators / "focus-validator",
            *("--data-file", path),
            *("--validate-version", "1.2.0.1", "--block-download"),
            *("--focus-dataset", "CostAndUsage"),
            *("--applicability-criteria", SUPPORTED),
            "--show-violations",
        ],
        # It opens one of its own files by a name that begins there.
        cwd=_packages(),
        capture_output=True,
        text=True,
        check=False,
    )
    counted = re.search(r"Total: (\d+) \| Pass: (\d+) \| Fail: (\d+)", done.stdout)
    assert counted, done.stdout + done.stderr
    found = {
        word: set(re.findall(rf"(\S+): {word}\b", done.stdout))
        for word in ("PASS", "FAIL")
    }
    assert int(counted[2]) > 150
    assert len(found["FAIL"]) == int(counted[3]), done.stdout
    return found


@pytest.mark.parametrize("has_unknown", [False, True])
def test_version_1_2_breaks_no_rule_of_the_foundation(
    validators: Path, tmp_path: Path, has_unknown: bool
) -> None:
    path = table(tmp_path, "1.2", priced() + (unpriced() if has_unknown else []))
    found = judged(validators, path)
    assert found["FAIL"] == KNOWN
    # Both halves of it are asked of every row, though one of them is enough.
    assert {"InvoiceId-C-003-C", "InvoiceId-C-004-C"} <= found["PASS"]


def test_no_table_can_pass_both_halves_of_the_rule_of_invoices(
    validators: Path, tmp_path: Path
) -> None:
    path = table(tmp_path, "1.2", priced())
    rows = list(csv.DictReader(io.StringIO(path.read_text(), newline="")))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "InvoiceId": "invoice-1"} for row in rows)
    found = judged(validators, path)
    assert found["FAIL"] == {"InvoiceId-C-004-C"}
    assert {"InvoiceId-C-003-C", "InvoiceId-C-005-C"} <= found["PASS"]


@pytest.mark.parametrize("has_unknown", [False, True])
def test_version_1_4_is_valid(
    validators: Path, tmp_path: Path, has_unknown: bool
) -> None:
    path = table(tmp_path, "1.4", priced() + (unpriced() if has_unknown else []))
    # With unit prices told of, FOCUS has no row without a price: those stand alone.
    unit = [] if has_unknown else ["--supports", "SupportsUnitPricing"]
    done = subprocess.run(
        [
            validators / "focus-toolkit",
            *("validate", "--dataset", "cost-and-usage", *unit, path),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "lint OK (STRUCTURAL_VALID, SEMANTIC_VALID)" in done.stdout, done.stdout
    assert "violation" not in done.stdout
