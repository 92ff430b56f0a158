"""httpx and httpx2: model calls seen at `Client.send` and `AsyncClient.send`.

`send` is where every call of these clients passes once, whatever transport is below
and whatever helper is above. Answers that are read at once are read from the response;
streamed ones through a wrapper around the public `response.stream`, which sees the
bytes as they came: the client's own decoder is never touched.
"""

import functools
from collections.abc import AsyncGenerator, Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from cellcost_meter.capture.asking import UsageAsked, ask_for_usage
from cellcost_meter.capture.capturing import Capture, outermost
from cellcost_meter.capture.progress import progress_of
from cellcost_meter.capture.retries import Retries
from cellcost_meter.capture.switch import Switch
from cellcost_meter.patches import put_on

if TYPE_CHECKING:
    from contextvars import Token

    from cellcost_meter.capture.attempt import Attempt
    from cellcost_meter.capture.streams import Tap
    from cellcost_meter.recorder import CallRecorder

__all__ = ["hook"]


def hook(
    module: ModuleType,
    *,
    recorder: "CallRecorder",
    announce: Callable[[str, str], object],
    stack: str,
    stream_usage: Callable[[], Literal["ask", "count"]] = lambda: "count",
) -> Callable[[], None]:
    """Capture every model call sent through `module`; return how to stop."""
    capture = Capture(
        recorder, Switch(stack, announce), Retries(), stream_usage=stream_usage
    )
    return hook_clients(module, capture)


def hook_clients(module: ModuleType, capture: Capture) -> Callable[[], None]:
    """Patch the two clients of `module` for `capture`; return how to stop."""
    wrap = _watched_streams(module)
    clients = (
        (module.Client, functools.partial(_sync, capture, wrap)),
        (module.AsyncClient, functools.partial(_async, capture, wrap)),
    )
    patches = [put_on(client, "send", around) for client, around in clients]

    def stop() -> None:
        for patch in patches:
            patch.take_off()

    return stop


def _sync(
    capture: Capture, wrap: "_Wrap", original: Callable[..., Any]
) -> Callable[..., Any]:
    def send(client: Any, request: Any, *args: Any, **options: Any) -> Any:
        begun = _begin(capture, client, request)
        if begun is None:
            return original(client, request, *args, **options)
        attempt, to_send, asked = begun
        try:
            token = outermost.set(attempt)
            try:
                response = original(client, to_send, *args, **options)
            finally:
                attempt.returned = True
                _reset(token)
            _got(capture, attempt, response, wrap[0], asked, request)
        except BaseException as error:
            attempt.returned = True
            _ended(attempt, error)
            raise
        return response

    return send


def _async(
    capture: Capture, wrap: "_Wrap", original: Callable[..., Any]
) -> Callable[..., Any]:
    async def send(client: Any, request: Any, *args: Any, **options: Any) -> Any:
        begun = _begin(capture, client, request)
        if begun is None:
            return await original(client, request, *args, **options)
        attempt, to_send, asked = begun
        try:
            token = outermost.set(attempt)
            try:
                response = await original(client, to_send, *args, **options)
            finally:
                attempt.returned = True
                _reset(token)
            _got(capture, attempt, response, wrap[1], asked, request)
        except BaseException as error:
            attempt.returned = True
            _ended(attempt, error)
            raise
        return response

    return send


def _begin(
    capture: Capture, client: Any, request: Any
) -> "tuple[Attempt, Any, UsageAsked | None] | None":
    """Return the attempt that `request` is and what to send; None to leave it alone."""
    if not capture.switch.on:
        return None
    try:
        url = request.url
        target = url.raw_path  # made anew each time it is asked for
        dialect = capture.dialect(request.method, target)
        if dialect is None:
            return None
        body = _body(request)
        endpoint = url.netloc.decode("ascii", "replace")
        attempt = capture.begin(
            dialect,
            # Without user, password and query: none of them may be remembered.
            url=f"{url.scheme}://{endpoint}{target.partition(b'?')[0].decode()}",
            endpoint=endpoint,
            body=body,
        )
    except Exception as error:  # noqa: BLE001 - the user's call goes out without us
        capture.switch.failed(error)
        return None
    if attempt is None:
        return None
    try:
        if capture.asks_for_usage(dialect):
            asked = ask_for_usage(request, body)
            if asked is not None:
                return attempt, asked.request, asked
    except Exception as error:  # noqa: BLE001 - then it goes out as the user made it
        capture.switch.failed(error)
    except BaseException as error:
        attempt.failed(error, sent=False)
        raise
    return attempt, request, None


