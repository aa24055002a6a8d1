"""What a family of upstreams is to its simulator: routes, an error envelope, and how it tells its callers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from reelgate.core.dialect import Likeness
from reelgate.testing.simulators.book import Job, Sight
from reelgate.testing.upstream.answers import PAGE_OF_HTML
from reelgate.testing.upstream.jobs import FileSeen

if TYPE_CHECKING:
    from reelgate.testing.simulators.desk import Desk


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One call as a family reads it."""

    method: str
    path: str
    origin: str
    """The simulator's own address as the caller wrote it, `http://host:port`."""
    params: Mapping[str, str]
    """What the route's `{names}` stood for."""
    query: Mapping[str, str]
    pairs: tuple[tuple[str, str], ...] = ()
    """The query as it came, for names that come more than once."""
    headers: Mapping[str, str]
    """Names in lower case."""
    fields: Mapping[str, Any]
    """A JSON object, or a form with bracketed names folded one level deep."""
    files: tuple[FileSeen, ...]
    body: bytes


# Answers.


class Says(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, whole."""

    body: bytes
    status: int = 200
    media_type: str = "application/json"
    headers: Mapping[str, str] = {}


class Clip(msgspec.Struct, frozen=True):
    """Answer with a job's clip: by range, with an ETag, spoilt as its faults say."""

    job: Job


class Stream(msgspec.Struct, frozen=True):
    """Answer with text that comes bit by bit; over a socket each bit is a message, and bytes are a binary one."""

    pieces: AsyncIterator[str | bytes]
    kind: Literal["sse", "websocket"] = "sse"


Answer = Says | Clip | Stream
Handler = Callable[["Desk", Ask], Answer | Awaitable[Answer]]


def says(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Says:
    """Answer with JSON."""
    return Says(body=msgspec.json.encode(body), status=status, headers=headers or {})


def web_page(status: int = 200) -> Says:
    """Answer with a page meant for a person."""
    return Says(body=PAGE_OF_HTML, status=status, media_type="text/html")


# Refusals.


class Why(StrEnum):
    """Why an upstream refuses a call."""

    INVALID = "invalid"
    MODERATED = "moderated"
    KEY = "key"
    QUOTA = "quota"
    FORBIDDEN = "forbidden"
    UNKNOWN_JOB = "unknown_job"
    NOT_READY = "not_ready"
    NO_ROUTE = "no_route"
    CONFLICT = "conflict"
    THROTTLED = "throttled"
    BROKEN = "broken"
    BUSY = "busy"


STATUS: Final[Mapping[Why, int]] = {
    Why.INVALID: 400,
    Why.MODERATED: 400,
    Why.KEY: 401,
    Why.QUOTA: 402,
    Why.FORBIDDEN: 403,
    Why.UNKNOWN_JOB: 404,
    Why.NOT_READY: 404,
    Why.NO_ROUTE: 404,
    Why.CONFLICT: 409,
    Why.THROTTLED: 429,
    Why.BROKEN: 500,
    Why.BUSY: 503,
}
"""The HTTP status most upstreams give."""

_WORDS: Final[Mapping[Why, str]] = {
    Why.INVALID: "A field has a value that is not taken.",
    Why.MODERATED: "Your prompt was refused by our content policy.",
    Why.KEY: "Incorrect API key provided.",
    Why.QUOTA: "Your balance is used up.",
    Why.FORBIDDEN: "This key has no access to the model.",
    Why.UNKNOWN_JOB: "No job found with this id.",
    Why.NOT_READY: "The video is not ready.",
    Why.NO_ROUTE: "Invalid URL.",
    Why.CONFLICT: "This was created before.",
    Why.THROTTLED: "Rate limit reached.",
    Why.BROKEN: "The server had an error.",
    Why.BUSY: "The engine is at capacity.",
}


class Refusal(Exception):
    """Raised by a handler, or by a fault, to refuse a call; the family writes it in its own envelope."""

    def __init__(self, why: Why, message: str = "", *, param: str | None = None) -> None:
        super().__init__(message or _WORDS[why])
        self.why = why
        self.message = message or _WORDS[why]
        self.param = param

    @property
    def status(self) -> int:
        """The HTTP status most upstreams give."""
        return STATUS[self.why]


def openai_error(refusal: Refusal) -> Says:
    """Write a refusal in the envelope of the OpenAI API, which many relays share."""
    kind = "invalid_request_error" if refusal.status < 500 else "server_error"
    error = {
        "message": refusal.message,
        "type": kind,
        "param": refusal.param,
        "code": OPENAI_CODES[refusal.why],
    }
    return says({"error": error}, refusal.status)


OPENAI_CODES: Final[Mapping[Why, str | None]] = {
    Why.INVALID: "invalid_value",
    Why.MODERATED: "content_policy_violation",
    Why.KEY: "invalid_api_key",
    Why.QUOTA: "insufficient_quota",
    Why.FORBIDDEN: "permission_denied",
    Why.UNKNOWN_JOB: None,
    Why.NOT_READY: None,
    Why.NO_ROUTE: None,
    Why.CONFLICT: "conflict",
    Why.THROTTLED: "rate_limit_exceeded",
    Why.BROKEN: None,
    Why.BUSY: "overloaded",
}


# Keys.


def bearer(ask: Ask, key: str) -> bool:
    """Take the key as `Authorization: Bearer`."""
    return ask.headers.get("authorization") == f"Bearer {key}"


def in_header(name: str) -> Callable[[Ask, str], bool]:
    """Take the key as it is in a header."""
    return lambda ask, key: ask.headers.get(name) == key


# Callbacks.


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """What is posted to a caller."""

    body: bytes
    headers: Mapping[str, str] = {}


class Teller(msgspec.Struct, frozen=True, kw_only=True):
    """What a family needs to write a callback."""

    secret: str
    """What callbacks are signed with; a wrong one when somebody forges."""
    origin: str
    now_ms: int


# A family.


class Route(msgspec.Struct, frozen=True):
    """One path and who answers it."""

    method: str
    path: str
    """Absolute, with aiohttp's `{name}` and `{name:regex}`."""
    answer: Handler
    kind: str = "other"
    """What is counted and shown: `create`, `poll`, `list`, `cancel`, `content`, `other`."""
    open: bool = False
    """Whether it is answered without a key."""


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """One upstream as its simulator speaks it."""

    dialect: str
    """The registered dialect that speaks to it."""
    title: str
    routes: tuple[Route, ...]
    base: str = ""
    """What a channel's base address ends in, such as `/v1`."""
    model: str = "any-model"
    """A model name of the upstream, for samples."""
    ref: str = "video_{hex}"
    """How ids are made; `{hex}` is 32 random digits, `{uuid}` a UUID, `{number}` counts from 1."""
    refuse: Callable[[Refusal], Says] = openai_error
    admits: Callable[[Ask, str], bool] = bearer
    """Whether a call has this key; a family that signs reads the time from the signature."""
    key: str = "simulator-key"
    """A key in the form this upstream gives out."""
    settings: Mapping[str, Any] = {}
    """Settings a channel needs to be spoken to like this."""
    hints: Mapping[str, str] = {}
    """How a setting is written on a command line, where its value is long: `@FILE`."""
    tell: Callable[[Sight, Teller], Post | None] | None = None
    """Writes the callback for how a job stands; None where this upstream calls nobody back."""
    second_micro: int = 100_000
    """What a second costs, in millionths. Invented; only sums are meant to be right."""
    clip_micro: int = 0
    """What a clip costs besides."""
    refunds: frozenset[str] = frozenset()
    """The endings that are not charged for: `broke`, `moderated`, `withheld`, `expired`, `cancelled`."""
    doubtful: frozenset[Why] = frozenset()
    """Refusals that this upstream words so vaguely that nobody can tell them from a doubt."""
    at_once: bool = False
    """Whether the one paid call is answered only when the clip is done, so that there is nothing to poll."""
    moderates: bool = True
    """Whether it refuses anything for its content."""
    likeness: Likeness | None = None
    """A character this upstream can make, for samples; its `ref` is filled in by whoever has a job."""
