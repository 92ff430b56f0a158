"""Callbacks that run when a library gets imported, however and whenever that happens.

The meter hooks client libraries without importing one: it asks here to be told when the
user does. Standard library only; nothing is searched for until a watched name is.
"""

import importlib
import logging
import sys
import threading
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

__all__ = ["OnImport", "when_imported"]

OnImport = Callable[[ModuleType], object]

_log = logging.getLogger("cellcost")


def when_imported(name: str, callback: OnImport) -> Callable[[], None]:
    """Call `callback(module)` once `name` is imported; return how to stop watching.

    Runs at once when `name` is imported already, else right after the module's body
    ran, before the import statement returns; again after each reload. Errors of the
    callback are logged and never reach the import.
    """
    _finder.watch(name, callback)
    module = sys.modules.get(name)
    if module is not None:
        if getattr(getattr(module, "__spec__", None), "_initializing", False):
            # Another thread is in the middle of it: this waits for the import lock.
            module = importlib.import_module(name)
        _call(callback, module)
    return lambda: _finder.forget(name, callback)


def _call(callback: OnImport, module: ModuleType) -> None:
    try:
        callback(module)
    except Exception:  # noqa: BLE001 - the import must work without us
        _log.warning("cellcost could not hook %s", module.__name__, exc_info=True)


class _Finder(MetaPathFinder):
    """Finds nothing itself: lets the others find a watched module, and wraps its run.

    The loader of the found module gets `exec_module` as an instance attribute for one
    call, so that `module.__loader__` keeps its type (inspect and importlib.resources
    look at it).
    """

    def __init__(self) -> None:
        self._callbacks: dict[str, tuple[OnImport, ...]] = {}
        self._lock = threading.Lock()
        self._looking = threading.local()

    def watch(self, name: str, callback: OnImport) -> None:
        with self._lock:
            self._callbacks[name] = (*self._callbacks.get(name, ()), callback)
            if self not in sys.meta_path:
                sys.meta_path.insert(0, self)

    def forget(self, name: str, callback: OnImport) -> None:
        with self._lock:
            rest = tuple(c for c in self._callbacks.pop(name, ()) if c is not callback)
            if rest:
                self._callbacks[name] = rest
            if not self._callbacks and self in sys.meta_path:
                sys.meta_path.remove(self)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if fullname not in self._callbacks or getattr(self._looking, "now", False):
            return None
        self._looking.now = True
        try:
            spec = _find_with_the_others(self, fullname, path, target)
        finally:
            self._looking.now = False
        if spec is not None:
            self._announce_after_exec(spec)
        return spec

    def invalidate_caches(self) -> None:
        """Nothing is cached here."""

    def _announce_after_exec(self, spec: ModuleSpec) -> None:
        loader = spec.loader
        exec_module: Callable[[ModuleType], None] | None
        exec_module = getattr(loader, "exec_module", None)
        if loader is None or exec_module is None or isinstance(loader, type):
            return  # built-in and frozen modules: no client library is one

        def run(module: ModuleType) -> None:
            if vars(loader).get("exec_module") is run:
                del loader.exec_module
            exec_module(module)
            for callback in self._callbacks.get(spec.name, ()):
                _call(callback, module)

        try:
            loader.exec_module = run  # type: ignore[method-assign]
        except AttributeError:
            _log.warning("cellcost cannot hook %s: its loader is closed", spec.name)


def _find_with_the_others(
    ours: MetaPathFinder,
    fullname: str,
    path: Sequence[str] | None,
    target: ModuleType | None,
) -> ModuleSpec | None:
    for finder in sys.meta_path:
        find_spec = getattr(finder, "find_spec", None)
        if finder is ours or find_spec is None:
            continue
        spec: ModuleSpec | None = find_spec(fullname, path, target)
        if spec is not None:
            return spec
    return None


_finder = _Finder()
