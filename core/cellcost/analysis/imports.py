"""What `import` binds: an installed package or a module of the workspace."""

import re

from cellcost.analysis import syntax as s
from cellcost.analysis.families import root_of
from cellcost.analysis.run import Run
from cellcost.analysis.scopes import Frame
from cellcost.analysis.values import Foreign, Mod, Unknown, Value

__all__ = ["import_from", "import_names"]

_SDK_WORD = re.compile(
    r"openai|anthropic|claude|azure|llm|gpt|groq|mistral|gemini", re.IGNORECASE
)
_CLIENT_NAME = re.compile(
    r"^(?!wrap|patch|instrument|trace|track)(?:\w*_)?(?:client|llm|openai|anthropic)$"
)


def import_names(run: Run, frame: Frame, stmt: s.Import) -> None:
    """Do `import a.b as c`."""
    for dotted, alias in stmt.names:
        dotted = dotted.replace(" ", "")
        head = dotted.partition(".")[0]
        name = alias or head
        found = run.import_module(dotted if alias else head, frame.module)
        if not alias and found is not None and "." in dotted:
            run.import_module(dotted, frame.module)
        value: Value = (Mod(found),) if found else (Foreign(dotted if alias else head),)
        run.trail.write(frame.home(name), name, value)


def import_from(run: Run, frame: Frame, stmt: s.ImportFrom) -> None:
    """Do `from a.b import c as d`."""
    module = run.import_module(stmt.module, frame.module)
    for name, alias in stmt.names:
        if name == "*":
            for key, value in (module.vars if module else {}).items():
                if not key.startswith("_"):
                    run.trail.write(frame.home(key), key, value)
            continue
        value = _imported(run, frame, stmt.module, name)
        run.trail.write(frame.home(alias), alias, value)


def _imported(run: Run, frame: Frame, path: str, name: str) -> Value:
    module = run.import_module(path, frame.module)
    if module is not None and name in module.vars:
        return module.vars[name]
    joined = f"{path}{name}" if path.endswith(".") else f"{path}.{name}"
    below = run.import_module(joined, frame.module)
    if below is not None:
        return (Mod(below),)
    if path.startswith("."):
        return (Unknown(name, declared=True),)
    if (
        module is None
        and root_of(path) is None
        and _CLIENT_NAME.search(name)
        and _SDK_WORD.search(joined)
    ):
        # Most likely the user's own module, which cannot be read: `client` made there.
        return (Unknown(name, declared=True),)
    return (Foreign(joined),)
