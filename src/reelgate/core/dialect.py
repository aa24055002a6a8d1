"""The seam between the engine and every upstream.

A dialect is a pure object. Its methods are generators: each *yields* an effect (`Call` or `Render`),
is *sent* the answer to it, and *returns* a value. The engine drives a flow for real;
`reelgate.testing.play` drives it in a test with no server and no event loop.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec

from reelgate.core.errors import Failure
from reelgate.core.money import Micro
from reelgate.core.profile import Profile
from reelgate.core.render import Plan
from reelgate.core.task import Request

# Effects: what a flow may ask for.


class Text(msgspec.Struct, frozen=True):
    """A plain part of a form."""

    name: str
    value: str


class File(msgspec.Struct, frozen=True):
    """A stored file as a part of a form, streamed from storage."""

    name: str
    sha256: str
    filename: str
    media_type: str


class Embedded(msgspec.Struct, frozen=True):
    """Stands in a JSON body for a stored file; replaced by its base64 text when the body is written."""

    sha256: str
    media_type: str
    data_url: bool = True
    """Whether `data:<type>;base64,` goes in front."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request to the channel's upstream."""

    method: Literal["GET", "POST", "PUT", "DELETE", "PATCH"]
    path: str
    """Relative to the channel's base address, or absolute when the upstream itself gave the address."""
    headers: Mapping[str, str] = {}
    query: Sequence[tuple[str, str]] = ()
    json: Any = None
    """A JSON body; may hold `Embedded` values."""
    form: Sequence[Text | File] = ()
    """A multipart body; used when not empty."""
    timeout_s: float = 60.0
    stream: bool = False
    """Answer with a `Reply` without a body, then one `Line` after another, then `Closed`."""
    websocket: bool = False
    """With `stream`: open a WebSocket; each text message is a `Line`, and binary ones are passed over."""
    seen: Observation | None = None
    """What the answers so far already say about the job, where this call only asks for more of it."""

    def __repr__(self) -> str:
        # Headers and query may carry the channel's key.
        return f"Call({self.method} {self.path!r})"


class Render(msgspec.Struct, frozen=True, kw_only=True):
    """Ask `media` to draw a plan in a child process, or how far it is.

    Asking again with the same `key` never starts a second drawing. A plan once given is kept on
    disk, so that a later `Render` without one goes on after a restart.
    """

    key: str
    plan: Plan | None = None
    stop: bool = False


class Follow(msgspec.Struct, frozen=True):
    """Ask a streaming call for its next line."""

    seen: Observation | None = None
    """What the lines so far say about the job; shown to whoever waits, and nothing is decided by it."""


class Now(msgspec.Struct, frozen=True):
    """Ask what time it is, for signatures and ages."""


Effect = Call | Render | Follow | Now

# Answers: what a flow may be sent.


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What an upstream answered; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """The content type without parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> Any | None:
        """The body as JSON; None when it is not JSON, whatever its label says."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    def object(self) -> dict[str, Any] | None:
        """The body as a JSON object; None when it is anything else."""
        value = self.json()
        return value if isinstance(value, dict) else None  # pyright: ignore[reportUnknownVariableType]


class NoReply(msgspec.Struct, frozen=True, kw_only=True):
    """No answer came. `sent` is False only when it is certain that no byte of the request left."""

    sent: bool
    reason: str
    blocked: bool = False
    """Our own guard refused the address."""


class Line(msgspec.Struct, frozen=True):
    """One line of a stream, without its line end."""

    text: str


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """A stream ended; `clean` is False when it was cut."""

    clean: bool
    reason: str = ""


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """How a drawing stands."""

    state: Literal["waiting", "drawing", "done", "failed", "stopped", "absent"]
    progress: int | None = None
    """Percent of frames written."""
    error: str | None = None


class Moment(msgspec.Struct, frozen=True):
    """The time, in milliseconds since 1970."""

    ms: int


Answer = Reply | NoReply | Line | Closed | Drawing | Moment

# Outcomes: what a flow may return.


