"""POST /cellcost/api/estimate of a real server: before anything runs."""

import asyncio
import hashlib
import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from cellcost.call_sites import call_mark, source_hash
from cellcost.journal import JOURNAL_FILE, Writer
from cellcost.records import Event
from cellcost_server.services.estimate.question import MOST_CELLS, MOST_CHARACTERS

Json = dict[str, Any]
Ask = Callable[..., Awaitable[list[Json]]]
CallIn = Callable[..., Event]

SETUP = "from openai import OpenAI\nclient = OpenAI()"
# gpt-4o: $2.50 in and $10 out per million tokens; "hi" is one token.
CALL = "client.responses.create(model='{}', input='hi', max_output_tokens=100)"


@pytest.fixture
def ask(jp_fetch: Any) -> Ask:
    """Return the estimates of these cells, in their order."""

    async def asked(*sources: str, path: str = "work/a.ipynb") -> list[Json]:
        cells = [{"id": f"c{n}", "source": text} for n, text in enumerate(sources)]
        answer = await jp_fetch(
            "cellcost",
            "api",
            "estimate",
            method="POST",
            body=json.dumps({"path": path, "cells": cells}),
        )
        body: Json = json.loads(answer.body)
        assert body["path"] == path
        assert [cell["cell_id"] for cell in body["cells"]] == [c["id"] for c in cells]
        found: list[Json] = body["cells"]
        return found

    return asked


async def test_a_call_has_a_cost_before_it_runs(ask: Ask) -> None:
    quiet, calling = await ask(SETUP, CALL.format("gpt-4o"))
    assert quiet["estimate"] is None
    found = calling["estimate"]
    assert found["typical_nusd"] == str(2_500 + 100 * 10_000)
    assert found["high_nusd"] == str(2_500 + 100 * 10_000)
    assert found["models"] == [{"model": "gpt-4o", "provider": "openai", "calls": 1}]
    assert (found["calls"], found["n_unpriced"]) == (1, 0)
    assert (found["input_tokens"], found["input_open"]) == (1, False)
    assert found["output_tokens"] == 100
    assert found["chips"] == []
    (row,) = found["rows"]
    assert (row["place"], row["low_nusd"], row["reasons"]) == ("line 1", "2500", [])


async def test_a_cell_is_asked_what_running_it_calls(ask: Ask) -> None:
    define = "def ask(n):\n    return " + CALL.format("gpt-4o")
    found = await ask(SETUP, define, "for n in range(100):\n    ask(n)")
    assert [cell["estimate"] is None for cell in found] == [True, True, False]
    estimate = found[2]["estimate"]
    assert estimate["calls"] == 100
    assert estimate["typical_nusd"] == str(100 * (2_500 + 100 * 10_000))
    assert estimate["rows"][0]["place"] == "ask, line 2, another cell"


async def test_a_loop_of_unknown_length_is_said_and_costed_for_one_turn(
    ask: Ask,
) -> None:
    loop = "for row in rows:\n    " + CALL.format("gpt-4o")
    estimate = (await ask(SETUP, loop))[1]["estimate"]
    assert estimate["calls"] is None
    assert estimate["high_nusd"] is None
    assert estimate["typical_nusd"] == str(2_500 + 100 * 10_000)
    assert any(
        "loop of unknown length" in why for why in estimate["rows"][0]["reasons"]
    )


async def test_no_price_is_not_nothing(ask: Ask) -> None:
    both = CALL.format("mine-7b") + "\n" + CALL.format("gpt-4o")
    found = await ask(SETUP, CALL.format("mine-7b"), both)
    alone, mixed = found[1]["estimate"], found[2]["estimate"]
    assert (alone["typical_nusd"], alone["n_unpriced"]) == (None, 1)
    assert mixed["typical_nusd"] == str(2_500 + 100 * 10_000)
    assert (mixed["n_unpriced"], mixed["high_nusd"]) == (1, None)


