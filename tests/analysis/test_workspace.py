"""Which file an import means, and what a folder holds."""

from pathlib import Path

import pytest

from cellcost.analysis import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    for name in ("app/json.py", "app/main.py", "app/names.py", "app/deep/names.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    return Workspace(tmp_path)


def test_the_nearest_module_is_meant_and_never_the_importer(
    workspace: Workspace,
) -> None:
    app = workspace.root / "app"
    # A module of the name that it imports itself finds another one, or none.
    assert workspace.locate("json", app / "json.py") is None
    assert workspace.locate("json", app / "main.py") == app / "json.py"
    assert workspace.locate("json", app / "json.py") is None
    assert workspace.locate("names", app / "main.py") == app / "names.py"
    assert workspace.locate("names", app / "deep" / "x.py") == app / "deep" / "names.py"
    assert workspace.locate("names", app / "deep" / "names.py") == app / "names.py"


def test_a_module_that_appears_is_found_after_forgetting(workspace: Workspace) -> None:
    main = workspace.root / "app" / "main.py"
    assert workspace.locate("new", main) is None
    (workspace.root / "app" / "new.py").write_text("")
    workspace.forget()
    assert workspace.locate("new", main) == workspace.root / "app" / "new.py"
