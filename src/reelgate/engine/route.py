"""Route: which channel a request can go to, which one it goes to, and why.

A candidate has to serve the model, be able to do what is asked, still have the model, and be well. Among
those, one with a free slot comes first, then priority, price and the share of the work its weight gives it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import msgspec

from reelgate.core.effective import Change, adapt, effective
from reelgate.core.errors import CallerError, Code, Failure, refuse
from reelgate.core.lifecycle import Status
from reelgate.core.money import Micro
from reelgate.core.profile import objections
from reelgate.core.retire import Heir, heirs, sunset_of
from reelgate.core.task import Request, Task
from reelgate.engine import limits
from reelgate.engine.channels import ChannelTable, Offer, Served
from reelgate.engine.context import Context
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Connection

FreeSlots = Callable[[str], int]
"""How many more attempts a channel's lane takes right now."""

SUGGESTED: Final = 3
"""How many living models are named where one has ended."""
_encoder: Final = msgspec.json.Encoder()


class Reason(StrEnum):
    """What was said of a channel."""

    CHOSEN = "chosen"
    """The request goes there."""
    BEHIND = "behind"
    """It could have taken it; another one came first."""
    LANE_FULL = "lane_full"
    """It could have taken it, but has no free slot now."""
    TRIED = "tried"
    """It refused this task before."""
    CANNOT = "cannot"
    """The model there cannot do what is asked; the detail says what."""
    ENDED = "model_ended"
    """Its upstream has the model no more."""
    UNWELL = "unwell"
    """It is paused, or its upstream does not answer."""
    SHUT = "shut"
    """Its operator lets it take nothing new."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One channel that was looked at."""

    channel_id: str
    channel: str
    accepted: bool
    """Whether it could have taken the request."""
    reason: Reason
    detail: str | None = None
    free: int | None = None
    """Free slots of its lane."""
    priority: int | None = None
    weight: int | None = None
    price: Micro | None = None
    """What the request costs there."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The channel a request goes to, and what was said of every other one."""

    offer: Offer | None
    why: tuple[Candidate, ...]
    objection: Failure | None = None
    """What is wrong with the request, where no channel can do it."""

    def written(self) -> str:
        """Write the reasons as JSON, to be kept with an attempt."""
        return _encoder.encode(self.why).decode()


@dataclass(frozen=True, slots=True)
class Fitted:
    """A request that a channel can do."""

    request: Request
    offer: Offer
    quote: Micro
    """What it costs where it is preferred to go, whatever lane is free."""
    changes: tuple[Change, ...] = ()


# Which models there are.


def resolve(ctx: Context, name: str) -> Served:
    """Give what serves a name now, without what has ended.

    Raises CallerError naming `model`: `model_retired` with what could take its place, else `not_found`.
    """
    served = ctx.channels.find(name)
    if served is not None and served.ends_at is None:
        return served
    living = None if served is None else alive(ctx, served)
    living = living or heir(ctx, name)
    if living is not None:
        return living
    raise _gone(ctx, name, served)


def alive(ctx: Context, served: Served) -> Served | None:
    """Give what is left of a model that may have ended on some channels; None when nothing is."""
    if served.ends_at is None or ctx.clock.now_ms() < served.ends_at:
        return served
    now = ctx.clock.now_ms()
    offers = tuple(o for o in served.offers if o.ends_at is None or now < o.ends_at)
    if not offers:
        return None
    ends = min((o.ends_at for o in offers if o.ends_at is not None), default=None)
    channels = tuple(o.channel for o in offers)
    return Served(served.asked, served.model, channels, offers[0].profile, offers, ends)


def heir(ctx: Context, name: str) -> Served | None:
    """Give what an operator's alias leads to once the name itself serves nothing; None when there is none."""
    seen: set[str] = set()
    asked = name
    while name not in seen:
        seen.add(name)
        following = ctx.channels.heir(name)
        target = ctx.channels.aliases().get(name)
        living = None if following is None else alive(ctx, following)
        if living is not None:
            return Served(asked, living.model, living.channels, living.profile, living.offers, living.ends_at)
        if target is None:
            return None
        name = target
    return None


def suggestions(ctx: Context, name: str) -> list[str]:
    """Name the living models here that can best do what a model could, the best first; none when nothing fits."""
    return [one.model for one in fitting(ctx, name)]


def fitting(ctx: Context, name: str) -> list[Heir]:
    """Give the same with how much of it each can do, and what it cannot; those that end themselves come last."""
    served = ctx.channels.find(name)
    wanted = ctx.channels.known(name) if served is None else served.profile
    if wanted is None:
        return []
    living = {model: s for model, s in _living(ctx) if model != name}
    found = heirs(wanted, [(model, s.profile) for model, s in living.items()])
    return sorted(found, key=lambda one: living[one.model].ends_at is not None)[:SUGGESTED]


def _living(ctx: Context) -> list[tuple[str, Served]]:
    names = {model for _, model in ctx.channels.names()}
    found = [(name, ctx.channels.find(name)) for name in sorted(names)]
    return [(n, s) for n, served in found if served is not None and (s := alive(ctx, served)) is not None]


