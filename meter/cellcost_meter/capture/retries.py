"""Which attempt a request repeats: the same body, in the same run, after a failure.

SDKs retry by themselves, and so do users' loops; each attempt is its own event. Only
failed attempts are remembered: a call that went well costs a look at an empty dict.
"""

from collections import OrderedDict

__all__ = ["Retries"]

_REMEMBERED = 256


class Retries:
    """The failed attempts that a later request may repeat."""

    __slots__ = ("_failed",)

    def __init__(self) -> None:
        self._failed: OrderedDict[tuple[str, str, int], str] = OrderedDict()

    def failed(
        self, run_id: str, endpoint: str, body: bytes | None, call_id: str
    ) -> None:
        """Remember that the attempt `call_id` got no good answer."""
        if body:
            self._failed[run_id, endpoint, hash(body)] = call_id
            if len(self._failed) > _REMEMBERED:
                self._failed.popitem(last=False)

    def repeated_by(self, run_id: str, endpoint: str, body: bytes | None) -> str:
        """Return the id of the failed attempt that `body` repeats, or ""; once."""
        if not self._failed or not body:
            return ""
        return self._failed.pop((run_id, endpoint, hash(body)), "")
