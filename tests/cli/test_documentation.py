"""docs/cli.md: every command and option is in it, and what it shows runs."""

import argparse
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cellcost.cli import doctor, events, prices, report, trust

TEXT = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    for line in block.splitlines()
]


def parsers() -> dict[str, argparse.ArgumentParser]:
    """The commands of the core by name."""
    commands = argparse.ArgumentParser().add_subparsers()
    for module in (report, events, prices, trust, doctor):
        module.register(commands)
    return dict(commands.choices)


@pytest.mark.parametrize("name", sorted(parsers()))
def test_every_option_of_a_command_is_documented(name):
    _, _, rest = TEXT.partition(f"## `cellcost {name}`")
    section = rest.partition("\n## ")[0]
    assert section
    for option in re.findall(r"--[a-z]+", parsers()[name].format_help()):
        assert option == "--help" or f"`{option}`" in section


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
