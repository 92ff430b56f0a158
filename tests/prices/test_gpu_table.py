"""The table of GPU list prices: what ships, which names it knows, what it refuses."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from cellcost.errors import CatalogueError
from cellcost.prices.gpu_table import load_gpu_table, read_gpu_table, whole

TABLE = load_gpu_table()

GPUS = """
[[gpus]]
id = "T4"
memory_gb = 16
match = ["*Tesla T4"]
"""
LIST = """
[[lists]]
cloud = "aws"
market = "on-demand"
per = "instance"
read = 2026-11-09
source = "https://prices.example.com"
rows = [["g4dn.xlarge", "T4", 1, "0.50"]]
"""


def test_every_row_names_its_page_and_the_day_on_which_it_was_read() -> None:
    assert len(TABLE.rows) > 90
    for row in TABLE.rows:
        assert re.match(r"https://[^/]+/", row.source)
        assert date(2025, 11, 1) <= row.read <= date(2026, 11, 25)
        assert Decimal("0.1") < row.usd_per_hour < 25
        assert row.gpus in (1, 2, 4, 8)


def test_no_machine_has_two_prices_of_one_day() -> None:
    keys = [(r.cloud, r.instance, r.gpu, r.gpus, r.market, r.read) for r in TABLE.rows]
    assert len(set(keys)) == len(keys)


def test_every_kind_of_gpu_has_a_price_somewhere() -> None:
    assert {row.gpu for row in TABLE.rows} == set(TABLE.gpus)


@pytest.mark.parametrize(
    ("device", "kind"),
    [
        ("NVIDIA H200", "H200"),
        ("NVIDIA H100 80GB HBM3", "H100 SXM"),
        ("NVIDIA H100 PCIe", "H100 PCIe"),
        ("NVIDIA H100 NVL", "H100 NVL"),
        ("NVIDIA GH200 480GB", "GH200"),
        ("NVIDIA B200", "B200"),
        ("NVIDIA GB200", None),
        ("NVIDIA A100-SXM4-80GB", "A100 SXM 80GB"),
        ("NVIDIA A100-SXM4-40GB", "A100 40GB"),
        ("NVIDIA A100-SXM4-40GB MIG 1g.5gb", "A100 40GB"),
        ("NVIDIA A100-PCIE-40GB", "A100 40GB"),
        ("NVIDIA A100 80GB PCIe", "A100 PCIe 80GB"),
        ("NVIDIA L40S", "L40S"),
        ("NVIDIA L40", "L40"),
        ("NVIDIA L4", "L4"),
        ("NVIDIA A10G", "A10G"),
        ("NVIDIA A10", "A10"),
        ("NVIDIA A10-8Q", None),
        ("NVIDIA A40", "A40"),
        ("Tesla T4", "T4"),
        ("Tesla V100-SXM2-16GB", "V100 16GB"),
        ("Tesla V100-SXM2-32GB", "V100 32GB"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090"),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", None),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", "RTX PRO 6000"),
        ("AMD Instinct MI300X", None),
        ("", None),
    ],
)
def test_the_driver_s_name_tells_the_kind(device: str, kind: str | None) -> None:
    found = TABLE.gpu(device)
    assert (found.id if found else None) == kind


def test_prices_of_machines_and_of_seconds_become_those_of_a_gpu_hour() -> None:
    rates = {(r.cloud, r.instance, r.gpu): r.usd_per_hour for r in TABLE.rows}
    assert rates["aws", "p4d.24xlarge", "A100 40GB"] == Decimal("2.74470525")
    assert rates["azure", "Standard_ND96isr_H100_v5", "H100 SXM"] == Decimal("12.29")
    assert rates["modal", "", "H100 SXM"] == Decimal("3.9492")


def test_a_slice_is_named_after_the_whole_gpu() -> None:
    assert whole("NVIDIA A100-SXM4-40GB MIG 3g.20gb") == "NVIDIA A100-SXM4-40GB"
    assert whole("NVIDIA H200") == "NVIDIA H200"


def written(folder: Path, text: str) -> Path:
    path = folder / "gpu_rates.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    table = read_gpu_table(written(tmp_path, GPUS + LIST))
    (row,) = table.rows
    assert (row.usd_per_hour, row.region, row.note) == (Decimal("0.50"), "", "")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[[gpus]]", "[gpus]", "has no [[gpus]]"),
        ("memory_gb = 16", "memory_gb = 0", "needs memory_gb"),
        ('match = ["*Tesla T4"]', 'match = "x"', "match must be a list"),
        ('match = ["*Tesla T4"]', 'match = []\nmig = ["1g"]', "no MIG profile"),
        ('cloud = "aws"', "", "needs cloud"),
        ('"on-demand"', '"reserved"', "unknown market"),
        ('per = "instance"', 'per = "month"', "per month"),
        ("read = 2026-11-09", 'read = "2026-11-09"', "the day on which"),
        ("https://", "http://", "https source"),
        ('"T4", 1', '"T5", 1', "[[gpus]] has no T5"),
        ('"T4", 1', '"T4", 0', "is not [instance, GPU"),
        ('"0.50"', "0.50", "is not [instance, GPU"),
        ('"0.50"', '"free"', "is not [instance, GPU"),
        ('"0.50"', '"-1"', "is not [instance, GPU"),
        ("rows = [[", "rows = [", "is not [instance, GPU"),
        ("[[lists]]", "[[lists", "aws"),
    ],
)
def test_a_file_with_a_mistake_is_refused_by_name(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = (GPUS + LIST).replace(old, new, 1)
    if old == "rows = [[":
        text = text.replace('"0.50"]]', '"0.50"]')
    path = written(tmp_path, text)
    with pytest.raises(CatalogueError) as caught:
        read_gpu_table(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value) or old == "[[lists]]"


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="reinstall cellcost"):
        read_gpu_table(tmp_path / "none.toml")
