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
    | (?P<colon>:(?!=))
    | (?P<line>\n[^\S\n]*(?=[^\s\#]))
    """,
    re.VERBOSE | re.DOTALL,
)
_CLOSER = {"(": ")", "[": "]", "{": "}"}
# After one of these a value is missing.
_HANGS = re.compile(
    r"(?:[=+\-*/|&%<>,]|\b(?:or|and|not|in|is|if|else|await|lambda|yield))\s*$"
)
_ATTRIBUTE_HANGS = re.compile(r"[A-Za-z_)\]]\w*\.$|[)\]]\.$")
_COMPOUND = re.compile(
    r"(?:def|class|if|elif|else|for|while|with|try|except|finally|match|case"
    r"|async\s+(?:def|for|with))\b"
)
# No line inside brackets starts so.
_KEYWORD = re.compile(
    r"(?:def|class|import|from|with|while|try|except|finally|return|raise|del|global"
    r"|assert|pass|break|continue|elif|async\s+(?:def|with))\b(?!\s*[=,)\]])"
)
# No line inside brackets that is not indented starts so.
_STATEMENT = re.compile(
    r"(?:for|if|else)\b[^\n]*:\s*(?:\#[^\n]*)?$"
    r"|@[A-Za-z_]|[A-Za-z_][\w.]*(?:\[[^\]\n]*\])?(?:\s+=|\s*[+|]=)\s*[^=\n]"
    r"|[A-Za-z_][\w.]*\(",
    re.MULTILINE,
)


def repaired(text: str) -> str:
    """Return `text` with its open strings and brackets closed where they should be."""
    return _Repair(text).run()


class _Repair:
    """One pass over a text, statement by statement."""

    __slots__ = (
        "_at",
        "_colon",
        "_comments",
        "_indent",
        "_out",
        "_stack",
        "_start",
        "_text",
    )

    def __init__(self, text: str) -> None:
        self._text = text
        self._out: list[str] = []
        self._stack: list[str] = []
        self._comments: dict[int, int] = {}
        self._at = 0
        """Up to where the text is in `out`."""
        self._start = len(text) - len(text.lstrip())
        """Where the statement begins."""
        self._indent = self._start - (text.rfind("\n", 0, self._start) + 1)
        self._colon = False
        """Whether the statement has had a colon outside brackets."""

    def run(self) -> str:
        text, scan = self._text, 0
        while token := _TOKEN.search(text, scan):
            scan = token.end()
            match token.lastgroup:
                case "comment":
                    self._comments[token.end()] = token.start()
                case "quote":
                    scan = self._close_string(token)
                case "open":
                    self._stack.append(token[0])
                case "close":
                    self._close_bracket(token)
                case "colon":
                    self._colon = self._colon or not self._stack
                case "line":
                    self._line(token)
                case _:
                    pass
        self._end_statement(len(text))
        self._out.append(text[self._at :])
        return "".join(self._out)

    def _close_string(self, token: re.Match[str]) -> int:
        text = self._text
        end = text.find("\n", token.end())
        # Closers that were typed before the quote was: `"gpt-4o)`.
        body = text[: len(text) if end < 0 else end].rstrip()
        scan = len(body)
        while scan > token.end() and body[scan - 1] in ")]},":
            scan -= 1
        self._out.append(text[self._at : scan])
        self._out.append(token[0])
        self._at = scan
        return scan

    def _close_bracket(self, token: re.Match[str]) -> None:
        stack, closer = self._stack, token[0]
        if stack and _CLOSER[stack[-1]] == closer:
            stack.pop()
            return
        self._out.append(self._text[self._at : token.start()])
        self._at = token.start()
        if any(_CLOSER[opener] == closer for opener in stack):
            while _CLOSER[stack[-1]] != closer:
                self._out.append(_CLOSER[stack.pop()])
            stack.pop()
        else:
            self._at = token.end()

    def _line(self, token: re.Match[str]) -> None:
        width = len(token[0]) - 1
        text, at = self._text, token.end()
        if self._stack:
            ends = (
                width < self._indent
                or _KEYWORD.match(text, at) is not None
                or (width == self._indent and _STATEMENT.match(text, at) is not None)
            )
            if not ends:
                return
        elif text.endswith("\\", 0, token.start()):
            return
        self._end_statement(token.start())
        self._start = at
        self._indent = width
        self._colon = False

    def _end_statement(self, until: int) -> None:
        """Close what the statement that ends at `until` left open."""
        text = self._text
        end = _code_end(text, self._at, until, self._comments)
        code = text[self._at : end]
        tail = code[-80:] or "".join(self._out[-2:])[-80:]
        compound = _COMPOUND.match(text, self._start) is not None
        self._at = end
        closers = "".join(_CLOSER[opener] for opener in reversed(self._stack))
        if self._stack and tail.endswith(":") and compound and not self._colon:
            # `def f(a, b:` lacks its bracket, not a value.
            self._out.append(code.removesuffix(":"))
            self._out.append(closers + ":")
        else:
            self._out.append(code)
            if _HANGS.search(tail) and not (tail.endswith(",") and not self._stack):
                self._out.append("" if tail.endswith(",") else " None")
            elif self._stack and tail.endswith(":"):
                self._out.append(" None")
            elif _ATTRIBUTE_HANGS.search(tail):
                self._out.append("_")
            self._out.append(closers)
            if compound and not self._colon and (closers or code):
                self._out.append(":")
        self._stack.clear()


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
