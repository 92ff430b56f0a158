"""A disk without a free byte: the script goes on, and what is lost is said."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from cellcost.journal import Reader, recover
from cellcost.testing.provider import FakeProvider

SCRIPT = """
import resource, sys
import httpx2

BODY = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "hi"}]}

def ask():
    answer = httpx2.post(sys.argv[1] + "/chat/completions", json=BODY, timeout=60)
    print(answer.status_code, flush=True)

# Of every file, the journal's, the spool's and those in the temp folder.
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
ask()
resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
ask()
ask()
if sys.argv[2] == "room again":
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    ask()
"""


@pytest.mark.skipif(os.name != "posix", reason="limits of a process")
@pytest.mark.parametrize(("ends", "kept"), [("room again", 4), ("full", 1)])
def test_a_script_on_a_full_disk_goes_on_and_is_metered_again_when_there_is_room(
    tmp_path: Path, provider: FakeProvider, ends: str, kept: int
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "cellcost.toml").write_text(
        f'[[endpoints]]\nurl = "{provider.origin}"\nprovider = "openai"\n'
    )
    (tmp_path / "script.py").write_text(textwrap.dedent(SCRIPT))
    own = {k: v for k, v in os.environ.items() if not k.startswith("CELLCOST")}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "cellcost_meter.script", "path", "script.py"),
            *(provider.url, ends),
        ],
        cwd=tmp_path,
        env={**own, "CELLCOST_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    calls = 4 if ends == "room again" else 3
    assert (done.returncode, done.stdout) == (0, "200\n" * calls), done.stderr
    assert ("records are lost" in done.stderr) == (ends == "full")
    recover(home)
    with Reader(home) as reader:
        events = list(reader.events())
    # A call that nobody could write down is none of zero dollars.
    assert [event.confidence for event in events] == ["measured"] * kept
    assert all(line.cost_nusd for event in events for line in event.lines)
