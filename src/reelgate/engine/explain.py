"""Explain: what a request comes to before it is paid for, and why a task went where it went."""

from __future__ import annotations

from typing import Any

import msgspec

from reelgate.core.effective import Change, Effective, effective
from reelgate.core.errors import Code, Failure, refuse
from reelgate.core.lifecycle import Status
from reelgate.core.money import Micro
from reelgate.core.retire import Sunset
from reelgate.core.task import Task
from reelgate.engine import create, route
from reelgate.engine.context import Context, Draft, Who
from reelgate.engine.models import UsualTime, card, sunset_of_name, usual_times
from reelgate.engine.route import Candidate
from reelgate.store import attempts as attempt_rows
from reelgate.store import tasks as task_rows

_candidates = msgspec.json.Decoder(tuple[Candidate, ...])
_changes = msgspec.json.Decoder(tuple[Change, ...])
_effective = msgspec.json.Decoder(Effective)


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a create would come to; nothing was written, held or sent."""

    effective: Effective
    adapted: tuple[Change, ...]
    quote: Micro
    currency: str
    usual: UsualTime | None
    candidates: tuple[Candidate, ...]
    sunset: Sunset | None


async def preview(ctx: Context, who: Who, draft: Draft) -> Preview:
    """Say what a draft would come to.

    Raises CallerError just as creating it would.
    """
    served, fitted = await create.fitting(ctx, who, draft)
    profile = fitted.offer.profile
    shown = card(ctx, served.asked)
    usual = {} if shown is None else await usual_times(ctx, [shown])
    return Preview(
        effective=effective(fitted.request, profile, served.model, defaults=create.defaults(draft)),
        adapted=fitted.changes,
        quote=fitted.quote,
        currency=profile.currency,
        usual=usual.get(served.asked),
        candidates=route.weigh(ctx, served, fitted.request).why,
        sunset=sunset_of_name(ctx, served.asked),
    )


class AttemptCard(msgspec.Struct, frozen=True, kw_only=True):
    """One paid submission, and why it went where it went. Times are milliseconds since 1970."""

    id: str
    number: int
    channel_id: str
    channel: str | None
    """None when there is no such channel any more."""
    upstream_model: str
    state: str
    ref: str | None
    error: Failure | None
    created_at: int
    submitted_at: int | None
    ended_at: int | None
    why: tuple[Candidate, ...]


class TaskCard(msgspec.Struct, frozen=True, kw_only=True):
    """A task as its operator sees it. Times are milliseconds since 1970."""

    id: str
    status: Status
    model: str
    served_model: str
    user_id: str
    project_id: str
    key_id: str | None
    surface: str
    channel_id: str | None
    channel: str | None
    phase: str | None
    word: str | None
    progress: int | None
    polls: int | None
    error: Failure | None
    quote: Micro
    currency: str
    disputed: bool
    created_at: int
    started_at: int | None
    finished_at: int | None
    deadline_at: int | None
    overdue_at: int | None
    request: Any
    effective: Effective | None
    adapted: tuple[Change, ...]
    attempts: tuple[AttemptCard, ...]
    candidates: tuple[Candidate, ...]
    """While it is queued: what would be said of each channel now."""


async def explain(ctx: Context, task_id: str) -> TaskCard:
    """Give a task with its attempts and the reasons for each.

    Raises CallerError `not_found`.
    """
    task = await ctx.backend.point(lambda conn: task_rows.get(conn, task_id))
    if task is None:
        raise refuse(Code.NOT_FOUND, f"There is no video `{task_id[:80]}`.")
    attempts = await ctx.backend.point(lambda conn: attempt_rows.of_task(conn, task_id))
    return _card(
        ctx,
        task,
        tuple(
            AttemptCard(
                channel=_named(ctx, a.channel_id),
                why=() if a.why is None else _candidates.decode(a.why),
                state=a.state.value,
                **{name: getattr(a, name) for name in _SAME_OF_ATTEMPT},
            )
            for a in attempts
        ),
    )


_SAME_OF_ATTEMPT = (
    "id",
    "number",
    "channel_id",
    "upstream_model",
    "ref",
    "error",
    "created_at",
    "submitted_at",
    "ended_at",
)
_MADE = ("channel", "request", "effective", "adapted", "attempts", "candidates")
_SAME_OF_TASK = tuple(name for name in TaskCard.__struct_fields__ if name not in _MADE)


def _card(ctx: Context, task: Task, attempts: tuple[AttemptCard, ...]) -> TaskCard:
    queued = task.status is Status.QUEUED
    return TaskCard(
        channel=_named(ctx, task.channel_id),
        request=msgspec.to_builtins(task.request),
        effective=None if task.effective is None else _effective.decode(task.effective),
        adapted=() if task.adapted is None else _changes.decode(task.adapted),
        attempts=attempts,
        candidates=route.direct(ctx, task).why if queued else (),
        **{name: getattr(task, name) for name in _SAME_OF_TASK},
    )


def _named(ctx: Context, channel_id: str | None) -> str | None:
    channel = None if channel_id is None else ctx.channels.get(channel_id)
    return None if channel is None else channel.name
