"""How limits look on the wire: the headers of the original service, on answers and on refusals."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from reelgate.api import errors
from reelgate.core.limits import Standing, spell
from reelgate.engine.limits import Limited

_HEADER: Final = "x-ratelimit-"


def headers_of(standing: Standing) -> dict[str, str]:
    """Say how many requests a minute are allowed, how many are left, and when all of them are back."""
    return {
        f"{_HEADER}limit-requests": str(standing.limit),
        f"{_HEADER}remaining-requests": str(standing.remaining),
        f"{_HEADER}reset-requests": spell(standing.reset_us),
    }


def put_on(response: Response, standing: Standing | None) -> Response:
    """Add the headers to an answer that has none of a tighter limit."""
    if standing is None or any(name.startswith(_HEADER.encode()) for name, _ in response.raw_headers):
        return response
    for name, value in headers_of(standing).items():
        response.raw_headers.append((name.encode(), value.encode()))
    return response


def refusal(over: Limited) -> Response:
    """Answer a caller who is over a limit: when to try again, and how the limit stands."""
    return put_on(errors.answer(over.failure), over.standing)
