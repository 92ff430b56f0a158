"""`python -m cellcost_meter.script KIND TARGET [ARGS]`: a script, metered.

KIND is `path` or `module`, with `+sync` behind it to send its events to the ledger.

What `cellcost run` starts. The script becomes the `__main__` of this interpreter and
stays it, so that threads and pickles that outlast its body find it there.
"""

import importlib.machinery
import importlib.util
import io
import pkgutil
import sys
from pathlib import Path
from types import CodeType, ModuleType, TracebackType

__all__ = ["main"]


def main(arguments: list[str]) -> None:
    """Meter this process and run what `arguments` name; ends as the script ends."""
    wish, target, *rest = arguments
    kind, _, sync = wish.partition("+")
    # Read first: what is missing or misspelt needs no meter.
    sys.argv = [target, *rest]
    module, code = _module(target) if kind == "module" else _file(target)

    from cellcost_meter import bootstrap

    bootstrap.install(sync=bool(sync))
    sys.modules["__main__"] = module
    try:
        exec(code, module.__dict__)  # noqa: S102 - running it is what we are for
    except SystemExit:
        raise
    except BaseException as error:
        _show_from_the_script_on(error)
        raise


def _file(target: str) -> tuple[ModuleType, CodeType]:
    path = Path(target)
    archive = path.is_dir() or path.suffix in (".zip", ".pyz")
    if archive and pkgutil.get_importer(target) is not None:
        # As Python does: a folder or archive with a __main__ comes first on the path.
        _first_on_path(target, even_if_safe=True)
        return _module("__main__", argv0=target)
    try:
        with io.open_code(str(path.absolute())) as file:
            source = file.read()
    except OSError as error:
        print(  # noqa: T201 - the same words and status as Python's own
            f"cellcost run: can't open file '{path.absolute()}': "
            f"[Errno {error.errno}] {error.strerror}",
            file=sys.stderr,
        )
        raise SystemExit(2) from None
    _first_on_path(str(path.absolute().parent))
    module = ModuleType("__main__")
    module.__file__ = target
    module.__loader__ = importlib.machinery.SourceFileLoader("__main__", target)
    vars(module).update(__builtins__=__builtins__, __cached__=None, __annotations__={})
    return module, compile(source, target, "exec", dont_inherit=True)


def _module(name: str, *, argv0: str = "") -> tuple[ModuleType, CodeType]:
    if not argv0:
        _first_on_path(str(Path.cwd()))
    spec = _spec(name)
    loader = getattr(spec, "loader", None)
    if spec is None or loader is None or not hasattr(loader, "get_code"):
        print(f"cellcost run: no module named {name}", file=sys.stderr)  # noqa: T201
        raise SystemExit(1)
    code = loader.get_code(spec.name)
    sys.argv[0] = argv0 or spec.origin or name
    module = ModuleType("__main__")
    module.__spec__ = spec
    module.__package__ = spec.parent
    module.__loader__ = loader
    module.__file__ = spec.origin
    vars(module).update(
        __builtins__=__builtins__, __cached__=spec.cached, __annotations__={}
    )
    return module, code


def _spec(name: str) -> importlib.machinery.ModuleSpec | None:
    if name == "__main__":
        # The running interpreter's own __main__ hides it from find_spec.
        return importlib.machinery.PathFinder.find_spec(name, [sys.path[0]])
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            return importlib.util.find_spec(name + ".__main__")
    except (ImportError, ValueError):
        return None
    return spec


def _first_on_path(folder: str, *, even_if_safe: bool = False) -> None:
    """Put `folder` where `python -m` put the current folder."""
    if not sys.flags.safe_path:
        sys.path[0] = folder
    elif even_if_safe:
        sys.path.insert(0, folder)


def _show_from_the_script_on(error: BaseException) -> None:
    """Let the traceback that ends the process begin in the script, as without us."""
    ours = _show_from_the_script_on.__code__.co_filename
    shown = error.__traceback__
    while shown is not None and shown.tb_frame.f_code.co_filename == ours:
        shown = shown.tb_next
    hook = sys.excepthook

    def show(
        kind: type[BaseException],
        value: BaseException,
        traceback: TracebackType | None,
    ) -> None:
        hook(kind, value.with_traceback(shown), shown)

    sys.excepthook = show


if __name__ == "__main__":
    main(sys.argv[1:])
