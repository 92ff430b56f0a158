"""Sessions: who gets one, what it opens, when it ends. And the pages' own routes."""

import base64
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "ledger"))

from conftest import Ledger

from cellcost.clock import to_microseconds, utc_now
from cellcost_ledger.book.keys import revoke_key
from cellcost_ledger.pages.assets import DIGEST, FILES
from cellcost_ledger.pages.routes import PAGES
from cellcost_ledger.pages.session import COOKIE, SESSION_SECONDS, seal, unseal

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def browser_like(empty_ledger: Ledger) -> Iterator[httpx.Client]:
    """A client that keeps cookies and has no key."""
    with httpx.Client(base_url=empty_ledger.address, timeout=60) as found:
        yield found


def sign_in(client: httpx.Client, key: str, **headers: str) -> httpx.Response:
    return client.post("/sign-in", json={"key": key}, headers=headers)


def test_a_reading_key_opens_a_session_that_the_browser_guards(
    empty_ledger: Ledger, browser_like: httpx.Client
) -> None:
    key = empty_ledger.key(scopes=["read"])
    assert browser_like.get("/api/v1/spend").status_code == 401
    answer = sign_in(browser_like, key)
    assert answer.status_code == 204
    cookie = answer.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=strict", "Path=/", f"Max-Age={SESSION_SECONDS}"):
        assert part in cookie
    assert "Secure" not in cookie
    assert key.split("_", 2)[2] not in cookie
    assert browser_like.get("/api/v1/spend").status_code == 200
    assert browser_like.get("/spend").headers["content-type"].startswith("text/html")


def test_behind_tls_the_cookie_never_leaves_it(
    empty_ledger: Ledger, browser_like: httpx.Client
) -> None:
    answer = sign_in(browser_like, empty_ledger.key(), **{"X-Forwarded-Proto": "https"})
    assert "Secure" in answer.headers["set-cookie"]


def test_a_session_changes_nothing(
    empty_ledger: Ledger, browser_like: httpx.Client
) -> None:
    sign_in(browser_like, empty_ledger.key(scopes=["ingest", "read"]))
    body = {"installation": "inst", "client": "", "events": []}
    assert browser_like.post("/api/v1/events", json=body).status_code == 401
    # A wrong key is not saved by a good session.
    wrong = {"Authorization": "Bearer cck_no_key"}
    assert browser_like.get("/api/v1/spend", headers=wrong).status_code == 401


