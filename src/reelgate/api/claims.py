"""What makes two creates the same one, on every surface."""

from __future__ import annotations

from typing import Final

import msgspec
from starlette.requests import Request

from reelgate.api.fields import Fields
from reelgate.core.errors import Code, refuse
from reelgate.core.fingerprint import fingerprint
from reelgate.engine.context import Draft
from reelgate.engine.create import IdempotencyClaim

_KEY_MAX: Final = 255
_URL_MAX: Final = 2048
_RETRIES: Final = "x-stainless-retry-count"
_KEY_HEADER: Final = "idempotency-key"


class Wish(msgspec.Struct, frozen=True):
    """A draft, and what names its inputs when two requests are compared."""

    draft: Draft
    marks: tuple[str, ...]


def claim(request: Request, operation: str, wish: Wish) -> IdempotencyClaim:
    """Say what makes this create the same as another one: its key, or its parsed fields.

    Raises CallerError for a key that is no key.
    """
    # Inputs count by what names them: the same picture may have been stored anew.
    draft = msgspec.structs.replace(wish.draft, inputs=()) if wish.draft.inputs else wish.draft
    mark = fingerprint(operation, draft, wish.marks)
    key = request.headers.get(_KEY_HEADER, "").strip()
    if key:
        if len(key) > _KEY_MAX or not key.isprintable():
            raise refuse(
                Code.INVALID_REQUEST,
                f"`Idempotency-Key` must have 1 to {_KEY_MAX} printable characters.",
                param="Idempotency-Key",
            )
        return IdempotencyClaim(kind="explicit", key=key, fingerprint=mark)
    retried = request.headers.get(_RETRIES, "0").strip()
    again = retried.isascii() and retried.isdigit() and retried.strip("0") != ""
    return IdempotencyClaim(kind="retry" if again else "first", fingerprint=mark)


def notify_url(fields: Fields) -> str | None:
    """Read whom to tell of the end; both names mean the same."""
    for name in ("callback_url", "notify_hook"):
        url = fields.text(name)
        if url is not None and url.strip():
            if len(url) > _URL_MAX:
                raise refuse(
                    Code.INVALID_REQUEST, f"`{name}` must have 1 to {_URL_MAX} characters.", param=name
                )
            return url.strip()
    return None