async def test_a_choice_of_models_spans_their_prices(ask: Ask) -> None:
    """gpt-4o-mini: $0.15 in and $0.60 out per million tokens."""
    choice = "m = 'gpt-4o' if big else 'gpt-4o-mini'\n"
    source = choice + CALL.format("x").replace("'x'", "m", 1)
    found = (await ask(SETUP, source))[1]["estimate"]
    assert found["typical_nusd"] == str(2_500 + 100 * 10_000)
    assert found["typical_low_nusd"] == str(150 + 100 * 600)
    assert found["models"][0]["model"] == "gpt-4o or gpt-4o-mini"


async def test_weights_and_loops_that_never_turn_are_no_calls(ask: Ask) -> None:
    load = "from transformers import AutoModel\nAutoModel.from_pretrained('x/y')"
    never = "for n in range(0):\n    " + CALL.format("gpt-4o")
    found = await ask(SETUP, load, never)
    assert [cell["estimate"] for cell in found] == [None, None, None]


async def test_a_large_model_in_dev_is_marked(ask: Ask) -> None:
    silenced = CALL.format("o1") + "  # cellcost: ignore[COST001] it must be good"
    found = await ask(SETUP, CALL.format("o1"), silenced)
    (chip,) = found[1]["estimate"]["chips"]
    assert (chip["kind"], chip["text"]) == ("warn", "large")
    assert "o1 is a large model in dev" in chip["hint"]
    assert found[2]["estimate"]["chips"] == []


async def test_another_environment_marks_no_large_model(ask: Ask, home: Path) -> None:
    home.mkdir(exist_ok=True)
    (home / "cellcost.toml").write_text('[tags]\nenvironment = "prod"\n', "utf-8")
    found = await ask(SETUP, CALL.format("o1"))
    assert found[1]["estimate"]["chips"] == []


async def test_what_a_policy_asks_is_marked_and_a_model_it_allows_is_not(
    ask: Ask, home: Path
) -> None:
    home.mkdir(exist_ok=True)
    (home / "cellcost.toml").write_text(
        '[[policy.rules]]\nmatch = { model = "gpt-4o" }\naction = "ask"\n'
        '[[policy.rules]]\nmatch = { model = "o1" }\naction = "allow"\n',
        "utf-8",
    )
    found = await ask(SETUP, CALL.format("gpt-4o"), CALL.format("o1"))
    (chip,) = found[1]["estimate"]["chips"]
    assert (chip["kind"], chip["text"]) == ("warn", "policy")
    assert "The policy asks before gpt-4o is used in dev." in chip["hint"]
    assert found[2]["estimate"]["chips"] == []


async def test_changed_settings_change_the_next_answer(ask: Ask, home: Path) -> None:
    cells = SETUP, CALL.format("mine-7b")
    assert (await ask(*cells))[1]["estimate"]["typical_nusd"] is None
    home.mkdir(exist_ok=True)
    own = '[[prices]]\nprovider = "openai"\nmodel = "mine-7b"\n'
    own += "rates = { input = 1, output = 1 }\n"
    (home / "cellcost.toml").write_text(own, "utf-8")
    assert (await ask(*cells))[1]["estimate"]["typical_nusd"] == str(101 * 1_000)


async def test_a_helper_beside_the_notebook_is_followed_and_read_again(
    ask: Ask, jp_root_dir: Path
) -> None:
    helper = jp_root_dir / "helpers.py"
    cells = "from helpers import ask", "ask('hi')"
    assert (await ask(*cells, path="a.ipynb"))[1]["estimate"] is None
    text = f"{SETUP}\ndef ask(text):\n    return {CALL}"
    helper.write_text(text.format("gpt-4o"), "utf-8")
    found = (await ask(*cells, path="a.ipynb"))[1]["estimate"]
    assert found["models"][0]["model"] == "gpt-4o"
    assert found["rows"][0]["place"] == "helpers.py, ask, line 4"
    helper.write_text(text.format("gpt-4o-mini") + "\n", "utf-8")
    found = (await ask(*cells, path="a.ipynb"))[1]["estimate"]
    assert found["models"][0]["model"] == "gpt-4o-mini"


async def test_the_source_hash_is_the_meters(ask: Ask) -> None:
    (cell,) = await ask("x = 'é'")
    expected = hashlib.sha256("x = 'é'".encode()).hexdigest()[:16]
    assert cell["source_hash"] == expected


