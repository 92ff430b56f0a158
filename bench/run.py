"""Time every path that the bench modules name and print one table.

Each `bench_*.py` runs in its own process, so that no module warms another's caches.
Within a module, rounds of all paths and floors are shuffled together: a machine that
slows down halfway slows both sides of a ratio.

    python bench/run.py [--json] [--only WORD] [--seed N]
"""

import argparse
import importlib
import json
import random
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from measure import BenchPath, Sample

HERE = Path(__file__).resolve().parent
MODULE_SECONDS = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. Times are microseconds; None where there is none."""

    path: str
    module: str
    statistic: str
    figure_us: float | None
    floor_us: float | None
    ratio: float | None
    goal: str
    verdict: Literal["ok", "MISSED", "not run", "FAILED"]
    why: str = ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benches; return 1 when a goal was missed or a module failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--json", action="store_true", help="print JSON, not a table")
    parser.add_argument("--only", default="", help="modules whose name holds this")
    parser.add_argument("--seed", type=int, default=None, help="repeat one order")
    parser.add_argument("--module", default="", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(1 << 32)
    if options.seed is not None:
        seed = options.seed
    order = random.Random(seed)
    if options.module:
        rows = time_module(options.module, order)
        print(json.dumps([asdict(row) for row in rows]))
        return 0
    modules = sorted(path.stem for path in HERE.glob("bench_*.py"))
    modules = [module for module in modules if options.only in module]
    if not modules:
        print(f"no bench module holds {options.only!r} in its name", file=sys.stderr)
        return 2
    order.shuffle(modules)
    rows = []
    for number, module in enumerate(modules, 1):
        print(f"[{number}/{len(modules)}] {module} ...", file=sys.stderr, flush=True)
        rows += time_in_process(module, seed)
    if options.json:
        print(
            json.dumps({"seed": seed, "rows": [asdict(row) for row in rows]}, indent=1)
        )
    else:
        print(table(rows))
        print(f"\norder: --seed {seed}; figures in microseconds unless they say ms")
    return int(any(row.verdict in ("MISSED", "FAILED") for row in rows))


def time_in_process(module: str, seed: int) -> list[Row]:
    """Return the rows of one module, timed by a fresh interpreter."""
    command = [sys.executable, __file__, "--module", module, "--seed", str(seed)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=MODULE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return [failed(module, f"took longer than {MODULE_SECONDS} s")]
    if done.returncode:
        sys.stderr.write(done.stderr)
        return [failed(module, (done.stderr.strip() or "no message").splitlines()[-1])]
    return [Row(**row) for row in json.loads(done.stdout.splitlines()[-1])]


def failed(module: str, why: str) -> Row:
    """Return the row that says a whole module could not be timed."""
    return Row(
        path=module,
        module=module,
        statistic="",
        figure_us=None,
        floor_us=None,
        ratio=None,
        goal="",
        verdict="FAILED",
        why=why,
    )


def time_module(module: str, order: random.Random) -> list[Row]:
    """Return the rows of one module, timed here, its rounds in random order."""
    paths: list[BenchPath] = importlib.import_module(module).paths()
    samples: dict[tuple[int, str], list[float]] = {}
    rounds: list[tuple[int, str, Sample]] = []
    for index, path in enumerate(paths):
        if path.skip:
            continue
        for side, sample in (("figure", path.figure), ("floor", path.floor)):
            if sample is not None:
                take(sample)  # the first round pays imports and caches: thrown away
                samples[index, side] = []
                rounds += [(index, side, sample)] * path.rounds
    order.shuffle(rounds)
    for index, side, sample in rounds:
        samples[index, side] += take(sample)
    for path in paths:
        if path.close is not None:
            path.close()
    return [
        judge(
            module, path, samples.get((index, "figure")), samples.get((index, "floor"))
        )
        for index, path in enumerate(paths)
    ]


def take(sample: Sample) -> list[float]:
    """Return the numbers of one measurement."""
    value = sample()
    return [value] if isinstance(value, (int, float)) else list(value)


def judge(
    module: str,
    path: BenchPath,
    figures: list[float] | None,
    floors: list[float] | None,
) -> Row:
    """Return the row of `path`: its statistic beside its floor, held to its goals."""
    figure = summarise(figures, path.statistic)
    floor = summarise(floors, path.statistic)
    ratio = figure / floor if figure is not None and floor else None
    added = figure - floor if figure is not None and floor is not None else None
    goals = [
        (path.goal_us, figure, "≤ {}", format_us),
        (path.goal_added_us, added, "+ ≤ {}", format_us),
        (path.goal_ratio, ratio, "≤ {}", format_ratio),
    ]
    missed = any(
        value is None or value > goal for goal, value, _, _ in goals if goal is not None
    )
    verdict: Literal["ok", "MISSED", "not run"] = "MISSED" if missed else "ok"
    return Row(
        path=path.name,
        module=module,
        statistic=path.statistic,
        figure_us=figure,
        floor_us=floor,
        ratio=ratio,
        goal=", ".join(
            text.format(show(goal)) for goal, _, text, show in goals if goal is not None
        ),
        verdict="not run" if path.skip else verdict,
        why=path.skip,
    )


def summarise(samples: list[float] | None, statistic: str) -> float | None:
    """Return the median, p95 or p99 of `samples`; None without any."""
    if not samples:
        return None
    if statistic == "median" or len(samples) == 1:
        return statistics.median(samples)
    cuts = statistics.quantiles(samples, n=100, method="inclusive")
    return cuts[94] if statistic == "p95" else cuts[98]


def table(rows: Sequence[Row]) -> str:
    """Return the rows as aligned text, grouped by module."""
    head = ("path", "figure", "floor", "added", "ratio", "goal", "")
    lines = [head]
    for row in sorted(rows, key=lambda row: row.module):
        suffix = "" if row.statistic in ("", "median") else f" {row.statistic}"
        added = (
            format_us(row.figure_us - row.floor_us)
            if row.figure_us is not None and row.floor_us is not None
            else ""
        )
        lines.append(
            (
                row.path + suffix,
                format_us(row.figure_us),
                format_us(row.floor_us),
                added,
                format_ratio(row.ratio),
                row.goal,
                f"{row.verdict}: {row.why}" if row.why else row.verdict,
            )
        )
    widths = [max(len(line[column]) for line in lines) for column in range(6)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in (0, 5) else cell.rjust(width)
            for column, (cell, width) in enumerate(
                zip(line, [*widths, len(line[6])], strict=True)
            )
        ).rstrip()
        for line in lines
    )


def format_us(value: float | None) -> str:
    """Return microseconds as text of three digits, as ms from 10,000 on."""
    if value is None:
        return ""
    if abs(value) >= 10_000:
        return (
            f"{value / 1000:.0f} ms" if abs(value) >= 1e5 else f"{value / 1000:.1f} ms"
        )
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def format_ratio(value: float | None) -> str:
    """Return a ratio as `1.04x`."""
    return "" if value is None else f"{value:.2f}x"


if __name__ == "__main__":
    sys.exit(main())
