"""What the cells of a real kernel cost is found at their lines, edited or not."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from cellcost.analysis import Notebook, analyse, spots_of
from cellcost.call_sites import source_hash
from cellcost.clock import utc_now
from cellcost.journal import Reader
from cellcost.testing.provider import FakeProvider
from cellcost.views import SiteBook

HELLO = 'messages=[{"role": "user", "content": "hi"}]'
CALL = f'client.chat.completions.create(model="gpt-5-mini", {HELLO})'
SETUP = (
    "import openai\n"
    "client = openai.OpenAI(base_url={!r}, api_key='none', max_retries=0)"
)
CELLS = {
    "define": f"def ask():\n    return {CALL}\n",
    "use": "for n in range(2):\n    ask()\n",
    "plain": f"answer = {CALL}",
    "timed": f"x = 1\n%time {CALL}",
    "whole": f"%%time\n\n{CALL}",
    "multi": "answer = (\n    client.chat\n    .completions.create(\n"
    f'        model="gpt-5-mini", {HELLO}\n    )\n)',
    "twin1": f"{CALL}; 1",
    "twin2": f"{CALL}; 1",
}
CALLS = {"define": 2, "plain": 1, "timed": 1, "whole": 1, "multi": 1}


def known(
    book: SiteBook, path: str, cells: Mapping[str, str], **how: Any
) -> dict[str, int]:
    """Return how many calls the last run made at the call sites of each cell."""
    order = list(cells)
    unit = Notebook(path)
    unit.update(list(enumerate(cells.values())))
    spots = spots_of(unit, analyse(unit), cell_ids=dict(enumerate(order)))
    views = book.sites(path, spots, now=utc_now(), **how)
    return {
        spot.cell: view.last.tally.calls
        for spot, view in zip(spots, views, strict=True)
        if view is not None
    }


def test_cells_have_their_own_calls(desk: Any, provider: FakeProvider) -> None:
    desk.write("a.ipynb")
    notebook = desk.open("a.ipynb")
    setup = SETUP.format(provider.url)
    for cell, source in {"setup": setup, **CELLS}.items():
        # What `%time` prints is no JSON.
        message = notebook.send(source, cell=cell)
        while True:
            told = notebook.client.get_iopub_msg(timeout=60)
            assert told["msg_type"] != "error", told["content"]
            mine = told["parent_header"].get("msg_id") == message
            if mine and told["content"].get("execution_state") == "idle":
                break
    book = SiteBook()
    with Reader(desk.home) as reader:
        book.apply(reader.changes(0).events)
    path = str(desk.work / "a.ipynb")

    cells = {"setup": setup, **CELLS}
    assert known(book, path, cells) == {**CALLS, "twin1": 1, "twin2": 1}
    # Lines put in above a call change nothing, but for what magics ran.
    edited = {cell: f"# new\n{source}" for cell, source in cells.items()}
    assert known(book, path, edited) == {"define": 2, "plain": 1, "multi": 1}
    # Cells of other ids: what stands alike in two of them is told apart no longer.
    renamed = {f"{cell}-2": source for cell, source in cells.items()}
    assert known(book, path, renamed) == {"define-2": 2, "plain-2": 1, "multi-2": 1}

    hashes = {cell: source_hash(source) for cell, source in cells.items()}
    figures = book.cells(path, hashes, now=utc_now())
    assert {cell: view.last.tally.calls for cell, view in figures.items()} == {
        "use": 2,
        **dict.fromkeys(("plain", "timed", "whole", "multi", "twin1", "twin2"), 1),
    }
    whole = book.file(path, now=utc_now())
    assert whole is not None
    assert whole.month is not None
    assert whole.month.calls == 8


def test_a_cells_uri_means_it_only_while_the_editor_is_open(
    desk: Any, provider: FakeProvider
) -> None:
    notebook = desk.open("a.ipynb")
    uri = "vscode-notebook-cell:/notes/a.ipynb#W0sZmlsZQ%3D%3D"
    other = uri.replace("W0s", "W1s")
    began = utc_now()
    notebook.run(SETUP.format(provider.url), cell="setup")
    notebook.run(CALL, cell=uri)
    notebook.run(CALL, cell=other)
    notebook.run(CALL, cell=other)
    book = SiteBook()
    with Reader(desk.home) as reader:
        book.apply(reader.changes(0).events)
    path = str(desk.work / "a.ipynb")
    cells = {uri: CALL, other: f"{CALL}\n"}
    assert known(book, path, cells, opened=began) == {uri: 1, other: 1}
    # Opened anew, the second may be another cell: its source is not what was run.
    later = utc_now() + timedelta(seconds=1)
    assert known(book, path, cells, opened=later) == {}
    assert known(book, path, {uri: CALL, other: "1"}, opened=later) == {uri: 1}
