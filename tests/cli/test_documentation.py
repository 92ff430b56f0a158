"""docs/cli.md: every command and option is in it, and what it shows runs."""

import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    for line in block.splitlines()
]


def test_every_command_and_option_is_documented(cli):
    _, _, listed = cli("--help").stdout.partition("  COMMAND\n")
    names = re.findall(r"^ {4}([a-z]+) ", listed, re.MULTILINE)
    assert {"report", "events", "prices", "trust", "doctor", "run"} <= {*names}
    for name in names:
        (section,) = [
            s for s in TEXT.split("\n## ") if f"`cellcost {name}`" in s.split("\n")[0]
        ]
        for option in re.findall(
            r"(?<=[\s\[])--?[a-z][a-z-]*", cli(name, "--help").stdout
        ):
            assert option in ("-h", "--help") or f"`{option}`" in section


@pytest.mark.parametrize("line", COMMANDS)
def test_every_shown_command_runs(cli, book, line):
    book.call(at=datetime.now(UTC))
    book.call(notebook="analysis.ipynb")
    (cli.home / "cellcost.toml").write_text(
        '[[endpoints]]\nurl = "http://gpu-7.example.com:8000/v1"\nprovider = "vllm"\n'
        "rates = { input = 0.1, output = 0.4 }"
    )
    (cli.folder / "cellcost.toml").write_text(
        '[[endpoints]]\nurl = "https://llm.example.com"\nprovider = "openai"'
    )
    if line == "cellcost trust --revoke":
        cli("trust")
    program, *arguments = shlex.split(line)
    done = cli(*arguments)
    assert program == "cellcost"
    # The doctor judges the environment that runs the tests.
    assert done.returncode == 0 or line == "cellcost doctor", done.stderr
    assert done.stdout


def test_the_shown_table_is_the_one_that_is_printed(cli, book):
    book.call(4_000_000)
    book.call(1_000_000, model="gpt-5-mini", confidence="estimated")
    book.call(None, model="smollm2")
    assert cli("report").stdout in TEXT
