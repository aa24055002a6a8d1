"""The shape of the OpenAI Videos API, for every family that has it: each says only what it does differently."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from reelgate.core.dialect import Phase
from reelgate.core.words import as_object
from reelgate.testing.simulators.book import Order, Sight
from reelgate.testing.simulators.desk import Desk
from reelgate.testing.simulators.family import OPENAI_CODES, Answer, Ask, Refusal, Route, Why, says

WORDS: Final[Mapping[Phase, str]] = {
    Phase.QUEUED: "queued",
    Phase.IN_PROGRESS: "in_progress",
    Phase.COMPLETED: "completed",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "cancelled",
}
_ENDINGS: Final = {
    "broke": "server_error",
    "moderated": "moderation_blocked",
    "withheld": "moderation_blocked",
    "expired": "expired",
}
DAY_MS: Final = 86_400_000


def error_of(sight: Sight) -> dict[str, Any] | None:
    """Write why a job ended without a clip; None for one that did not."""
    if sight.trouble is None:
        return None
    return {"code": _ENDINGS[sight.trouble], "message": sight.message()}


def view(sight: Sight, words: Mapping[Phase, str] = WORDS) -> dict[str, Any]:
    """Write a job as the shape has it."""
    order = sight.job.order
    created_s = sight.job.created_ms // 1_000
    done = sight.phase is Phase.COMPLETED
    return {
        "id": sight.ref,
        "object": "video",
        "model": order.model,
        "status": sight.word(words),
        "progress": sight.percent,
        "created_at": created_s,
        "completed_at": sight.ended_ms // 1_000 if done else None,
        "expires_at": (sight.ended_ms + DAY_MS) // 1_000 if done else None,
        "prompt": order.prompt,
        "seconds": order.seconds,
        "size": order.size,
        "remixed_from_video_id": order.parent if order.verb == "remix" else None,
        "error": error_of(sight),
    }


def order_of(ask: Ask) -> Order:
    """Read a create as the shape has it."""
    given = ask.fields
    return Order(
        prompt=str(given.get("prompt") or ""),
        model=str(given.get("model") or "sora-2"),
        seconds=str(given.get("seconds") or 4),
        size=str(given.get("size") or "720x1280"),
        fields=given,
        files=ask.files,
    )


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Routes of the shape under one base; `routes` gives those an upstream has."""

    base: str = "/v1"
    path: str = "/videos"
    view: Callable[[Sight], dict[str, Any]] = view
    order: Callable[[Ask], Order] = order_of
    deleting_stops: bool = False
    """Whether deleting a job ends the work on it; otherwise only its record goes."""
    list_max: int = 100

    def create(self, desk: Desk, ask: Ask) -> Answer:
        """Take a job."""
        return says(self.view(desk.glance(desk.accept(self.order(ask)))))

    def remix(self, desk: Desk, ask: Ask) -> Answer:
        """Take a job that goes on from a finished one."""
        return self.follow_up(desk, ask, ask.params["ref"], "remix")

    def edit(self, desk: Desk, ask: Ask) -> Answer:
        """Take an edit of a finished job."""
        return self.follow_up(desk, ask, _video(ask), "edit")

    def extend(self, desk: Desk, ask: Ask) -> Answer:
        """Take an extension of a finished job; its length is the whole."""
        return self.follow_up(desk, ask, _video(ask), "extend")

    def follow_up(self, desk: Desk, ask: Ask, parent_ref: str, verb: str) -> Answer:
        """Take a job made from another one, which must be done."""
        parent = desk.job(parent_ref)
        if not desk.glance(parent).has_clip:
            raise Refusal(Why.INVALID, "The source video is not completed yet.", param="video")
        order = self.order(ask)
        given, made = ask.fields, parent.order
        seconds = str(given.get("seconds") or made.seconds)
        if verb == "extend":
            seconds = str(int(float(seconds) + float(made.seconds)))
        order = msgspec.structs.replace(
            order,
            verb=verb,
            parent=parent.ref,
            seconds=seconds,
            size=str(given.get("size") or made.size),
            model=str(given.get("model") or made.model),
        )
        return says(self.view(desk.glance(desk.accept(order))))

    def poll(self, desk: Desk, ask: Ask) -> Answer:
        """Say how a job stands."""
        return says(self.view(desk.look(ask.params["ref"])))

    def list_all(self, desk: Desk, ask: Ask) -> Answer:
        """List jobs, newest first, page by page."""
        limit = ask.query.get("limit", "20")
        if not limit.isdecimal() or not 1 <= int(limit) <= self.list_max:
            raise Refusal(Why.INVALID, f"`limit` is from 1 to {self.list_max}.", param="limit")
        jobs = desk.all_jobs()
        if ask.query.get("order") == "asc":
            jobs.reverse()
        after = ask.query.get("after")
        if after is not None:
            refs = [sight.ref for sight in jobs]
            jobs = jobs[refs.index(after) + 1 :] if after in refs else []
        page = [self.view(sight) for sight in jobs[: int(limit)]]
        ends = (page[0]["id"], page[-1]["id"]) if page else (None, None)
        more = len(jobs) > len(page)
        return says(
            {"object": "list", "data": page, "first_id": ends[0], "last_id": ends[1], "has_more": more}
        )

    def delete(self, desk: Desk, ask: Ask) -> Answer:
        """Drop a job's record, and end the work on it where that is so."""
        ref = ask.params["ref"]
        desk.forget(ref) if not self.deleting_stops else desk.cancel(ref)
        if self.deleting_stops:
            desk.forget(ref)
        return says({"id": ref, "object": "video.deleted", "deleted": True})

    def content(self, desk: Desk, ask: Ask) -> Answer:
        """Give the clip."""
        return desk.clip(ask.params["ref"])

    def routes(self, *names: str) -> tuple[Route, ...]:
        """Give the routes of these names: `create`, `poll`, `list`, `delete`, `content`, `remix`, `edit`, `extend`."""
        at = f"{self.base}{self.path}"
        every = {
            "create": Route("POST", at, self.create, "create"),
            "edit": Route("POST", f"{at}/edits", self.edit, "create"),
            "extend": Route("POST", f"{at}/extensions", self.extend, "create"),
            "remix": Route("POST", f"{at}/{{ref}}/remix", self.remix, "create"),
            "list": Route("GET", at, self.list_all, "list"),
            "poll": Route("GET", f"{at}/{{ref}}", self.poll, "poll"),
            "content": Route("GET", f"{at}/{{ref}}/content", self.content, "content"),
            "delete": Route("DELETE", f"{at}/{{ref}}", self.delete, "cancel"),
        }
        return tuple(every[name] for name in names)


EVERYTHING: Final = ("create", "edit", "extend", "remix", "list", "poll", "content", "delete")
PLAIN: Final = ("create", "poll", "content")


def _video(ask: Ask) -> str:
    named = as_object(ask.fields.get("video")) or {}
    ref = named.get("id", ask.fields.get("video"))
    if not isinstance(ref, str):
        raise Refusal(Why.INVALID, "`video` is required.", param="video")
    return ref


def models(base: str, *names: str, **facts: Any) -> Route:
    """Give the route that lists models; every title says that it is simulated."""
    listed = [
        {
            "id": name,
            "object": "model",
            "created": 0,
            "owned_by": "simulator",
            "name": f"{name} (simulated)",
            **facts,
        }
        for name in names
    ]
    return Route("GET", f"{base}/models", lambda _desk, _ask: says({"object": "list", "data": listed}))


def code_of(refusal: Refusal) -> str | None:
    """Give the code the OpenAI API has for a refusal."""
    return OPENAI_CODES[refusal.why]
