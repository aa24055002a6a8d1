"""The studio's cookies: how a sign-in travels in a browser, and how a forged request is told from a real one."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

from reelgate.auth.access import Access, Origin
from reelgate.auth.sessions import Started, csrf_fits
from reelgate.core.errors import Code, refuse

PLAIN: Final = "reelgate_session"
HOST: Final = "__Host-reelgate_session"
"""Browsers take this name only over TLS, for this very host and every path."""
CSRF: Final = "reelgate_csrf"
CSRF_HEADER: Final = "x-csrf-token"
PROJECT_HEADER: Final = "x-reelgate-project"
PROJECT_QUERY: Final = "as_project"
"""The same for what cannot send a header: event streams, sockets, pictures and clips."""
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST: Final = 200
_OURS: Final = frozenset({"same-origin", "none"})


def secure(conn: HTTPConnection, access: Access) -> bool:
    """Tell whether people come here over TLS, as far as we are told."""
    return (access.policy.public_url or "").startswith("https:") or conn.scope["scheme"] in ("https", "wss")


def read(conn: HTTPConnection, access: Access) -> str | None:
    """Give the sign-in cookie a request carries."""
    if "cookie" not in conn.headers:
        return None
    found = conn.cookies.get(HOST if secure(conn, access) else PLAIN)
    return found if found and len(found) <= _LONGEST else None


def put(response: Response, conn: HTTPConnection, access: Access, started: Started) -> Response:
    """Give a browser its sign-in, where no script reads it, and the token its scripts send along."""
    tls = secure(conn, access)
    lasts = access.policy.session_s
    name = HOST if tls else PLAIN
    response.set_cookie(
        name, started.cookie, max_age=lasts, path="/", secure=tls, httponly=True, samesite="strict"
    )
    response.set_cookie(CSRF, started.csrf, max_age=lasts, path="/", secure=tls, samesite="strict")
    return response


def clear(response: Response, conn: HTTPConnection, access: Access) -> Response:
    """Take a sign-in out of a browser."""
    tls = secure(conn, access)
    name = HOST if tls else PLAIN
    response.delete_cookie(name, path="/", secure=tls, httponly=True, samesite="strict")
    response.delete_cookie(CSRF, path="/", secure=tls, samesite="strict")
    return response


def check_intent(conn: HTTPConnection, access: Access, cookie: str) -> None:
    """See to it that a request with a cookie comes from our own pages.

    What changes something carries the token of its sign-in; a socket, which cannot, comes from our
    origin. Raises CallerError otherwise.
    """
    socket = conn.scope["type"] == "websocket"
    if not socket and conn.scope["method"] in _SAFE:
        return
    fits = "origin" in conn.headers if socket else csrf_fits(access, cookie, conn.headers.get(CSRF_HEADER))
    if not fits or not _from_here(conn, access):
        raise refuse(
            Code.PERMISSION_OR_CHANNEL,
            "This request does not come from a page of this server: send the cookie `reelgate_csrf` again as"
            " the header `X-CSRF-Token`.",
        )


def check_page(conn: HTTPConnection, access: Access) -> None:
    """See to it that a browser is not made to sign in as somebody else by a page that is not ours.

    Raises CallerError otherwise.
    """
    if not _from_here(conn, access):
        raise refuse(Code.PERMISSION_OR_CHANNEL, "This request does not come from a page of this server.")


def _from_here(conn: HTTPConnection, access: Access) -> bool:
    """Tell whether a browser says that a page of ours sent this; one that says nothing is believed."""
    site = conn.headers.get("sec-fetch-site")
    if site is not None and site not in _OURS:
        return False
    origin = conn.headers.get("origin")
    if origin is None:
        return True
    ours = {conn.headers.get("host", "").lower()}
    if access.policy.public_url:
        ours.add(urlsplit(access.policy.public_url).netloc.lower())
    return urlsplit(origin).netloc.lower() in ours - {""}


def wanted_project(conn: HTTPConnection) -> str | None:
    """Give the project somebody who signed in wants to work in; None for their own first one."""
    return conn.headers.get(PROJECT_HEADER) or conn.query_params.get(PROJECT_QUERY) or None


def origin_of(conn: HTTPConnection) -> Origin:
    """Give where a request comes from, as the server saw it: no header is believed here."""
    client = conn.client
    return Origin("" if client is None else client.host, conn.headers.get("user-agent", ""))
