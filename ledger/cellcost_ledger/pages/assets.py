"""The files of the pages, read once; their address changes with their content."""

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DIGEST", "FILES", "SHELLS", "Asset"]

_HERE = Path(__file__).parent
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file and what it is."""

    content: bytes
    media_type: str


def _files() -> dict[str, Asset]:
    folder = _HERE / "static"
    return {
        path.relative_to(folder).as_posix(): Asset(
            path.read_bytes(), _TYPES.get(path.suffix) or _guess(path)
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _guess(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def _digest(files: dict[str, Asset]) -> str:
    whole = hashlib.sha256()
    for name, asset in files.items():
        whole.update(f"{name} {len(asset.content)}\n".encode())
        whole.update(asset.content)
    return whole.hexdigest()[:16]


FILES = _files()
DIGEST = _digest(FILES)
"""Of all files at once: modules import each other by relative paths."""

SHELLS = {
    path.stem: path.read_text(encoding="utf-8").replace("@static@", f"/static/{DIGEST}")
    for path in sorted((_HERE / "shells").glob("*.html"))
}
"""The pages without a figure in them: those come from the API."""