async def test_past_calls_teach_how_long_the_next_will_be(
    ask: Ask, writer: Writer, call_in: CallIn, jp_root_dir: Path
) -> None:
    """gpt-5-mini: $0.25 in and $2 out per million; each past call had 100 and 10."""
    path = "work/a.ipynb"
    source = "client.responses.create(model='gpt-5-mini', input=text)"
    place = {
        "notebook": path,
        "cell_id": "c1",
        "call_site": "cell:<module>:1",
        "call_mark": call_mark([source]),
        "source_hash": source_hash(source),
    }
    before = (await ask(SETUP, source, path=path))[1]["estimate"]
    assert (before["input_open"], before["typical_nusd"]) == (True, str(400 * 2_000))
    for _ in range(6):
        writer.settle(call_in(**place))
    # Another notebook's calls of the same text teach nothing here.
    writer.settle(call_in(**place | {"notebook": "work/b.ipynb"}))
    after = (await ask(SETUP, source, path=path))[1]["estimate"]
    assert after["typical_nusd"] == str(100 * 250 + 10 * 2_000)
    assert (after["input_tokens"], after["output_tokens"]) == (100, 10)
    assert after["input_open"] is False
    assert after["high_nusd"] is None
    assert "from 6 calls since" in after["rows"][0]["reasons"][0]
    assert after["basis"] == before["basis"]
    other = (await ask(SETUP, source.replace("mini", "nano"), path=path))[1]["estimate"]
    assert other["basis"] != before["basis"]


async def test_a_renamed_notebook_keeps_what_its_calls_taught(
    ask: Ask, writer: Writer, call_in: CallIn, jp_fetch: Any, jp_root_dir: Path
) -> None:
    source = "client.responses.create(model='gpt-5-mini', input=text)"
    (jp_root_dir / "old.ipynb").write_text(
        json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []})
    )
    writer.settle(
        call_in(
            notebook="old.ipynb",
            cell_id="c1",
            call_site="cell:<module>:1",
            call_mark=call_mark([source]),
            source_hash=source_hash(source),
        )
    )
    body = json.dumps({"path": "new.ipynb"})
    await jp_fetch("api", "contents", "old.ipynb", method="PATCH", body=body)
    end = time.monotonic() + 60
    learnt = str(100 * 250 + 10 * 2_000)
    while True:
        found = (await ask(SETUP, source, path="new.ipynb"))[1]["estimate"]
        if found["typical_nusd"] == learnt:
            return
        assert time.monotonic() < end


async def test_a_journal_that_cannot_be_read_leaves_the_sources_estimate(
    ask: Ask, home: Path
) -> None:
    home.mkdir(exist_ok=True)
    (home / JOURNAL_FILE).write_bytes(b"this is no database" * 500)
    found = await ask(SETUP, CALL.format("gpt-4o"))
    assert found[1]["estimate"]["typical_nusd"] == str(2_500 + 100 * 10_000)


async def test_many_notebooks_and_moved_cells_stay_right(ask: Ask) -> None:
    for number in range(12):
        found = await ask(SETUP, CALL.format("gpt-4o"), path=f"{number}.ipynb")
        assert found[1]["estimate"]["calls"] == 1
    found = await ask(CALL.format("gpt-4o-mini"), SETUP, CALL.format("gpt-4o"))
    names = [cell["estimate"] and cell["estimate"]["models"] for cell in found]
    assert names[2] == [{"model": "gpt-4o", "provider": "openai", "calls": 1}]


async def test_the_newest_question_wins(ask: Ask, jp_serverapp: Any) -> None:
    thread = jp_serverapp.web_app.settings["cellcost_estimator"]._thread  # noqa: SLF001
    free = threading.Event()
    thread.submit(free.wait)
    asked = []
    for number in range(3):
        asked.append(asyncio.ensure_future(ask(SETUP, CALL.format("gpt-4o"))))
        while thread._work_queue.qsize() <= number:  # noqa: SLF001 - it is there
            await asyncio.sleep(0.01)
    free.set()
    *older, newest = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(newest, list)
    for answer in older:
        assert isinstance(answer, HTTPClientError)
        assert answer.code == 409
        assert json.loads(answer.response.body)["error"] == "superseded"


