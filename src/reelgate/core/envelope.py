"""Envelopes: how a secret lies in a row. What is in one is only read by who holds the master key.

A secret is encrypted with a data key of its own, and the data key with the master key, so that
another master key needs only the data key wrapped anew. Both are bound to their place, so that an
envelope moved into another row or column opens nowhere.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BadBase64
from typing import Any, Final, Literal, NewType, Protocol

import msgspec

from reelgate.core.errors import Code, Failure, OperatorError

Sealed = NewType("Sealed", str)
"""A secret as it lies in a row; empty where there is none."""
NOTHING: Final = Sealed("")

_MARK: Final = "rg1"
_PARTS: Final = 4

Reason = Literal["no_key", "other_key", "damaged"]


_SAID: Final[dict[Reason, str]] = {
    "no_key": "the master key is missing",
    "other_key": "it is sealed under another master key",
    "damaged": "it is damaged, or lies where it was not put",
}


class CannotOpen(OperatorError):
    """Raised when an envelope cannot be opened, or nothing can be sealed; says why and which key it wants."""

    def __init__(self, reason: Reason, key_id: str = "", *, detail: str = "") -> None:
        message = "A stored secret cannot be read or written; the operator has to look at the master key."
        super().__init__(Failure(code=Code.OVERLOADED, message=message, detail=detail or _SAID[reason]))
        self.reason: Reason = reason
        self.key_id = key_id

    def __str__(self) -> str:
        return self.failure.detail or self.failure.message


class Place(msgspec.Struct, frozen=True):
    """Where a secret lies: what it is bound to."""

    table: str
    row: str
    column: str = "secret"

    def __str__(self) -> str:
        return f"{self.table}/{self.row}/{self.column}"


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A wrapped data key and what is encrypted with it."""

    key_id: str
    """Names the master key; says nothing about it."""
    wrapped: bytes
    content: bytes

    def write(self) -> Sealed:
        """Write it as text."""
        return Sealed(f"{_MARK}.{self.key_id}.{_text(self.wrapped)}.{_text(self.content)}")


def read_envelope(sealed: Sealed) -> Envelope:
    """Read the text of an envelope.

    Raises CannotOpen `damaged` when it is none.
    """
    parts = sealed.split(".")
    if len(parts) != _PARTS or parts[0] != _MARK:
        raise CannotOpen("damaged")
    try:
        return Envelope(key_id=parts[1], wrapped=_bytes(parts[2]), content=_bytes(parts[3]))
    except (BadBase64, ValueError) as error:
        raise CannotOpen("damaged") from error


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Vault(Protocol):
    """Seals secrets before they are written and opens them after they are read."""

    def seal(self, connection: Any, secret: str, place: Place) -> Sealed:
        """Seal a secret inside the transaction that writes it, under the key this installation uses now.

        Raises CannotOpen when this process does not have that key.
        """
        ...

    def open(self, sealed: Sealed, place: Place) -> str:
        """Give the secret in an envelope; the empty text for none.

        Raises CannotOpen when it is damaged, lies in another place, or wants a key this process has not.
        """
        ...
