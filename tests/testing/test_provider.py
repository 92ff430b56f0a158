"""The fake provider does as it is told."""

import threading

import httpx2
import pytest

from cellcost.testing.provider import FakeProvider, Reply

BODY = {"model": "m", "messages": []}


def test_replies_come_in_order_and_then_by_default() -> None:
    with FakeProvider() as provider:
        provider.script(Reply(status=429), Reply(text="second"))
        url = f"{provider.url}/chat/completions"
        assert httpx2.post(url, json=BODY).status_code == 429
        assert "second" in httpx2.post(url, json=BODY).text
        assert "Hello" in httpx2.post(url, json=BODY).text
        assert [got.path for got in provider.received] == ["/v1/chat/completions"] * 3
        assert provider.received[0].body == BODY


@pytest.mark.parametrize("streamed", [False, True])
def test_a_cut_ends_the_connection_in_the_middle(streamed: bool) -> None:
    with FakeProvider() as provider:
        provider.script(Reply(cut_after=2))
        with pytest.raises(httpx2.RemoteProtocolError):
            httpx2.post(
                f"{provider.url}/chat/completions", json={**BODY, "stream": streamed}
            )


def test_a_held_reply_waits_for_its_gate() -> None:
    with FakeProvider() as provider, httpx2.Client() as client:
        reply = Reply(hold_after=2)
        provider.script(reply)
        got = threading.Event()

        def read() -> None:
            client.post(
                f"{provider.url}/chat/completions", json={**BODY, "stream": True}
            )
            got.set()

        thread = threading.Thread(target=read)
        thread.start()
        assert reply.held.wait(10)
        assert not got.is_set()
        reply.gate.set()
        thread.join()
        assert got.is_set()


@pytest.mark.parametrize("streamed", [False, True])
def test_gzip_is_real(streamed: bool) -> None:
    with FakeProvider() as provider:
        provider.script(Reply(gzip=True))
        answer = httpx2.post(
            f"{provider.url}/chat/completions", json={**BODY, "stream": streamed}
        )
        assert answer.headers["content-encoding"] == "gzip"
        assert "choices" in answer.text
