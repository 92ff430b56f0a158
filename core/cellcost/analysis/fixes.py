"""What can be done about a finding: changes of the source, ready to apply."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath

from cellcost.analysis.callsite import Area
from cellcost.analysis.callsyntax import (
    Insertion,
    Lines,
    Part,
    call_around,
    call_at,
    ends_in_code,
    text_of,
)
from cellcost.analysis.caps import cap_argument, cap_tokens
from cellcost.analysis.codes import Finding, ignored
from cellcost.money import format_usd

__all__ = ["Edit", "Fix", "LinesOf", "fixes", "swaps"]

LinesOf = Callable[[str, int | None], Lines | None]
"""From a path and a cell to the lines that are there now; None if not known."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A new text for an area; an empty area is a place to insert at."""

    area: Area
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """One way to answer a finding."""

    title: str
    edits: tuple[Edit, ...]
    best: bool = False


def fixes(finding: Finding, lines_of: LinesOf) -> tuple[Fix, ...]:
    """Return the fixes of a finding, the best first.

    What cannot be changed safely (a name that is put together, a line that ends inside
    a text) is not offered.
    """
    mends = _MENDS.get(finding.code)
    found = [] if mends is None else list(mends(finding, lines_of))
    if found:
        found[0] = replace(found[0], best=True)
    return (*found, *_silences(finding, lines_of))


# -- another model ---------------------------------------------------------------------

_LITERAL = re.compile(
    r"(?P<open>[rRuU]?(?P<quote>\"{3}|'{3}|\"|'))(?P<body>[^\\]*)(?P=quote)", re.DOTALL
)


def swaps(finding: Finding, lines_of: LinesOf) -> tuple[Fix, ...]:
    """Return a fix for each smaller model: its name where the old one is defined."""
    return tuple(_swaps(finding, lines_of))


def _swaps(finding: Finding, lines_of: LinesOf) -> Iterator[Fix]:
    if finding.candidate is None or not finding.cheaper:
        return
    model = finding.candidate.model
    places = [_name_in(area, model.written, lines_of) for area in model.areas]
    found = [place for place in places if place is not None]
    if not found or len(found) < len(places):
        return
    here = finding.estimate.site.area.path
    for other in finding.cheaper:
        saving = ""
        if other.cost_nusd is not None and other.own_nusd is not None:
            now, then = (
                format_usd(other.own_nusd, digits=2),
                format_usd(other.cost_nusd, digits=2),
            )
            saving = f" (≈ {then} instead of {now})"
        edits = tuple(Edit(place, other.written) for place in found)
        yield Fix(f"Use {other.model}{_where(edits, here)}{saving}", edits)


def _where(edits: tuple[Edit, ...], here: str) -> str:
    files = {PurePath(e.area.path).name for e in edits if e.area.path != here}
    if files:
        return f" in {', '.join(sorted(files))}"
    return f" in {len(edits)} places" if len(edits) > 1 else ""


def _name_in(area: Area, written: str, lines_of: LinesOf) -> Area | None:
    """Return where a plain literal holds exactly this name; None if it is no such."""
    lines = lines_of(area.path, area.cell)
    text = None if lines is None else text_of(area, lines)
    found = _LITERAL.fullmatch(text) if text and area.row == area.end_row else None
    if found is None or found["body"].strip() != written:
        return None
    start = area.column + found.start("body") + found["body"].index(written)
    row = area.row
    return Area(area.path, area.cell, row, start, row, start + len(written))


# -- a cap on the output ---------------------------------------------------------------

# Classes of LangChain that take `max_tokens`.
_MAKERS = re.compile(
    r"(?:\w+\.)*(?:(?:Azure)?ChatOpenAI|ChatAnthropic|ChatMistralAI|ChatGroq|ChatXAI"
    r"|ChatGoogleGenerativeAI|ChatVertexAI|ChatLiteLLM|ChatDeepSeek|ChatFireworks"
    r"|ChatTogether|init_chat_model)"
)


