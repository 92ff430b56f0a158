"""What long work says on a terminal, and nowhere else."""

import io
from collections.abc import Iterator

from cellcost.cli.progress import counted


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def seconds(*moments: float) -> Iterator[float]:
    yield from moments


def test_a_terminal_is_told_after_a_second_and_left_clean() -> None:
    said = Terminal()
    clock = seconds(0.0, 0.5, 1.5, 1.6, 2.5)
    items = counted(range(4), "files", stream=said, clock=lambda: next(clock))
    assert list(items) == [0, 1, 2, 3]
    line = "1 of 4 files"
    assert said.getvalue() == f"\r{line}\r3 of 4 files\r{' ' * len(line)}\r"


def test_quick_work_and_a_pipe_are_told_nothing() -> None:
    quick, pipe = Terminal(), io.StringIO()
    clock = seconds(0.0, 0.1, 0.2)
    assert list(counted("ab", "files", stream=quick, clock=lambda: next(clock)))
    assert list(counted("ab", "files", stream=pipe, clock=lambda: 99.0))
    assert quick.getvalue() == pipe.getvalue() == ""
