"""Client stacks whose answers we do not read yet: their model calls are kept, unpriced.

requests, aiohttp and botocore (Bedrock). Only what goes to a provider we know, or to an
address of `[[endpoints]]`, counts as a model call here. The stack is announced as `not
captured` at its first such call, not at its import: most programs use it otherwise.
"""

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from cellcost.records import Call, Confidence
from cellcost_meter.capture.capturing import on_its_way
from cellcost_meter.capture.dialects import dialect_of
from cellcost_meter.capture.switch import Switch
from cellcost_meter.patches import Patch, put_on
from cellcost_meter.recorder import CallRecorder, Ticket

__all__ = ["HOOKS", "Watch"]

Ended = Callable[[int | None], None]
"""Told the HTTP status of the answer, None if an exception came instead."""


class Watch:
    """Notes the model calls of one stack."""

    def __init__(
        self,
        stack: str,
        recorder: CallRecorder,
        announce: Callable[[str, str], object],
    ) -> None:
        self._stack = stack
        self._recorder = recorder
        self._announce = announce
        self._switch = Switch(stack, announce)
        self._said = False

    def http(self, method: str, url: str) -> Ended | None:
        """Note a request about to leave; None if it is no model call."""
        if method.upper() != "POST" or not self._on:
            return None
        try:
            address = urlsplit(url)
            dialect = dialect_of(address.path.encode())
            if dialect is None:
                return None
            provider, entry = self._recorder.book.provider_of(url)
            if not (provider or entry):
                return None
            host = address.netloc.rpartition("@")[2]
            call = Call(provider=provider, operation=dialect.operation, endpoint=host)
            return self._begin(call)
        except Exception as error:  # noqa: BLE001 - the user's call must go on
            self._switch.failed(error)
            return None

    def bedrock(self, operation: str, model: str) -> Ended | None:
        """Note a call of Bedrock's runtime about to leave."""
        if not self._on:
            return None
        try:
            return self._begin(
                Call(provider="aws", operation=operation, request_model=model)
            )
        except Exception as error:  # noqa: BLE001 - as above
            self._switch.failed(error)
            return None

    @property
    def _on(self) -> bool:
        # Inside a client that we read, this stack only carries its call.
        return self._switch.on and not on_its_way()

    def _begin(self, call: Call) -> Ended:
        if not self._said:
            self._said = True
            self._announce(self._stack, f"not captured: {self._why}")
        here = self._recorder.here()
        ticket = self._recorder.begin(call, here, input_tokens=0, output_cap=None)
        return functools.partial(self._ended, ticket, call)

    @property
    def _why(self) -> str:
        return f"cellcost does not read answers over {self._stack} yet"

    def _ended(self, ticket: Ticket, call: Call, status: int | None) -> None:
        try:
            if status is not None and status >= 300:
                note = f"HTTP {status}"
                self._recorder.settle(ticket, call, free=True, note=note)
            else:
                kind: Confidence = "partial" if status is None else "estimated"
                self._recorder.settle(ticket, call, confidence=kind, note=self._why)
        except Exception as error:  # noqa: BLE001 - as above
            self._switch.failed(error)


def _requests(module: ModuleType, watch: Watch) -> Patch:
    def around(original: Callable[..., Any]) -> Callable[..., Any]:
        def send(session: Any, request: Any, **options: Any) -> Any:
            ended = watch.http(str(request.method or ""), str(request.url or ""))
            return _sync(ended, lambda: original(session, request, **options))

        return send

    return put_on(module.Session, "send", around)


def _sync(ended: Ended | None, call: Callable[[], Any]) -> Any:
    if ended is None:
        return call()
    status: int | None = None
    try:
        answer = call()
        status = getattr(answer, "status_code", 200)
        return answer
    finally:
        ended(status)


def _aiohttp(module: ModuleType, watch: Watch) -> Patch:
    def around(original: Callable[..., Any]) -> Callable[..., Any]:
        async def request(session: Any, method: str, url: Any, **options: Any) -> Any:
            ended = watch.http(method, str(url))
            if ended is None:
                return await original(session, method, url, **options)
            status: int | None = None
            try:
                answer = await original(session, method, url, **options)
                status = answer.status
                return answer
            finally:
                ended(status)

        return request

    return put_on(module.ClientSession, "_request", around)


_BEDROCK = {
    "Converse": "converse",
    "ConverseStream": "converse",
    "InvokeModel": "invoke_model",
    "InvokeModelWithResponseStream": "invoke_model",
}


def _botocore(module: ModuleType, watch: Watch) -> Patch:
    def around(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(client: Any, operation: str, parameters: Any) -> Any:
            service = client.meta.service_model.service_name
            ended = None
            if service == "bedrock-runtime" and operation in _BEDROCK:
                model = str(parameters.get("modelId", ""))
                ended = watch.bedrock(_BEDROCK[operation], model)
            return _sync(ended, lambda: original(client, operation, parameters))

        return call

    return put_on(module.BaseClient, "_make_api_call", around)


HOOKS: dict[str, Callable[[ModuleType, Watch], Patch]] = {
    "requests": _requests,
    "aiohttp": _aiohttp,
    "botocore": _botocore,
}
"""Stack -> how its imported module is hooked."""