def _caps(finding: Finding, lines_of: LinesOf) -> Iterator[Fix]:
    site = finding.estimate.site
    if site.wraps:
        return
    tokens = cap_tokens(site)
    edits: list[Edit] = []
    if site.family == "langchain":
        name = "max_tokens"
        for area in {area for model in site.models for area in model.areas}:
            made = call_around(area, lines_of(area.path, area.cell) or ())
            if made is None or not _MAKERS.fullmatch(made.callee()):
                return
            edits += _inserted(area, made.with_argument(name, str(tokens)))
    else:
        call = call_at(site.area, lines_of(site.area.path, site.area.cell) or ())
        names = cap_argument(site, call.callee()) if call is not None else ()
        if call is None or not names:
            return
        name = names[-1]
        edits += _inserted(site.area, _capped(call, names, str(tokens)))
    if edits:
        yield Fix(f"Cap the output at {tokens:,} tokens ({name})", tuple(edits))


def _capped(call: Part, names: tuple[str, ...], tokens: str) -> Insertion | None:
    """Return what to insert so that `names`, outermost first, holds the cap."""
    *outer, name = names
    if not outer:
        return call.with_argument(name, tokens)
    options = call.keyword(outer[0])
    if options is None:
        return call.with_argument(outer[0], f'{{"{name}": {tokens}}}')
    return options.with_argument(name, tokens)


def _inserted(near: Area, insertion: Insertion | None) -> tuple[Edit, ...]:
    if insertion is None:
        return ()
    row, column = insertion.row, insertion.column
    place = Area(near.path, near.cell, row, column, row, column)
    return (Edit(place, insertion.text),)


# -- the provider's cache --------------------------------------------------------------

_MARK = '{"type": "ephemeral"}'


def _caches(finding: Finding, lines_of: LinesOf) -> Iterator[Fix]:
    """Yield a mark on Anthropic's system prompt, where that is what is sent again."""
    site = finding.estimate.site
    lines = lines_of(site.area.path, site.area.cell) or ()
    call = None if site.wraps else call_at(site.area, lines)
    system = call.keyword("system") if call is not None else None
    if system is None:
        return
    title = "Mark the system prompt for the cache (cache_control)"
    if system.type == "list":
        block = system.last_item()
        if block is not None:
            edits = _inserted(site.area, block.with_argument("cache_control", _MARK))
            if edits:
                yield Fix(title, edits)
    elif system.type in ("string", "concatenated_string") or (
        system.type == "identifier" and _is_text(system.text, lines)
    ):
        area = system.area(site.area.path, site.area.cell)
        block_text = (
            f'[{{"type": "text", "text": {system.text}, "cache_control": {_MARK}}}]'
        )
        yield Fix(title, (Edit(area, block_text),))


def _is_text(name: str, lines: Lines) -> bool:
    """Say whether every assignment to a name is that of a literal text."""
    assigned = [line for line in lines if re.match(rf"\s*{name}\s*(?::[^=]+)?=", line)]
    return bool(assigned) and all(
        re.match(rf"\s*{name}\s*(?::[^=]+)?=\s*\(?\s*[rRfFuU]{{0,2}}[\"\']", line)
        for line in assigned
    )


# -- a comment -------------------------------------------------------------------------


def _silences(finding: Finding, lines_of: LinesOf) -> Iterator[Fix]:
    """Yield a comment on a line of the call; the user writes the reason."""
    site = finding.estimate.site
    area = site.area
    lines = lines_of(area.path, area.cell)
    if lines is None or area.end_row >= len(lines) or site.family == "jupyter-ai":
        return
    title = f"Ignore {finding.code} here, with a reason"
    for row in range(area.row, area.end_row + 1):
        if ignored(lines[row]) and (end := _IGNORES.search(lines[row])):
            place = Area(area.path, area.cell, row, end.end(), row, end.end())
            yield Fix(title, (Edit(place, f", {finding.code}"),))
            return
    for row in dict.fromkeys((area.end_row, area.row)):
        line = lines[row]
        if ends_in_code(row, lines):
            end_column = len(line.rstrip())
            place = Area(area.path, area.cell, row, end_column, row, len(line))
            yield Fix(
                title, (Edit(place, f"  # cellcost: ignore[{finding.code}] reason"),)
            )
            return


_IGNORES = re.compile(r"#\s*cellcost:\s*ignore\[[A-Z0-9,\s]*(?=\])")

_MENDS: Mapping[str, Callable[[Finding, LinesOf], Iterator[Fix]]] = {
    "COST001": _swaps,
    "COST002": _caps,
    "COST004": _caches,
    "COST006": _swaps,
    "COST007": _swaps,
}
