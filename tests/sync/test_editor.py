"""An open editor's language server sends what is journalled meanwhile."""

import json
import subprocess
import sys
import time

from sending import Book, Cli, Ledger

from cellcost.journal import Reader

PATIENCE = 60.0


def message(body: dict[str, object]) -> bytes:
    text = json.dumps({"jsonrpc": "2.0", **body}).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(text), text)


def test_events_written_while_an_editor_is_open_reach_the_ledger(
    cli: Cli, ledger: Ledger, book: Book
) -> None:
    cli("login", ledger.url, "--key", ledger.key)
    server = subprocess.Popen(
        [sys.executable, "-m", "cellcost_lsp"],
        env=cli.env(),
        cwd=cli.home.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        assert server.stdin is not None
        begin = {"processId": None, "rootUri": None, "capabilities": {}}
        server.stdin.write(message({"id": 1, "method": "initialize", "params": begin}))
        server.stdin.write(message({"method": "initialized", "params": {}}))
        server.stdin.flush()
        book.write(3)
        with Reader(book.home) as reader:
            name = reader.installation
        give_up = time.monotonic() + PATIENCE
        while not any(
            row["installation"] == name and row["events"] == 3
            for row in ledger.verified()["installations"]
        ):
            assert time.monotonic() < give_up
            time.sleep(0.5)
        server.stdin.write(message({"id": 2, "method": "shutdown"}))
        server.stdin.write(message({"method": "exit"}))
        server.stdin.flush()
        assert server.wait(30) == 0
    finally:
        server.kill()
        server.communicate()
