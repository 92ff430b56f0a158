"""Handing the run to threads, pools, forks and child processes.

Only our two ContextVars are handed over, never the whole context: ipykernel keeps in it
where a thread's prints go. asyncio copies contexts into tasks by itself, and
`run_in_executor` and `to_thread` end in `ThreadPoolExecutor.submit`.
"""

import logging
import os
import threading
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from cellcost_meter import attribution
from cellcost_meter.attribution import Carried, RunContext
from cellcost_meter.capture.switch import Switch
from cellcost_meter.children import ChildRun, InChild
from cellcost_meter.imports import when_imported
from cellcost_meter.patches import Patch, put_on

__all__ = ["Carrying", "install"]

_log = logging.getLogger("cellcost")

Function = Callable[..., Any]
Around = Callable[[Function], Function]
Announce = Callable[[str, str], object]
OnThread = Callable[[threading.Thread, RunContext], object]

_POOL_METHODS = (
    "apply_async",
    "imap",
    "imap_unordered",
    "map",
    "map_async",
    "starmap",
    "starmap_async",
)
"""Of multiprocessing's pools: each takes the function first; `apply` calls one."""

OWN_THREADS = "cellcost"
"""How the names of our own threads begin: they work for no cell."""

_POPEN_ENV = 10
"""Position of `env` among the arguments of `subprocess.Popen`, without self."""


class Carrying:
    """The patches that hand the run over; `stop()` takes them off."""

    def __init__(
        self,
        take: Callable[[], Carried],
        to_text: Callable[[], str],
        announce: Announce,
        on_thread: OnThread,
    ) -> None:
        self._on_thread = on_thread
        self._take = take
        self._to_text = to_text
        self._announce = announce
        self._patches: list[Patch] = []
        self._stops: list[Callable[[], None]] = []
        self._active = True

    def start(self) -> None:
        self._put_on(threading.Thread, "start", self._thread_start)
        for module, hooked in (
            ("concurrent.futures.thread", self._thread_pool),
            ("concurrent.futures.process", self._process_pool),
            ("multiprocessing.process", self._process),
            ("multiprocessing.pool", self._pools),
            ("subprocess", self._subprocess),
        ):
            self._stops.append(when_imported(module, hooked))
        if hasattr(os, "register_at_fork"):
            # For fork + exec, as IPython's `!command` does it.
            os.register_at_fork(after_in_child=self._after_fork)

    def stop(self) -> None:
        self._active = False
        for stop in self._stops:
            stop()
        for patch in reversed(self._patches):
            patch.take_off()
        self._patches.clear()

    def _switch(self, name: str) -> Switch:
        return Switch(f"attribution by {name}", self._announce)

    def _put_on(self, owner: Any, name: str, around: Around) -> None:
        self._patches.append(put_on(owner, name, around))

    def _thread_pool(self, module: ModuleType) -> None:
        self._put_on(module.ThreadPoolExecutor, "submit", self._submit)

    def _process_pool(self, module: ModuleType) -> None:
        self._put_on(module.ProcessPoolExecutor, "submit", self._submit_to_process)

    def _process(self, module: ModuleType) -> None:
        self._put_on(module.BaseProcess, "start", self._process_start)

    def _pools(self, module: ModuleType) -> None:
        for name in _POOL_METHODS:
            self._put_on(module.Pool, name, self._pool_method(module.ThreadPool))

    def _subprocess(self, module: ModuleType) -> None:
        self._put_on(module.Popen, "__init__", self._popen)

    def _thread_start(self, start: Function) -> Function:
        hook = self._switch("threading.Thread.start")

        def started(thread: threading.Thread) -> Any:
            if hook.on and not thread.name.startswith(OWN_THREADS):
                try:
                    carried = self._take()
                    if carried.run is not None or carried.tags is not None:
                        _run_within(thread, carried)
                    if carried.run is not None:
                        self._on_thread(thread, carried.run)
                    hook.worked()
                except Exception as error:  # noqa: BLE001 - the thread must start
                    hook.failed(error)
            return start(thread)

        return started

    def _submit(self, submit: Function) -> Function:
        hook = self._switch("ThreadPoolExecutor.submit")

        def submitted(
            pool: Any, function: Function, /, *args: Any, **kwargs: Any
        ) -> Any:
            return submit(pool, self._within(hook, function), *args, **kwargs)

        return submitted

    def _submit_to_process(self, submit: Function) -> Function:
        hook = self._switch("ProcessPoolExecutor.submit")

        def submitted(
            pool: Any, function: Function, /, *args: Any, **kwargs: Any
        ) -> Any:
            return submit(pool, self._in_child(hook, function), *args, **kwargs)

        return submitted

    def _pool_method(self, threads: type) -> Around:
        def around(method: Function) -> Function:
            hook = self._switch(f"multiprocessing.pool.{method.__name__}")

            def called(pool: Any, func: Function, *args: Any, **kwargs: Any) -> Any:
                carry = self._within if isinstance(pool, threads) else self._in_child
                for name in ("callback", "error_callback"):
                    if kwargs.get(name) is not None:
                        kwargs[name] = self._within(hook, kwargs[name])
                return method(pool, carry(hook, func), *args, **kwargs)

            return called

        return around

    def _process_start(self, start: Function) -> Function:
        hook = self._switch("multiprocessing.Process.start")

        def started(process: Any) -> Any:
            prepared = False
            if hook.on:
                try:
                    text = self._to_text()
                    if text and "run" not in process.__dict__:
                        process.run = ChildRun(text, process)
                        prepared = True
                    hook.worked()
                except Exception as error:  # noqa: BLE001 - the process must start
                    hook.failed(error)
            try:
                return start(process)
            finally:
                if prepared:
                    process.__dict__.pop("run", None)

        return started

    def _popen(self, init: Function) -> Function:
        hook = self._switch("subprocess.Popen")

        def initialised(process: Any, *args: Any, **kwargs: Any) -> Any:
            if hook.on and len(args) <= _POPEN_ENV:
                try:
                    env = self._child_environment(kwargs.get("env"))
                    if env is not None:
                        kwargs["env"] = env
                    hook.worked()
                except Exception as error:  # noqa: BLE001 - the child must start
                    hook.failed(error)
            return init(process, *args, **kwargs)

        return initialised

    def _child_environment(
        self, env: Mapping[Any, Any] | None
    ) -> dict[Any, Any] | None:
        """Return the child's environment with the run; None to leave it as it is."""
        if env is not None and "PATH" not in env:
            return None  # made by hand, on purpose: bytes keys, or nearly empty
        text = self._to_text()
        if not text:
            return None
        inherited: Mapping[Any, Any] = os.environ if env is None else env
        return {**inherited, attribution.RUN_VARIABLE: text}

    def _after_fork(self) -> None:
        if not self._active:
            return
        try:
            text = self._to_text()
            if text:
                os.environ[attribution.RUN_VARIABLE] = text
        except Exception:  # noqa: BLE001 - the child must live
            _log.warning("cellcost: a forked child lost its run", exc_info=True)

    def _within(self, hook: Switch, function: Function) -> Function:
        if not (hook.on and callable(function)):
            return function
        try:
            within = _Within(function, self._take())
            hook.worked()
        except Exception as error:  # noqa: BLE001 - the task must run
            hook.failed(error)
            return function
        return within

    def _in_child(self, hook: Switch, function: Function) -> Function:
        if not (hook.on and callable(function)):
            return function
        try:
            text = self._to_text()
            hook.worked()
        except Exception as error:  # noqa: BLE001 - the task must run
            hook.failed(error)
            return function
        return InChild(text, function) if text else function


