"""Keeps an error of ours from the user: logged once, and answered as if by nothing."""

import functools
from collections.abc import Awaitable, Callable
from typing import ParamSpec, Protocol, TypeVar

__all__ = ["Host", "guarded"]

P = ParamSpec("P")
T = TypeVar("T")


class Host(Protocol):
    """What is told of an error."""

    def failed(self, what: str, error: BaseException) -> None:
        """Log an error, once."""
        ...


def guarded(
    host: Host, what: str, otherwise: Callable[[], T]
) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """Return a decorator: where a request fails, `otherwise` is its answer.

    An error in an answer makes editors open a popup, at each key if need be.
    """

    def decorate(answer: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        @functools.wraps(answer)
        async def safe(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return await answer(*args, **kwargs)
            except Exception as error:  # noqa: BLE001  # told by `failed`
                host.failed(what, error)
                return otherwise()

        return safe

    return decorate
