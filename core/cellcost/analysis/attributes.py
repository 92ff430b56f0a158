"""Reading and writing attributes, items and elements."""

from collections.abc import Sequence

from cellcost.analysis.run import Run
from cellcost.analysis.scopes import Frame
from cellcost.analysis.values import (
    UNKNOWN,
    Args,
    Atom,
    Bound,
    Class,
    Foreign,
    Func,
    Lit,
    Mapped,
    Mod,
    Object,
    Seq,
    SuperOf,
    Thing,
    Unknown,
    Value,
    Words,
    join,
)

__all__ = ["attribute", "find_in_class", "index", "iterate", "lineage", "store"]

THING = "\0thing"
"""Where an object of a user's class keeps the SDK object that it extends."""


def attribute(
    run: Run, value: Value, name: str, *, frame: Frame | None = None
) -> Value:
    """Return `value.name`."""
    results = [_attribute(run, atom, name, frame) for atom in value]
    return join(*results) if results else UNKNOWN


def _attribute(run: Run, atom: Atom, name: str, frame: Frame | None) -> Value:
    match atom:
        case Object():
            return _object_attribute(run, atom, name, frame)
        case Thing():
            return _thing_attribute(atom, name)
        case Foreign(path, called, relative):
            key = f"{path}.{name}"
            kept = run.globals.get(key)
            return kept or (Foreign(key, called, relative),)
        case Mod(module):
            found = module.vars.get(name)
            if found is not None:
                return found
            below = run.import_module(f"{module.name}.{name}", module)
            return (Mod(below),) if below else UNKNOWN
        case Class():
            found = find_in_class(atom, name)
            if found is None:
                return (Unknown(),) if _open(atom) else (Foreign("nothing", True),)
            if atom.is_enum:
                return found
            return _bound(run, found, atom, frame)
        case SuperOf(of, above):
            return _super_attribute(of, above, name)
        case Mapped():
            return atom.items.get(name, UNKNOWN)
        case Lit(str()) if name == "value":
            return (atom,)
        case Unknown(known, declared) if declared:
            return (Unknown(f"{known}.{name}", True),)
        case _:
            return UNKNOWN


def _object_attribute(run: Run, atom: Object, name: str, frame: Frame | None) -> Value:
    own = atom.attributes.get(name)
    if own is not None:
        return own
    found = find_in_class(atom.of, name)
    if found is not None:
        return _bound(run, found, atom, frame)
    inner = atom.attributes.get(THING)
    if inner is not None:
        return attribute(run, inner, name)
    if name == "__class__":
        return (atom.of,)
    return UNKNOWN if _open(atom.of) else (Foreign("nothing", called=True),)


def _super_attribute(of: Object, above: Class, name: str) -> Value:
    for base in lineage(above)[1:]:
        found = base.attributes.get(name)
        if found is not None:
            return tuple(
                Bound(atom, of) if isinstance(atom, Func) else atom for atom in found
            )
    inner = of.attributes.get(THING)
    if inner is not None and name != "__init__":
        return tuple(
            Thing(a.kind, a.args, a.provider, a.parts, _chained(a.chain, name), a.made)
            for a in inner
            if isinstance(a, Thing)
        )
    return (Foreign(f"super.{name}", called=True),)


def _open(cls: Class) -> bool:
    """Say whether a class has a base that was not read."""
    return any(
        not isinstance(atom, Class)
        for of in lineage(cls)
        for base in of.bases
        for atom in base
    )


def lineage(cls: Class) -> list[Class]:
    """Return a class and those it inherits from, nearest first."""
    found = [cls]
    for of in found:
        for base in of.bases:
            for atom in base:
                if isinstance(atom, Class) and atom not in found and len(found) < 32:
                    found.append(atom)
    return found


def find_in_class(cls: Class, name: str) -> Value | None:
    """Return a class attribute, the nearest one."""
    for of in lineage(cls):
        value = of.attributes.get(name)
        if value is not None:
            return value
    return None


def _bound(run: Run, value: Value, of: "Object | Class", frame: Frame | None) -> Value:
    found: list[Value] = []
    for atom in value:
        if not isinstance(atom, Func) or atom.flavour == "staticmethod":
            found.append((atom,))
        elif atom.flavour == "property" and isinstance(of, Object):
            from cellcost.analysis.calling import call_func

            found.append(call_func(run, frame, atom, Args(), None, of=of))
        elif isinstance(of, Class):
            found.append(
                (Bound(atom, of),) if atom.flavour == "classmethod" else (atom,)
            )
        else:
            found.append((Bound(atom, of.of if atom.flavour == "classmethod" else of),))
    return join(*found)


# Parts of a method chain that change nothing about what is billed.
_THROUGH = frozenset(
    {"beta", "with_raw_response", "with_streaming_response", "aio", "async_", "raw"}
)


def _chained(chain: str, name: str) -> str:
    if name in _THROUGH:
        return chain
    return f"{chain}.{name}" if chain else name


