"""Callbacks: an upstream says that a job moved, so it is asked now. What it says is never taken for the truth.

The address is secret, one for each channel, and names the attempt, so that a callback that comes
before the answer to its submission finds its way. Whether one is believed decides only whether the
upstream is asked; what becomes of a task, its answer decides.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from reelgate.core.dialect import AnswersCallbacks, Callback, Channel, Verifies
from reelgate.core.task import AttemptState
from reelgate.store import callbacks as rows
from reelgate.store.backend import UNUSABLE
from reelgate.store.callbacks import Spoken
from reelgate.telemetry import hide, log

if TYPE_CHECKING:
    from reelgate.engine.context import Context

BODY_MAX: Final = 1 << 20
"""The longest body that is read, in bytes."""
REMEMBERED: Final = 4_096
"""Callbacks that are recognised when they come again."""
REMEMBERED_S: Final = 3_600.0
PER_SECOND: Final = 100.0
BURST: Final = 500.0
"""Callbacks of one channel that are looked at: so many at once, and so many a second after that."""
NAMES_MAX: Final = 200
NAME_LONGEST: Final = 200
DEPTH: Final = 6
"""How far a body is searched for ids."""
SECRET_LENGTH: Final = 40
EPOCH: Final = "callback_epoch"
"""A channel's setting; another value gives another address."""

Tell = Callable[[str, str], Awaitable[None]]
"""Tells other processes that a channel's job, by its ref, is to be asked about now."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """The address is not one of ours."""


@dataclass(frozen=True, slots=True)
class TooMany:
    """The channel's callbacks come faster than they are looked at."""

    retry_after_s: float


@dataclass(frozen=True, slots=True)
class Forged:
    """The signature is wrong, missing or old."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The upstream tried the address and wants this back."""

    body: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Taken:
    """It was taken; so many attempts are asked about now."""

    asked: int
    repeated: bool = False


Outcome = Stranger | TooMany | Forged | Answered | Taken


class Callbacks:
    """Knows the addresses of this installation's channels, and what came to them."""

    def __init__(self) -> None:
        self._key = b""
        self._public_url: str | None = None
        self._seen: OrderedDict[bytes, float] = OrderedDict()
        self._buckets: dict[str, tuple[float, float]] = {}
        self.tell: Tell | None = None
        """Set where other processes watch the same tasks."""

    def open(self, pepper: bytes, public_url: str | None) -> None:
        """Start with what addresses are made from: the installation's pepper, and where people reach it."""
        self._key = hmac.digest(pepper, b"callback addresses", "sha256")
        self._public_url = public_url.rstrip("/") if public_url else None

    def secret(self, channel_id: str, epoch: object = 0) -> str:
        """Give the secret part of a channel's address."""
        if not self._key:
            msg = "callback addresses were not opened"
            raise RuntimeError(msg)
        secret = hmac.new(self._key, f"{channel_id}:{epoch}".encode(), "sha256").hexdigest()[:SECRET_LENGTH]
        hide([secret])
        return secret

    def address(self, channel: Channel, attempt_id: str | None = None) -> str | None:
        """Give where a channel's upstream may call back; None while nobody outside can reach this installation."""
        if self._public_url is None or not self._key:
            return None
        secret = self.secret(channel.id, channel.settings.get(EPOCH, 0))
        address = f"{self._public_url}/callbacks/{channel.id}/{secret}"
        return address if attempt_id is None else f"{address}/{attempt_id}"

    def told_where(self, channel: Channel, attempt_id: str) -> Channel:
        """Give a channel whose submissions say where to call back; one whose operator decided that stays as it is."""
        if "callback_url" in channel.settings:
            return channel
        address = self.address(channel, attempt_id)
        if address is None:
            return channel
        return msgspec.structs.replace(channel, settings={**channel.settings, "callback_url": address})

    def knows(self, channel_id: str, secret: str, epoch: object) -> bool:
        """Tell whether an address is that of a channel, in a time that says nothing about how wrong it is."""
        wanted = self.secret(channel_id, epoch) if self._key else ""
        return hmac.compare_digest(wanted.encode(), secret.encode()) and bool(self._key)

    def admit(self, channel_id: str, now: float) -> float:
        """Take a place for one more callback and give 0, or the seconds until there is one."""
        level, at = self._buckets.get(channel_id, (BURST, now))
        level = min(BURST, level + (now - at) * PER_SECOND)
        self._buckets[channel_id] = (level - 1 if level >= 1 else level, now)
        return 0.0 if level >= 1 else (1 - level) / PER_SECOND

    def repeated(self, mark: bytes, now: float) -> bool:
        """Tell whether the same callback was taken lately."""
        while self._seen and next(iter(self._seen.values())) < now - REMEMBERED_S:
            self._seen.popitem(last=False)
        return mark in self._seen

    def remember(self, mark: bytes, now: float) -> None:
        """Recognise a callback from now on."""
        self._seen[mark] = now
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)