BAD = [
    (b"{", 400, "bad_request"),
    (b"[]", 400, "bad_request"),
    (b"[" * 100_000, 400, "bad_request"),
    (b"\xff\xfe", 400, "bad_request"),
    (json.dumps({"cells": []}).encode(), 400, "bad_request"),
    (json.dumps({"path": "a.ipynb"}).encode(), 400, "bad_request"),
    (json.dumps({"path": "a.ipynb", "cells": [{}]}).encode(), 400, "bad_request"),
    (
        json.dumps(
            {"path": "a.ipynb", "cells": [{"id": "a", "source": ""}] * 2}
        ).encode(),
        400,
        "bad_request",
    ),
    (
        json.dumps(
            {
                "path": "a.ipynb",
                "cells": [{"id": "a", "source": "x" * (MOST_CHARACTERS + 1)}],
            }
        ).encode(),
        413,
        "too_large",
    ),
    (
        json.dumps(
            {
                "path": "a.ipynb",
                "cells": [{"id": str(n), "source": ""} for n in range(MOST_CELLS + 1)],
            }
        ).encode(),
        413,
        "too_large",
    ),
]


@pytest.mark.parametrize(("body", "status", "error"), BAD)
async def test_a_bad_question_is_refused_in_the_one_shape(
    jp_fetch: Any, body: bytes, status: int, error: str
) -> None:
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("cellcost", "api", "estimate", method="POST", body=body)
    assert caught.value.code == status
    answer = json.loads(caught.value.response.body)
    assert sorted(answer) == ["error", "hint", "message", "status"]
    assert answer["error"] == error


@pytest.mark.parametrize(
    "source",
    [
        "\0",
        "(" * 3_000,
        "x" * 200_000,
        "\ud800",
        "a\x0cb\u2028c\r\r\n",
        "def",
        "%%bash\nls",
    ],
)
async def test_no_source_makes_it_fail(ask: Ask, source: str) -> None:
    found = await ask(SETUP, source, CALL.format("gpt-4o"))
    assert found[2]["estimate"]["calls"] == 1


async def test_no_source_is_logged_or_stored(
    ask: Ask, home: Path, jp_root_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "sk-very-secret-prompt"
    await ask(SETUP, CALL.format("gpt-4o").replace("hi", secret), f"{secret} = (")
    assert secret not in caplog.text
    files = [*home.rglob("*"), *jp_root_dir.rglob("*")]
    assert not [p for p in files if p.is_file() and secret.encode() in p.read_bytes()]


async def test_an_estimate_needs_the_token_and_xsrf(
    jp_fetch: Any, http_server_client: Any, jp_base_url: str
) -> None:
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch(
            "cellcost",
            "api",
            "estimate",
            method="POST",
            body="{}",
            headers={"Authorization": "token x"},
        )
    assert caught.value.code == 403
    with pytest.raises(HTTPClientError) as caught:
        await http_server_client.fetch(
            f"{jp_base_url}cellcost/api/estimate", method="POST", body="{}"
        )
    assert caught.value.code == 403


async def test_whoever_may_only_read_may_ask(
    jp_serverapp: Any, ask: Ask, jp_fetch: Any
) -> None:
    asked: list[str] = []

    class Reader(type(jp_serverapp.authorizer)):  # type: ignore[misc]
        def is_authorized(
            self, handler: Any, user: Any, action: str, resource: str
        ) -> bool:
            asked.append(f"{action} {resource}")
            return action == "read"

    jp_serverapp.web_app.settings["authorizer"] = Reader(parent=jp_serverapp)
    assert (await ask(SETUP, CALL.format("gpt-4o")))[1]["estimate"]
    assert asked == ["read cellcost"]


def test_a_server_that_nobody_asks_imports_no_analysis() -> None:
    code = (
        "import sys, cellcost_server.extension, cellcost_server.services.estimate."
        "estimator as e; from pathlib import Path; made = e.Estimator('.',"
        " home=Path('none'), places=None); made.close();"
        " print([m for m in sys.modules if m.startswith(('tree_sitter', 'tiktoken',"
        " 'cellcost.analysis'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
