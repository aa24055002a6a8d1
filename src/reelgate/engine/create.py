"""Create: from a draft to a durable task, with its hold, its first event and its wake-up in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from reelgate.core.errors import CallerError, Code, Failure, refuse
from reelgate.core.events import EventType
from reelgate.core.fairness import stamp
from reelgate.core.library import IMPORTED
from reelgate.core.lifecycle import Status
from reelgate.core.limits import Standing
from reelgate.core.profile import Profile
from reelgate.core.task import Character, Input, Request, Role, Size, Task, Variant, Verb, parse_size
from reelgate.engine import grants, limits, webhooks
from reelgate.engine.channels import Served
from reelgate.engine.context import Context, Draft, Who
from reelgate.engine.route import Fitted, fit, listed, resolve, written
from reelgate.store import assets as asset_rows
from reelgate.store import characters as character_rows
from reelgate.store import events as event_rows
from reelgate.store import idempotency as idempotency_rows
from reelgate.store import ledger as ledger_rows
from reelgate.store import lineage as lineage_rows
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Connection
from reelgate.store.idempotency import Repeat
from reelgate.store.lineage import Edge
from reelgate.store.tables import ParentKind, RepeatKind
from reelgate.telemetry import current_request, log, prompt_shown
from reelgate.telemetry.traces import place, step


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyClaim:
    """What makes two creates the same one: a key the caller chose, or an SDK's retry of equal parsed fields."""

    kind: Literal["explicit", "retry", "first"]
    fingerprint: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """The task that answers a create; `replayed` when it existed before."""

    task: Task
    replayed: bool
    standing: Standing | None = None
    """How the tightest limit of speed stands that this create was counted by."""


@step("create")
async def create(
    ctx: Context, who: Who, draft: Draft, idempotency: IdempotencyClaim | None = None
) -> Created:
    """Make a draft a durable task, or give the task that the same create made before.

    Raises CallerError naming the parameter when the request cannot be served, its key was used for
    another request, or credit does not cover it; Limited when its asker is over a limit.
    """
    known = await _known(ctx, who, idempotency)
    if known is not None:
        return Created(known, replayed=True)
    served, fitted = await fitting(ctx, who, draft)
    task = _task(ctx, who, served, fitted, draft)
    if draft.notify_url is not None:
        await webhooks.prepare_for_tasks(ctx, who, draft.notify_url)
    woken: list[Callable[[], None]] = []

    def work(conn: Connection) -> Created | CallerError:
        earlier = _earlier(conn, ctx, who, idempotency)
        if earlier is not None:
            return Created(earlier, replayed=True)
        # A refusal is a value here: raising would undo and repeat what others share the commit with.
        standing = _granted(conn, ctx, who, task)
        if isinstance(standing, CallerError):
            return standing
        placed = limits.place(conn, ctx, task)
        _insert(conn, ctx, placed, draft, idempotency)
        woken[:] = _wake(conn, ctx, placed)
        return Created(placed, replayed=False, standing=standing)

    created = await _written(ctx, work)
    if not created.replayed:
        for wake in woken:
            wake()
        ctx.hub.wake()
        _log_created(task)
    return created


def _granted(conn: Connection, ctx: Context, who: Who, task: Task) -> Standing | CallerError | None:
    """Tell how an asker stands after one more task, or why they may not have it."""
    standing = limits.admit(conn, ctx, who) if ctx.allowances.creates else None
    if isinstance(standing, limits.Limited):
        return standing
    over = grants.exceeded(conn, ctx, task) if who.budgeted else None
    return standing if over is None else over


async def fitting(ctx: Context, who: Who, draft: Draft) -> tuple[Served, Fitted]:
    """Find what serves a draft and the request it comes to there; nothing is written.

    Raises CallerError naming the parameter when nothing here can do it.
    """
    parent = await _parent(ctx, who, draft)
    served = resolve(ctx, _model_name(ctx, draft, parent))
    grants.check_model(who, served.asked, served.model)
    request = await _request(ctx, who, draft, parent, served.profile)
    return served, fit(ctx, served, request, bend=draft.adapt)


def defaults(draft: Draft) -> tuple[str, ...]:
    """Name the fields that were left to the model."""
    return tuple(name for name in ("model", "seconds", "size") if getattr(draft, name) is None)


def _log_created(task: Task) -> None:
    log.info(
        "task_created",
        task=task.id,
        user=task.user_id,
        model=task.served_model,
        prompt=prompt_shown(task.request.prompt),
    )


async def _written(ctx: Context, work: Callable[[Connection], Created | CallerError]) -> Created:
    try:
        created = await ctx.backend.write(work)
    except idempotency_rows.Conflict:
        created = await ctx.backend.write(work)
    except ledger_rows.InsufficientCredit as short:
        raise refuse(
            Code.INSUFFICIENT_CREDIT, "The credit of this project does not cover the quote."
        ) from short
    if isinstance(created, CallerError):
        raise created
    return created