def _body(request: Any) -> bytes | None:
    try:
        body = request.content
    except Exception:  # noqa: BLE001 - RequestNotRead: a body that is a stream
        return None
    return body if isinstance(body, bytes) else None


def _got(
    capture: Capture,
    attempt: "Attempt",
    response: Any,
    wrap: Callable[..., Any],
    asked: "UsageAsked | None",
    request: Any,
) -> None:
    """Settle on an answer that was read, or watch one that will be."""
    try:
        if asked is not None:
            response.request = request
        if response.is_stream_consumed or hasattr(response, "_content"):
            attempt.answered(
                response.status_code, response.headers.raw, response.content
            )
            return
        tap = attempt.streaming(response.status_code, response.headers.raw)
        if tap is not None:
            hide = asked.hide(response.headers.raw) if asked is not None else None
            response.stream = wrap(response.stream, tap, hide)
    except Exception as error:  # noqa: BLE001 - the user gets the answer regardless
        capture.switch.failed(error)
        attempt.lost()


def _ended(attempt: "Attempt", error: BaseException) -> None:
    """Settle on a request that `error` ended, or on the answer that it hid."""
    progress = progress_of(error)
    response = progress.response
    if response is not None and (
        response.status_code >= 300 or hasattr(response, "_content")
    ):
        body = getattr(response, "_content", b"")
        attempt.answered(response.status_code, response.headers.raw, body)
    else:
        attempt.failed(error, sent=progress.sent)


def _reset(token: "Token[Attempt | None]") -> None:
    try:
        outermost.reset(token)
    except ValueError:
        # Somebody drives the coroutine from several contexts; `returned` says it all.
        return


_Wrap = tuple[Callable[..., Any], Callable[..., Any]]


def _watched_streams(module: ModuleType) -> _Wrap:
    """Return the two stream wrappers; their bases are what `module` checks for."""
    sync_base: Any = module.SyncByteStream
    async_base: Any = module.AsyncByteStream

    class WatchedStream(sync_base):  # type: ignore[misc]  # the base is the user's httpx
        def __init__(
            self, inner: Any, tap: "Tap", hide: "Callable[[bytes], bytes] | None"
        ) -> None:
            self._inner = inner
            self._tap = tap
            self._hide = hide

        def __iter__(self) -> Any:
            tap, hide = self._tap, self._hide
            feed = tap.feed
            try:
                for chunk in self._inner:
                    feed(chunk)
                    if hide is None:
                        yield chunk
                    elif shown := hide(chunk):
                        yield shown
                if hide is not None and (rest := hide(b"")):
                    yield rest
            except GeneratorExit:
                # Perhaps the collector's, which strikes while any lock is held.
                tap.stop("abandoned")
                raise
            except BaseException as error:
                tap.stop("broken", error)
                raise
            else:
                tap.stop("ended")

        def close(self) -> None:
            try:
                self._inner.close()
            finally:
                self._tap.stop("closed")

        def __getattr__(self, name: str) -> Any:
            if "_inner" not in self.__dict__:  # a copy that is not filled yet
                raise AttributeError(name)
            return getattr(self._inner, name)

        def __del__(self) -> None:
            tap = self.__dict__.get("_tap")
            if tap is not None:
                tap.stop("abandoned")

    class WatchedAsyncStream(async_base):  # type: ignore[misc]  # as above
        def __init__(
            self, inner: Any, tap: "Tap", hide: "Callable[[bytes], bytes] | None"
        ) -> None:
            self._inner = inner
            self._tap = tap
            self._hide = hide

        async def __aiter__(self) -> Any:
            tap, hide = self._tap, self._hide
            feed = tap.feed
            inner = self._inner.__aiter__()
            try:
                async for chunk in inner:
                    feed(chunk)
                    if hide is None:
                        yield chunk
                    elif shown := hide(chunk):
                        yield shown
                if hide is not None and (rest := hide(b"")):
                    yield rest
            except GeneratorExit:
                # Perhaps the collector's, which strikes while any lock is held.
                tap.stop("abandoned")
                raise
            except BaseException as error:
                tap.stop("broken", error)
                raise
            else:
                tap.stop("ended")
            finally:
                if isinstance(inner, AsyncGenerator):
                    await inner.aclose()

        async def aclose(self) -> None:
            try:
                await self._inner.aclose()
            finally:
                self._tap.stop("closed")

        def __getattr__(self, name: str) -> Any:
            if "_inner" not in self.__dict__:  # a copy that is not filled yet
                raise AttributeError(name)
            return getattr(self._inner, name)

        def __del__(self) -> None:
            tap = self.__dict__.get("_tap")
            if tap is not None:
                tap.stop("abandoned")

    return WatchedStream, WatchedAsyncStream
