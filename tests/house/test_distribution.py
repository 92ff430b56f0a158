"""What a user gets from the wheel and the sdist."""

import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import cellcost

LAB = "share/jupyter/labextensions/cellcost/"


def data_files(wheel: Path) -> dict[str, bytes]:
    """Return the wheel's shared data by the path it gets in an environment."""
    with zipfile.ZipFile(wheel) as archive:
        return {
            name.split(".data/data/", 1)[1]: archive.read(name)
            for name in archive.namelist()
            if ".data/data/" in name
        }


@pytest.fixture(scope="module")
def wheel(distributions: tuple[Path, Path]) -> Path:
    """The wheel that was built from the sdist without Node."""
    return distributions[1]


def test_the_wheel_turns_the_server_extension_on(wheel: Path) -> None:
    text = data_files(wheel)["etc/jupyter/jupyter_server_config.d/cellcost.json"]
    extensions = json.loads(text)["ServerApp"]["jpserver_extensions"]
    assert extensions == {"cellcost_server": True}


def test_the_wheel_starts_the_meter_in_every_kernel(wheel: Path) -> None:
    assert b"cellcost" in data_files(wheel)["etc/ipython/startup/50-cellcost.py"]


def test_the_wheel_brings_the_labextension_ready_built(wheel: Path) -> None:
    files = data_files(wheel)
    package = json.loads(files[f"{LAB}package.json"])
    entry = package["jupyterlab"]["_build"]["load"]
    assert f"{LAB}{entry}" in files
    assert f"{LAB}install.json" in files


def test_the_wheel_holds_no_development_build(wheel: Path) -> None:
    for name, content in data_files(wheel).items():
        assert not name.endswith(".map"), name
        if name.endswith(".js"):
            assert b"eval(" not in content, f"{name} is a development build"


def test_the_labextension_lies_in_the_wheel_once(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        twice = [
            name for name in archive.namelist() if "cellcost_server/labext" in name
        ]
    assert not twice


def test_the_wheel_brings_the_ledgers_pages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    room = Path(__file__).parents[2] / "ledger"
    pages = room / "cellcost_ledger" / "pages"
    files = [path for path in pages.rglob("*.*") if path.suffix != ".pyc"]
    assert {"spend.html", "spend.js", "uPlot.LICENSE.txt"} <= {f.name for f in files}
    assert {path.relative_to(room).as_posix() for path in files} <= names


def test_the_wheel_brings_the_meters_script_and_style(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    static = "cellcost_widgets/static/"
    assert {f"{static}meter.js", f"{static}meter.css"} <= names


def test_every_room_ships_its_type_marker(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    rooms = {name.split("/", 1)[0] for name in names if name.endswith("/__init__.py")}
    wanted = {"cellcost", "cellcost_meter", "cellcost_server", "cellcost_widgets"}
    assert rooms >= wanted
    assert {f"{room}/py.typed" for room in rooms} <= names


def test_the_wheel_holds_no_tests_and_no_sources_of_another_language(
    wheel: Path,
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    odd = [name for name in names if name.startswith(("tests/", "bench/", "docs/"))]
    odd += [name for name in names if name.endswith((".ts", ".tsx", ".pyc"))]
    assert not odd


def test_the_sdist_holds_what_building_again_needs(
    distributions: tuple[Path, Path],
) -> None:
    with tarfile.open(distributions[0]) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    wanted = {
        "LICENSE",
        "pyproject.toml",
        "server_ext/labextension/package-lock.json",
        "server_ext/labextension/package.json",
        "server_ext/cellcost_server/labextension/package.json",
    }
    assert wanted <= names
    assert not [name for name in names if "node_modules" in name or ".venv" in name]


def test_an_installed_wheel_knows_its_version_and_its_command(
    wheel: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index"]
    command += ["--quiet", "--ignore-installed", "--prefix", str(tmp_path), str(wheel)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert list(tmp_path.glob(f"**/cellcost-{cellcost.__version__}.dist-info"))
    assert list(tmp_path.glob("bin/cellcost")) or list(tmp_path.glob("Scripts/*.exe"))
    assert (tmp_path / LAB / "package.json").exists()


def test_python_and_javascript_carry_one_version(root: Path) -> None:
    for folder in ("server_ext/labextension", "lsp/vscode"):
        for name in ("package.json", "package-lock.json"):
            package = json.loads((root / folder / name).read_text())
            assert package["version"] == cellcost.__version__, f"{folder}/{name}"