class Phase(StrEnum):
    """What an upstream says about its own work, in our words."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """Where a finished file is: exactly one of `url`, `call`, `drawing` and `data`."""

    url: str | None = None
    """An absolute address that needs no key."""
    call: Call | None = None
    """A request on the channel, sent with the channel's own headers."""
    drawing: str | None = None
    """The key of a finished drawing."""
    data: bytes | None = None
    """The file itself, where the upstream puts it into its answer."""
    media_type: str = "video/mp4"
    expires_at_ms: int | None = None

    def __repr__(self) -> str:
        # A file is long, and the headers of a call may carry the channel's key.
        where = f"{len(self.data)} bytes" if self.data is not None else self.url or self.call or self.drawing
        return f"Output({where!r}, media_type={self.media_type!r}, expires_at_ms={self.expires_at_ms!r})"


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """What one poll learned. A poll that learned nothing has `phase=None` and keeps the state."""

    phase: Phase | None
    progress: int | None = None
    outputs: tuple[Output, ...] = ()
    error: Failure | None = None
    """Why the job failed, with `phase=FAILED`."""
    word: str | None = None
    """The upstream's own status word."""
    trouble: Failure | None = None
    """Why the poll itself learned nothing; never ends a task."""
    lost: bool = False
    """The upstream says it does not know the ref; only repeated evidence ends a task."""
    retry_after_s: float | None = None
    cost: Micro | None = None
    """What the upstream says it charged for the job, in its own currency."""


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The upstream took the job and will know it by `ref`."""

    ref: str
    observation: Observation | None = None
    """What the same answer already says about the job, when it says anything."""
    upstream_id: str | None = None
    """The upstream's own id, where `ref` holds more than that."""


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The upstream did not take the job; a promise that nothing was created and nothing billed."""

    failure: Failure


class Unclear(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody can tell whether the upstream took the job; never submitted again by itself."""

    reason: str
    detail: str | None = None
    """For operators: what came back, redacted."""


SubmitOutcome = Accepted | Refused | Unclear


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Reconciliation found the job."""

    ref: str
    observation: Observation | None = None


class NotFound(msgspec.Struct, frozen=True, kw_only=True):
    """Reconciliation found no such job; `certain` is True only when the upstream could not have it."""

    certain: bool
    reason: str


FindOutcome = Found | NotFound | Unclear


class CancelOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a cancel achieved. `ended` says that the upstream works on it no more."""

    ended: bool
    reason: str = ""


class CatalogueModel(msgspec.Struct, frozen=True, kw_only=True):
    """One model an upstream says it has."""

    name: str
    title: str | None = None
    profile: Profile | None = None
    """What the upstream says the model can do, where it says so."""


Flow = Generator[Effect, Answer, Any]


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """What a clip costs, in the profile's currency; None where the profile's own figure holds."""

    per_second: Micro | None = None
    per_clip: Micro | None = None


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """An operator's account: what a dialect needs to speak to one upstream."""

    id: str
    name: str
    dialect: str
    base_url: str
    secret: str = msgspec.field(default="")
    models: Mapping[str, str] = {}
    """Public model name to upstream model name."""
    concurrency: int = 4
    poll_seconds: float | None = None
    poll_policy: str | None = None
    """When its jobs are asked about, as `core.polling` reads it; None for the installation's policy."""
    self_hosted: bool = False
    """Whether its base address may be private."""
    enabled: bool = True
    settings: Mapping[str, Any] = {}
    priority: int = 0
    weight: int = 1
    draining: bool = False
    """Whether it takes nothing new, but is asked about what it has."""
    prices: Mapping[str, Price] = {}
    """What its operator pays for a public model, where that is not what the profile says."""
    key_id: str | None = None
    """Which of its keys `secret` is; None when it has none. In no row."""

    def __repr__(self) -> str:
        return f"Channel({self.name!r}, dialect={self.dialect!r})"


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt as a dialect sees it."""

    request: Request
    upstream_model: str
    token: str
    """Names this attempt; sent to the upstream where its wire has a place for it."""
    submitted_at_ms: int
    parent_ref: str | None = None
    """The ref of the task remixed, edited or extended, when this same channel made it."""


class Dialect(Protocol):
    """A wire format. Pure: no IO, no clock, no randomness; everything comes in as an argument."""

    @property
    def name(self) -> str:
        """The dialect's name in channels, profiles and entry points."""
        ...

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Send the paid call once and say what is certain about it."""
        ...

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        ...


@runtime_checkable
class PollsMany(Protocol):
    """A dialect whose upstream answers for many jobs in one call."""

    def poll_many(
        self, refs: Sequence[str], channel: Channel
    ) -> Generator[Effect, Answer, Mapping[str, Observation]]:
        """Ask about many jobs; a ref left out of the answer was not learned about."""
        ...


@runtime_checkable
class Finds(Protocol):
    """A dialect that can look for a job whose submission is unclear."""

    def find(
        self, submission: Submission, channel: Channel, taken: frozenset[str]
    ) -> Generator[Effect, Answer, FindOutcome]:
        """Look for the job of `submission`; `taken` are refs that belong to other attempts."""
        ...


@runtime_checkable
class Refreshes(Protocol):
    """A dialect whose upstream gives fresh links to finished files by a call of its own; others are polled again."""

    def refresh(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask where the files of a finished job are now."""
        ...