async def hear(
    ctx: Context, channel_id: str, secret: str, attempt_id: str | None, callback: Callback
) -> Outcome:
    """Look at what came to an address and have the jobs it may speak of asked about; changes no task.

    Raises CannotOpen when what callbacks are signed with cannot be read.
    """
    channel = ctx.channels.get(channel_id)
    epoch = 0 if channel is None else channel.settings.get(EPOCH, 0)
    if not ctx.callbacks.knows(channel_id, secret, epoch) or channel is None:
        return Stranger()
    now = ctx.clock.monotonic()
    wait = ctx.callbacks.admit(channel_id, now)
    if wait > 0:
        return TooMany(wait)
    dialect = ctx.dialects[channel.dialect]
    if isinstance(dialect, AnswersCallbacks):
        wanted = dialect.answer_callback(callback)
        if wanted is not None:
            return Answered(wanted)
    ref = await _verified(ctx, channel, callback)
    if isinstance(ref, Forged):
        log.warning("callback_forged", channel=channel.name)
        return ref
    mark = _mark(channel_id, attempt_id, callback)
    if ctx.callbacks.repeated(mark, now):
        return Taken(0, repeated=True)
    asked = await _nudge(ctx, channel, attempt_id, _names(callback, ref))
    ctx.callbacks.remember(mark, now)
    return Taken(asked)


async def _verified(ctx: Context, channel: Channel, callback: Callback) -> str | Forged | None:
    """Give the ref that a signed callback speaks of; None where nothing says what it is signed with."""
    dialect = ctx.dialects[channel.dialect]
    if not isinstance(dialect, Verifies):
        return None
    sealed = await ctx.backend.point(lambda conn: rows.secret_of(conn, channel.id))
    if sealed is None:
        return None
    secret = ctx.vault.open(sealed, rows.place_of(channel.id))
    return dialect.verify(callback, secret, ctx.clock.now_ms()) or Forged()


def _mark(channel_id: str, attempt_id: str | None, callback: Callback) -> bytes:
    """Name a callback: by the id its sender gave it, which stays when it is sent again, else by what it says."""
    said = callback.headers.get("webhook-id", "").encode() or callback.body
    return hashlib.sha256(b"\0".join((channel_id.encode(), (attempt_id or "").encode(), said))).digest()


def _names(callback: Callback, ref: str | None) -> list[str]:
    """List what may be a job's id: the verified one, or every short text in the body."""
    if ref is not None:
        return [ref]
    try:
        body = msgspec.json.decode(callback.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    return list(dict.fromkeys(_texts(body, DEPTH)))[:NAMES_MAX]


def _texts(value: object, depth: int) -> Iterator[str]:
    match value:
        case str() if 0 < len(value) <= NAME_LONGEST:
            yield value
        case bool():
            pass
        case int():
            yield str(value)
        case dict() if depth:
            for inner in cast("dict[Any, object]", value).values():
                yield from _texts(inner, depth - 1)
        case list() if depth:
            for inner in cast("list[object]", value):
                yield from _texts(inner, depth - 1)
        case _:
            pass


async def _nudge(ctx: Context, channel: Channel, attempt_id: str | None, names: list[str]) -> int:
    now = ctx.clock.now_ms()
    spoken = await ctx.backend.write(lambda conn: rows.nudge(conn, channel.id, attempt_id, names, now))
    for one in spoken:
        await _ask_now(ctx, channel, one)
    log.info("callback", channel=channel.name, attempts=len(spoken))
    return len(spoken)


async def _ask_now(ctx: Context, channel: Channel, spoken: Spoken) -> None:
    if spoken.state is AttemptState.UNCLEAR:
        ctx.engine.cancel(spoken.task_id)  # its doubt is looked at again at once
    if spoken.ref is None:
        return  # still being sent: its watch reads the row
    ctx.rounds.nudge(channel.id, spoken.ref)
    if ctx.callbacks.tell is not None:
        try:
            await ctx.callbacks.tell(channel.id, spoken.ref)
        except UNUSABLE as away:
            log.warning("others_not_told", reason=type(away).__name__)


async def sign_with(ctx: Context, channel_id: str, secret: str) -> None:
    """Keep what a channel's callbacks are signed with, sealed; the empty text forgets it.

    Raises CannotOpen without the master key.
    """
    now = ctx.clock.now_ms()

    def work(conn: Any) -> None:
        if not secret:
            rows.remove_secret(conn, channel_id)
            return
        rows.put_secret(conn, channel_id, ctx.vault.seal(conn, secret, rows.place_of(channel_id)), now)

    await ctx.backend.write(work)
