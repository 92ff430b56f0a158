"""What a function's parameter is by default when a command line calls it."""

from cellcost.analysis import syntax as s
from cellcost.analysis.run import Run
from cellcost.analysis.scopes import Frame
from cellcost.analysis.values import Foreign, Seq, Value, join

__all__ = ["option_default"]


def option_default(
    run: Run, frame: Frame, definition: s.FuncDef | s.Lambda, param: s.Param
) -> Value | None:
    """Return the default that a `@click.option(...)` gives a parameter."""
    if not isinstance(definition, s.FuncDef):
        return None
    for decorator in definition.decorators:
        if not isinstance(decorator, s.Call) or not _is_option(decorator.func):
            continue
        if param.name not in _names(decorator):
            continue
        return _default(run, frame, decorator)
    return None


def _is_option(func: s.Expr) -> bool:
    name = func.name if isinstance(func, s.Attr) else getattr(func, "id", "")
    return name in ("option", "argument")


def _names(decorator: s.Call) -> set[str]:
    return {
        arg.value.lstrip("-").replace("-", "_").lower()
        for arg in decorator.args
        if isinstance(arg, s.Const) and isinstance(arg.value, str)
    }


def _default(run: Run, frame: Frame, decorator: s.Call) -> Value | None:
    from cellcost.analysis.expressions import evaluate

    named = {name: value for name, value in decorator.keywords if name}
    if "default" in named:
        return evaluate(run, frame, named["default"])
    kind = named.get("type")
    if isinstance(kind, s.Call) and kind.args:
        for atom in evaluate(run, frame, kind.args[0]):
            if isinstance(atom, Seq) and atom.items:
                return join(*atom.items)
    return (Foreign("click.value", called=True),)
