"""Broken source made whole enough to be read; no line moves."""

import re

__all__ = ["repaired"]

_TOKEN = re.compile(
    r"""
    (?P<comment>\#[^\n]*+)
    | "{3}(?:[^"\\]++|\\.|"(?!""))*+"{3}
    | '{3}(?:[^'\\]++|\\.|'(?!''))*+'{3}
    | "(?:[^"\\\n]++|\\.)*+"
    | '(?:[^'\\\n]++|\\.)*+'
    | (?P<quote>"{3}|'{3}|["'])
    | (?P<open>[(\[{])
    | (?P<close>[)\]}])
    | (?P<line>\n[^\S\n]*(?=[^\s\#]))
    """,
    re.VERBOSE | re.DOTALL,
)
_CLOSER = {"(": ")", "[": "]", "{": "}"}
# After one of these a value is missing.
_HANGS = re.compile(
    r"(?:[:=+\-*/|&%]|\b(?:or|and|not|in|is|if|else|await|lambda|yield))\s*$"
)
_STATEMENT = re.compile(
    r"(?:def|class|import|from|with|while|try|except|finally|return|raise|del|global"
    r"|assert|pass|break|continue|elif|async\s+(?:def|for|with))\b"
    r"|(?:for|if|else)\b[^\n]*:\s*(?:\#[^\n]*)?$"
    r"|@[A-Za-z_]|[A-Za-z_][\w.]*(?:\[[^\]\n]*\])?(?:\s+=|\s*[+|]=)\s*[^=\n]"
    r"|[A-Za-z_][\w.]*\(",
    re.MULTILINE,
)


def repaired(text: str) -> str:
    """Return `text` with its open strings and brackets closed where they should be."""
    out: list[str] = []
    stack: list[str] = []
    comments: dict[int, int] = {}
    indent = at = scan = 0

    def close(until: int) -> None:
        nonlocal at
        end = _code_end(text, at, until, comments)
        code = text[at:end]
        out.append(code)
        if _HANGS.search(code[-80:]):
            out.append(" None")
        elif code.endswith("."):
            out.append("_")
        out.extend(_CLOSER[opener] for opener in reversed(stack))
        stack.clear()
        at = end

    while token := _TOKEN.search(text, scan):
        kind = token.lastgroup
        scan = token.end()
        if kind == "comment":
            comments[token.end()] = token.start()
        elif kind == "quote":
            end = text.find("\n", scan)
            end = len(text) if end < 0 else end
            # Closers that were typed before the quote was: `"gpt-4o)`.
            body = text[:end].rstrip()
            scan = len(body)
            while scan > token.end() and body[scan - 1] in ")]},":
                scan -= 1
            out.append(text[at:scan])
            out.append(token[0])
            at = scan
        elif kind == "open":
            stack.append(token[0])
        elif kind == "close":
            if stack and _CLOSER[stack[-1]] == token[0]:
                stack.pop()
                continue
            out.append(text[at : token.start()])
            at = token.start()
            if any(_CLOSER[opener] == token[0] for opener in stack):
                while _CLOSER[stack[-1]] != token[0]:
                    out.append(_CLOSER[stack.pop()])
                stack.pop()
            else:
                at = token.end()
        elif kind == "line":
            width = len(token[0]) - 1
            if stack and (
                width < indent
                or (width == indent and _STATEMENT.match(text, token.end()))
            ):
                close(token.start())
            if not stack:
                indent = width
    if stack:
        close(len(text))
    out.append(text[at:])
    return "".join(out)


def _code_end(text: str, start: int, end: int, comments: dict[int, int]) -> int:
    """Return where the code before `end` ends: before blanks and comments."""
    while end > start:
        if end in comments:
            end = comments[end]
        elif text[end - 1].isspace():
            end -= 1
        else:
            break
    return max(end, start)
