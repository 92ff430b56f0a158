"""docs/api.md names every route of the server extension, and no other."""

import re
from pathlib import Path

from cellcost_server.extension import API, CellcostServer

DOCS = Path(__file__).parents[2] / "docs" / "api.md"


def test_every_route_is_documented_with_its_method() -> None:
    made = CellcostServer()
    made.initialize_handlers()
    routes = {
        (method.upper(), route.removeprefix("/"))
        for route, handler in made.handlers
        if route.startswith(API) and "(" not in route
        for method in ("get", "post", "put", "patch", "delete")
        if method in vars(handler)
    }
    rows = re.findall(
        r"^\| `([A-Z]+) (cellcost/api/\w+)", DOCS.read_text("utf-8"), re.MULTILINE
    )
    assert set(rows) == routes


def test_every_error_code_is_documented() -> None:
    room = DOCS.parents[1] / "server_ext" / "cellcost_server"
    source = "".join(path.read_text("utf-8") for path in room.rglob("*.py"))
    codes = set(re.findall(r"ApiError\(\s*\d+,\s*\"(\w+)\"", source))
    assert len(codes) >= 6
    text = DOCS.read_text("utf-8")
    assert [code for code in sorted(codes) if f"`{code}`" not in text] == []
