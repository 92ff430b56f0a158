"""What a function's parameter may be when a command line calls it."""

from cellcost.analysis import syntax as s
from cellcost.analysis.attributes import iterate
from cellcost.analysis.run import Run
from cellcost.analysis.scopes import Frame
from cellcost.analysis.values import Foreign, Value, join

__all__ = ["option_default"]


def option_default(
    run: Run, frame: Frame, definition: s.FuncDef | s.Lambda, param: s.Param
) -> Value | None:
    """Return what a `@click.option(...)` may give: its default and its choices."""
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
    known: list[Value] = []
    if "default" in named:
        known.append(evaluate(run, frame, named["default"]))
    kind = named.get("type")
    if isinstance(kind, s.Call) and kind.args and _is_choice(kind.func):
        known.append(iterate(run, evaluate(run, frame, kind.args[0]))[0])
    return join(*known) if known else (Foreign("click.value", called=True),)


def _is_choice(func: s.Expr) -> bool:
    name = func.name if isinstance(func, s.Attr) else getattr(func, "id", "")
    return name == "Choice"
