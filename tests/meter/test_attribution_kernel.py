"""Whose call it is, seen from inside a real kernel."""

import inspect
import json
import threading
from typing import Any as Kernel  # tests are no package: the class is in conftest.py

import pytest


def who(seen: dict[str, str]) -> tuple[str, str]:
    return seen["origin"], seen["cell"]


def test_a_plain_cell_is_itself(kernel: Kernel) -> None:
    answer = kernel.run("say(look())", cell_id="plain")
    seen = answer.value
    assert who(seen) == ("cell", "plain")
    assert seen["run"] == answer.msg_id
    assert seen["site"] == "cell:<module>:1"
    assert seen["kernel"] == kernel.kernel_id
    assert seen["notebook"].endswith("/demo.ipynb")
    assert seen["session"]
    assert seen["host"]
    assert len(seen["source"]) == 16


def test_the_same_source_has_the_same_hash_and_another_run(kernel: Kernel) -> None:
    first = kernel.run("say(look())", cell_id="again").value
    second = kernel.run("say(look())", cell_id="again").value
    other = kernel.run("say( look())", cell_id="again").value
    assert first["source"] == second["source"] != other["source"]
    assert first["run"] != second["run"]


def test_the_call_site_names_the_function_and_its_line(kernel: Kernel) -> None:
    code = (
        "class Search:\n    def ask(self):\n        return look()\nsay(Search().ask())"
    )
    assert kernel.run(code, cell_id="site").value["site"] == "cell:Search.ask:3"


def test_an_awaiting_cell_is_itself(kernel: Kernel) -> None:
    code = (
        "async def call():\n    await asyncio.sleep(0)\n    return look()\n"
        "say(await call())"
    )
    answer = kernel.run(code, cell_id="await")
    assert who(answer.value) == ("cell", "await")
    assert answer.value["run"] == answer.msg_id
    assert answer.value["site"] == "cell:call:3"


def test_gathered_calls_belong_to_their_cell(kernel: Kernel) -> None:
    code = (
        "async def call(n):\n    await asyncio.sleep(0)\n    return look(n)\n"
        "say(await asyncio.gather(*(call(n) for n in range(3))))"
    )
    answer = kernel.run(code, cell_id="gather")
    assert [who(seen) for seen in answer.value] == [("cell", "gather")] * 3


def test_a_task_that_outlives_its_cell_still_belongs_to_it(kernel: Kernel) -> None:
    started = kernel.run(
        "async def later():\n    await gate.wait()\n    return look()\n"
        "gate = asyncio.Event()\nkept = asyncio.ensure_future(later())",
        cell_id="starts",
    )
    ended = kernel.run("gate.set()\nsay([await kept, look()])", cell_id="ends")
    kept, own = ended.value
    assert (who(kept), kept["run"]) == (("cell", "starts"), started.msg_id)
    assert (who(own), own["run"]) == (("cell", "ends"), ended.msg_id)


def test_a_callback_of_the_loop_belongs_to_the_cell_that_asked_for_it(
    kernel: Kernel,
) -> None:
    kernel.run(
        "seen = asyncio.Queue()\n"
        "asyncio.get_running_loop().call_later(0.01, lambda: seen.put_nowait(look()))",
        cell_id="asks",
    )
    answer = kernel.run("say(await seen.get())", cell_id="gets")
    assert who(answer.value) == ("cell", "asks")


THREAD = """
import threading
def started(found):
    thread = threading.Thread(target=lambda: found.append(look()))
    thread.start(); thread.join()
"""


def test_a_thread_belongs_to_the_cell_that_started_it(kernel: Kernel) -> None:
    answer = kernel.run(
        THREAD + "found = []; started(found); say(found[0])", cell_id="thread"
    )
    assert who(answer.value) == ("thread", "thread")
    assert answer.value["run"] == answer.msg_id


def test_a_thread_that_outlives_its_cell_still_belongs_to_it(kernel: Kernel) -> None:
    kernel.run(
        "go, found = threading.Event(), []\n"
        "thread = threading.Thread(target=lambda: (go.wait(), found.append(look())))\n"
        "thread.start()",
        cell_id="starts thread",
    )
    answer = kernel.run("go.set(); thread.join(); say(found[0])", cell_id="joins")
    assert who(answer.value) == ("thread", "starts thread")


