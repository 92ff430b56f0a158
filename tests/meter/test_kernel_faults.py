"""Faults of ours inside IPython's hooks, on a shell that behaves like a kernel's."""

import asyncio
import inspect
import logging
from collections.abc import Callable
from typing import Any

import pytest

from cellcost_meter import attribution, kernel
from cellcost_meter.attribution import RunContext
from cellcost_meter.kernel import Identity, attach, cell_tags, read_request


class Events:
    def __init__(self) -> None:
        self.callbacks: dict[str, list[Callable[..., Any]]] = {
            "pre_execute": [],
            "post_execute": [],
        }

    def register(self, event: str, callback: Callable[..., Any]) -> None:
        self.callbacks[event].append(callback)

    def unregister(self, event: str, callback: Callable[..., Any]) -> None:
        self.callbacks[event].remove(callback)

    def trigger(self, event: str) -> None:
        for callback in list(self.callbacks[event]):
            callback()


class Kernel:
    def __init__(self) -> None:
        self.seen: list[RunContext] = []
        self.shell_handlers: dict[str, Callable[..., Any]] = {
            "execute_request": self.execute_request,
            "comm_msg": self.comm_msg,
        }

    async def execute_request(self, stream: Any, ident: Any, parent: Any) -> str:
        self.seen.append(attribution.current())
        await asyncio.sleep(0)
        self.seen.append(attribution.current())
        if parent["content"].get("code") == "raise":
            raise KeyError("theirs")
        return "executed"

    def comm_msg(self, stream: Any, ident: Any, parent: Any) -> None:
        self.seen.append(attribution.current())

    def get_parent(self, channel: str) -> dict[str, Any]:
        return {}


class Shell:
    def __init__(self, of: Any = None) -> None:
        self.kernel = of
        self.events = Events()


def request(kind: str = "execute_request", **content: object) -> dict[str, Any]:
    return {
        "header": {"msg_type": kind, "msg_id": "m"},
        "metadata": {"cellId": "c"},
        "content": {"code": "1", **content},
    }


def serve(of: Kernel, message: dict[str, Any]) -> Any:
    async def serving() -> Any:
        result = of.shell_handlers[message["header"]["msg_type"]](None, None, message)
        return await result if inspect.isawaitable(result) else result

    return asyncio.run(serving())


def nothing(hook: str, reason: str) -> None:
    """Take no note."""


def broken(message: Any, identity: Identity) -> RunContext:
    raise ValueError("ours")


def test_the_run_holds_while_a_request_is_served_and_no_longer() -> None:
    of = Kernel()
    attached = attach(Shell(of), Identity(kernel_id="k"), announce=nothing)
    assert serve(of, request()) == "executed"
    serve(of, request("comm_msg"))
    attached.stop()
    assert [run.origin for run in of.seen] == ["cell", "cell", "widget"]
    assert [run.cell_id for run in of.seen] == ["c", "c", ""]
    assert attribution.run.get() is None


def test_the_users_error_passes_and_the_run_ends() -> None:
    of = Kernel()
    attached = attach(Shell(of), Identity(), announce=nothing)
    with pytest.raises(KeyError, match="theirs"):
        serve(of, request(code="raise"))
    attached.stop()
    assert attribution.run.get() is None


def test_a_fault_of_ours_lets_the_cell_run(caplog: pytest.LogCaptureFixture) -> None:
    of = Kernel()
    announced: dict[str, str] = {}
    attached = attach(
        Shell(of), Identity(), announce=announced.__setitem__, read=broken
    )
    with caplog.at_level(logging.WARNING, "cellcost"):
        for _ in range(20):
            assert serve(of, request()) == "executed"
    attached.stop()
    assert caplog.text.count("ValueError") == 1
    assert announced["attribution by cells"].startswith("not captured")


def test_a_fault_before_the_run_costs_the_cell_nothing() -> None:
    def fail() -> None:
        raise ValueError("ours")

    of = Kernel()
    attached = attach(Shell(of), Identity(), announce=nothing, on_run=fail)
    assert serve(of, request()) == "executed"
    attached.stop()
    assert [run.cell_id for run in of.seen] == ["c", "c"]


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"header": {}},
        {"header": {"msg_type": "execute_request"}, "metadata": None, "content": None},
        {
            "header": {"msg_type": "execute_request", "msg_id": 5},
            "metadata": {"cellId": 7, "tags": "team:search"},
            "content": {"code": None},
        },
        {
            "header": {"msg_type": "execute_request", "msg_id": "m"},
            "metadata": {"cellId": "c", "tags": [1, None, "a:\ud800"]},
            "content": {"code": "\ud800"},
        },
    ],
)
def test_a_strange_request_is_read_without_a_fault(message: dict[str, Any]) -> None:
    assert read_request(message, Identity()).origin in ("cell", "process")


def test_stopping_gives_the_handlers_back() -> None:
    of = Kernel()
    before = dict(of.shell_handlers)
    attached = attach(Shell(of), Identity(), announce=nothing)
    assert of.shell_handlers["execute_request"] != before["execute_request"]
    attached.stop()
    assert of.shell_handlers == before


def test_a_handler_that_others_wrapped_since_stays_and_we_go_quiet() -> None:
    of = Kernel()
    attached = attach(Shell(of), Identity(), announce=nothing)
    ours = of.shell_handlers["execute_request"]

    def theirs(*args: Any) -> Any:
        return ours(*args)

    of.shell_handlers["execute_request"] = theirs
    attached.stop()
    assert of.shell_handlers["execute_request"] is theirs
    serve(of, request())
    assert [run.cell_id for run in of.seen] == ["", ""]


def test_a_shell_without_a_kernel_is_followed_by_its_events() -> None:
    shell = Shell()
    attached = attach(shell, Identity(), announce=nothing)
    shell.events.trigger("pre_execute")
    first = attribution.current()
    shell.events.trigger("post_execute")
    assert attribution.run.get() is None
    shell.events.trigger("pre_execute")
    second = attribution.current()
    shell.events.trigger("post_execute")
    attached.stop()
    assert first.origin == second.origin == "cell"
    assert first.run_id != second.run_id
    assert shell.events.callbacks == {"pre_execute": [], "post_execute": []}


def test_vs_codes_cell_id_names_the_notebook() -> None:
    message = request()
    message["metadata"]["cellId"] = "vscode-notebook-cell:/home/a%20b/n.ipynb#W0sZmlsZQ"
    assert read_request(message, Identity()).notebook == "/home/a b/n.ipynb"
    known = Identity(notebook="n.ipynb")
    assert read_request(message, known).notebook == "n.ipynb"


def test_only_tags_with_a_key_count() -> None:
    tags = [
        "team:search",
        "hide-input",
        "a: b c ",
        ":x",
        "x:",
        "7:x",
        5,
        "url:http://a",
    ]
    assert dict(cell_tags(tags)) == {"team": "search", "a": "b c", "url": "http://a"}
    assert dict(cell_tags("team:search")) == {}


def test_without_ipython_there_is_no_shell() -> None:
    assert kernel.this_shell() is None or "IPython" in repr(type(kernel.this_shell()))
