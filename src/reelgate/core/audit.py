"""The audit log's chain: each entry is digested together with the digest before it.

Whoever changes, removes or inserts an entry afterwards breaks the chain at that place; whoever cuts
entries off its end leaves a head that names an entry which is not there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final

import msgspec

START: Final = "0" * 64
"""What the first entry names as the digest before it."""

_encoder: Final = msgspec.json.Encoder(order="deterministic")


class Outcome(StrEnum):
    """How a privileged action ended."""

    DONE = "done"
    REFUSED = "refused"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One privileged action: who, from where, what, and what they asked for with secrets left out."""

    at: int
    """Milliseconds since 1970."""
    actor: str
    """The name people know the actor by."""
    user_id: str | None
    key_id: str | None
    address: str
    request_id: str | None
    action: str
    subject: str | None
    """What it was done to, by id or name."""
    outcome: Outcome
    details: dict[str, Any]


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """An entry in its place in the chain."""

    seq: int
    entry: Entry
    previous: str
    digest: str


class Head(msgspec.Struct, frozen=True):
    """Where the chain ends."""

    seq: int = 0
    digest: str = START


class Break(msgspec.Struct, frozen=True):
    """Where the chain does not hold, and why."""

    seq: int
    why: str


def link(head: Head, entry: Entry) -> Link:
    """Put an entry behind the head of a chain."""
    seq = head.seq + 1
    return Link(seq=seq, entry=entry, previous=head.digest, digest=digest(seq, head.digest, entry))


def digest(seq: int, previous: str, entry: Entry) -> str:
    """Give what an entry in its place is known by."""
    return hashlib.sha256(_encoder.encode([seq, previous, entry])).hexdigest()


def verify(links: Iterable[Link], before: Head) -> Head | Break:
    """Walk links that follow `before`; gives the new head, or the first place where the chain breaks."""
    head = before
    for one in links:
        if one.seq != head.seq + 1:
            return Break(head.seq + 1, f"entry {head.seq + 1} is missing")
        if one.previous != head.digest:
            return Break(one.seq, f"entry {one.seq} does not follow entry {head.seq}")
        if one.digest != digest(one.seq, one.previous, one.entry):
            return Break(one.seq, f"entry {one.seq} was changed after it was written")
        head = Head(one.seq, one.digest)
    return head


def ends_at(walked: Head, noted: Head) -> Break | None:
    """Compare where the entries end with where the database says they end."""
    if walked.seq < noted.seq:
        return Break(walked.seq + 1, f"entries {walked.seq + 1} to {noted.seq} were cut off")
    if walked != noted:
        return Break(noted.seq + 1, f"entry {noted.seq + 1} was added past the head of the chain")
    return None