def test_a_thread_of_a_subclass_with_its_own_run_is_carried(kernel: Kernel) -> None:
    code = (
        "class Worker(threading.Thread):\n"
        "    def run(self):\n"
        "        self.found = look()\n"
        "worker = Worker(); worker.start(); worker.join()\n"
        "say([worker.found, sorted(k for k in vars(worker) if k == 'run')])"
    )
    seen, left_behind = kernel.run(code, cell_id="subclass").value
    assert who(seen) == ("thread", "subclass")
    assert left_behind == []


def test_a_thread_in_a_thread_is_carried(kernel: Kernel) -> None:
    code = THREAD + (
        "found = []\n"
        "outer = threading.Thread(target=started, args=(found,))\n"
        "outer.start(); outer.join(); say(found[0])"
    )
    assert who(kernel.run(code, cell_id="nested").value) == ("thread", "nested")


@pytest.mark.parametrize(
    "pool",
    [
        "concurrent.futures.ThreadPoolExecutor(1)",
        "multiprocessing.pool.ThreadPool(1)",
    ],
)
def test_a_pool_that_cells_share_serves_each_under_its_own_name(
    kernel: Kernel, pool: str
) -> None:
    call = "submit(look).result()" if "futures" in pool else "apply(look)"
    opened = kernel.run(
        "import concurrent.futures, multiprocessing.pool\n"
        f"pool = {pool}; say(pool.{call})",
        cell_id="opens",
    )
    used = kernel.run(f"say(pool.{call})", cell_id="uses")
    assert who(opened.value) == ("thread", "opens")
    assert who(used.value) == ("thread", "uses")
    assert used.value["run"] == used.msg_id
    mapped = kernel.run("say([s for s in pool.map(look, [1, 2])])", cell_id="maps")
    assert [who(seen) for seen in mapped.value] == [("thread", "maps")] * 2
    kernel.run("pool.shutdown() if hasattr(pool, 'shutdown') else pool.terminate()")


def test_a_callback_of_a_pool_belongs_to_the_submitter(kernel: Kernel) -> None:
    kernel.run(
        "import multiprocessing.pool\nshared = multiprocessing.pool.ThreadPool(1)",
        cell_id="opens",
    )
    answer = kernel.run(
        "found = []\n"
        "shared.apply_async(int, callback=lambda _: found.append(look())).get()\n"
        "shared.close(); shared.join(); say(found[0])",
        cell_id="submits",
    )
    assert who(answer.value) == ("thread", "submits")


def test_a_done_callback_belongs_to_the_submitter(kernel: Kernel) -> None:
    kernel.run(
        "import concurrent.futures\n"
        "pool = concurrent.futures.ThreadPoolExecutor(1); pool.submit(int).result()",
        cell_id="opens",
    )
    answer = kernel.run(
        "go, found = threading.Event(), []\n"
        "future = pool.submit(go.wait)\n"
        "future.add_done_callback(lambda _: found.append(look()))\n"
        "go.set(); pool.shutdown(); say(found[0])",
        cell_id="submits",
    )
    assert who(answer.value) == ("thread", "submits")


@pytest.mark.parametrize(
    "call",
    [
        "asyncio.to_thread(look)",
        "asyncio.get_running_loop().run_in_executor(None, look)",
        "asyncio.wrap_future(asyncio.run_coroutine_threadsafe(later(), loop))",
    ],
)
def test_code_that_a_cell_awaits_in_a_thread_is_the_cells(
    kernel: Kernel, call: str
) -> None:
    code = (
        "async def later():\n    return look()\n"
        "loop = asyncio.get_running_loop()\n"
        f"say(await {call})"
    )
    first = kernel.run(code, cell_id="first").value
    second = kernel.run(code, cell_id="second").value
    assert (first["cell"], second["cell"]) == ("first", "second")
    expected = "cell" if "threadsafe" in call else "thread"
    assert first["origin"] == second["origin"] == expected


def test_a_nested_run_cell_belongs_to_the_outer_cell(kernel: Kernel) -> None:
    answer = kernel.run(
        "get_ipython().run_cell('say(look())')\n"
        "get_ipython().run_cell('')\n"
        "get_ipython().run_cell('found = 1', silent=True)\n"
        "say(look())",
        cell_id="outer",
    )
    assert answer.error == ""
    lines = [line for line in answer.printed.splitlines() if line.startswith("{")]
    seen = [json.loads(line) for line in lines]
    assert [who(s) for s in seen] == [("cell", "outer")] * 2


@pytest.mark.parametrize("code", ["%time say(look())", "%%time\nsay(look())"])
def test_code_under_a_magic_belongs_to_the_cell(kernel: Kernel, code: str) -> None:
    answer = kernel.run(code, cell_id="magic")
    seen = json.loads(answer.printed.splitlines()[0])
    assert who(seen) == ("cell", "magic")


