"""Whose process a process is: by its parents, and by when it started."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from cellcost.gpu.trees import (
    Family,
    Process,
    Stat,
    foreign_names,
    names_of_self,
    process_of,
    stat_of,
)


class Table:
    """Processes as /proc would tell them."""

    def __init__(self, **parents: int) -> None:
        self.stats = {
            int(name[1:]): Stat(parent, int(name[1:]) * 10)
            for name, parent in parents.items()
        }

    def __call__(self, pid: int) -> Stat | None:
        return self.stats.get(pid)

    def process(self, pid: int) -> Process:
        return Process(pid, self.stats[pid].start)


def test_a_real_process_has_its_parent_and_a_start(child: Callable[[], int]) -> None:
    pid = child()
    found = stat_of(pid)
    assert found is not None
    assert found.parent == os.getpid()
    assert process_of(pid) == Process(pid, found.start)


def test_a_name_with_parentheses_and_spaces_is_read(tmp_path: Path) -> None:
    program = tmp_path / "a) R (b"
    program.symlink_to(sys.executable)
    process = subprocess.Popen(
        [str(program), "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
    )
    found = stat_of(process.pid)
    process.communicate()
    assert found is not None
    assert found.parent == os.getpid()


def test_a_process_that_is_gone_is_none() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert stat_of(process.pid) is None


def test_real_children_belong_to_us(child: Callable[[], int]) -> None:
    own = process_of(os.getpid())
    assert own is not None
    pid = child()
    assert Family().look({own: "ours"}, [pid, os.getpid(), 1]) == {
        pid: "ours",
        os.getpid(): "ours",
    }


def test_grandchildren_belong_and_strangers_do_not() -> None:
    table = Table(p1=0, p5=1, p6=5, p7=6, p8=1)
    family = Family(stat=table)
    assert family.look({table.process(5): "ours"}, [5, 7, 8, 99]) == {
        5: "ours",
        7: "ours",
    }


def test_the_nearest_root_wins() -> None:
    table = Table(p1=0, p5=1, p6=5, p7=6)
    family = Family(stat=table)
    roots = {table.process(5): "server", table.process(6): "kernel"}
    assert family.look(roots, [7, 5]) == {7: "kernel", 5: "server"}


def test_a_child_that_outlives_its_parent_stays_ours() -> None:
    table = Table(p1=0, p5=1, p6=5, p7=6)
    family = Family(stat=table)
    roots = {table.process(5): "ours"}
    family.look(roots, [7])
    del table.stats[6]
    table.stats[7] = Stat(1, table.stats[7].start)
    assert family.look(roots, [7]) == {7: "ours"}


def test_a_pid_that_is_used_again_is_somebody_elses() -> None:
    table = Table(p1=0, p5=1, p6=5)
    family = Family(stat=table)
    roots = {table.process(5): "ours"}
    assert family.look(roots, [6]) == {6: "ours"}
    table.stats[6] = Stat(1, 9999)
    assert family.look(roots, [6]) == {}


def test_a_strangers_pid_that_comes_back_as_our_child_is_ours() -> None:
    table = Table(p1=0, p5=1, p6=1)
    family = Family(stat=table)
    roots = {table.process(5): "ours"}
    assert family.look(roots, [6]) == {}
    family.look(roots, [])
    table.stats[6] = Stat(5, 9999)
    assert family.look(roots, [6]) == {6: "ours"}


def test_a_strangers_pid_that_never_left_the_list_is_checked_again_in_time() -> None:
    table = Table(p1=0, p5=1, p6=1)
    family = Family(stat=table)
    roots = {table.process(5): "ours"}
    assert family.look(roots, [6]) == {}
    table.stats[6] = Stat(5, 9999)
    assert [family.look(roots, [6]) for _ in range(31)][-1] == {6: "ours"}


def test_a_parent_younger_than_its_child_is_not_its_parent() -> None:
    table = Table(p1=0, p5=1)
    table.stats[6] = Stat(5, 3)  # started before what has pid 5 now
    assert Family(stat=table).look({table.process(5): "ours"}, [6]) == {}


def test_a_root_whose_pid_is_used_again_is_no_root() -> None:
    table = Table(p1=0, p5=1, p6=5)
    assert Family(stat=table).look({Process(5, 1): "ours"}, [6]) == {}


def test_a_child_that_begins_to_sample_for_itself_is_no_longer_ours() -> None:
    table = Table(p1=0, p5=1, p6=5, p7=6)
    family = Family(stat=table)
    ours, theirs = table.process(5), table.process(6)
    assert family.look({ours: "ours"}, [7]) == {7: "ours"}
    assert family.look({ours: "ours", theirs: "claimed"}, [7]) == {7: "claimed"}
    assert family.look({ours: "ours"}, [7]) == {7: "ours"}


def test_a_circle_of_parents_ends() -> None:
    table = Table(p5=6, p6=5)
    table.stats = {5: Stat(6, 1), 6: Stat(5, 1)}
    assert Family(stat=table).look({Process(9, 1): "ours"}, [5]) == {}


def test_pids_that_nobody_has_here_are_names_of_another_namespace() -> None:
    table = Table(p1=0, p5=1)
    container = "pid:[4026532999]"
    assert foreign_names([5, 31337], namespace=container, stat=table)
    assert not foreign_names([5, 1], namespace=container, stat=table)
    # On the machine itself a pid that is gone has just ended.
    assert not foreign_names([5, 31337], namespace="pid:[4026531836]", stat=table)


def test_our_names_are_told_outermost_first(tmp_path: Path) -> None:
    status = tmp_path / "status"
    status.write_text("Name:\tpython\nNSpid:\t31337\t42\n")
    assert names_of_self(status) == (31337, 42, os.getpid())
    assert names_of_self(tmp_path / "nothing") == (os.getpid(),)
