"""Probe: does a channel work, key by key, as far as can be told without paying; and one clip of it for whoever wants to pay."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from reelgate.core.dialect import (
    Accepted,
    Answer,
    CatalogueModel,
    Channel,
    Discovers,
    Effect,
    NoReply,
    Observation,
    Output,
    Phase,
    Refused,
    Reply,
    Submission,
    Unclear,
)
from reelgate.core.errors import Code, Failure
from reelgate.core.health import State
from reelgate.core.money import Micro
from reelgate.core.profile import Profile
from reelgate.core.task import Request, Verb
from reelgate.core.words import trouble_of
from reelgate.engine.context import Context
from reelgate.engine.drive import drive
from reelgate.net.fetch import FetchFailed, fetch
from reelgate.store import channel_health as health_rows

T = TypeVar("T")
Auth = Literal["accepted", "refused", "not_told", "none"]
NOWHERE = "reelgate-test-0"
"""A job that no upstream has: asking after it costs nothing and shows what becomes of the key."""
PROMPT = "A red balloon rises over a calm sea at dawn"
FETCH_S = 600.0
LARGEST = 1 << 32
STEP_S = 5.0
SHORTEST_S = 0.2


class KeyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one key of a channel met."""

    key: str | None
    """Its name; None for a channel without keys."""
    reached: bool
    auth: Auth
    status: int | None = None
    """What the upstream answered, as HTTP has it."""
    trouble: str | None = None
    models: tuple[str, ...] | None = None
    """What the upstream says it has; None where it has no list, or gave none."""

    @property
    def works(self) -> bool:
        """Whether nothing speaks against sending tasks with it."""
        return self.reached and self.auth != "refused"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a test."""

    channel: str
    keys: tuple[KeyReport, ...]
    missing: tuple[str, ...] = ()
    """Models of the channel that its upstream does not list."""
    sealed: tuple[str, ...] = ()
    """Why keys could not be read."""

    @property
    def works(self) -> bool:
        """Whether every key works."""
        return not self.sealed and all(key.works for key in self.keys)


async def probe(ctx: Context, channel: Channel) -> Report:
    """Try every key of a channel with the cheapest call its dialect knows; nothing is paid for.

    A key that was paused because it was refused, and is accepted now, is used again at once.
    """
    ring = ctx.channels.keyring(channel.id)
    keys = [(key.name, ctx.channels.get(channel.id, key.id) or channel) for key in ring.keys]
    found = [await _try(ctx, name, keyed) for name, keyed in keys or _keyless(channel, ring.wanted)]
    for report, (_, keyed) in zip(found, keys, strict=False):
        if report.auth == "accepted":
            await _recovered(ctx, keyed)
    listed = {name for report in found for name in report.models or ()}
    gone = sorted(up for up in channel.models.values() if up not in listed) if listed else []
    return Report(
        channel=channel.name, keys=tuple(found), missing=tuple(gone), sealed=tuple(ring.sealed.values())
    )


def _keyless(channel: Channel, wanted: bool) -> list[tuple[str | None, Channel]]:
    return [] if wanted else [(None, channel)]


async def _recovered(ctx: Context, channel: Channel) -> None:
    key_id = channel.key_id or channel.id
    health = ctx.channels.health(key_id, channel.id)
    if health.state is State.PAUSED and health.code is Code.UNAUTHORIZED:
        await ctx.backend.write(lambda conn: health_rows.forget(conn, key_id))
        await ctx.channels.reload(ctx.backend)


async def _try(ctx: Context, name: str | None, channel: Channel) -> KeyReport:
    dialect = ctx.dialects[channel.dialect]
    heard: list[Answer] = []
    models: Sequence[CatalogueModel] = ()
    try:
        if isinstance(dialect, Discovers):
            models = await drive(ctx, _overheard(dialect.discover(channel), heard), channel)
        if not _told(heard):
            heard.clear()
            await drive(ctx, _overheard(dialect.poll(NOWHERE, channel), heard), channel)
    except Exception as surprise:  # noqa: BLE001 - a dialect of strangers that breaks is a finding, too
        return KeyReport(key=name, reached=False, auth="not_told", trouble=type(surprise).__name__)
    return _report(name, channel, heard, tuple(model.name for model in models))


def _overheard(flow: Generator[Effect, Answer, T], heard: list[Answer]) -> Generator[Effect, Answer, T]:
    """Let a flow run as it is, and keep what it is answered."""
    try:
        effect = next(flow)
        while True:
            answer = yield effect
            heard.append(answer)
            effect = flow.send(answer)
    except StopIteration as end:
        return end.value


def _told(heard: Sequence[Answer]) -> bool:
    """Tell whether an answer says something of the key; an upstream without a list says nothing."""
    last = heard[-1] if heard else None
    return isinstance(last, NoReply) or (isinstance(last, Reply) and last.status not in (404, 405, 501))


def _report(
    name: str | None, channel: Channel, heard: Sequence[Answer], models: tuple[str, ...]
) -> KeyReport:
    last = next((answer for answer in reversed(heard) if isinstance(answer, Reply | NoReply)), None)
    match last:
        case None:  # nothing is dialled: it is built in
            return KeyReport(key=name, reached=True, auth="none", models=models or None)
        case NoReply(reason=reason):
            return KeyReport(key=name, reached=False, auth="not_told", trouble=reason)
        case Reply(status=status):
            trouble = None if 200 <= status < 300 else trouble_of(last, secret=channel.secret)
            return KeyReport(
                key=name,
                reached=True,
                auth=_auth(status, channel),
                status=status,
                trouble=None if trouble is None else trouble.message,
                models=models or None,
            )


def _auth(status: int, channel: Channel) -> Auth:
    if status in (401, 402, 403):
        return "refused"
    if not channel.secret:
        return "none"
    # A job that nobody has is refused after the key was looked at, or before: nobody knows.
    return "accepted" if 200 <= status < 300 else "not_told"


# One clip, paid for.


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What a paid test would make and cost."""

    model: str
    request: Request
    cost: Micro
    currency: str
    profile: Profile