def test_a_silent_execute_says_so(kernel: Kernel) -> None:
    answer = kernel.run("found = look()", silent=True)
    seen = kernel.run("say(found)").value
    assert who(seen) == ("silent", "")
    assert seen["run"] == answer.msg_id


def test_code_without_a_cell_id_is_a_cell_without_a_name(kernel: Kernel) -> None:
    answer = kernel.run("say(look())")
    assert who(answer.value) == ("cell", "")
    assert answer.value["run"] == answer.msg_id


def test_a_subshell_runs_beside_the_cell_of_the_main_shell(kernel: Kernel) -> None:
    subshell = kernel.control("create_subshell_request", {})["subshell_id"]
    kernel.run("inside, leave = threading.Event(), threading.Event()")
    waiting = kernel.send(
        "inside.set(); leave.wait(30); say(look())", cell_id="main shell"
    )
    beside = kernel.send(
        "inside.wait(30); found = look(); leave.set()",
        cell_id="in subshell",
        subshell=subshell,
    )
    main = kernel.wait(waiting)
    assert who(main.value) == ("cell", "main shell")
    seen = kernel.run("say(found)").value
    assert who(seen) == ("cell", "in subshell")
    assert seen["run"] == beside
    kernel.control("delete_subshell_request", {"subshell_id": subshell})


COMM = """
import comm
found = []
def opened(connection, message):
    found.append(look("open"))
    connection.on_msg(lambda message: found.append(look("message")))
comm.get_comm_manager().register_target("looking", opened)
mine = comm.create_comm(target_name="page")
mine.on_msg(lambda message: found.append(look("message")))
mine.on_close(lambda message: found.append(look("close")))
print(json.dumps(mine.comm_id))
"""


def test_a_widgets_callback_is_no_cells(kernel: Kernel) -> None:
    comm_id = kernel.run(COMM, cell_id="makes widget").value
    message = kernel.comm_message(comm_id, {})
    opening = kernel.comm_open("looking", {})
    seen = kernel.run("say(found)", cell_id="looks").value
    assert [(s["label"], *who(s)) for s in seen] == [
        ("message", "widget", ""),
        ("open", "widget", ""),
    ]
    assert [s["run"] for s in seen] == [message.msg_id, opening.msg_id]


def test_a_widgets_callback_beside_an_awaiting_cell_is_no_cells(kernel: Kernel) -> None:
    comm_id = kernel.run(COMM, cell_id="makes widget").value
    awaiting = kernel.send(
        "while not found: await asyncio.sleep(0.01)\nsay([*found, look()])",
        cell_id="awaits",
    )
    message = kernel.client.session.msg("comm_msg", {"comm_id": comm_id, "data": {}})
    kernel.client.shell_channel.send(message)
    widget, own = kernel.wait(awaiting).value
    assert who(widget) == ("widget", "")
    assert who(own) == ("cell", "awaits")


def test_between_two_cells_nobody_runs(kernel: Kernel) -> None:
    """What runs on the kernel's own loop belongs to the process."""
    answer = kernel.run(
        "import contextvars\n"
        "found = []\n"
        "contextvars.Context().run("
        "asyncio.get_running_loop().call_soon, lambda: found.append(look()))\n"
        "while not found: await asyncio.sleep(0)\n"
        "say(found[0])",
        cell_id="schedules",
    )
    assert who(answer.value) == ("process", "")
    assert answer.value["run"] == ""
    assert answer.value["kernel"] == kernel.kernel_id


def test_after_an_error_the_next_cell_is_itself(kernel: Kernel) -> None:
    failed = kernel.run("first = look()\n1/0", cell_id="fails")
    assert failed.error.startswith("ZeroDivisionError")
    first, now = kernel.run("say([first, look()])", cell_id="next").value
    assert (who(first), who(now)) == (("cell", "fails"), ("cell", "next"))


def test_after_an_interrupt_the_next_cell_is_itself(kernel: Kernel) -> None:
    running = kernel.send(
        "import time\nprint('here', flush=True)\nwhile True: time.sleep(0.01)",
        cell_id="interrupted",
    )
    while kernel.client.get_iopub_msg(timeout=60)["msg_type"] != "stream":
        pass
    kernel.manager.interrupt_kernel()
    assert kernel.wait(running).error == "KeyboardInterrupt: "
    assert who(kernel.run("say(look())", cell_id="after").value) == ("cell", "after")


