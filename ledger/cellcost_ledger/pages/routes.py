"""The pages' routes: shells, their files, signing in and out."""

from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from cellcost.clock import to_microseconds, utc_now
from cellcost_ledger.book.keys import key_hash
from cellcost_ledger.pages.assets import DIGEST, FILES, SHELLS
from cellcost_ledger.pages.session import COOKIE, SESSION_SECONDS, seal
from cellcost_ledger.pages.signing import sign_in
from cellcost_ledger.web.bodies import read_body
from cellcost_ledger.web.desk import desk_of
from cellcost_ledger.web.errors import ApiError

__all__ = ["PAGES"]

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


class _SignIn(msgspec.Struct):
    key: str


_sign_in = msgspec.json.Decoder(_SignIn)


async def get_home(_request: Request) -> Response:
    """Send to the first page."""
    return RedirectResponse("/spend", 303)


async def get_spend_page(request: Request) -> Response:
    """Tell the shell of the first page, or send to the sign-in."""
    try:
        await desk_of(request).authorize(request, "read")
    except ApiError as error:
        if error.status not in (401, 403):
            raise
        asked = request.url.path
        if request.url.query:
            asked += f"?{request.url.query}"
        return RedirectResponse(f"/sign-in?next={quote(asked, safe='')}", 303)
    return _shell("spend")


async def get_sign_in(_request: Request) -> Response:
    """Tell the page that takes a key."""
    return _shell("sign-in")


async def post_sign_in(request: Request) -> Response:
    """Take a key as JSON; answer with a cookie that stands for it."""
    # A form of another site cannot send this type without asking first.
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise ApiError(415, "not_json", "A key is sent as application/json.")
    try:
        text = _sign_in.decode(await read_body(request)).key.strip()
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ApiError(
            422, "malformed_body", "The body must be an object with a key."
        ) from None
    desk = desk_of(request)
    now_us = to_microseconds(utc_now())
    key = await desk.ask(
        lambda: sign_in(desk.database, text, now_us=now_us, refusals=desk.refusals)
    )
    request.state.key_id = key.id
    known = await desk.ask(lambda: key_hash(desk.database, key.id))
    ends_us = now_us + SESSION_SECONDS * 1_000_000
    answer = Response(status_code=204)
    answer.set_cookie(
        COOKIE,
        seal(text, key.id, known or "", ends_us=ends_us),
        max_age=SESSION_SECONDS,
        secure=_is_secure(request),
        httponly=True,
        samesite="strict",
    )
    return answer


async def post_sign_out(request: Request) -> Response:
    """Take the cookie back."""
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(
        COOKIE, secure=_is_secure(request), httponly=True, samesite="strict"
    )
    return answer


async def get_static(request: Request) -> Response:
    """Tell a file; kept for good under the address that its content has."""
    asset = FILES.get(request.path_params["name"])
    if asset is None:
        raise ApiError(404, "not_found", f"There is no {request.url.path}.")
    # While servers are replaced, the page of one may ask the other for its files.
    ours = request.path_params["digest"] == DIGEST
    kept = "public, max-age=31536000, immutable" if ours else "no-store"
    return Response(
        asset.content, media_type=asset.media_type, headers={"Cache-Control": kept}
    )


def _shell(name: str) -> Response:
    return Response(
        SHELLS[name],
        media_type="text/html",
        headers={"Content-Security-Policy": _POLICY},
    )


def _is_secure(request: Request) -> bool:
    """Say whether the browser came by TLS; the proxy in front has ended it."""
    forwarded = request.headers.get("x-forwarded-proto", "")
    return "https" in (request.url.scheme, forwarded.partition(",")[0].strip())


PAGES = (
    Route("/", get_home, methods=["GET"]),
    Route("/spend", get_spend_page, methods=["GET"]),
    Route("/sign-in", get_sign_in, methods=["GET"]),
    Route("/sign-in", post_sign_in, methods=["POST"]),
    Route("/sign-out", post_sign_out, methods=["POST"]),
    Route("/static/{digest}/{name:path}", get_static, methods=["GET"]),
)
