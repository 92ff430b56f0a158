"""The REST API of a real server."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from cellcost.journal import Writer
from cellcost.records import Event
from cellcost.testing.records import intent_of, make_event

Json = dict[str, Any]
Get = Callable[..., Awaitable[Json]]
CallIn = Callable[..., Event]


async def test_a_notebook_shows_what_its_cells_cost(get: Get, writer: Writer) -> None:
    writer.settle(make_event())
    answer = await get("notebook", path="work/a.ipynb")
    (cell,) = answer["cells"]
    assert cell["cell_id"] == "cell-1"
    assert cell["cost_nusd"] == "45000"
    assert cell["state"] == "measured"
    assert cell["tokens"]["input"] == 100
    assert answer["total"]["cost_nusd"] == "45000"
    assert answer["breakdown"]["other"]["cost_nusd"] == "0"
    assert answer["path"] == "work/a.ipynb"
    assert answer["rev"] > 0


async def test_an_absolute_path_in_the_journal_is_the_same_notebook(
    get: Get, writer: Writer, call_in: CallIn, jp_root_dir: Any
) -> None:
    writer.settle(call_in(notebook=str(jp_root_dir / "work" / "a.ipynb")))
    answer = await get("notebook", path="work/a.ipynb")
    assert answer["total"]["cost_nusd"] == "45000"


async def test_a_copied_notebook_does_not_show_the_originals_figures(
    get: Get, writer: Writer
) -> None:
    writer.settle(make_event())
    answer = await get("notebook", path="work/a-Copy1.ipynb")
    assert answer["cells"] == []
    assert answer["total"]["calls"] == 0


async def test_a_call_in_flight_is_shown_live(get: Get, writer: Writer) -> None:
    writer.begin(intent_of(make_event()))
    answer = await get("notebook", path="work/a.ipynb")
    assert answer["cells"][0]["state"] == "live"
    assert answer["total"]["live_calls"] == 1
    today = await get("today")
    assert today["now"][0]["path"] == "work/a.ipynb"
    assert today["total"]["state"] == "live"


async def test_the_popover_has_calls_runs_lines_and_tags(
    get: Get, writer: Writer, call_in: CallIn
) -> None:
    writer.settle(make_event())
    writer.settle(call_in(run_id="run-2"))
    writer.settle(call_in(run_id="run-2"))
    answer = await get("cell", path="work/a.ipynb", cell_id="cell-1")
    assert answer["cell"]["run_id"] == "run-2"
    assert answer["cell"]["run_number"] == 2
    assert len(answer["calls"]) == 2
    assert answer["groups"][0]["label"] == "gpt-5-mini, 2 alike"
    assert [run["cost_nusd"] for run in answer["runs"]] == ["45000", "90000"]
    assert answer["tags"] == {"team": "search"}
    assert [line["quantity"] for line in answer["lines"]] == [200, 20]
    first = await get("cell", path="work/a.ipynb", cell_id="cell-1", run_id="run-1")
    assert first["cell"]["run_number"] == 1


async def test_the_same_tokens_are_priced_on_cheaper_models(
    get: Get, writer: Writer
) -> None:
    writer.settle(make_event())
    answer = await get("cell", path="work/a.ipynb", cell_id="cell-1")
    models = [other["model"] for other in answer["alternatives"]]
    assert 1 <= len(models) <= 3
    assert "gpt-5-mini" not in models
    costs = [int(other["cost_nusd"]) for other in answer["alternatives"]]
    assert all(0 < cost < 45_000 for cost in costs)


async def test_today_adds_up_by_model(get: Get, writer: Writer) -> None:
    writer.settle(make_event())
    event = make_event()
    assert event.call is not None
    call = replace(event.call, provider="", request_model="smollm2")
    unpriced = [replace(line, cost_nusd=None, reason="no") for line in event.lines]
    writer.settle(replace(event, call=call, lines=tuple(unpriced)))
    today = await get("today")
    assert today["total"]["cost_nusd"] == "45000"
    assert today["total"]["n_unpriced"] == 1
    rows = {row["model"]: row["cost_nusd"] for row in today["by_model"]}
    assert rows == {"gpt-5-mini": "45000", "smollm2": None}
    assert today["journal"] == {"state": "ok", "detail": ""}


async def test_a_models_row_says_what_its_figure_misses(
    get: Get, writer: Writer
) -> None:
    writer.settle(make_event())
    writer.settle(replace(make_event(), confidence="partial"))
    writer.settle(replace(make_event(), confidence="estimated"))
    (row,) = (await get("today"))["by_model"]
    assert (row["n_unpriced"], row["n_partial"], row["n_estimated"]) == (0, 1, 1)
    assert row["state"] == "partial"
    assert row["cost_nusd"] == "135000"


ERRORS = [
    ("notebook", {}, "GET", 400, "missing_argument"),
    ("cell", {"path": "a.ipynb"}, "GET", 400, "missing_argument"),
    ("cell", {"path": "a.ipynb", "cell_id": "x"}, "GET", 404, "no_such_cell"),
    ("nowhere", {}, "GET", 404, "no_such_route"),
    ("", {}, "GET", 404, "no_such_route"),
    ("notebook", {}, "POST", 405, "method_not_allowed"),
    ("today", {}, "DELETE", 405, "method_not_allowed"),
]


@pytest.mark.parametrize(("route", "params", "method", "status", "error"), ERRORS)
async def test_every_error_has_one_shape(
    jp_fetch: Any, route: str, params: Json, method: str, status: int, error: str
) -> None:
    body = {"body": "{}"} if method == "POST" else {}
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("cellcost", "api", route, params=params, method=method, **body)
    assert caught.value.code == status
    answer = json.loads(caught.value.response.body)
    assert sorted(answer) == ["error", "hint", "message", "status"]
    assert answer["status"] == status
    assert answer["error"] == error
    assert answer["message"]
    assert answer["hint"]


@pytest.mark.parametrize("route", ["notebook", "cell", "today", "nowhere"])
async def test_nobody_reads_figures_without_the_token(
    jp_fetch: Any, route: str
) -> None:
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("cellcost", "api", route, headers={"Authorization": "token x"})
    assert caught.value.code == 403
    answer = json.loads(caught.value.response.body)
    assert sorted(answer) == ["error", "hint", "message", "status"]


async def test_an_authorizer_can_refuse_the_figures(
    jp_serverapp: Any, jp_fetch: Any
) -> None:
    asked: list[str] = []

    class Nobody(type(jp_serverapp.authorizer)):  # type: ignore[misc]
        def is_authorized(
            self, handler: Any, user: Any, action: str, resource: str
        ) -> bool:
            asked.append(resource)
            return False

    jp_serverapp.web_app.settings["authorizer"] = Nobody(parent=jp_serverapp)
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("cellcost", "api", "today")
    assert caught.value.code == 403
    assert asked == ["cellcost"]


async def test_a_post_without_the_xsrf_token_is_refused(
    jp_serverapp: Any, http_server_client: Any, jp_base_url: str
) -> None:
    with pytest.raises(HTTPClientError) as caught:
        await http_server_client.fetch(
            f"{jp_base_url}cellcost/api/today", method="POST", body="{}"
        )
    assert caught.value.code == 403
    assert sorted(json.loads(caught.value.response.body)) == [
        "error",
        "hint",
        "message",
        "status",
    ]
