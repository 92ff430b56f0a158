"""A lean LSP client that speaks raw stdio (or TCP) to the real server process."""

import itertools
import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

PATIENCE = 60.0
"""Seconds until a test gives up waiting; the machine may be slow."""

Json = Any


class Refused(Exception):
    """The server answered with an error."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(str(error))
        self.code = error.get("code")


class Wire:
    """Messages in both directions; answers the server's own requests."""

    def __init__(
        self, reading: BinaryIO, writing: BinaryIO, configuration: Json = None
    ) -> None:
        self.configuration = configuration
        """What `workspace/configuration` answers for the section `cellcost`."""
        self.got: list[Json] = []
        """Every notification and request of the server, in order."""
        self.wire = writing
        self._reading, self._writing = reading, writing
        self._ids = itertools.count(1)
        self._answers: dict[int, queue.Queue[Json]] = {}
        self._news = threading.Condition()
        self._send_lock = threading.Lock()
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def send(self, message: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        with self._send_lock:
            self._writing.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            self._writing.flush()

    def notify(self, method: str, params: Json = None) -> None:
        self.send({"method": method, "params": params})

    def ask(self, method: str, params: Json = None) -> int:
        """Send a request and return its id, for `answer` or `cancel`."""
        number = next(self._ids)
        self._answers[number] = queue.Queue()
        self.send({"id": number, "method": method, "params": params})
        return number

    def answer(self, number: int) -> Json:
        try:
            message = self._answers[number].get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError("the server did not answer") from None
        if "error" in message:
            raise Refused(message["error"])
        return message["result"]

    def request(self, method: str, params: Json = None) -> Json:
        return self.answer(self.ask(method, params))

    def cancel(self, number: int) -> None:
        self.notify("$/cancelRequest", {"id": number})

    def wait_for(
        self,
        method: str,
        wanted: Callable[[Json], bool] = lambda _: True,
        since: int = 0,
    ) -> Json:
        """Return the params of the first such message that came, or comes."""
        deadline = time.monotonic() + PATIENCE
        with self._news:
            while True:
                for message in self.got[since:]:
                    if message["method"] == method and wanted(message.get("params")):
                        return message.get("params")
                left = deadline - time.monotonic()
                if left <= 0 or self.ended.is_set():
                    raise AssertionError(f"no {method} came that was wanted")
                self._news.wait(min(left, 1.0))

    def until(self, fits: Callable[[], bool]) -> None:
        """Ask again, each time the server sends something, until it fits."""
        deadline = time.monotonic() + PATIENCE
        while True:
            count = len(self.got)
            if fits():
                return
            with self._news:
                if len(self.got) == count:
                    self._news.wait(0.5)
            assert time.monotonic() < deadline, "it never came to fit"

    def seen(self, method: str) -> list[Json]:
        """Return the params of every such message so far."""
        return [m.get("params") for m in self.got if m["method"] == method]

    def _read(self) -> None:
        try:
            while (message := self._message()) is not None:
                if "method" in message:
                    if "id" in message:
                        self._serve(message)
                    with self._news:
                        self.got.append(message)
                        self._news.notify_all()
                else:
                    self._answers[message["id"]].put(message)
        except (OSError, ValueError):
            pass
        self.ended.set()

    def _message(self) -> Json | None:
        length = 0
        while line := self._reading.readline():
            if line == b"\r\n":
                return json.loads(self._reading.read(length))
            name, _, value = line.partition(b":")
            assert value, f"not the protocol: {line!r}"
            if name.lower() == b"content-length":
                length = int(value)
        return None

    def _serve(self, message: Json) -> None:
        result: Json = None
        if message["method"] == "workspace/configuration":
            result = [self.configuration for _ in message["params"]["items"]]
        elif message["method"] == "workspace/applyEdit":
            result = {"applied": True}
        self.send({"id": message["id"], "result": result})


CAPABILITIES: Mapping[str, Any] = {
    "workspace": {
        "configuration": True,
        "didChangeConfiguration": {"dynamicRegistration": True},
        "didChangeWatchedFiles": {"dynamicRegistration": True},
        "inlayHint": {"refreshSupport": True},
        "codeLens": {"refreshSupport": True},
        "workspaceFolders": True,
        "applyEdit": True,
        "workspaceEdit": {"documentChanges": True},
    },
    "textDocument": {
        "publishDiagnostics": {
            "relatedInformation": True,
            "codeDescriptionSupport": True,
        },
        "inlayHint": {"resolveSupport": {"properties": ["tooltip"]}},
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix"]}},
            "resolveSupport": {"properties": ["edit"]},
            "dataSupport": True,
        },
        "hover": {"contentFormat": ["markdown", "plaintext"]},
    },
    "notebookDocument": {"synchronization": {"executionSummarySupport": True}},
    "window": {"workDoneProgress": True, "showMessage": {}},
}


