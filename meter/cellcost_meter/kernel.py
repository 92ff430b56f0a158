"""The one module that touches IPython: which cell runs, and what this kernel is.

A kernel's request handlers are wrapped, so that the run holds exactly while a request
is served: `pre_execute` fires for no comm that opens or closes, and `post_execute`
without `pre_execute` for empty code (see docs/decisions). A shell without a kernel,
or with handlers of another shape, is followed by those two events.
"""

import functools
import inspect
import os
import re
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from cellcost.call_sites import source_hash
from cellcost.cell_tags import tags_of_cell
from cellcost.ids import new_id
from cellcost.records import Origin
from cellcost_meter import attribution
from cellcost_meter.attribution import RunContext
from cellcost_meter.capture.switch import Switch
from cellcost_meter.notebook import notebook_path
from cellcost_meter.runs import RunLog

__all__ = [
    "Identity",
    "attach",
    "identity",
    "offer_magics",
    "read_request",
    "this_shell",
]

_EXECUTE = "execute_request"
_COMMS = ("comm_open", "comm_msg", "comm_close")
_TAG = re.compile(r"([A-Za-z_][\w.-]*):\s*(\S.*)")
"""A cell tag that counts: `team:search`. Others (`hide-input`) say nothing to us."""

_NO_TAGS: Mapping[str, str] = MappingProxyType({})

Request = Mapping[str, Any]
Reader = Callable[[Request, "Identity"], RunContext]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a kernel is called; "" for what it does not know."""

    kernel_id: str = ""
    session_id: str = ""
    """The kernel's own session: a restarted kernel keeps its id and gets a new one."""
    notebook: str = ""


def this_shell() -> Any | None:
    """Return IPython's shell of this process; never imports IPython."""
    module = sys.modules.get("IPython.core.getipython")
    return None if module is None else module.get_ipython()


def offer_magics(shell: Any) -> None:
    """Load the extension that brings `%cellcost`: named, never imported by this room.

    Its own import stays as light as the meter's.
    """
    manager = getattr(shell, "extension_manager", None)
    if manager is not None:
        manager.load_extension("cellcost_widgets")


def identity(shell: Any, environment: Mapping[str, str]) -> Identity:
    """Return what the kernel of `shell` is called."""
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return Identity()
    connection = getattr(getattr(kernel, "parent", None), "connection_file", "") or ""
    name = Path(str(connection)).name.removesuffix(".json")
    session = getattr(getattr(kernel, "session", None), "session", "")
    return Identity(
        kernel_id=name.removeprefix("kernel-"),
        session_id=str(session or ""),
        notebook=notebook_path(environment),
    )


