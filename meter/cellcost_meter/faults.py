"""What may be said of a failure of our own code."""

from pathlib import PurePath

__all__ = ["place_of"]


def place_of(error: BaseException) -> str:
    """Return `KeyError at module.py:12`: type and place, never the message.

    A message, or a traceback that ends in one, may hold what the user sent.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    file = PurePath(trace.tb_frame.f_code.co_filename).name
    return f"{type(error).__name__} at {file}:{trace.tb_lineno}"
