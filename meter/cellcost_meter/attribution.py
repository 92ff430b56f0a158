"""Whose code runs at this moment: the cell, the thread of a cell, or the process.

One ContextVar of ours holds the run. IPython's hooks set it for a cell (`kernel`),
`carry` hands it to threads, pools and processes, asyncio copies it into tasks by
itself; so a task that outlives its cell still belongs to it.

`origin` says where code runs, run and cell id whose it is: a thread that a cell started
has origin `thread` and the ids of the cell; so has a child process (`process`).
"""

import json
import logging
import os
import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, cast

from cellcost import context
from cellcost.call_sites import NOWHERE, CallPlace
from cellcost.context import TagLayer
from cellcost.outcomes import machine_and_user
from cellcost.records import Origin, Where

__all__ = [
    "Carried",
    "RunContext",
    "current",
    "enter",
    "from_environment",
    "home",
    "set_home",
    "set_tag_sources",
    "take",
    "to_environment",
    "where",
    "where_of",
]

RUN_VARIABLE = "CELLCOST_RUN"
"""Environment variable that hands the run to a child process, as JSON."""

_NO_TAGS: Mapping[str, str] = MappingProxyType({})
_log = logging.getLogger("cellcost")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """One run of code that calls can belong to."""

    origin: Origin
    run_id: str = ""
    cell_id: str = ""
    notebook: str = ""
    kernel_id: str = ""
    session_id: str = ""
    source_hash: str = ""
    tags: Mapping[str, str] = field(default_factory=lambda: _NO_TAGS)
    thread: int = 0
    """Identifier of the thread that the run began in; 0 if any thread is its own."""
    pid: int = 0
    """The process that the run began in; 0 if any process is its own."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What goes along when code is handed to another thread."""

    run: RunContext | None
    tags: TagLayer | None


run: ContextVar[RunContext | None] = ContextVar("cellcost_run", default=None)
"""The run of this context; None outside any: then the process is the run."""


def _no_tags() -> Mapping[str, str]:
    return _NO_TAGS


TagSource = Callable[[], Mapping[str, str]]


@dataclass(slots=True)
class _Process:
    """What this process is when no cell runs, and where its tags come from."""

    home: RunContext
    base_tags: TagSource = _no_tags
    notebook_tags: TagSource = _no_tags
    machine: tuple[str, str] | None = None
    last: tuple[RunContext | None, CallPlace, Where] = (
        None,
        NOWHERE,
        Where(origin="process"),
    )
    """The last answer of `where` and what it was made of."""


_process = _Process(RunContext(origin="process"))


def set_home(home: RunContext) -> None:
    """Say what calls belong to that no cell made."""
    _process.home = home


def home() -> RunContext:
    """Return what belongs to no run of a cell: a script's own run, or a kernel."""
    return _process.home


def set_tag_sources(
    *,
    base: TagSource = _no_tags,
    notebook: TagSource = _no_tags,
) -> None:
    """Say where the tags of settings and environment and the notebook's come from."""
    _process.base_tags = base
    _process.notebook_tags = notebook


def current() -> RunContext:
    """Return the run that code here belongs to, its origin as seen from here."""
    here = run.get() or _process.home
    if here.pid and here.pid != os.getpid():
        return replace(here, origin="process", thread=0, pid=0)
    if here.thread and here.thread != threading.get_ident():
        return replace(here, origin="thread", thread=0)
    return here


def where(call_site: CallPlace = NOWHERE) -> Where:
    """Return who calls, with every tag that holds here; later ones win:

    settings and CELLCOST_TAGS, the notebook's, the cell's, `cellcost.tags(...)`.
    """
    here = current()
    tags = {
        **_tags_from(_process.base_tags),
        **_tags_from(_process.notebook_tags),
        **here.tags,
        **context.current_tags(),
    }
    run_before, site_before, told = _process.last
    if run_before is here and site_before is call_site and told.tags == tags:
        return told  # the calls of a loop: one place, encoded once
    told = _where(here, call_site, tags)
    _process.last = (here, call_site, told)
    return told


def where_of(owner: RunContext | None) -> Where:
    """Return who a run is, or (None) this process itself, of no run; from any thread.

    Tags of `cellcost.tags(...)` hold in the code that set them: not seen from here.
    """
    here = owner or replace(_process.home, run_id="", cell_id="", source_hash="")
    if here.pid and here.pid != os.getpid():
        here = replace(here, origin="process", thread=0, pid=0)
    tags = {
        **_tags_from(_process.base_tags),
        **_tags_from(_process.notebook_tags),
        **here.tags,
    }
    return _where(here, NOWHERE, tags)


def _where(here: RunContext, call_site: CallPlace, tags: dict[str, str]) -> Where:
    if _process.machine is None:
        _process.machine = machine_and_user()
    host, user = _process.machine
    return Where(
        origin=here.origin,
        run_id=here.run_id,
        cell_id=here.cell_id,
        call_site=call_site.name,
        call_file=call_site.file,
        call_mark=call_site.mark,
        notebook=here.notebook,
        kernel_id=here.kernel_id,
        session_id=here.session_id,
        source_hash=here.source_hash,
        user=user,
        host=host,
        tags=MappingProxyType(tags),
    )


def _tags_from(source: TagSource) -> Mapping[str, str]:
    try:
        return source()
    except Exception:  # noqa: BLE001 - a call without a tag beats no call
        _log.warning("cellcost could not read tags", exc_info=True)
        return _NO_TAGS


def take() -> Carried:
    """Return what code handed to another thread from here takes along."""
    return Carried(run.get(), context.tag_layers.get())


def enter(carried: Carried) -> Carried:
    """Make `carried` hold in this context; return what held before."""
    before = take()
    run.set(carried.run)
    context.tag_layers.set(carried.tags)
    return before


_TEXTS = ("run_id", "cell_id", "notebook", "kernel_id", "session_id", "source_hash")


def to_environment() -> str:
    """Return the run that holds here as text for CELLCOST_RUN; "" if there is none."""
    here = run.get() or _process.home
    tags = {**here.tags, **context.current_tags()}
    if not here.run_id and not tags:
        return ""
    ids: dict[str, object] = {
        name: getattr(here, name) for name in _TEXTS if getattr(here, name)
    }
    if tags:
        ids["tags"] = tags
    return json.dumps(ids)


def from_environment(environment: Mapping[str, str]) -> RunContext | None:
    """Return the run that a parent process handed down in CELLCOST_RUN, if one did."""
    text = environment.get(RUN_VARIABLE, "")
    if not text:
        return None
    try:
        ids: Any = json.loads(text)
    except ValueError:
        return None
    if not isinstance(ids, dict):
        return None
    given = cast("dict[str, object]", ids)
    tags = given.get("tags")
    return RunContext(
        origin="process",
        run_id=_text(given, "run_id"),
        cell_id=_text(given, "cell_id"),
        notebook=_text(given, "notebook"),
        kernel_id=_text(given, "kernel_id"),
        session_id=_text(given, "session_id"),
        source_hash=_text(given, "source_hash"),
        tags={
            str(key): str(value)
            for key, value in cast("dict[object, object]", tags).items()
        }
        if isinstance(tags, dict)
        else _NO_TAGS,
    )


def _text(given: Mapping[str, object], name: str) -> str:
    value = given.get(name)
    return value if isinstance(value, str) else ""
