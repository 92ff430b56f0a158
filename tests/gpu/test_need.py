"""Whether a GPU is in use, asked without loading anything."""

import os
from pathlib import Path

from cellcost.gpu import uses_gpu


def a_process(proc: Path, pid: int, *children: int, device: str = "") -> None:
    """Write what /proc would say of a process."""
    task = proc / str(pid) / "task" / str(pid)
    task.mkdir(parents=True)
    (task / "children").write_text(" ".join(map(str, children)))
    (proc / str(pid) / "fd").mkdir()
    (proc / str(pid) / "fd" / "0").symlink_to("/dev/null")
    if device:
        (proc / str(pid) / "fd" / "7").symlink_to(device)


def test_a_plain_process_uses_none() -> None:
    assert not uses_gpu(modules={"numpy", "pandas"})


def test_an_imported_gpu_library_is_enough(tmp_path: Path) -> None:
    assert uses_gpu(modules={"torch"}, proc=tmp_path)
    assert uses_gpu(modules={"numba.cuda"}, proc=tmp_path)
    assert not uses_gpu(modules={"numba", "torchlight"}, proc=tmp_path)


def test_an_open_device_is_enough(tmp_path: Path) -> None:
    a_process(tmp_path, os.getpid(), device="/dev/nvidia0")
    assert uses_gpu(modules={}, proc=tmp_path)


def test_an_open_device_of_a_grandchild_is_enough(tmp_path: Path) -> None:
    a_process(tmp_path, os.getpid(), 10_000_001)
    a_process(tmp_path, 10_000_001, 10_000_002, 10_000_003)
    a_process(tmp_path, 10_000_002)
    a_process(tmp_path, 10_000_003, device="/dev/nvidia-uvm")
    assert uses_gpu(modules={}, proc=tmp_path)
    assert not uses_gpu(modules={}, proc=tmp_path / "empty")
