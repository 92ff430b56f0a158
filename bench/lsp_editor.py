"""An editor that speaks to a language server over stdio, for the benches."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

__all__ = ["VIEWPORT", "Editor"]

VIEWPORT = 60
"""Lines that are asked for at once."""


class Editor:
    """A server and what an editor says to it; `workspace` is the folder it has open."""

    def __init__(self, command: tuple[str, ...], workspace: Path | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        env = {**os.environ, "CELLCOST_HOME": self._folder.name}
        self._process = subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=env,
            cwd=self._folder.name,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in: IO[bytes] = self._process.stdin
        self._out: IO[bytes] = self._process.stdout
        self._id = 0
        self._version = 1
        root = (workspace or Path(self._folder.name)).as_uri()
        folders = [{"uri": root, "name": "bench"}] if workspace else []
        self.uri = f"{root}/a.py"
        self.ask(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": root,
                "workspaceFolders": folders,
                "capabilities": {"workspace": {"workspaceFolders": True}},
            },
        )
        self.tell("initialized", {})

    def open(self, text: str) -> None:
        """Open a document."""
        item = {"uri": self.uri, "languageId": "python", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": item})

    def type(self, row: int, column: int, text: str, over: int = 0) -> None:
        """Type over so many characters."""
        self._version += 1
        start = {"line": row, "character": column}
        end = {"line": row, "character": column + over}
        changes = [{"range": {"start": start, "end": end}, "text": text}]
        document = {"uri": self.uri, "version": self._version}
        self.tell(
            "textDocument/didChange",
            {"textDocument": document, "contentChanges": changes},
        )

    def hints(self, first: int) -> list[Any]:
        """Return the hints of one screen."""
        asked = {
            "start": {"line": max(first, 0), "character": 0},
            "end": {"line": first + VIEWPORT, "character": 0},
        }
        params = {"textDocument": {"uri": self.uri}, "range": asked}
        found: list[Any] = self.ask("textDocument/inlayHint", params)
        return found

    def command(self, name: str) -> Any:
        """Return the answer to a command."""
        return self.ask("workspace/executeCommand", {"command": name, "arguments": []})

    def ask(self, method: str, params: Any) -> Any:
        """Return the answer to a request; what the server says meanwhile is dropped."""
        self._id += 1
        self._send({"id": self._id, "method": method, "params": params})
        while True:
            message = self._read()
            if message.get("id") == self._id and "method" not in message:
                if "error" in message:
                    raise RuntimeError(str(message["error"]))
                return message["result"]

    def tell(self, method: str, params: Any) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._process.pid

    def close(self) -> None:
        """End the server."""
        self._process.kill()
        self._process.wait(30)
        self._in.close()
        self._out.close()
        self._folder.cleanup()

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._in.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._in.flush()

    def _read(self) -> dict[str, Any]:
        length = 0
        while (line := self._out.readline()) != b"\r\n":
            if not line:
                raise RuntimeError("the server ended")
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        message: dict[str, Any] = json.loads(self._out.read(length))
        return message