@runtime_checkable
class Cancels(Protocol):
    """A dialect whose upstream can stop a job."""

    def cancel(self, ref: str, channel: Channel) -> Generator[Effect, Answer, CancelOutcome]:
        """Ask the upstream to stop working on the job."""
        ...


@runtime_checkable
class Discovers(Protocol):
    """A dialect whose upstream lists its models."""

    def discover(self, channel: Channel) -> Generator[Effect, Answer, Sequence[CatalogueModel]]:
        """List the models the upstream says it has; empty when it says nothing usable."""
        ...


@runtime_checkable
class ChecksSettings(Protocol):
    """A dialect that can say whether a channel's settings make sense before anything is sent."""

    def objection(self, settings: Mapping[str, Any]) -> str | None:
        """Say what is wrong with a channel's settings, naming the key; None when they can be used."""
        ...


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of an account at its upstream."""

    left: Micro | None
    """In millionths of the unit; None when the account has no limit."""
    unit: str
    """What the upstream counts in, such as `credits` or `USD`."""


@runtime_checkable
class TellsQuota(Protocol):
    """A dialect whose upstream says what is left of an account."""

    def quota(self, channel: Channel) -> Generator[Effect, Answer, Quota | None]:
        """Ask what is left of the account; None when the answer does not say."""
        ...


class Callback(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody posted to a channel's callback address: a hint to poll now, never the truth."""

    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    """As it came, for signatures are over bytes."""


@runtime_checkable
class Verifies(Protocol):
    """A dialect whose upstream signs its callbacks."""

    def verify(self, callback: Callback, secret: str, now_ms: int) -> str | None:
        """Give the ref of the job a genuine, fresh callback speaks of; None for any other."""
        ...


@runtime_checkable
class AnswersCallbacks(Protocol):
    """A dialect whose upstream wants a word back before it trusts a callback address."""

    def answer_callback(self, callback: Callback, /) -> Mapping[str, str] | None:
        """Give the JSON to answer a trial with, at once; None for a callback that wants nothing back."""
        ...


class Likeness(msgspec.Struct, frozen=True, kw_only=True):
    """What a character is made from: a span of a clip, named by exactly one of `ref` and `url`."""

    start_s: int
    end_s: int
    ref: str | None = None
    """A finished job of the same channel."""
    url: str | None = None
    """An address the upstream can fetch."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The upstream keeps a character now."""

    ref: str
    name: str
    """How prompts call it, without the `@`."""
    picture_url: str | None = None
    """Often signed, so it expires."""


KeepOutcome = Kept | Refused | Unclear


@runtime_checkable
class KeepsCharacters(Protocol):
    """A dialect whose upstream makes characters out of clips."""

    def keep_character(self, likeness: Likeness, channel: Channel) -> Generator[Effect, Answer, KeepOutcome]:
        """Have a character made; nothing is known of what a second call for the same span does."""
        ...


CAPABILITIES: Mapping[str, type] = {
    "poll_many": PollsMany,
    "find": Finds,
    "refresh": Refreshes,
    "cancel": Cancels,
    "discover": Discovers,
    "quota": TellsQuota,
    "characters": KeepsCharacters,
    "verify": Verifies,
}


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """How recorded answers name a dialect and its operations; a dialect may carry one as `recorded`.

    Only `reelgate.testing.replay` reads it; its page says how.
    """

    names: tuple[str, ...] = ()
    """Names it goes by in recordings beside its own."""
    ops: Mapping[str, str] = {}
    """The method that reads the answers of an operation, for operations with names of their own."""
    base: str = ""
    """What a channel's base address normally ends in, such as `/v1`."""
    settings: Mapping[str, Any] = {}
    """Settings of the channel the recordings were made on."""
    ref: str = "{id}"
    """How a ref is written from the id in a recording, where it holds more than that."""


def capabilities(dialect: Dialect) -> frozenset[str]:
    """Name the optional operations a dialect offers."""
    return frozenset(name for name, kind in CAPABILITIES.items() if isinstance(dialect, kind))
