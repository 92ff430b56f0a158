"""This environment's Jupyter: is the meter in its kernels, is the extension on."""

import json
import os
import site
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from cellcost.cli.doctor.finding import Finding, fix, note, ok

__all__ = ["findings"]

_REINSTALL = "pip install --force-reinstall --no-deps cellcost"
_SERVER = "cellcost_server"
_LABEXTENSION = "cellcost"
# What the meter's room agreed with us on; rooms do not import each other.
_OFF = ("off", "0", "false", "no")
_OFF_MARKER = Path(sys.prefix, "etc", "cellcost", "meter-off")
_EVERY_PYTHON = "zz_cellcost_meter.pth"
_PROBE_SECONDS = 20
# Runs in another environment's Python: does it have the meter, and where is its prefix?
_PROBE = (
    "import importlib.util as u, sys; "
    "print(sys.prefix); print(u.find_spec('cellcost_meter') is not None)"
)


def findings() -> Iterator[Finding]:
    """Yield what is to say about this Python's environment and its kernels."""
    yield _meter()
    yield from _every_python()
    yield from _server()
    yield from _lab()
    yield from _kernels()


def _meter() -> Finding:
    if find_spec("cellcost_meter") is None:
        return fix("meter", f"not installed in {sys.prefix}", _REINSTALL)
    if os.environ.get("CELLCOST_METER", "").strip().lower() in _OFF:
        return note(
            "meter", "CELLCOST_METER switches it off here", "unset it to meter again"
        )
    if find_spec("IPython") is None:
        return note("meter", f"no IPython in {sys.prefix}: only scripts can be metered")
    if _OFF_MARKER.exists():
        return note(
            "meter", "`cellcost disable` switched it off in kernels", "cellcost enable"
        )
    found = [folder for folder in _startup_folders() if _has_startup(folder)]
    if found:
        return ok("meter", f"loads by itself in kernels, from {found[0]}")
    return fix(
        "meter",
        f"no startup file where this IPython looks ({sys.prefix}/etc/ipython/startup):"
        " kernels are not metered",
        f"cellcost enable, or {_REINSTALL}",
    )


def _every_python() -> Iterator[Finding]:
    """Say that every Python process is metered: asked for once, easily forgotten."""
    folders = [*site.getsitepackages(), site.getusersitepackages()]
    found = [
        path for folder in folders if (path := Path(folder, _EVERY_PYTHON)).exists()
    ]
    if found:
        yield ok("meter", f"loads by itself in every Python process, from {found[0]}")


