"""An error of ours is logged and answered as if by nothing."""

import asyncio

import pytest

from cellcost_lsp.guarding import guarded


class Log:
    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def failed(self, what: str, error: BaseException) -> None:
        self.lines.append((what, repr(error)))


def test_a_failing_answer_is_logged_and_replaced() -> None:
    log = Log()

    @guarded(log, "a hover", list[int])
    async def answer(number: int) -> list[int]:
        return [10 // number]

    assert asyncio.run(answer(5)) == [2]
    assert log.lines == []
    assert asyncio.run(answer(0)) == []
    (line,) = log.lines
    assert line[0] == "a hover"
    assert "ZeroDivisionError" in line[1]


def test_a_cancelled_answer_stays_cancelled() -> None:
    log = Log()

    @guarded(log, "a hover", list[int])
    async def answer() -> list[int]:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(answer())
    assert log.lines == []