def _thing_attribute(atom: Thing, name: str) -> Value:
    if not atom.chain and name not in atom.kind.methods:
        kept = atom.args.named.get(name)
        if kept is not None:
            return kept
    return (
        Thing(
            atom.kind,
            atom.args,
            atom.provider,
            atom.parts,
            _chained(atom.chain, name),
            atom.made,
        ),
    )


def store(run: Run, value: Value, name: str, item: Value) -> None:
    """Do `value.name = item`."""
    for atom in value:
        match atom:
            case Object() | Class():
                run.trail.write(atom.attributes, name, item)
            case Thing():
                run.trail.write(atom.args.named, name, item)
            case Mapped():
                run.trail.write(atom.items, name, item)
            case Mod(module):
                run.trail.write(module.vars, name, item)
            case Foreign(path):
                run.trail.write(run.globals, f"{path}.{name}", item)
            case _:
                pass


def index(run: Run, value: Value, key: Value) -> Value:
    """Return `value[key]`."""
    results = [_index(run, atom, key) for atom in value]
    return join(*results) if results else UNKNOWN


def _index(run: Run, atom: Atom, key: Value) -> Value:
    match atom:
        case Mapped():
            found = [
                atom.items[k.value]
                for k in key
                if isinstance(k, Lit) and k.value in atom.items
            ]
            if len(found) == len(key):
                return join(*found)
            others = UNKNOWN if not atom.whole and not atom.items else ()
            if all(isinstance(k, Lit) for k in key):
                return join(*found) if found else _hidden(atom) or UNKNOWN
            return join(*found, *atom.items.values(), others) or UNKNOWN
        case Seq():
            return _at(atom, key)
        case Lit(str()):
            return UNKNOWN
        case Object():
            got = find_in_class(atom.of, "__getitem__")
            if got is not None:
                from cellcost.analysis.calling import call_value

                method = attribute(run, (atom,), "__getitem__")
                return call_value(run, None, method, Args([key]), None)
            found = [
                atom.attributes[k.value]
                for k in key
                if isinstance(k, Lit) and k.value in atom.attributes
            ]
            return join(*found) if found else UNKNOWN
        case Class() if atom.is_enum:
            return join(*enum_members(atom)) if enum_members(atom) else UNKNOWN
        case Foreign(path) if path.endswith((".Annotated", ".Optional")):
            # An alias: `Client = Annotated[OpenAI, Depends(...)]`.
            return index(run, key, (Lit(0),)) if isinstance(key[0], Seq) else key
        case Foreign(path, called, relative):
            for k in key:
                kept = (
                    run.globals.get(f"{path}.{k.value}") if isinstance(k, Lit) else None
                )
                if kept is not None:
                    return kept
            return (Foreign(f"{path}[]", called or path == "os.environ", relative),)
        case Class() | Thing():
            return (atom,)
        case _:
            return UNKNOWN


def _hidden(atom: Mapped) -> Value:
    """Return what may stand under a key that is not known."""
    values = [v for k, v in atom.items.items() if isinstance(k, str) and k[:1] == "\0"]
    return join(*values) if values else ()


def enum_members(cls: Class) -> list[Value]:
    """Return the values of an enum's members."""
    return [
        value
        for name, value in cls.attributes.items()
        if not name.startswith("_") and any(isinstance(a, Lit) for a in value)
    ]


def _at(atom: Seq, key: Value) -> Value:
    found: list[Value] = []
    for k in key:
        where = k.value if isinstance(k, Lit) else None
        if (
            isinstance(where, int)
            and -len(atom.items) <= where < len(atom.items)
            and (atom.whole or where >= 0)
        ):
            # `range(n)` says its length without holding as many elements.
            held = list(atom.items)
            found.append(held[where if -len(held) <= where < len(held) else -1])
            continue
        if isinstance(k, Seq):
            return (Seq(list(atom.items), whole=False),)
        found.extend(atom.items)
    return join(*found) if found else UNKNOWN


def iterate(run: Run, value: Value) -> tuple[Value, int | None]:
    """Return what an element may be, and how many there are if that is known."""
    elements: list[Value] = []
    counts: set[int | None] = set()
    for atom in value:
        items, count = _elements(atom)
        elements.extend(items)
        counts.add(count)
    known = {count for count in counts if count is not None}
    count = max(known) if known and None not in counts else None
    return (join(*elements) if elements else UNKNOWN), count


def _elements(atom: Atom) -> tuple[Sequence[Value], int | None]:
    match atom:
        case Seq():
            return atom.items, len(atom.items) if atom.whole else None
        case Mapped():
            keys: list[Value] = [(Lit(key),) for key in atom.items]
            return keys, len(keys) if atom.whole else None
        case Lit(str() as text):
            return [UNKNOWN], len(text)
        case Class() if atom.is_enum:
            members = enum_members(atom)
            return members, len(members)
        case Foreign(path, _, relative):
            return [(Foreign(f"{path}[]", True, relative),)], None
        case Words() | _:
            return [UNKNOWN], None