class Editor(Wire):
    """An editor with a server of its own: opens, types, asks."""

    def __init__(
        self,
        reading: BinaryIO,
        writing: BinaryIO,
        root: Path,
        process: "subprocess.Popen[bytes]",
        log: Path,
        configuration: Json = None,
    ) -> None:
        super().__init__(reading, writing, configuration)
        self.root = root
        self.process = process
        self._log = log
        self._log_from = 0
        self._versions: dict[str, int] = {}
        self._cells: dict[str, list[str]] = {}
        self.capabilities: Json = None

    @property
    def log(self) -> str:
        """What the server has written to standard error since the test began."""
        return self._log.read_bytes()[self._log_from :].decode("utf-8", "replace")

    def enter(self, root: Path) -> None:
        """Begin a test: names are below `root`, nothing has been said or logged."""
        self.root = root
        self._log_from = self._log.stat().st_size
        with self._news:
            self.got = []

    def leave(self) -> None:
        """Close all that is open, and see that the server still answers."""
        for notebook in tuple(self._cells):
            self._close_notebook(notebook)
        for uri in tuple(self._versions):
            self.close(uri)
        assert self.hints(self.uri("nothing.py")) == []

    def start(
        self,
        *,
        options: Json = None,
        encodings: Sequence[str] = ("utf-16",),
        capabilities: Mapping[str, Any] = CAPABILITIES,
        more: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    ) -> None:
        answer = self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": self.root.as_uri(),
                "workspaceFolders": [{"uri": self.root.as_uri(), "name": "test"}],
                "capabilities": {
                    **capabilities,
                    **{k: {**capabilities[k], **v} for k, v in more.items()},
                    "general": {"positionEncodings": list(encodings)},
                },
                "initializationOptions": options,
            },
        )
        self.capabilities = answer["capabilities"]
        self.notify("initialized", {})

    def uri(self, name: str) -> str:
        return (self.root / name).as_uri()

    def open(self, name: str, text: str, *, language: str = "python") -> str:
        uri = name if ":" in name else self.uri(name)
        self._versions[uri] = 1
        item = self._item(uri, text, language)
        self.notify("textDocument/didOpen", {"textDocument": item})
        return uri

    def replace(self, uri: str, text: str) -> None:
        self.change(uri, [{"text": text}])

    def type(
        self, uri: str, line: int, character: int, text: str, *, over: int = 0
    ) -> None:
        """Type on a line, over so many units that stand there."""
        start = {"line": line, "character": character}
        end = {"line": line, "character": character + over}
        self.change(uri, [{"range": {"start": start, "end": end}, "text": text}])

    def change(self, uri: str, changes: Sequence[Json]) -> None:
        self._versions[uri] += 1
        self.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": uri, "version": self._versions[uri]},
                "contentChanges": list(changes),
            },
        )

    def close(self, uri: str) -> None:
        del self._versions[uri]
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def open_notebook(
        self,
        name: str,
        cells: Sequence[str],
        *,
        orders: Mapping[int, int] | None = None,
        language: str = "python",
    ) -> list[str]:
        """Open a notebook of code cells; return the uris of the cells."""
        uri = self.uri(name)
        uris = [
            f"{uri.replace('file:', 'vscode-notebook-cell:')}#C{n}"
            for n in range(len(cells))
        ]
        self._cells[uri] = list(uris)
        self._versions[uri] = 1
        self._versions.update(dict.fromkeys(uris, 1))
        self.notify(
            "notebookDocument/didOpen",
            {
                "notebookDocument": {
                    "uri": uri,
                    "notebookType": "jupyter-notebook",
                    "version": 1,
                    "cells": [
                        self._cell(cell, (orders or {}).get(n))
                        for n, cell in enumerate(uris)
                    ],
                },
                "cellTextDocuments": [
                    self._item(cell, text, language)
                    for cell, text in zip(uris, cells, strict=True)
                ],
            },
        )
        return uris

    def close_notebook(self, name: str) -> None:
        self._close_notebook(self.uri(name))

    def change_notebook(self, name: str, cells: Json) -> None:
        uri = self.uri(name)
        self._versions[uri] += 1
        self.notify(
            "notebookDocument/didChange",
            {
                "notebookDocument": {"uri": uri, "version": self._versions[uri]},
                "change": {"cells": cells},
            },
        )

    def type_in_cell(self, name: str, cell: str, changes: Sequence[Json]) -> None:
        self._versions[cell] += 1
        document = {"uri": cell, "version": self._versions[cell]}
        self.change_notebook(
            name, {"textContent": [{"document": document, "changes": list(changes)}]}
        )

    def insert_cell(
        self, name: str, at: int, text: str, *, language: str = "python"
    ) -> str:
        """Insert a code cell; return its uri."""
        uri = self.uri(name)
        cell = f"{uri.replace('file:', 'vscode-notebook-cell:')}#N{next(self._ids)}"
        self._cells[uri].insert(at, cell)
        self._versions[cell] = 1
        self.change_notebook(
            name,
            {
                "structure": {
                    "array": {
                        "start": at,
                        "deleteCount": 0,
                        "cells": [self._cell(cell)],
                    },
                    "didOpen": [self._item(cell, text, language)],
                }
            },
        )
        return cell

    def remove_cell(self, name: str, at: int) -> None:
        cell = self._cells[self.uri(name)].pop(at)
        del self._versions[cell]
        self.change_notebook(
            name,
            {
                "structure": {
                    "array": {"start": at, "deleteCount": 1},
                    "didClose": [{"uri": cell}],
                }
            },
        )

    def ran(self, name: str, cell: str, order: int) -> None:
        """Say that a cell has run."""
        self.change_notebook(name, {"data": [self._cell(cell, order)]})

    def hints(self, uri: str, first: int = 0, last: int = 100_000) -> list[Json]:
        start, end = ({"line": line, "character": 0} for line in (first, last))
        asked = {"textDocument": {"uri": uri}, "range": {"start": start, "end": end}}
        return self.request("textDocument/inlayHint", asked)

    def labels(self, uri: str) -> list[tuple[int, str]]:
        """Return line and text of every hint."""
        return [(h["position"]["line"], h["label"].strip()) for h in self.hints(uri)]

    def is_shown(self, uri: str, label: str) -> None:
        """Ask as an editor does, and again when told to, until a hint reads so."""
        give_up = time.monotonic() + PATIENCE
        while True:
            since = len(self.got)
            shown = [text for _, text in self.labels(uri)]
            if label in shown:
                return
            assert time.monotonic() < give_up, shown
            self.wait_for("workspace/inlayHint/refresh", since=since)

    def lenses(self, uri: str) -> list[Json]:
        return self.request("textDocument/codeLens", {"textDocument": {"uri": uri}})

    def stop(self) -> int:
        """Shut the server down as the protocol says; return its exit status."""
        self.request("shutdown")
        self.notify("exit")
        return self.process.wait(PATIENCE)

    def _close_notebook(self, uri: str) -> None:
        cells = self._cells.pop(uri)
        for document in (uri, *cells):
            del self._versions[document]
        self.notify(
            "notebookDocument/didClose",
            {
                "notebookDocument": {"uri": uri},
                "cellTextDocuments": [{"uri": cell} for cell in cells],
            },
        )

    def _item(self, uri: str, text: str, language: str) -> Json:
        return {"uri": uri, "languageId": language, "version": 1, "text": text}

    def _cell(self, uri: str, order: int | None = None) -> Json:
        cell: dict[str, Any] = {"kind": 2, "document": uri}
        if order is not None:
            cell["executionSummary"] = {"executionOrder": order, "success": True}
        return cell
