"""Whole programs: what they end in the middle of is still in the journal."""

import multiprocessing
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from cellcost.journal import Reader
from cellcost.records import tokens_of

PROGRAM = textwrap.dedent("""
    import multiprocessing, sys
    import cellcost_meter
    from cellcost.testing.provider import FakeProvider
    cellcost_meter.install()
    import httpx2
    BODY = {"model": "m", "messages": [{"role": "user", "content": "hello"}],
            "stream": True}

    def call(url):
        httpx2.post(url + "/chat/completions", json=BODY)

    if __name__ == "__main__":
        with FakeProvider() as provider:
            call(provider.url)
            context = multiprocessing.get_context(sys.argv[1])
            child = context.Process(target=call, args=(provider.url,))
            child.start()
            child.join()
            client = httpx2.Client()
            request = client.build_request(
                "POST", provider.url + "/chat/completions", json=BODY)
            left_open = client.send(request, stream=True)
""")


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_counts_and_open_streams_are_settled_when_a_process_ends(
    tmp_path: Path, method: str
) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    home = tmp_path / "home"
    ended = subprocess.run(
        [sys.executable, str(program), method],
        env={**os.environ, "CELLCOST_HOME": str(home)},
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0
    with Reader(home) as reader:
        assert reader.pending() == ()
        events = list(reader.events())
    found = sorted((e.confidence, e.where.origin) for e in events)
    assert found == [
        ("estimated", "process"),
        ("estimated", "script"),
        ("partial", "script"),
    ]
    counted = [tokens_of(e.lines) for e in events if e.confidence == "estimated"]
    assert [(used.input, used.output) for used in counted] == [(8, 6), (8, 6)]