def offer(ctx: Context, channel: Channel) -> Offer | None:
    """Give the cheapest clip that a channel makes from words alone; None when it makes none."""
    found = [one for model in channel.models if (one := _offer(ctx, channel, model)) is not None]
    return min(found, key=lambda one: (one.cost, one.model), default=None)


def _offer(ctx: Context, channel: Channel, model: str) -> Offer | None:
    profile = ctx.channels.profile(channel, model)
    if profile is None or Verb.CREATE not in profile.verbs:
        return None
    seconds = min(profile.seconds) if profile.seconds else profile.seconds_default
    request = Request(
        verb=Verb.CREATE, model=model, prompt=PROMPT, seconds=seconds, size=profile.default_size
    )
    return Offer(
        model=model,
        request=request,
        cost=profile.quote(seconds),
        currency=profile.currency,
        profile=profile,
    )


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the paid clip."""

    state: Literal["made", "refused", "unclear", "failed", "late", "not_fetched"]
    ref: str | None = None
    failure: Failure | None = None
    bytes: int | None = None


async def make(ctx: Context, channel: Channel, one: Offer, sink: Path) -> Made:
    """Send the paid call once, follow the job and bring its clip to `sink`; nothing is ever sent again.

    It is nobody's task: the upstream bills it, and no account here is charged.
    """
    keyed = ctx.channels.pick(channel.id) or channel
    submission = Submission(
        request=one.request,
        upstream_model=keyed.models[one.model],
        token=ctx.ids.token(),
        submitted_at_ms=ctx.clock.now_ms(),
    )
    dialect = ctx.dialects[keyed.dialect]
    outcome = await drive(ctx, dialect.submit(submission, keyed), keyed)
    match outcome:
        case Refused(failure=failure):
            return Made(state="refused", failure=failure)
        case Unclear(reason=reason):
            return Made(state="unclear", failure=Failure(code=Code.SUBMISSION_UNKNOWN, message=reason))
        case Accepted(ref=ref):
            seen = await _followed(ctx, keyed, ref, one.profile)
            return await _fetched(ctx, keyed, ref, seen, sink)


async def _followed(ctx: Context, channel: Channel, ref: str, profile: Profile) -> Observation:
    wait_s = max(SHORTEST_S, min(channel.poll_seconds or profile.poll_seconds or STEP_S, 60.0))
    until = ctx.clock.monotonic() + (profile.deadline_seconds or 3_600)
    while True:
        seen = await drive(ctx, ctx.dialects[channel.dialect].poll(ref, channel), channel)
        ended = seen.phase in (Phase.COMPLETED, Phase.FAILED, Phase.CANCELLED)
        if ended or ctx.clock.monotonic() >= until:
            return seen
        await ctx.clock.sleep(max(wait_s, seen.retry_after_s or 0.0))


async def _fetched(ctx: Context, channel: Channel, ref: str, seen: Observation, sink: Path) -> Made:
    if seen.phase is not Phase.COMPLETED or not seen.outputs:
        state = "late" if seen.phase in (None, Phase.QUEUED, Phase.IN_PROGRESS) else "failed"
        return Made(state=state, ref=ref, failure=seen.error or seen.trouble)
    output: Output = seen.outputs[0]
    if output.data is not None:
        await asyncio.to_thread(sink.write_bytes, output.data)
    elif output.drawing is not None:
        drawn = ctx.renders.finished(output.drawing)
        if drawn is None:
            return Made(state="not_fetched", ref=ref)
        await asyncio.to_thread(drawn.replace, sink)
    else:
        got = await fetch(
            ctx.client,
            output.call or output.url or "",
            sink,
            channel=channel,
            limit_bytes=LARGEST,
            deadline_s=FETCH_S,
        )
        if isinstance(got, FetchFailed):
            return Made(state="not_fetched", ref=ref, failure=got.failure)
    return Made(state="made", ref=ref, bytes=(await asyncio.to_thread(sink.stat)).st_size)