def read_request(request: Request, kernel: Identity) -> RunContext:
    """Return the run that serving `request` is."""
    header = cast("Mapping[str, Any]", request.get("header") or {})
    kind = header.get("msg_type", "")
    origin: Origin = "widget" if kind in _COMMS else "process"
    cell_id = cell_hash = ""
    tags = _NO_TAGS
    if kind == _EXECUTE:
        content = cast("Mapping[str, Any]", request.get("content") or {})
        metadata = cast("Mapping[str, Any]", request.get("metadata") or {})
        origin = "silent" if content.get("silent") else "cell"
        cell_id = _text(metadata.get("cellId"))
        code = _text(content.get("code"))
        tags = cell_tags(metadata.get("tags"))
        written = tags_of_cell(code)
        if written:
            tags = MappingProxyType({**tags, **written})
        cell_hash = source_hash(code)
    return RunContext(
        origin=origin,
        run_id=_text(header.get("msg_id")),
        cell_id=cell_id,
        notebook=kernel.notebook or _notebook_of_cell(cell_id),
        kernel_id=kernel.kernel_id,
        session_id=kernel.session_id,
        source_hash=cell_hash,
        tags=tags,
        thread=threading.get_ident(),
        pid=os.getpid(),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def cell_tags(tags: object) -> Mapping[str, str]:
    """Return the cell's tags of the form `key:value`."""
    if not isinstance(tags, list) or not tags:
        return _NO_TAGS
    found = (
        _TAG.fullmatch(tag)
        for tag in cast("list[object]", tags)
        if isinstance(tag, str)
    )
    return MappingProxyType({m[1]: m[2].strip() for m in found if m is not None})


def _notebook_of_cell(cell_id: str) -> str:
    """Return the path in a cell id that is a document's URI, as VS Code sends it."""
    if not cell_id.startswith("vscode-notebook-cell:"):
        return ""
    from urllib.parse import unquote, urlsplit

    return unquote(urlsplit(cell_id).path)


def attach(
    shell: Any,
    kernel: Identity,
    *,
    announce: Callable[[str, str], object],
    on_run: Callable[[], object] = lambda: None,
    runs: RunLog | None = None,
    read: Reader = read_request,
) -> "Attached":
    """Follow which cell of `shell` runs, from now on; return how to stop.

    `announce(hook, reason)` is called when the hook gave up, `on_run()` before code
    that the user sent runs; `runs` is told when each run begins and ends.
    """
    attached = Attached(shell, kernel, read, announce, on_run, runs or RunLog())
    attached.start()
    return attached


class Attached:
    """The hooks into one shell."""

    def __init__(
        self,
        shell: Any,
        kernel: Identity,
        read: Reader,
        announce: Callable[[str, str], object],
        on_run: Callable[[], object],
        runs: RunLog,
    ) -> None:
        self._on_run = on_run
        self._runs = runs
        self._shell = shell
        self._identity = kernel
        self._read = read
        self._switch = Switch("attribution by cells", announce)
        self._wrapped: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {}
        self._events: list[tuple[str, Callable[..., Any]]] = []
        self._active = True

    def start(self) -> None:
        handlers = getattr(getattr(self._shell, "kernel", None), "shell_handlers", None)
        if isinstance(handlers, dict) and _EXECUTE in handlers:
            self._wrap(cast("dict[str, Callable[..., Any]]", handlers))
            self._enter_the_request_that_loads_us()
        else:
            self._on("pre_execute", self._before_code)
            self._on("post_execute", self._after_code)

    def stop(self) -> None:
        """Take the hooks off; a handler that somebody wrapped since goes quiet."""
        self._active = False
        for event, callback in self._events:
            self._off(event, callback)
        handlers = getattr(getattr(self._shell, "kernel", None), "shell_handlers", {})
        for kind, (original, ours) in self._wrapped.items():
            if handlers.get(kind) is ours:
                handlers[kind] = original
        attribution.run.set(None)

    def _wrap(self, handlers: dict[str, Callable[..., Any]]) -> None:
        for kind in (_EXECUTE, *_COMMS):
            original = handlers.get(kind)
            if original is not None:
                ours = self._around(original)
                self._wrapped[kind] = (original, ours)
                handlers[kind] = ours

    def _around(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(handler)
        def served(
            stream: Any, ident: Any, request: Any, *args: Any, **kwargs: Any
        ) -> Any:
            run = self._run_of(request)
            if run is None:
                return handler(stream, ident, request, *args, **kwargs)
            outer = attribution.run.get()
            attribution.run.set(run)
            try:
                result = handler(stream, ident, request, *args, **kwargs)
            except BaseException:
                self._leave(run, outer)
                raise
            if inspect.isawaitable(result):
                return self._awaited(result, run, outer)
            self._leave(run, outer)
            return result

        return served

    async def _awaited(
        self, result: Awaitable[Any], run: RunContext, outer: RunContext | None
    ) -> Any:
        try:
            return await result
        finally:
            self._leave(run, outer)

    def _leave(self, run: RunContext, outer: RunContext | None) -> None:
        attribution.run.set(outer)
        self._runs.ended(run, time.monotonic())

    def _run_of(self, request: Any) -> RunContext | None:
        if not self._active or not self._switch.on:
            return None
        try:
            run = self._read(request, self._identity)
            self._runs.began(run, time.monotonic())
        except Exception as error:  # noqa: BLE001 - the cell must run
            self._switch.failed(error)
            return None
        try:
            if run.cell_id:
                self._on_run()
        except Exception as error:  # noqa: BLE001 - as above, and it keeps its name
            self._switch.failed(error)
        else:
            self._switch.worked()
        return run

    def _enter_the_request_that_loads_us(self) -> None:
        """`%load_ext` runs inside a request that no wrapper of ours has entered."""
        parent = _parent_of(self._shell)
        if parent and parent.get("header", {}).get("msg_type") == _EXECUTE:
            attribution.run.set(self._run_of(parent))
            self._on("post_execute", self._leave_it)

    def _leave_it(self) -> None:
        self._after_code()
        self._off("post_execute", self._leave_it)

    def _before_code(self) -> None:
        if attribution.run.get() is not None:
            return  # nested run_cell
        parent = _parent_of(self._shell)
        run = self._run_of(parent) if parent else None
        if run is None:
            run = RunContext(
                origin="cell",
                run_id=new_id(),
                session_id=self._identity.session_id,
                thread=threading.get_ident(),
                pid=os.getpid(),
            )
            self._runs.began(run, time.monotonic())
        attribution.run.set(run)

    def _after_code(self) -> None:
        run = attribution.run.get()
        if run is not None:
            self._leave(run, None)

    def _on(self, event: str, callback: Callable[..., Any]) -> None:
        self._shell.events.register(event, callback)
        self._events.append((event, callback))

    def _off(self, event: str, callback: Callable[..., Any]) -> None:
        # unregister raises for what is not there, and says so in the cell's output
        if callback in self._shell.events.callbacks.get(event, ()):
            self._shell.events.unregister(event, callback)


def _parent_of(shell: Any) -> Request:
    get_parent = getattr(getattr(shell, "kernel", None), "get_parent", None)
    if get_parent is None:
        return {}
    try:
        parent = get_parent("shell")
    except (LookupError, TypeError):
        return {}
    return cast("Request", parent) if isinstance(parent, dict) else {}