def install(
    *,
    take: Callable[[], Carried] = attribution.take,
    to_text: Callable[[], str] = attribution.to_environment,
    announce: Announce,
    on_thread: OnThread = lambda _thread, _run: None,
) -> Carrying:
    """Hand the run over from now on; return how to stop.

    `take` says what goes along to a thread, `to_text` what to another process;
    `announce(hook, reason)` is called when a hook gave up, `on_thread(thread, run)`
    before a run's thread starts.
    """
    carrying = Carrying(take, to_text, announce, on_thread)
    carrying.start()
    return carrying


def _run_within(thread: threading.Thread, carried: Carried) -> None:
    """Let the thread begin by entering `carried`; its own attribute is gone by then."""
    run = thread.run

    def entered() -> None:
        vars(thread).pop("run", None)
        attribution.enter(carried)
        run()

    if "run" not in vars(thread):
        thread.run = entered  # type: ignore[method-assign]


class _Within:
    """A function of one submitter, to be called in a pool's thread.

    What it entered stays in the worker's context until the next task enters its own:
    callbacks of its future belong to the same submitter. Called in the submitter's own
    thread (an executor that runs inline) it restores what was there.
    """

    __slots__ = ("_carried", "_function", "_thread")

    def __init__(self, function: Function, carried: Carried) -> None:
        self._function = function
        self._carried = carried
        self._thread = threading.get_ident()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        before = attribution.enter(self._carried)
        try:
            return self._function(*args, **kwargs)
        finally:
            if threading.get_ident() == self._thread:
                attribution.enter(before)
