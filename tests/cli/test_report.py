"""`cellcost report`: the figures of the journal, for people and for programs."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from cellcost.ids import new_id
from cellcost.journal import record_rename
from cellcost.testing.records import gpu_event


def test_rows_are_json_with_exact_money(cli, book):
    book.call(1_250_000)
    book.call(None, model="smollm2")
    done = cli("report", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    tokens = {
        "input": 1000,
        "output": 350,
        "cache_read": 400,
        "cache_write": 0,
        "reasoning": 0,
    }
    assert json.loads(done.stdout) == [
        {
            "key": "gpt-5",
            "calls": 1,
            "tokens": tokens,
            "gpu": {"busy_ms": 0, "held_ms": 0},
            "cost_nusd": "3750000",
            "unpriced": 0,
        },
        {
            "key": "smollm2",
            "calls": 1,
            "tokens": tokens,
            "gpu": {"busy_ms": 0, "held_ms": 0},
            "cost_nusd": None,
            "unpriced": 1,
        },
    ]


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        ("cell", ["work/a.ipynb#c1", "work/b.ipynb#c1"]),
        ("notebook", ["work/a.ipynb", "work/b.ipynb"]),
        ("model", ["gpt-5", "gpt-5-mini"]),
        ("team", ["search", ""]),
        ("function", ["chat", ""]),
        ("environment", ["", "prod"]),
        ("release", ["1f2e3d", ""]),
        ("call_site", ["cell:answer:3"]),
        ("day", ["2026-11-20", "2026-11-21"]),
    ],
)
def test_rows_of_every_kind_add_up(cli, book, by, keys):
    first = {"team": "search", "function": "chat", "release": "1f2e3d"}
    event = book.call(2_000_000, tags=first)
    book.call(
        1_000_000,
        notebook="work/b.ipynb",
        model="gpt-5-mini",
        tags={"environment": "prod"},
        at=event.time + timedelta(days=1),
    )
    rows = json.loads(cli("report", "--by", by, "--json").stdout)
    assert [row["key"] for row in rows] == keys
    assert sum(int(row["cost_nusd"]) for row in rows) == 9_000_000
    assert sum(row["calls"] for row in rows) == 2


def test_a_table_says_what_is_uncertain_in_words(cli, book):
    book.call(4_000_000)
    book.call(1_000_000, model="gpt-5-mini", confidence="estimated")
    book.call(None, model="smollm2")
    done = cli("report")
    assert done.stdout.splitlines() == [
        "model       calls     in → out  cached        cost",
        "gpt-5           1   1.0k → 350     40%     $0.0120",
        "gpt-5-mini      1   1.0k → 350     40%  ≈ $0.00300  1 estimated",
        "smollm2         1   1.0k → 350     40%    unpriced  1 unpriced",
        "total           3  3.0k → 1.1k     40%   ≥ $0.0150  1 unpriced · 1 estimated",
    ]


def test_gpus_have_rows_of_their_own(cli, book):
    book.call(1_000_000)
    book.writer.settle(gpu_event(busy_ms=41_000, cost_nusd=34_000_000))
    book.writer.settle(gpu_event(busy_ms=0, held_ms=7_800_000, cost_nusd=6_500_000_000))
    book.writer.settle(gpu_event(busy_ms=500, cost_nusd=None, device="NVIDIA X"))
    assert cli("report", "--by", "gpu").stdout.splitlines() == [
        "gpu           busy  held idle      cost",
        "NVIDIA H100   41 s   2 h 10 m     $6.53",
        "NVIDIA X     0.5 s             unpriced  1 unpriced",
        "total         42 s   2 h 10 m   ≥ $6.53  1 unpriced",
    ]
    first, _ = json.loads(cli("report", "--by", "gpu", "--json").stdout)
    assert first["cost_nusd"] == "6534000000"
    assert first["gpu"] == {"busy_ms": 41_000, "held_ms": 7_800_000}
    models = json.loads(cli("report", "--json").stdout)
    assert sum(int(row["cost_nusd"] or 0) for row in models) == 6_537_000_000


def test_no_colour_code_is_written_to_a_pipe(cli, book):
    book.call()
    assert "\x1b" not in cli("report").stdout
    assert "\x1b" not in cli("report", TERM="xterm-256color").stdout


def test_a_span_and_a_notebook_choose(cli, book, days_ago):
    book.call(1, at=days_ago(1), notebook="work/a.ipynb")
    book.call(10, at=days_ago(9), notebook="work/a.ipynb")
    book.call(100, at=days_ago(1), notebook="other/a.ipynb")

    def cost(*arguments: str) -> int:
        rows = json.loads(cli("report", "--json", *arguments).stdout)
        return sum(int(row["cost_nusd"]) for row in rows) // 3

    assert cost() == 111
    assert cost("--since", "7d") == 101
    assert cost("--until", "7d") == 10
    assert cost("--since", "2w", "--until", "3d") == 10
    assert cost("--since", "today") == 0
    assert cost("--notebook", "work/a.ipynb") == 11
    assert cost("--notebook", "a.ipynb", "--since", "7d") == 101
    assert cost("--notebook", "ipynb") == 0
    assert cost("--since", days_ago(2).date().isoformat()) == 101


def test_a_renamed_notebook_is_one_notebook(cli, book, home):
    book.call(1, notebook="old.ipynb")
    record_rename(home, "old.ipynb", "new.ipynb")
    book.call(10, notebook="new.ipynb")
    rows = json.loads(cli("report", "--by", "notebook", "--json").stdout)
    assert [(row["key"], row["calls"]) for row in rows] == [("new.ipynb", 2)]
    rows = json.loads(cli("report", "--notebook", "new.ipynb", "--json").stdout)
    assert rows[0]["calls"] == 2


def test_a_call_of_a_kernel_that_knows_the_old_name_is_the_renamed_notebooks(
    cli, book, home
):
    book.call(1, notebook="/projects/old/a.ipynb")
    record_rename(home, "/projects/old", "/projects/new")
    book.call(10, notebook="/projects/old/a.ipynb")  # the kernel was started before
    book.call(100, notebook="/projects/older/a.ipynb")
    rows = json.loads(cli("report", "--by", "notebook", "--json").stdout)
    assert {row["key"]: row["calls"] for row in rows} == {
        "/projects/new/a.ipynb": 2,
        "/projects/older/a.ipynb": 1,
    }


def test_a_person_reads_paths_from_the_folder_where_they_are(cli, book):
    book.call(1, notebook=str(cli.folder / "sub" / "a.ipynb"))
    for by in ("notebook", "cell"):
        shown = cli("report", "--by", by).stdout
        assert "\nsub/a.ipynb" in shown
        assert str(cli.folder) not in shown
    assert "sub/a.ipynb · " in cli("events").stdout


def test_a_running_call_is_said_and_not_summed(cli, book):
    event = book.call(1_000_000)
    book.begin(replace(event, id=new_id()))
    done = cli("report")
    assert "1 call is still running and not in these figures." in done.stdout
    assert json.loads(cli("report", "--json").stdout)[0]["calls"] == 1


def test_an_empty_home_teaches_what_to_do(cli):
    done = cli("report")
    assert done.returncode == 0
    assert done.stdout.startswith(f"No calls yet in {cli.home}.")
    assert "cellcost doctor" in done.stdout
    assert cli("report", "--json").stdout.strip() == "[]"
    assert not cli.home.exists()


def test_a_choice_that_finds_nothing_says_so(cli, book):
    book.call()
    assert cli("report", "--notebook", "x.ipynb").stdout.startswith("No calls there.")


def test_control_characters_of_a_model_name_never_reach_the_terminal(cli, book):
    book.call(model="evil\x1b]0;owned\x07\nname")
    out = cli("report").stdout
    assert "\x1b" not in out
    assert "evil\\x1b]0;owned\\x07\\nname" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "soon"], "'soon' is no time; write 7d"),
        (["--by", "colour"], "invalid choice: 'colour'"),
        (["--since"], "expected one argument"),
    ],
)
def test_a_wrong_call_is_a_usage_error(cli, arguments, said):
    done = cli("report", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
