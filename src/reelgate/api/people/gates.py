"""Signing in at an OpenID provider: away from here and back, by redirects of the browser."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from reelgate.api import cookies, links
from reelgate.api.door import Operation, Visit
from reelgate.auth import oidc, sessions
from reelgate.auth.oidc import Provider
from reelgate.core.errors import Code, ReelgateError, refuse
from reelgate.telemetry import log

AWAY: Final = "/api/auth/oidc"
BACK: Final = "/api/auth/oidc/callback"
SIGN_IN_PAGE: Final = "/login"
_LONGEST: Final = 4_000


def _provider(visit: Visit) -> Provider:
    if visit.door.provider is None:
        raise refuse(Code.NOT_FOUND, "There is no OpenID provider here.")
    return visit.door.provider


def _address(visit: Visit) -> str:
    return links.origin(visit.ctx, visit.request) + BACK


async def away(visit: Visit) -> Response:
    """Send a browser to the provider; with `link=1` to add it to the account that is signed in."""
    query, user_id = visit.request.query_params, None
    provider = _provider(visit)
    if query.get("link"):
        who = await visit.door.identify(visit.request)
        if who is None or who.session_id is None:
            raise refuse(Code.UNAUTHORIZED, "Sign in first, then add the provider to your account.")
        user_id = who.user_id
    begun = await oidc.begin(
        visit.door.access,
        provider,
        _address(visit),
        back=(query.get("back") or "/")[:_LONGEST],
        invite=(query.get("invite") or "")[:_LONGEST] or None,
        user_id=user_id,
    )
    response = RedirectResponse(begun.url, 302, {"cache-control": "no-store"})
    # It has to come along when the provider sends the browser back.
    response.set_cookie(
        oidc.COOKIE,
        begun.cookie,
        max_age=oidc.AWAY_MS // 1000,
        path=AWAY,
        secure=cookies.secure(visit.request, visit.door.access),
        httponly=True,
        samesite="lax",
    )
    return response


async def back(visit: Visit) -> Response:
    """Sign somebody in who comes back; whoever is not let in is told on the sign-in page."""
    door, query = visit.door, visit.request.query_params
    provider = _provider(visit)
    try:
        found = await oidc.finish(
            door.access,
            provider,
            _address(visit),
            cookie=visit.request.cookies.get(oidc.COOKIE),
            state=query.get("state"),
            code=query.get("code"),
            origin=cookies.origin_of(visit.request),
        )
        started = await sessions.start(door.access, found.user.id, cookies.origin_of(visit.request))
    except ReelgateError as error:
        log.info("oidc_refused", code=error.failure.code.value)
        said = urlencode({"error": error.failure.code.value, "message": error.failure.message})
        return _redirect(visit, f"{SIGN_IN_PAGE}?{said}")
    return cookies.put(_redirect(visit, found.back), visit.request, door.access, started)


def _redirect(visit: Visit, to: str) -> Response:
    response = RedirectResponse(to, 303, {"cache-control": "no-store", "referrer-policy": "no-referrer"})
    response.delete_cookie(
        oidc.COOKIE, path=AWAY, secure=cookies.secure(visit.request, visit.door.access), httponly=True
    )
    return response


OPERATIONS: Final = (
    Operation(
        method="GET",
        path=AWAY,
        handler=away,
        summary="Sign in at the OpenID provider",
        tag="auth",
        query=("back", "invite", "link"),
        head=False,
    ),
    Operation(
        method="GET",
        path=BACK,
        handler=back,
        summary="Come back from the OpenID provider",
        tag="auth",
        query=("state", "code", "error"),
        head=False,
    ),
)