def _wake(conn: Connection, ctx: Context, task: Task) -> Iterator[Callable[[], None]]:
    """Write the task's wake-up with it; gives what is to be called after the commit."""
    if task.channel_id is None:
        return
    wait_s = 0.0 if task.start_after is None else limits.until(ctx.clock, task.start_after)
    yield ctx.engine.enqueue(
        task.id,
        task.channel_id,
        model=task.served_model,
        priority=task.priority,
        delay_s=wait_s,
        holds_slot=wait_s > 0,
        connection=conn,
    )


async def _known(ctx: Context, who: Who, claim: IdempotencyClaim | None) -> Task | None:
    """Look a repeated create up before anything else: its promise holds though models have changed since."""
    if claim is None or claim.kind == "first":
        return None
    return await ctx.backend.point(lambda conn: _earlier(conn, ctx, who, claim))


def _model_name(ctx: Context, draft: Draft, parent: Task | None) -> str:
    if draft.model:
        return draft.model
    if parent is None or (parent.surface == IMPORTED and ctx.channels.find(parent.model) is None):
        # A clip that was brought in names a model that may never have been here.
        return ctx.rules.default_model
    return parent.model


async def _parent(ctx: Context, who: Who, draft: Draft) -> Task | None:
    if draft.parent_id is None:
        return None
    parent_id = draft.parent_id
    parent = await ctx.backend.point(lambda conn: task_rows.get_visible(conn, parent_id, who.project_id))
    if parent is None:
        raise refuse(Code.NOT_FOUND, f"There is no video `{parent_id}`.", param="video")
    if parent.status is not Status.COMPLETED:
        raise refuse(
            Code.NOT_READY,
            f"Video `{parent_id}` is {parent.status.value}; only a completed one can be worked from.",
            param="video",
        )
    return parent


async def _request(ctx: Context, who: Who, draft: Draft, parent: Task | None, profile: Profile) -> Request:
    inputs = list(draft.inputs)
    if parent is not None:
        inputs += await _from_parent(ctx, draft.verb, parent, given=draft.inputs)
    for character_id in draft.characters:
        inputs.append(_as_input(await _character(ctx, who, character_id)))
    source = next((i for i in inputs if i.role is Role.SOURCE_VIDEO), None)
    if draft.verb in (Verb.EDIT, Verb.EXTEND) and source is None:
        raise refuse(Code.INVALID_REQUEST, "`video` is missing: give a clip or the id of one.", param="video")
    return Request(
        verb=draft.verb,
        model=_model_name(ctx, draft, parent),
        prompt=draft.prompt,
        seconds=_seconds(draft, parent, source, profile),
        size=draft.size or _source_size(parent, source, profile),
        inputs=tuple(inputs),
        parent_id=draft.parent_id,
        parent_seconds=_source_seconds(parent, source) if draft.verb is Verb.EXTEND else None,
        seed=draft.seed,
        negative_prompt=draft.negative_prompt,
        audio=draft.audio,
        watermark=draft.watermark,
        private=draft.private,
        extra=dict(draft.extra),
    )


def _seconds(draft: Draft, parent: Task | None, source: Input | None, profile: Profile) -> int:
    if draft.seconds is not None:
        return draft.seconds
    if draft.verb in (Verb.REMIX, Verb.EDIT):
        return _source_seconds(parent, source) or profile.seconds_default
    return profile.seconds_default


def _source_seconds(parent: Task | None, source: Input | None) -> int | None:
    if parent is not None:
        return parent.request.total_seconds
    if source is not None and source.seconds is not None:
        return max(1, round(source.seconds))
    return None


def _source_size(parent: Task | None, source: Input | None, profile: Profile) -> Size:
    if parent is not None:
        return parent.request.size
    if source is not None and source.width and source.height:
        return Size(source.width - source.width % 2, source.height - source.height % 2)
    size = parse_size(profile.size_default)
    return size if size is not None else profile.default_size


async def _from_parent(ctx: Context, verb: Verb, parent: Task, given: tuple[Input, ...]) -> list[Input]:
    if verb is Verb.REMIX:
        own_roles = {i.role for i in given}
        return [i for i in parent.request.inputs if i.role not in own_roles]
    asset = await ctx.backend.point(lambda conn: asset_rows.get(conn, parent.id, Variant.VIDEO))
    if asset is None:
        raise refuse(Code.ASSET_EXPIRED, f"The clip of video `{parent.id}` is gone.", param="video")
    return [
        Input(
            role=Role.SOURCE_VIDEO,
            sha256=asset.sha256,
            media_type=asset.media_type,
            bytes=asset.bytes,
            width=asset.width,
            height=asset.height,
            seconds=asset.seconds,
        )
    ]


async def _character(ctx: Context, who: Who, character_id: str) -> Character:
    found = await ctx.backend.point(lambda conn: character_rows.get(conn, character_id, who.project_id))
    if found is None:
        raise refuse(Code.NOT_FOUND, f"There is no character `{character_id}`.", param="characters")
    return found