def test_after_an_interrupted_await_the_next_cell_is_itself(kernel: Kernel) -> None:
    # The signal comes from inside: ipykernel 7.4 does not wake up for one from outside
    # while its loop waits, with and without cellcost (measured 2026-11-24).
    interrupted = kernel.run(
        "asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), 2)\n"
        "await asyncio.sleep(600)",
        cell_id="interrupted",
    )
    assert interrupted.error == "CancelledError: "
    assert who(kernel.run("say(look())", cell_id="after").value) == ("cell", "after")


def test_a_cell_that_is_aborted_leaves_no_trace(kernel: Kernel) -> None:
    # It fails when the other request is surely there to be aborted.
    first = kernel.send("import time; time.sleep(0.5); 1/0", cell_id="fails")
    aborted = kernel.send("found = 'ran'", cell_id="aborted")
    kernel.wait(first)
    assert kernel.wait(aborted).status == "aborted"
    assert who(kernel.run("say(look())", cell_id="after").value) == ("cell", "after")


def test_tags_of_settings_environment_cell_and_code_win_in_that_order(
    kernel: Kernel,
) -> None:
    plain = kernel.run("say(look())", cell_id="c").value["tags"]
    assert plain == {"environment": "dev", "team": "ops", "function": "chat"}
    tagged = kernel.run(
        "with cellcost.tags(function='rerank', run=7):\n"
        "    found = [look()]\n"
        "    thread = threading.Thread(target=lambda: found.append(look()))\n"
        "    thread.start(); thread.join()\n"
        "say([*found, look()])",
        cell_id="c",
        tags=["team:search", "hide-input", "function:cell", "feature:a b"],
    ).value
    cell = {
        "environment": "dev",
        "team": "search",
        "function": "cell",
        "feature": "a b",
    }
    inside = {**cell, "function": "rerank", "run": "7"}
    assert [seen["tags"] for seen in tagged] == [inside, inside, cell]


def test_a_tag_that_changes_in_a_loop_is_told_of_each_call(kernel: Kernel) -> None:
    found = kernel.run(
        "found = []\n"
        "for team in ('search', 'ads', 'ads', 'search'):\n"
        "    with cellcost.tags(team=team):\n"
        "        found.append(look())\n"
        "say(found)",
        cell_id="c",
    ).value
    teams = [seen["tags"]["team"] for seen in found]
    assert teams == ["search", "ads", "ads", "search"]
    assert len({seen["site"] for seen in found}) == 1


def test_the_startup_file_leaves_no_name_behind(kernel: Kernel) -> None:
    code = (
        "say([name for name in globals() if 'cellcost' in name and name != 'cellcost'])"
    )
    assert kernel.run(code).value == []


def test_a_call_in_a_users_module_is_named_by_its_file(kernel: Kernel) -> None:
    kernel.run(
        "open('mine.py', 'w').write('def call(look):\\n    return look()\\n')\n"
        "sys.path.insert(0, os.getcwd())"
    )
    answer = kernel.run("import mine\nsay(mine.call(look))", cell_id="module")
    assert answer.value["site"] == "mine.py:call:2"


def test_taking_the_meter_off_and_putting_it_on_again_works(kernel: Kernel) -> None:
    kernel.run("import cellcost_meter; cellcost_meter.uninstall()", cell_id="off")
    off = kernel.run("say(look())", cell_id="while off").value
    on = kernel.run("%load_ext cellcost_meter\nsay(look())", cell_id="loads")
    after = kernel.run("say(look())", cell_id="after").value
    assert who(off) != ("cell", "while off")
    assert who(on.value) == ("cell", "loads")
    assert who(after) == ("cell", "after")
    kernel.run("%unload_ext cellcost_meter")
    kernel.run("import cellcost_meter; cellcost_meter.install()")


def test_a_restart_gives_the_same_kernel_a_new_session(kernel: Kernel) -> None:
    before = kernel.run("say(look())", cell_id="before").value
    kernel.manager.restart_kernel(now=True)
    kernel.client.wait_for_ready(timeout=60)
    kernel.run(inspect.getmodule(type(kernel)).OBSERVE)
    after = kernel.run("say(look())", cell_id="after").value
    assert who(after) == ("cell", "after")
    assert after["kernel"] == before["kernel"]
    assert after["session"] != before["session"]


def test_the_tests_threads_are_not_hooked() -> None:
    assert not hasattr(threading.Thread.start, "__cellcost_patch__")
