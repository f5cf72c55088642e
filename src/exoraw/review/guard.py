"""Who may talk to the review app: a browser on this computer that was given this session's token.

Other pages in the same browser can send requests to 127.0.0.1 too, and a name in the DNS can be made to
point there. So every request needs our own host in its Host header (DNS rebinding), the session's cookie
(SameSite, HttpOnly), and a request that changes something also our own Origin and the token in a header,
which no other page can read or send.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN_HEADER = "x-exoraw-token"  # noqa: S105  the name of the header, not a secret
TOKEN_FIELD = "token"  # noqa: S105  the name of the field in the address, not a secret
LARGEST_BODY = 20_000_000  # bytes; edited outlines of 100,000 cells, as study/corrections.py takes them
CHANGING = frozenset({"POST"})
READING = frozenset({"GET", "HEAD"})

SAFE_HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


@dataclass(frozen=True)
class Session:
    """What a browser must show.

    Parameters
    ----------
    token : random, new for every start of the app
    port : on which the app listens; its address and cookie carry it
    """

    token: str
    port: int

    @property
    def hosts(self) -> tuple[str, str]:
        """What the Host header may say."""
        return (f"127.0.0.1:{self.port}", f"localhost:{self.port}")

    @property
    def cookie(self) -> str:
        """Name of the cookie; cookies know no ports, so the port is in the name."""
        return f"exoraw_review_{self.port}"

    @property
    def address(self) -> str:
        """The address that a person opens; it works once per browser and leaves no token in the history."""
        return f"http://127.0.0.1:{self.port}/enter?{TOKEN_FIELD}={self.token}"

    def is_token(self, shown: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(shown.encode("utf-8", "replace"), self.token.encode())


class Guard:
    """Lets through what belongs to the session, and puts the protecting headers on every answer."""

    def __init__(self, app: ASGIApp, session: Session) -> None:
        self._app = app
        self._session = session

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        refusal = self._refusal(scope["method"], scope["path"], Headers(scope=scope))

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [(name.encode(), value.encode()) for name, value in SAFE_HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *own]}
            await send(message)

        await (refusal or self._app)(scope, receive, send_protected)

    def _refusal(self, method: str, path: str, headers: Headers) -> Response | None:
        if len(headers.getlist("host")) != 1 or headers["host"].lower() not in self._session.hosts:
            return _refused(421, "This address is not that of exoraw review.")
        if method not in READING | CHANGING:
            return _refused(405, "Only GET and POST are understood here.")
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none") and path != "/enter":
            return _refused(403, "Another page asked for this; only exoraw's own pages may.")
        if path == "/enter":  # the token is in the address; the page itself holds nothing
            return None if method in READING else _refused(405, "Only GET is understood here.")
        if not self._session.is_token(_cookie(headers, self._session.cookie)):
            return _refused(
                403, "Open the address that `exoraw review` wrote in the terminal; this page needs its token."
            )
        return self._refused_change(headers) if method in CHANGING else None

    def _refused_change(self, headers: Headers) -> Response | None:
        if headers.get("origin", "") not in {f"http://{host}" for host in self._session.hosts}:
            return _refused(403, "Another page asked for this; only exoraw's own pages may.")
        if not self._session.is_token(headers.get(TOKEN_HEADER, "")):
            return _refused(403, "The token of this session is missing. Load the page again.")
        if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return _refused(415, "Expected JSON.")
        length = headers.get("content-length", "")
        if not length.isascii() or not length.isdigit() or int(length) > LARGEST_BODY:
            return _refused(413, f"Expected at most {LARGEST_BODY:,} bytes, with their number said before.")
        return None


def _cookie(headers: Headers, name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def _refused(status: int, words: str) -> Response:
    return PlainTextResponse(words + "\n", status)
