"""Whose call it is in the processes that a cell starts, seen from a real kernel."""

from typing import Any as Kernel  # tests are no package: the class is in conftest.py

import pytest


def who(seen: dict[str, str]) -> tuple[str, str]:
    return seen["origin"], seen["cell"]


def test_a_forked_child_belongs_to_the_cell(kernel: Kernel) -> None:
    code = (
        "read, write = os.pipe()\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    told = json.dumps([look(), os.environ.get('CELLCOST_RUN')])\n"
        "    os.write(write, told.encode())\n"
        "    os._exit(0)\n"
        "os.close(write); os.waitpid(pid, 0)\n"
        "print(os.read(read, 65536).decode())\n"
    )
    answer = kernel.run(code, cell_id="forks")
    seen, handed = answer.value
    assert who(seen) == ("process", "forks")
    assert seen["run"] == answer.msg_id
    assert f'"run_id": "{answer.msg_id}"' in handed


CHILD = """
import json, sys
def look_in_child(_=None):
    from cellcost_meter import attribution
    place = attribution.where()
    return [place.origin, place.cell_id, place.run_id, dict(place.tags).get("team")]
"""


@pytest.fixture
def child_module(kernel: Kernel) -> str:
    """A module that spawned children can import."""
    return kernel.run(
        f"open('looking.py', 'w').write({CHILD!r}); sys.path.insert(0, os.getcwd())\n"
        "import looking, multiprocessing, concurrent.futures"
    ).error


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_pool_of_processes_serves_each_cell_under_its_own_name(
    kernel: Kernel, child_module: str, method: str
) -> None:
    opened = kernel.run(
        "pool = concurrent.futures.ProcessPoolExecutor(1,"
        f" mp_context=multiprocessing.get_context({method!r}))\n"
        "with cellcost.tags(team='search'):\n"
        "    say(pool.submit(looking.look_in_child).result())",
        cell_id="opens",
    )
    used = kernel.run(
        "say(pool.submit(looking.look_in_child).result()); pool.shutdown()",
        cell_id="uses",
    )
    assert opened.value == ["process", "opens", opened.msg_id, "search"]
    assert used.value == ["process", "uses", used.msg_id, "ops"]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_process_belongs_to_the_cell_that_started_it(
    kernel: Kernel, child_module: str, method: str
) -> None:
    answer = kernel.run(
        f"context = multiprocessing.get_context({method!r})\n"
        "with context.Pool(1) as pool:\n"
        "    say(pool.map(looking.look_in_child, [1]))\n"
        "queue = context.SimpleQueue()\n",
        cell_id="starts",
    )
    assert answer.value == [["process", "starts", answer.msg_id, "ops"]]


def test_a_subprocess_is_told_the_run(kernel: Kernel) -> None:
    tell = "import os; print(os.environ.get('CELLCOST_RUN', '{}'))"
    answer = kernel.run(
        "import subprocess\n"
        f"command = [sys.executable, '-c', {tell!r}]\n"
        "print(subprocess.check_output(command, text=True))\n",
        cell_id="subprocess",
    )
    assert f'"run_id": "{answer.msg_id}"' in answer.printed
    shell = kernel.run("!printenv CELLCOST_RUN", cell_id="shell")
    assert f'"run_id": "{shell.msg_id}"' in shell.printed


def test_an_environment_made_by_hand_is_left_alone(kernel: Kernel) -> None:
    answer = kernel.run(
        "import subprocess\n"
        "print(subprocess.check_output(['/usr/bin/env'], env={'A': '1'}, text=True))",
        cell_id="by hand",
    )
    assert answer.printed.strip() == "A=1"
