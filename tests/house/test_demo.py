"""The demo: the notebook on a real model, its JupyterLab and its team's ledger."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from cellcost.journal import Reader
from cellcost.testing.local_model import LocalModelMissing, weights


@pytest.fixture(scope="module", autouse=True)
def _model() -> None:
    try:
        weights()
    except LocalModelMissing as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(f"NOT RUN: {error}")


def demo(root: Path, folder: Path, *options: str) -> list[str]:
    """Return the command that runs the demo in `folder`."""
    script = root / "examples" / "demo.py"
    return [sys.executable, str(script), "--folder", str(folder), *options]


def test_the_demo_has_a_figure_for_every_cell_that_calls_and_its_ledger_adds_up(
    root: Path, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        demo(root, tmp_path, "--headless"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        printed, _ = process.communicate(timeout=240)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    assert process.returncode == 0, printed
    rows = re.findall(
        r"^(\S+|\(no cell\)) +(\d+) +(?:[\d,]+ → [\d,]+)? +((?:[\d.]+ s)?)"
        r" +(?:[≈≥] )?<?\$([\d.]+) +(\w+)$",
        printed,
        re.MULTILINE,
    )
    found = {name: (int(calls), gpu, state) for name, calls, gpu, _, state in rows}
    total = found.pop("total")
    assert total[0] == sum(calls for calls, _, _ in found.values())
    assert {
        name: (calls, state) for name, (calls, gpu, state) in found.items() if calls
    } == {
        "plain": (1, "measured"),
        "loop": (5, "measured"),
        "stream": (1, "measured"),
        "messages": (1, "measured"),
        "threads": (4, "measured"),
        "early": (1, "partial"),
        "unpriced": (2, "unpriced"),
    }
    with_gpu = {name for name, (_, gpu, _) in found.items() if gpu}
    assert with_gpu >= {"gpu-train", "gpu-wait", "(no cell)"}
    stored = re.search(r"the ledger has (\d+) events, (\S+) known, and adds", printed)
    assert stored is not None, printed
    with Reader(tmp_path / "headless" / "home") as reader:
        assert int(stored[1]) == sum(1 for _ in reader.events())
    known = re.search(r"^total .*[≥≈ ](\$[\d.]+)", printed, re.MULTILINE)
    assert known is not None
    assert stored[2] == known[1]


@pytest.fixture
def running_demo(root: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The demo with its JupyterLab, stopped as a user would: by Ctrl-C."""
    process = subprocess.Popen(
        demo(root, tmp_path), stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=30)
        assert process.stdout is not None
        process.stdout.close()


@pytest.mark.skipif(sys.platform == "win32", reason="NOT RUN: Ctrl-C is a POSIX signal")
def test_the_demo_prints_addresses_that_answer_and_ctrl_c_stops_all(
    running_demo: subprocess.Popen[str],
) -> None:
    assert running_demo.stdout is not None
    printed = []
    for line in running_demo.stdout:
        printed.append(line)
        if "#key=" in line:
            break
    page = printed[-1].strip()
    address = next(line.strip() for line in printed if "/lab/tree/" in line)
    assert address.startswith("http://127.0.0.1:"), "".join(printed)
    assert sum("token=" in line for line in printed) == 1
    model = next(
        re.findall(r"http://\S+", line)[0] for line in printed if "http" in line
    )

    with urllib.request.urlopen(address, timeout=30) as lab:
        assert b"JupyterLab" in lab.read()
    api = address.replace("/lab/tree/", "/cellcost/api/notebook?path=", 1)
    with urllib.request.urlopen(api.replace("?token", "&token"), timeout=30) as answer:
        assert json.load(answer)["path"] == "quickstart.ipynb"

    ledger, _, key = page.partition("/sign-in#key=")
    spend = urllib.request.Request(
        f"{ledger}/api/v1/spend", headers={"Authorization": f"Bearer {key}"}
    )
    with urllib.request.urlopen(spend, timeout=30) as answer:
        assert json.load(answer)["total"]["events"] == 0

    os.killpg(running_demo.pid, signal.SIGINT)
    assert running_demo.wait(timeout=30) == 0
    for gone in (address, f"{model}/health", f"{ledger}/healthz"):
        with pytest.raises(OSError):
            urllib.request.urlopen(gone, timeout=2)
