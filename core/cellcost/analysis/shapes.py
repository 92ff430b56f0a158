"""Where a call names its model when that is no plain argument."""

from collections.abc import Callable

from cellcost.analysis.values import (
    UNKNOWN,
    Args,
    Lit,
    Mapped,
    Seq,
    Thing,
    Value,
    join,
)

__all__ = ["SHAPES", "item"]

Shape = Callable[[Args, Thing | None], Value | None]


def item(value: Value | None, *path: str) -> Value | None:
    """Return `value[path[0]][path[1]]...`, through lists, or None."""
    if value is None:
        return None
    found: list[Value] = []
    for atom in value:
        if isinstance(atom, Seq):
            for element in atom.items:
                below = item(element, *path)
                if below is not None:
                    found.append(below)
        elif not path:
            found.append((atom,))
        elif isinstance(atom, Mapped) and path[0] in atom.items:
            below = item(atom.items[path[0]], *path[1:])
            if below is not None:
                found.append(below)
    return join(*found) if found else None


def _requests(args: Args, thing: Thing | None) -> Value | None:
    """Anthropic's batches: a list of requests, each with its own parameters."""
    requests = args.get(("requests",))
    return item(requests, "params", "model") or UNKNOWN


def _router(args: Args, thing: Thing | None) -> Value | None:
    """litellm's Router: an alias stands for every deployment of that name."""
    asked = args.get(("model",), 0)
    entries = thing.args.get(("model_list",), 0) if thing is not None else None
    if asked is None or entries is None:
        return asked
    found: list[Value] = []
    for alias in asked:
        matching = _deployments(
            entries, alias.value if isinstance(alias, Lit) else None
        )
        found.extend(matching or [(alias,)])
    return join(*found)


def _deployments(entries: Value, alias: object) -> list[Value]:
    found: list[Value] = []
    for atom in entries:
        for element in atom.items if isinstance(atom, Seq) else ():
            names = item(element, "model_name") or ()
            model = item(element, "litellm_params", "model")
            said = {name.value for name in names if isinstance(name, Lit)}
            if model is not None and (alias is None or alias in said):
                found.append(model)
    return found


SHAPES: dict[str, Shape] = {"requests": _requests, "router": _router}
