"""Health: what outcomes say of channels and keys is kept in rows, and decides what may be sent where.

A refused key is taken out and a throttled one left alone; a channel is shut only when none of its
keys is left, or when it does not answer. Its tasks wait or go elsewhere. After a while one task, and
one alone whatever processes there are, finds out how things are now.
"""

from __future__ import annotations

from collections.abc import Sequence

from reelgate.core.dialect import Channel, Observation, SubmitOutcome
from reelgate.core.errors import Failure
from reelgate.core.health import Finding, Health, State, after, finding_of, reading, tried
from reelgate.engine import alerts
from reelgate.engine.context import Context
from reelgate.store import channel_health as health_rows
from reelgate.store.backend import Connection
from reelgate.telemetry import log

AFTER_YOU_S = 5.0
"""How much longer than its lane a task waits that an upstream has just broken on: it may be the task."""
RACE_S = 1.0
"""How long to leave a channel alone that somebody else has just begun to try."""


async def enter(ctx: Context, channel_id: str) -> Channel | None:
    """Give a channel with the key whose turn it is; None when nothing may be sent there now.

    Whoever is to find out whether a key or a channel is well again is alone in it.
    """
    channel = ctx.channels.pick(channel_id)
    if channel is None or not ctx.channels.usable(channel_id):
        return None
    now = ctx.clock.now_ms()
    trials = [h for h in _subjects(ctx, channel) if h.on_trial(now)]
    if trials and not await ctx.backend.write(lambda conn: _claim(conn, trials, now)):
        await ctx.channels.reload(ctx.backend)
        return None
    for health in trials:
        ctx.channels.note(tried(health, now))
        log.info("channel_on_trial", channel=channel.name, key=channel.key_id, failures=health.failures)
    return channel


def _claim(conn: Connection, trials: Sequence[Health], now: int) -> bool:
    return all(health_rows.claim(conn, health, tried(health, now).next_at or now) for health in trials)


def _subjects(ctx: Context, channel: Channel) -> list[Health]:
    ids = [channel.id] if channel.key_id is None else [channel.id, channel.key_id]
    return [ctx.channels.health(one, channel.id) for one in ids]


def wait_s(ctx: Context, channel_id: str) -> float:
    """Give how long a task waits before it is looked at again: nothing in a lane that is shut, for that wakes it."""
    return RACE_S if ctx.channels.usable(channel_id) else 0.0


async def learn(ctx: Context, channel: Channel, outcome: SubmitOutcome, began: int) -> None:
    """Take in the outcome of a paid call that `began` (milliseconds since 1970) on a channel with one of its keys."""
    finding, failure = reading(outcome)
    await _take_in(ctx, channel, finding, failure, began)


async def heard(ctx: Context, channel: Channel, seen: Observation) -> None:
    """Take in that a poll was refused for its key, so that nothing new is sent with it."""
    for failure in (seen.trouble, seen.error):
        if failure is None or finding_of(failure) is not Finding.SHUT:
            continue
        if any(h.state in (State.PAUSED, State.OUT) for h in _subjects(ctx, channel)[-1:]):
            continue
        await _take_in(ctx, channel, Finding.SHUT, failure, ctx.clock.now_ms())


async def _take_in(
    ctx: Context, channel: Channel, finding: Finding, failure: Failure | None, began: int
) -> None:
    now = ctx.clock.now_ms()
    patience = ctx.rules.breaker_after

    def told(health: Health) -> Health:
        said = _said_of(health, channel, finding)
        return (
            health if said is None else after(health, said, failure, began=began, now=now, patience=patience)
        )

    if all(told(health) == health for health in _subjects(ctx, channel)):
        return  # the usual case costs no transaction

    def work(conn: Connection) -> list[tuple[Health, Health]]:
        changed: list[tuple[Health, Health]] = []
        for known in _subjects(ctx, channel):
            before = health_rows.get(conn, known.id, channel.id)
            then = told(before)
            if then != before:
                health_rows.put(conn, then, now)
                alerts.channel_unwell(conn, ctx, channel.name, before, then)
            changed.append((before, then))
        return changed

    changed = await ctx.backend.write(work)
    for before, then in changed:
        ctx.channels.note(then)
        _tell(channel, before, then)
    if any(before.state is not then.state for before, then in changed):
        await ctx.engine.even_out()


def _said_of(health: Health, channel: Channel, finding: Finding) -> Finding | None:
    """Say what an outcome tells about one of the two, a channel and its key; None when nothing."""
    about_key = finding in (Finding.HOT, Finding.SHUT)
    if channel.key_id is None:
        return finding
    if health.id == channel.key_id:
        return None if finding is Finding.BROKEN else finding
    # An upstream that refuses or throttles a key has answered.
    return Finding.FINE if about_key else finding


def _tell(channel: Channel, before: Health, then: Health) -> None:
    if before.state is then.state:
        return
    facts = {"channel": channel.name, "key": channel.key_id if then.id != channel.id else None}
    if then.state is State.WELL:
        log.info("channel_recovered", after=before.state.value, **facts)
    else:
        code = None if then.code is None else then.code.value
        log.warning("channel_unwell", state=then.state.value, code=code, reason=then.why, **facts)


def waits(ctx: Context, channel_id: str, failure: Failure) -> bool:
    """Tell whether a task that was refused has to wait for its channel, because it is not about the task."""
    return finding_of(failure) is not Finding.FINE and not ctx.channels.usable(channel_id)


def turn_s(ctx: Context, channel_id: str, failure: Failure) -> float:
    """Give how long such a task waits: in the lane, which is shut; the one an upstream broke on lets others try first."""
    opens = ctx.channels.next_try(channel_id)
    if not counts(failure) or opens is None:
        return 0.0
    return max(0.0, (opens - ctx.clock.now_ms()) / 1000) + AFTER_YOU_S


def again(ctx: Context, channel_id: str, failure: Failure) -> bool:
    """Tell whether a task that was refused for its key goes on at once with another key of the channel."""
    return finding_of(failure) in (Finding.HOT, Finding.SHUT) and ctx.channels.usable(channel_id)


def counts(failure: Failure | None) -> bool:
    """Tell whether a refusal counts among those after which a task is given up."""
    return failure is None or finding_of(failure) not in (Finding.HOT, Finding.SHUT)


async def tick(ctx: Context) -> None:
    """Open the lanes of channels whose time to be tried again has come."""
    if ctx.channels.due():
        await ctx.engine.even_out()