def _as_input(character: Character) -> Input:
    return Input(
        role=Role.REFERENCE,
        sha256=character.portrait_sha256,
        media_type="image/png",
        bytes=0,
        character_id=character.id,
        character_name=character.name,
    )


def _task(ctx: Context, who: Who, served: Served, fitted: Fitted, draft: Draft) -> Task:
    request, profile = fitted.request, fitted.offer.profile
    now = ctx.clock.now_ms()
    start_after = None if draft.start_after is None else limits.start_of(ctx, draft.start_after)
    return Task(
        id=ctx.ids.new("video"),
        user_id=who.user_id,
        project_id=who.project_id,
        key_id=who.key_id,
        surface=who.surface,
        status=Status.QUEUED,
        model=served.asked,
        served_model=served.model,
        request=request,
        quote=fitted.quote,
        currency=profile.currency,
        priority=stamp(0, limits.priority_of(ctx, who, draft.priority)),
        channel_id=fitted.offer.channel.id,
        attempt_id=None,
        attempts=0,
        progress=None,
        phase=None,
        word=None,
        error=None,
        lease_epoch=0,
        event_seq=1,
        created_at=now,
        updated_at=now,
        started_at=None,
        finished_at=None,
        completed_at=None,
        expires_at=None,
        deadline_at=deadline(start_after or now, profile),
        overdue_at=None,
        unconfirmed_at=None,
        cancel_requested_at=None,
        deleted_at=None,
        disputed=False,
        start_after=start_after,
        request_id=current_request(),
        traceparent=place(),
        effective=written(request, fitted.offer, served, defaults(draft)),
        adapted=listed(fitted.changes),
        notify_url=draft.notify_url,
    )


def deadline(start: int, profile: Profile) -> int | None:
    """Give the moment after which a task that began at `start` ends although nobody knows more."""
    return start + profile.deadline_seconds * 1000 if profile.deadline_seconds else None


async def made_with(ctx: Context, who: Who, key: str) -> str | None:
    """Name the task that a request of the asker's with this idempotency key made; None when none is remembered."""
    now = ctx.clock.now_ms()
    row = await ctx.backend.point(lambda conn: idempotency_rows.get(conn, _scope(who), key, now=now))
    return None if row is None else row.task_id


def _scope(who: Who) -> str:
    return f"{who.project_id}:{who.user_id}"


def _earlier(conn: Connection, ctx: Context, who: Who, claim: IdempotencyClaim | None) -> Task | None:
    if claim is None:
        return None
    now = ctx.clock.now_ms()
    if claim.kind == "explicit" and claim.key is not None:
        row = idempotency_rows.get(conn, _scope(who), claim.key, now=now)
        if row is None:
            return None
        if row.fingerprint != claim.fingerprint:
            raise CallerError(
                Failure(
                    code=Code.INVALID_REQUEST,
                    message="This Idempotency-Key was used for another request. Nothing was sent or charged.",
                    param="Idempotency-Key",
                )
            )
        return task_rows.get(conn, row.task_id)
    if claim.kind == "retry":
        since = now - ctx.rules.retry_window_s * 1000
        row = idempotency_rows.recent(conn, _scope(who), claim.fingerprint, since)
        return None if row is None else task_rows.get(conn, row.task_id)
    return None


def _insert(conn: Connection, ctx: Context, task: Task, draft: Draft, claim: IdempotencyClaim | None) -> None:
    now = task.created_at
    task_rows.insert(conn, task)
    if claim is not None:
        who = Who(user_id=task.user_id, project_id=task.project_id)
        idempotency_rows.insert(
            conn,
            Repeat(
                scope=_scope(who),
                key=claim.key or f"auto:{task.id}",
                kind=RepeatKind.EXPLICIT if claim.key else RepeatKind.RETRY,
                fingerprint=claim.fingerprint,
                task_id=task.id,
                created_at=now,
                expires_at=now + ctx.rules.idempotency_keep_s * 1000,
            ),
        )
    ledger_rows.hold_for(
        conn, task.project_id, task.id, task.quote, task.currency, now=now, new_id=ctx.ids.new
    )
    for edge in _edges(task, draft):
        lineage_rows.insert(conn, edge)
    event_rows.open_with(conn, task, EventType.QUEUED, {"status": Status.QUEUED.value}, ctx.ids.new("evt"))


def _edges(task: Task, draft: Draft) -> list[Edge]:
    parents = [(c, ParentKind.CHARACTER) for c in dict.fromkeys(draft.characters)]
    if draft.parent_id is not None:
        parents.insert(0, (draft.parent_id, ParentKind.TASK))
    return [
        Edge(
            child_id=task.id,
            parent_id=parent_id,
            parent_kind=kind,
            verb=task.request.verb,
            diff=_asked(task.request),
            created_at=task.created_at,
        )
        for parent_id, kind in parents
    ]


def _asked(request: Request) -> dict[str, Any]:
    """What the child asked for; compared with the parent's request when the lineage is shown."""
    return {
        "prompt": request.prompt,
        "seconds": request.seconds,
        "size": str(request.size),
        "model": request.model,
        "seed": request.seed,
    }