def _gone(ctx: Context, name: str, served: Served | None) -> CallerError:
    known = ctx.channels.known(name) if served is None else served.profile
    sunset = None if known is None else sunset_of(known.sunset, ctx.clock.now_ms())
    if served is None and (sunset is None or sunset.state != "ended"):
        names = ", ".join(f"`{n}`" for n, _ in _living(ctx)) or "none"
        return refuse(
            Code.NOT_FOUND, f"The model `{name}` does not exist here. Models: {names}.", param="model"
        )
    ended = "has ended" if sunset is None else f"ended on {sunset.day}"
    return refuse(
        Code.MODEL_RETIRED, f"The model `{name}` {ended}. {instead(suggestions(ctx, name))}", param="model"
    )


def instead(names: Collection[str]) -> str:
    """Write which models could be asked for instead."""
    if not names:
        return "Nothing here can do the same."
    return f"What it did, these can do here: {', '.join(f'`{name}`' for name in names)}."


# Which of them can do it.


def fit(ctx: Context, served: Served, request: Request, *, bend: bool = False) -> Fitted:
    """Find where a request can go; with `bend`, after moving it to the nearest that is possible.

    Raises CallerError naming the field that no channel can do and what is allowed.
    """
    offers = served.offers
    problems = [objections(request, offer.profile) for offer in offers]
    able = [offer for offer, wrong in zip(offers, problems, strict=True) if not wrong]
    if able:
        return _fitted(ctx, able, request)
    if bend:
        bent = [(*adapt(request, offer.profile), offer) for offer in offers]
        possible = [b for b in bent if not objections(b[0], b[2].profile)]
        if possible:
            changed, changes, _ = min(possible, key=lambda b: len(b[1]))
            fitting = [offer for offer in offers if not objections(changed, offer.profile)]
            found = _fitted(ctx, fitting, changed)
            return Fitted(found.request, found.offer, found.quote, changes)
        problems = [objections(b[0], b[2].profile) for b in bent]
    raise CallerError(min(problems, key=len)[0])


def _fitted(ctx: Context, able: list[Offer], request: Request) -> Fitted:
    if len(able) == 1:
        return Fitted(request, able[0], able[0].profile.quote(request.seconds))
    best = max(able, key=lambda offer: _rank(ctx, offer, request))
    preferred = min(able, key=lambda offer: (-offer.channel.priority, _price(offer, request)))
    return Fitted(request, best, _price(preferred, request))


def _price(offer: Offer, request: Request) -> Micro:
    return offer.profile.quote(request.seconds)


def _rank(ctx: Context, offer: Offer, request: Request) -> tuple[bool, bool, int, int, bool, float, str]:
    channel = offer.channel
    free = ctx.engine.free_slots(channel.id)
    taken = max(0, channel.concurrency - free) + 1
    return (
        ctx.channels.usable(channel.id),
        free > 0,
        channel.priority,
        -_price(offer, request),
        channel.weight > 0,
        # What makes the shares of the work those of the weights: the lane that is least full for its weight.
        -taken / max(1, channel.weight),
        channel.name,
    )


def written(request: Request, offer: Offer, served: Served, defaults: tuple[str, ...] = ()) -> str:
    """Write what a request amounts to on a channel as JSON, to be kept with its task."""
    return _encoder.encode(effective(request, offer.profile, served.model, defaults=defaults)).decode()


def listed(changes: tuple[Change, ...]) -> str | None:
    """Write changes as a JSON list; None when there are none."""
    return _encoder.encode(changes).decode() if changes else None


# Which one it is.


def weigh(
    ctx: Context,
    served: Served,
    request: Request,
    *,
    tried: Mapping[str, str] | None = None,
    bound: str | None = None,
) -> Choice:
    """Choose among the channels of a model and say of each why or why not.

    `tried` are channels that refused the task before, with their codes; the `bound` one holds a slot
    for it and keeps it as long as it can do it. A channel that is not well is chosen when no other is
    left: the task waits there.
    """
    before = tried or {}
    looked = {o.channel.id: _look(ctx, o, request, before, bound) for o in served.offers}
    able = [o for o in served.offers if looked[o.channel.id].accepted]
    waiting = [o for o in served.offers if looked[o.channel.id].reason is Reason.UNWELL]
    best = next((o for o in able if o.channel.id == bound), None) or max(
        able or waiting, key=lambda o: _rank(ctx, o, request), default=None
    )
    if best is not None:
        chosen = looked[best.channel.id]
        looked[best.channel.id] = msgspec.structs.replace(chosen, reason=Reason.CHOSEN)
    why = (*looked.values(), *_shut(ctx, served))
    return Choice(best, why, None if best else _objection(served, request, looked))


