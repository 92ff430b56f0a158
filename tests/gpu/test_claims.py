"""Claims: who samples for itself, dead or alive."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cellcost.gpu.claims import Claims
from cellcost.gpu.trees import Process, process_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "claims"


def living(pid: int) -> Process:
    found = process_of(pid)
    assert found is not None
    return found


def test_a_folder_that_is_not_there_holds_no_claim(folder: Path) -> None:
    assert Claims(folder).others() == frozenset()


def test_others_see_a_claim_and_its_holder_does_not(
    folder: Path, child: Callable[[], int]
) -> None:
    theirs, ours = Claims(folder), Claims(folder)
    theirs.stake(living(child()))
    ours.stake(living(os.getpid()))
    assert theirs.others() == {living(os.getpid())}
    ours.drop()
    ours.drop()
    assert theirs.others() == frozenset()


def test_a_claim_of_a_process_that_is_dead_or_another_counts_for_nothing(
    folder: Path,
) -> None:
    Claims(folder).stake(Process(os.getpid(), 1))  # its pid, another start
    (folder / "a-readme").touch()
    assert Claims(folder).others() == frozenset()
    assert [path.name for path in folder.iterdir()] == ["a-readme"]
