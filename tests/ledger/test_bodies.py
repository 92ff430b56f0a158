"""Bodies: three encodings, and limits that hold before memory is spent."""

import gzip
import json
import sys
from pathlib import Path

import httpx
import pytest
import zstandard

from cellcost_ledger.web.bodies import MOST_RECEIVED, MOST_UNPACKED, unpack
from cellcost_ledger.web.errors import ApiError

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Ledger, wire

PACK = {
    "identity": lambda body: body,
    "gzip": gzip.compress,
    "zstd": zstandard.compress,
}


@pytest.mark.parametrize("encoding", PACK)
def test_a_batch_may_come_in_any_of_three_encodings(
    sqlite_ledger: Ledger, encoding: str
) -> None:
    body = json.dumps({"installation": "inst", "events": [wire(1)]}).encode()
    answer = sqlite_ledger.client().post(
        "/api/v1/events",
        content=PACK[encoding](body),
        headers={"Content-Encoding": encoding},
    )
    assert answer.json()["results"][0]["status"] == "stored"


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_bomb_is_refused_and_the_server_lives(
    sqlite_ledger: Ledger, encoding: str
) -> None:
    bomb = PACK[encoding](b" " * (MOST_UNPACKED + 1))
    assert len(bomb) < 100_000
    client = sqlite_ledger.client()
    answer = client.post(
        "/api/v1/events", content=bomb, headers={"Content-Encoding": encoding}
    )
    assert (answer.status_code, answer.json()["error"]) == (413, "too_long")
    assert client.statuses([wire(1)]) == ["stored"]


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_bomb_makes_no_more_bytes_than_the_limit(encoding: str) -> None:
    # 1 GiB of spaces would take far longer than the tests may.
    bomb = PACK[encoding](b" " * 2**24) * 64
    with pytest.raises(ApiError) as refused:
        unpack(bomb, encoding, most=2**20)
    assert refused.value.status == 413


def test_a_body_that_is_too_long_is_refused_before_it_is_read_to_its_end(
    sqlite_ledger: Ledger,
) -> None:
    client = sqlite_ledger.client()
    answer = client.post("/api/v1/events", content=b" " * (MOST_RECEIVED + 1))
    assert (answer.status_code, answer.json()["error"]) == (413, "too_long")

    def endless():
        # Without a Content-Length: chunked.
        while True:
            yield b" " * 65_536

    # The server answers and hangs up; which of both a client sees first is a race.
    try:
        answer = client.post("/api/v1/events", content=endless())
        assert answer.status_code == 413
    except httpx.TransportError:
        pass
    assert client.statuses([wire(1)]) == ["stored"]


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "deflate"])
def test_another_encoding_is_refused(sqlite_ledger: Ledger, encoding: str) -> None:
    answer = sqlite_ledger.client().post(
        "/api/v1/events", content=b"{}", headers={"Content-Encoding": encoding}
    )
    assert (answer.status_code, answer.json()["error"]) == (415, "unknown_encoding")


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
@pytest.mark.parametrize("cut", [0, 1, 10, -1])
def test_a_body_that_is_cut_or_no_such_encoding_is_refused(
    sqlite_ledger: Ledger, encoding: str, cut: int
) -> None:
    body = json.dumps({"installation": "inst", "events": [wire(1)]}).encode()
    client = sqlite_ledger.client()
    for content in (PACK[encoding](body)[:cut], b"no " + PACK[encoding](body)):
        answer = client.post(
            "/api/v1/events", content=content, headers={"Content-Encoding": encoding}
        )
        assert answer.status_code == 422, answer.text
    assert sqlite_ledger.proofs() == {}