def _look(
    ctx: Context, offer: Offer, request: Request, tried: Mapping[str, str], bound: str | None
) -> Candidate:
    channel = offer.channel
    # Where the task was sent back to is where it goes, although that channel refused it before.
    refused = channel.id in tried and channel.id != bound
    verdict = (Reason.TRIED, tried[channel.id]) if refused else _verdict(ctx, offer, request)
    free = ctx.engine.free_slots(channel.id)
    if verdict is None and free <= 0 and channel.id != bound:
        reason, detail, accepted = Reason.LANE_FULL, None, True
    else:
        (reason, detail), accepted = verdict or (Reason.BEHIND, None), verdict is None
    return Candidate(
        channel_id=channel.id,
        channel=channel.name,
        accepted=accepted,
        reason=reason,
        detail=detail,
        free=free,
        priority=channel.priority,
        weight=channel.weight,
        price=_price(offer, request),
    )


def _verdict(ctx: Context, offer: Offer, request: Request) -> tuple[Reason, str | None] | None:
    """Say why a channel cannot take a request now; None when it can."""
    if offer.ends_at is not None and ctx.clock.now_ms() >= offer.ends_at:
        return Reason.ENDED, offer.profile.sunset
    wrong = objections(request, offer.profile)
    if wrong:
        return Reason.CANNOT, wrong[0].message
    if not ctx.channels.usable(offer.channel.id):
        return Reason.UNWELL, None
    return None


def _shut(ctx: Context, served: Served) -> list[Candidate]:
    """Name the channels that serve the model and are switched off or drained."""
    offered = {offer.channel.id for offer in served.offers}
    return [
        Candidate(channel_id=c.id, channel=c.name, accepted=False, reason=Reason.SHUT)
        for c in ctx.channels.all()
        if served.model in c.models and c.id not in offered
    ]


def _objection(served: Served, request: Request, looked: Mapping[str, Candidate]) -> Failure | None:
    cannot = [o for o in served.offers if looked[o.channel.id].reason is Reason.CANNOT]
    return objections(request, cannot[0].profile)[0] if cannot else None


def direct(ctx: Context, task: Task, tried: Mapping[str, str] | None = None) -> Choice:
    """Choose the channel of a queued task as things are now."""
    served = ctx.channels.find(task.served_model)
    if served is None:
        return Choice(None, ())
    return weigh(ctx, served, task.request, tried=tried, bound=task.channel_id)


def another(ctx: Context, task: Task, tried: Mapping[str, str]) -> str | None:
    """Name another channel for a task that was refused without effect; None when none is left."""
    served = ctx.channels.find(task.served_model)
    if served is None:
        return None
    offer = weigh(ctx, served, task.request, tried=tried).offer
    return None if offer is None or not ctx.channels.usable(offer.channel.id) else offer.channel.id


# Moving what is still queued.


def channels_for(table: ChannelTable, model: str) -> tuple[str, ...]:
    """Name the channels that could serve a model now."""
    served = table.find(model)
    return () if served is None else tuple(channel.id for channel in served.channels)


async def rebind(ctx: Context, task_id: str, channel_id: str) -> bool:
    """Move a task that is still queued to another channel, so that it need not wait for a full lane."""
    return await ctx.backend.write(lambda conn: bind(conn, ctx, task_id, channel_id))


def bind(conn: Connection, ctx: Context, task_id: str, channel_id: str) -> bool:
    """Do the same in a transaction that is under way; False when it is no longer queued or cannot be done there."""
    task = task_rows.get(conn, task_id)
    if task is None or task.status is not Status.QUEUED or task.cancel_requested_at is not None:
        return False
    served = ctx.channels.find(task.served_model)
    offers = () if served is None else served.offers
    offer = next((o for o in offers if o.channel.id == channel_id), None)
    if offer is None or _verdict(ctx, offer, task.request) is not None:
        return False
    return _moved(conn, ctx, task, limits.moved(conn, ctx, task, channel_id))


def _moved(conn: Connection, ctx: Context, task: Task, changes: Mapping[str, object]) -> bool:
    return task_rows.move(
        conn,
        task.id,
        epoch=task.lease_epoch,
        before=frozenset({Status.QUEUED}),
        changes=changes,
        now=ctx.clock.now_ms(),
    )


@dataclass(frozen=True, slots=True)
class Bequest:
    """Where a task went whose model has ended."""

    model: str
    channel_id: str
    priority: int | None
    """Its new place in the order of the lane, when it has one."""


def bequeath(conn: Connection, ctx: Context, task: Task) -> Bequest | None:
    """Give a queued task of an ended model to the model an alias names; None when none can do what it asks.

    It is not charged more than it was quoted.
    """
    following = heir(ctx, task.model) or heir(ctx, task.served_model)
    offer = None if following is None else weigh(ctx, following, task.request).offer
    if following is None or offer is None:
        return None
    lane: dict[str, Any] = limits.moved(conn, ctx, task, offer.channel.id)
    changes = {
        **lane,
        "served_model": following.model,
        "effective": written(task.request, offer, following),
    }
    if not _moved(conn, ctx, task, changes):
        return None
    return Bequest(following.model, offer.channel.id, lane.get("priority"))


def retired(ctx: Context, task: Task) -> Failure:
    """Say that nothing serves a task's model any more, and what could be asked for instead."""
    names = suggestions(ctx, task.served_model)
    return Failure(
        code=Code.MODEL_RETIRED,
        message=f"No channel serves `{task.served_model}` any more. Nothing was sent or charged. {instead(names)}",
    )
