"""The public names of each room: a change of them is a decision, not an accident."""

import importlib

import pytest

PUBLIC = {
    "cellcost": ["__version__", "outcome", "tags"],
    "cellcost_meter": [
        "install",
        "load_ipython_extension",
        "uninstall",
        "unload_ipython_extension",
    ],
    "cellcost_widgets": [
        "CostMeter",
        "load_ipython_extension",
        "unload_ipython_extension",
    ],
}


@pytest.mark.parametrize("room", PUBLIC)
def test_a_room_exports_these_names_and_no_others(room: str) -> None:
    module = importlib.import_module(room)
    assert module.__all__ == PUBLIC[room]


@pytest.mark.parametrize("room", PUBLIC)
def test_every_exported_name_exists_and_is_explained(room: str) -> None:
    module = importlib.import_module(room)
    for name in module.__all__:
        value = getattr(module, name)
        assert isinstance(value, str) or value.__doc__, f"{room}.{name}"