def test_a_session_ends_with_its_key(
    empty_ledger: Ledger, browser_like: httpx.Client
) -> None:
    key = empty_ledger.key()
    sign_in(browser_like, key)
    assert browser_like.get("/api/v1/whoami").status_code == 200
    book = empty_ledger.book()
    assert revoke_key(book, key.split("_")[1], now_us=to_microseconds(utc_now()))
    book.close()
    assert browser_like.get("/api/v1/whoami").status_code == 401
    answer = browser_like.get("/spend?by=model", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fspend%3Fby%3Dmodel"


def test_signing_out_takes_the_cookie_back(
    empty_ledger: Ledger, browser_like: httpx.Client
) -> None:
    sign_in(browser_like, empty_ledger.key())
    answer = browser_like.post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert COOKIE not in browser_like.cookies
    assert browser_like.get("/api/v1/whoami").status_code == 401


def test_a_key_that_may_not_read_gets_no_session(
    empty_ledger: Ledger, browser_like: httpx.Client
) -> None:
    answer = sign_in(browser_like, empty_ledger.key(scopes=["ingest"]))
    assert (answer.status_code, answer.json()["error"]) == (403, "wrong_scope")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"key": "cck_00_unknown"}', JSON, 401),
        (b'{"key": ""}', JSON, 401),
        (b'{"key": 7}', JSON, 422),
        (b"[]", JSON, 422),
        (b"", JSON, 422),
        (b"\xff", JSON, 422),
        (b"key=x", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (b'{"key": "x"}', {"Content-Type": "text/plain"}, 415),
    ],
)
def test_a_refused_sign_in_says_why(
    browser_like: httpx.Client, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = browser_like.post("/sign-in", content=body, headers=headers)
    assert answer.status_code == status
    assert list(answer.json()) == ["error", "message", "hint", "status"]
    assert "set-cookie" not in answer.headers


def test_a_sealed_session_cannot_be_changed_or_made_from_the_book() -> None:
    text, hashes = "cck_abc_secret", {"abc": "a" * 64, "other": "b" * 64}
    session = seal(text, "abc", hashes["abc"], ends_us=2_000)
    key_id, ends, sealed = session.split(".")
    assert unseal(session, hashes.get, now_us=1_999) == text
    assert unseal(session, hashes.get, now_us=2_000) is None
    raw = bytearray(base64.urlsafe_b64decode(sealed))
    raw[-1] ^= 1
    bent = base64.urlsafe_b64encode(raw).decode()
    for made in (
        f"{key_id}.9000.{sealed}",
        f"other.{ends}.{sealed}",
        f"unknown.{ends}.{sealed}",
        f"{key_id}.{ends}.{bent}",
        f"{key_id}.{ends}.{sealed[:8]}",
        f"{key_id}.{ends}.",
        f"{key_id}.{ends}.é",
        f"{key_id}.٣.{sealed}",
        "",
        "..",
        "a" * 5_000,
    ):
        assert unseal(made, hashes.get, now_us=1_000) is None
    assert text not in session
    assert seal(text, "abc", hashes["abc"], ends_us=2_000) != session


def test_only_what_came_from_the_key_itself_opens(
    empty_ledger: Ledger, browser_like: httpx.Client
) -> None:
    key = empty_ledger.key()
    _, key_id, _ = key.split("_", 2)
    book = empty_ledger.book()
    from cellcost_ledger.book.keys import key_hash

    known = key_hash(book, key_id)
    book.close()
    assert known
    # Whoever has the book, and so the hash, can seal; but not the secret, which
    # the hash does not tell.
    forged = seal(f"cck_{key_id}_guess", key_id, known, ends_us=2**60)
    browser_like.cookies.set(COOKIE, forged)
    assert browser_like.get("/api/v1/whoami").status_code == 401


@pytest.mark.parametrize(
    "path", ["/", "/spend", "/sign-in", f"/static/{DIGEST}/page.css"]
)
def test_every_page_carries_the_security_headers(
    browser_like: httpx.Client, path: str
) -> None:
    headers = browser_like.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers


def test_the_pages_routes_are_these() -> None:
    assert {(route.path, *sorted(route.methods or ())) for route in PAGES} == {
        ("/", "GET", "HEAD"),
        ("/spend", "GET", "HEAD"),
        ("/sign-in", "GET", "HEAD"),
        ("/sign-in", "POST"),
        ("/sign-out", "POST"),
        ("/static/{digest}/{name:path}", "GET", "HEAD"),
    }


def test_files_are_kept_for_good_under_the_address_of_their_content(
    browser_like: httpx.Client,
) -> None:
    for name, asset in FILES.items():
        answer = browser_like.get(f"/static/{DIGEST}/{name}")
        assert answer.content == asset.content
        assert "immutable" in answer.headers["cache-control"]
    assert answer.status_code == 200
    older = browser_like.get("/static/0000/page.css")
    assert (older.status_code, older.headers["cache-control"]) == (200, "no-store")
    for name in ("nothing.js", "../routes.py", "%2e%2e/routes.py", ""):
        answer = browser_like.get(f"/static/{DIGEST}/{name}")
        assert (answer.status_code, answer.json()["status"]) == (404, 404)


def test_a_shell_holds_no_figure_and_no_script_of_its_own(
    browser_like: httpx.Client,
) -> None:
    text = browser_like.get("/sign-in").text
    assert f"/static/{DIGEST}/page.css" in text
    assert "@static@" not in text
    assert "style=" not in text
    assert text.count("<script") == text.count("<script src=") + text.count(
        '<script type="module" src='
    )
