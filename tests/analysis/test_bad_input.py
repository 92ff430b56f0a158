"""Odd, huge and broken sources: bounded time, right lines, never an exception."""

import logging
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellcost.analysis import Document, Notebook, analyse, code_cells

HEAD = "from openai import OpenAI\nclient = OpenAI()\n"
CALL = 'client.chat.completions.create(model="gpt-4o", messages=[])\n'

ODD = {
    "a line of 1 MB": 'x = "' + "a" * 1_000_000 + '"\n',
    "a list of 1 MB": "x = [" + "1," * 500_000 + "]\n",
    "a sum of 1 MB": "x = " + '"a"+' * 200_000 + '"b"\n',
    "50,000 lines": "y = f(1)\n" * 50_000,
    "NUL bytes": 'x = "\0"\0\n',
    "form feeds and line separators": '\f\nx = "\u2028\u0085\x0b"\n\x0c',
    "a surrogate": 'x = "\ud800"\n',
    "50,000 brackets": "x = " + "(" * 50_000 + ")" * 50_000 + "\n",
    "50,000 open brackets": "x = " + "(" * 50_000 + "\n",
    "2,000 lists": "x = " + "[" * 2000 + "]" * 2000 + "\n",
    "20,000 attributes": "x = a" + ".b" * 20_000 + "\n",
    "5,000 chained calls": "x = a" + ".b()" * 5000 + "\n",
    "3,000 elifs": "if a: pass\n" + "elif b: x = 1\n" * 3000,
    "300 nested functions": "".join(" " * n + f"def f{n}():\n" for n in range(300))
    + " " * 300
    + "pass\n",
    "20,000 nots": "x = " + "not " * 20_000 + "y\n",
    "1,001 triple quotes": '"""' * 1001 + "\n",
    "5,000 continued lines": "x = 1 + \\\n" * 5000 + "2\n",
    "endless recursion": "def a(): return b()\ndef b(): return a()\na()\n",
    "doubling calls": "def f0(x): pass\n"
    + "".join(f"def f{n}(x): f{n - 1}(x); f{n - 1}(x)\n" for n in range(1, 40))
    + "f39(1)\n",
    "a doubling text": 's = "a"\n' + "s = s + s\n" * 100,
    "doubling branches": 'm = "a"\n' + 'if q: m = m + "b"\nelse: m = m + "c"\n' * 60,
    "a huge range": "for i in range(10**30): pass\nx = [0] * 10**12\n",
    "40 nested loops": "".join("  " * n + f"for i{n} in range(9):\n" for n in range(40))
    + "  " * 40
    + "x = x + 1\n",
    "things that hold themselves": "class A(A): pass\nx = []\nx.append(x)\n"
    'd = {}\nd["d"] = d\nclient.responses.create(model=d, input=x, **d)\n',
}


def test_a_range_is_read_at_any_index() -> None:
    (site,) = analyse(Document("a.py", HEAD + "r = range(9)\nx = r[5], r[-1]\n" + CALL))
    assert site.area.row == 4


@pytest.mark.parametrize("name", ODD)
def test_a_call_after_something_odd_is_found_on_its_line(name: str) -> None:
    text = HEAD + ODD[name] + CALL
    started = time.process_time()
    sites = analyse(Document("a.py", text))
    took_seconds = time.process_time() - started
    rows = re.split(r"\r\n|\r|\n", text)
    assert sites[-1].area.row == max(
        row for row, line in enumerate(rows) if CALL[:20] in line
    )
    # Far above what it takes (bench/bench_analysis.py), far below a hang.
    assert took_seconds < 20


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_lines_end_where_the_language_server_protocol_says(ends: str) -> None:
    text = (HEAD + "x = '\u2028\x0b\x0c\u0085'\n" + CALL).replace("\n", ends)
    (site,) = analyse(Document("a.py", text))
    assert site.area.row == 3


def test_mixed_line_ends_are_each_one_line() -> None:
    text = "from openai import OpenAI\r\nclient = OpenAI()\rx = 1\n\r\n" + CALL
    (site,) = analyse(Document("a.py", text))
    assert site.area.row == 4


def test_columns_are_code_points() -> None:
    text = HEAD + 'x = "é😀"; ' + CALL
    (site,) = analyse(Document("a.py", text))
    assert site.area.column == len('x = "é😀"; ')


WORDS = """( ) [ ] { } : , . = == + * ** @ -> # ' " def class if else for in while try
except with as lambda return yield await async import from model= "gpt-4o" f"{x}"
client.responses.create None self ... := %time ! ? 0x match case _ del global not"""
TOKENS = st.sampled_from([*WORDS.split(), '"""', "\\", "\n", "\n    ", "\t", "\0", "é"])


def _no_trouble(record: logging.LogRecord) -> bool:
    raise AssertionError(record.getMessage()) from (record.exc_info or (0, None))[1]


@settings(max_examples=300, deadline=None)
@given(st.lists(TOKENS, max_size=60), st.booleans())
def test_no_text_raises(tokens: list[str], spaced: bool) -> None:
    logging.getLogger("cellcost.analysis.analyser").addFilter(_no_trouble)
    text = HEAD + (" " if spaced else "").join(tokens)
    rows = len(re.split(r"\r\n|\r|\n", text))
    for site in analyse(Document("a.py", text)):
        assert 0 <= site.area.row <= site.area.end_row < rows
    notebook = Notebook("n.ipynb")
    notebook.update([(0, HEAD), (1, "".join(tokens)), (2, CALL)])
    assert any(site.area.cell == 2 for site in analyse(notebook)) or "client" in text


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "1", '{"cells": 3}', "[" * 100_000, '{"cells"', "\0"],
)
def test_a_broken_notebook_is_none(text: str) -> None:
    assert code_cells(text) is None


def test_a_notebook_of_odd_cells_gives_its_code() -> None:
    text = (
        '{"cells": [null, 3, {"cell_type": "markdown", "source": "x"},'
        ' {"cell_type": "code", "source": ["a = 1\\n", 3, "b"]},'
        ' {"cell_type": "code"}, {"cell_type": "code", "source": "c"}]}'
    )
    assert code_cells(text) == [(3, "a = 1\nb"), (4, ""), (5, "c")]


def test_a_notebook_of_another_language_has_no_python() -> None:
    text = '{"metadata": {"kernelspec": {"language": "R"}}, "cells": []}'
    assert code_cells(text) == []
