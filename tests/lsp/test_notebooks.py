"""Notebooks: one scope over cells, in the order in which they run."""

HEAD = "from openai import OpenAI\nclient = OpenAI()"
ASK = 'client.responses.create(model=MODEL, input="Hello", max_output_tokens=100)'
BIG, SMALL = 'MODEL = "gpt-4o"', 'MODEL = "gpt-4o-mini"'
BIG_COST, SMALL_COST = "≈ $0.0010", "≈ $0.00006"


def cost(editor, cell):
    """Return the figure behind the call of a cell."""
    ((_, label),) = editor.labels(cell)
    return label.partition(" · ")[0]


def test_a_cell_knows_what_others_define(counting):
    cells = counting.open_notebook("a.ipynb", [HEAD, BIG, ASK])
    assert counting.labels(cells[0]) == counting.labels(cells[1]) == []
    assert cost(counting, cells[2]) == BIG_COST
    at = {"line": 0, "character": len(BIG) - 1}
    edit = {"range": {"start": at, "end": at}, "text": "-mini"}
    counting.type_in_cell("a.ipynb", cells[1], [edit])
    counting.until(lambda: cost(counting, cells[2]) == SMALL_COST)


def test_cells_count_in_the_order_in_which_they_ran(counting):
    cells = counting.open_notebook("a.ipynb", [HEAD, SMALL, BIG, ASK])
    assert cost(counting, cells[3]) == BIG_COST
    for order, cell in enumerate((cells[0], cells[2], cells[1], cells[3]), start=1):
        counting.ran("a.ipynb", cell, order)
    counting.until(lambda: cost(counting, cells[3]) == SMALL_COST)


def test_a_cell_that_comes_or_goes_is_followed(counting):
    cells = counting.open_notebook("a.ipynb", [HEAD, SMALL, ASK])
    assert cost(counting, cells[2]) == SMALL_COST
    new = counting.insert_cell("a.ipynb", 2, BIG)
    counting.until(lambda: cost(counting, cells[2]) == BIG_COST)
    assert counting.labels(new) == []
    counting.remove_cell("a.ipynb", 2)
    counting.until(lambda: cost(counting, cells[2]) == SMALL_COST)


def test_magics_are_read_in_place(counting):
    cells = counting.open_notebook(
        "a.ipynb", [HEAD, BIG, f"%%time\n!ls\n{ASK}", f"%%bash\n{ASK}"]
    )
    assert [line for line, _ in counting.labels(cells[2])] == [2]
    assert counting.labels(cells[3]) == []


def test_cells_of_other_languages_are_left_alone(counting):
    cells = counting.open_notebook("a.ipynb", [HEAD, BIG, ASK], language="r")
    assert [counting.labels(cell) for cell in cells] == [[], [], []]


def test_a_closed_notebook_is_forgotten(counting):
    cells = counting.open_notebook("a.ipynb", [HEAD, BIG, ASK])
    counting.close_notebook("a.ipynb")
    assert counting.labels(cells[2]) == []


def test_an_import_means_the_open_buffer_and_then_the_file(counting, root):
    (root / "models.py").write_text(f"{SMALL}\n", "utf-8")
    user = counting.open("a.py", f"{HEAD}\nfrom models import MODEL\n{ASK}\n")
    assert cost(counting, user) == SMALL_COST
    models = counting.open("models.py", f"{BIG}\n")
    counting.until(lambda: cost(counting, user) == BIG_COST)
    counting.close(models)
    counting.until(lambda: cost(counting, user) == SMALL_COST)
    (root / "models.py").write_text(f"{BIG}\n", "utf-8")
    change = {"uri": counting.uri("models.py"), "type": 2}
    counting.notify("workspace/didChangeWatchedFiles", {"changes": [change]})
    counting.until(lambda: cost(counting, user) == BIG_COST)