def _startup_folders() -> list[Path]:
    """Return where IPython looks for startup files, in its order."""
    if sys.platform == "win32":
        machine = [Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData"), "ipython")]
    else:
        machine = [Path("/usr/local/etc/ipython"), Path("/etc/ipython")]
    user = Path(os.environ.get("IPYTHONDIR") or Path.home() / ".ipython")
    shared = (Path(sys.prefix, "etc", "ipython"), *machine)
    return [
        user / "profile_default" / "startup",
        *(folder / "startup" for folder in shared),
    ]


def _has_startup(folder: Path) -> bool:
    try:
        return any("cellcost" in path.name for path in folder.glob("*.py"))
    except OSError:
        return False


def _server() -> Iterator[Finding]:
    if find_spec("jupyter_server") is None:
        yield note("server", f"no Jupyter server in {sys.prefix}")
        return
    if find_spec(_SERVER) is None:
        yield fix("server", "the server extension is not installed", _REINSTALL)
        return
    switched = _extension_switch()
    if switched:
        yield ok("server", "the Jupyter server extension is enabled")
    elif switched is None:
        yield fix("server", "no configuration enables the server extension", _REINSTALL)
    else:
        yield fix(
            "server",
            "the server extension is disabled",
            f"jupyter server extension enable {_SERVER}",
        )


def _extension_switch() -> bool | None:
    """Return what Jupyter's configuration says of our extension, None for nothing."""
    from jupyter_core.paths import jupyter_config_path

    switched: bool | None = None
    # The first folder counts most, and in each the file itself counts most.
    for folder in reversed(jupyter_config_path()):
        parts = sorted(Path(folder, "jupyter_server_config.d").glob("*.json"))
        for path in (*parts, Path(folder, "jupyter_server_config.json")):
            extensions = _at(_json(path), "ServerApp", "jpserver_extensions")
            if _SERVER in extensions:
                switched = bool(extensions[_SERVER])
    return switched


def _lab() -> Iterator[Finding]:
    if find_spec("jupyterlab") is None:
        yield note("lab", f"no JupyterLab in {sys.prefix}: no badges there")
        return
    from jupyter_core.paths import jupyter_config_path, jupyter_path

    places = [Path(folder, _LABEXTENSION) for folder in jupyter_path("labextensions")]
    installed = [place for place in places if (place / "package.json").is_file()]
    if not installed:
        yield fix("lab", "the JupyterLab extension is not installed", _REINSTALL)
        return
    version = _json(installed[0] / "package.json").get("version", "?")
    for folder in jupyter_config_path():
        page = _json(Path(folder, "labconfig", "page_config.json"))
        if _at(page, "disabledExtensions").get(_LABEXTENSION):
            yield fix(
                "lab",
                f"the JupyterLab extension is disabled in {folder}",
                f"jupyter labextension enable {_LABEXTENSION}",
            )
            return
    yield ok("lab", f"the JupyterLab extension {version} is in {installed[0]}")


def _kernels() -> Iterator[Finding]:
    """Yield the kernelspecs that run another Python, metered or not."""
    if find_spec("jupyter_core") is None:
        return
    from jupyter_core.paths import jupyter_path

    seen: set[str] = set()
    probed: dict[str, tuple[str, bool] | None] = {}
    for folder in jupyter_path("kernels"):
        for path in sorted(Path(folder).glob("*/kernel.json")):
            name = path.parent.name
            spec = _json(path)
            argv = spec.get("argv")
            if name in seen or spec.get("language") != "python" or not argv:
                continue
            seen.add(name)
            python = str(cast(list[Any], argv)[0])
            # Jupyter replaces these names by the Python that runs the server.
            if python in ("python", "python3", f"python3.{sys.version_info[1]}"):
                continue
            if python not in probed:
                probed[python] = _probe(python)
            yield from _kernel(name, python, probed[python])


def _kernel(
    name: str, python: str, found: tuple[str, bool] | None
) -> Iterator[Finding]:
    if found is None:
        yield note(
            "kernel",
            f"{name} names {python}, which does not run",
            f"jupyter kernelspec remove {name}",
        )
        return
    prefix, has_meter = found
    if os.path.realpath(prefix) == os.path.realpath(sys.prefix):
        return
    if has_meter:
        yield ok("kernel", f"{name} ({prefix}) has the meter")
    else:
        yield note(
            "kernel",
            f"{name} ({prefix}) has no meter: its calls are not seen",
            f"{python} -m pip install cellcost",
        )


def _probe(python: str) -> tuple[str, bool] | None:
    try:
        done = subprocess.run(
            [python, "-c", _PROBE],
            capture_output=True,
            text=True,
            timeout=_PROBE_SECONDS,
            check=True,
            stdin=subprocess.DEVNULL,
        )
        prefix, has_meter = done.stdout.splitlines()[-2:]
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return prefix, has_meter == "True"


def _json(path: Path) -> dict[str, Any]:
    """Return a JSON object from a file of Jupyter's; {} when it is none."""
    try:
        found: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast(dict[str, Any], found) if isinstance(found, dict) else {}


def _at(table: dict[str, Any], *keys: str) -> dict[str, Any]:
    for key in keys:
        inner = table.get(key)
        table = cast(dict[str, Any], inner) if isinstance(inner, dict) else {}
    return table
