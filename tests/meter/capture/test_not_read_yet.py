"""What we cannot read yet is kept, unpriced: silence would say that it cost nothing."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import aiohttp
import botocore.session
import httpx2
import pytest
import requests
from botocore.config import Config

from cellcost.testing.provider import FakeProvider, Reply
from cellcost_meter.capture import other_stacks
from cellcost_meter.patches import Patch

if TYPE_CHECKING:
    from conftest import Metered

ASKED = {"model": "gpt-image-1", "prompt": "a lighthouse"}


@pytest.fixture
def watched(meter: "Metered") -> Iterator["Metered"]:
    """The meter, with the other stacks hooked too."""
    patches: list[Patch] = []
    for stack, module in (
        ("requests", requests),
        ("aiohttp", aiohttp),
        ("botocore", sys.modules["botocore.client"]),
    ):
        watch = other_stacks.Watch(stack, meter.recorder, meter.stacks.__setitem__)
        patches.append(other_stacks.HOOKS[stack](module, watch))
    yield meter
    for patch in patches:
        patch.take_off()


def over_httpx2(url: str) -> int:
    return httpx2.post(url, json=ASKED).status_code


def over_requests(url: str) -> int:
    return requests.post(url, json=ASKED, timeout=10).status_code


def over_aiohttp(url: str) -> int:
    async def post() -> int:
        async with (
            aiohttp.ClientSession() as client,
            client.post(url, json=ASKED) as answer,
        ):
            await answer.read()
            return answer.status

    return asyncio.run(post())


CLIENTS = pytest.mark.parametrize("post", [over_httpx2, over_requests, over_aiohttp])


@CLIENTS
def test_a_call_in_an_unread_format_is_kept_unpriced(
    watched: "Metered", provider: FakeProvider, post: Callable[[str], int]
) -> None:
    assert post(f"{provider.url}/images/generations") == 200
    event = watched.event()
    assert event.call is not None
    assert (event.call.provider, event.call.operation) == ("openai", "images")
    (line,) = event.lines
    assert (line.meter, line.quantity, line.cost_nusd) == ("request", 1, None)
    assert event.confidence == "estimated"
    assert "does not read" in event.note


@CLIENTS
def test_a_refused_call_is_free_whoever_reads_it(
    watched: "Metered", provider: FakeProvider, post: Callable[[str], int]
) -> None:
    provider.script(Reply(status=429))
    assert post(f"{provider.url}/images/generations") == 429
    event = watched.event()
    assert (event.lines, event.note) == ((), "HTTP 429")


@CLIENTS
def test_other_requests_leave_no_trace(
    watched: "Metered", provider: FakeProvider, post: Callable[[str], int]
) -> None:
    post(f"{provider.url}/files")
    post(f"http://localhost:{provider.port}/v1/images/generations")  # unknown host
    post(f"{provider.url}/images/generations")
    assert len(watched.events()) == 1


def test_an_unread_stack_is_announced_at_its_first_model_call(
    watched: "Metered", provider: FakeProvider
) -> None:
    over_requests(f"{provider.url}/files")
    assert "requests" not in watched.stacks
    over_requests(f"{provider.url}/chat/completions")
    assert watched.stacks["requests"].startswith("not captured: ")


def test_a_broken_connection_raises_as_ever_and_is_kept(
    watched: "Metered", provider: FakeProvider
) -> None:
    provider.script(Reply(cut_after=3))
    with pytest.raises(requests.RequestException):
        requests.post(f"{provider.url}/images/generations", json=ASKED, timeout=10)
    event = watched.event()
    assert event.confidence == "partial"
    assert event.lines[0].cost_nusd is None


def test_a_call_of_bedrock_is_kept_with_its_model(watched: "Metered") -> None:
    class Bedrock(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            said = {"role": "assistant", "content": [{"text": "hi"}]}
            usage = {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}
            answer = {"output": {"message": said}, "stopReason": "end_turn"}
            body = json.dumps({**answer, "usage": usage}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = HTTPServer(("127.0.0.1", 0), Bedrock)
    thread = Thread(target=server.handle_request)
    thread.start()
    client = botocore.session.get_session().create_client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{server.server_address[1]}",
        aws_access_key_id="none",
        aws_secret_access_key="none",
        config=Config(retries={"max_attempts": 0}),
    )
    client.converse(
        modelId="amazon.nova-lite-v1:0",
        messages=[{"role": "user", "content": [{"text": "hi"}]}],
    )
    thread.join()
    server.server_close()
    client.close()
    event = watched.event()
    assert event.call is not None
    assert event.call.request_model == "amazon.nova-lite-v1:0"
    assert event.call.provider == "aws"
    assert event.lines[0].cost_nusd is None
