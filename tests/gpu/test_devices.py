"""CUDA_VISIBLE_DEVICES, as CUDA reads it."""

import pytest

from cellcost.gpu import Device, visible


def device(index: int, uuid: str, parent: str = "") -> Device:
    return Device(
        index=index, uuid=uuid, name="NVIDIA H100", memory_bytes=1, parent=parent
    )


GPUS = [device(0, "GPU-aa11"), device(1, "GPU-aa22"), device(2, "GPU-bb33")]
CUT = [
    device(0, "GPU-aa11"),
    device(0, "MIG-cc44", parent="GPU-aa11"),
    device(0, "MIG-dd55", parent="GPU-aa11"),
    device(1, "GPU-bb33"),
]


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        (None, "aa11 aa22 bb33"),
        ("", ""),
        ("-1", ""),
        ("0", "aa11"),
        ("2,0", "bb33 aa11"),
        (" 1 , 2 ", "aa22 bb33"),
        ("0,-1,1", "aa11"),
        ("0,7,1", "aa11"),
        ("0,NoDevFiles", "aa11"),
        ("GPU-bb", "bb33"),
        ("GPU-aa", ""),  # two begin so
        ("GPU-aa2,0", "aa22 aa11"),
        ("0,GPU-aa11", ""),  # one device, named twice
        ("GPU-ff", ""),
        ("none", ""),
    ],
)
def test_whole_devices_are_chosen_as_cuda_does(text: str | None, chosen: str) -> None:
    found = visible(text, GPUS)
    assert " ".join(part.uuid[4:] for part in found) == chosen


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        (None, "MIG-cc44 MIG-dd55 GPU-bb33"),
        ("0", "MIG-cc44"),
        ("1", "GPU-bb33"),
        ("MIG-dd55", "MIG-dd55"),
        ("MIG-d", "MIG-dd55"),
        ("MIG-cc44,MIG-dd55", "MIG-cc44 MIG-dd55"),
    ],
)
def test_slices_stand_for_the_device_that_is_cut(text: str | None, chosen: str) -> None:
    assert " ".join(part.uuid for part in visible(text, CUT)) == chosen
