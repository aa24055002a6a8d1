"""A small recipe, the shipped ones, and sample requests, valid by default."""

from __future__ import annotations

import copy
import pathlib
from typing import Any

from reelgate.core.dialect import Channel, Recorded
from reelgate.dialects import recipe
from reelgate.dialects.recipe import DIALECT, Recipes
from reelgate.testing.conformance import Case
from reelgate.testing.play import reply
from tests.dialects import samples

SHIPPED = pathlib.Path(recipe.__file__).parent / "samples"
REF = "job-0001"

RECIPE: dict[str, Any] = {
    "name": "A small relay",
    "create": {
        "path": "/jobs",
        "id": ["/data/id", "/id"],
        "body": {
            "model": "{{model}}",
            "prompt": "{{prompt}}",
            "seconds": "{{seconds|string}}",
            "seed": "{{seed}}",
            "images": "{{images}}",
        },
    },
    "poll": {
        "path": "/jobs/{{id}}",
        "status": ["/data/state", "/status"],
        "words": {"CRUNCHING": "in_progress"},
        "progress": [{"path": "/data/percent"}],
        "outputs": ["/data/urls", "/data/url"],
    },
    "errors": {"codes": {"E17": "content_policy"}, "texts": {"face": "content_policy"}},
}


def recipe_with(*changes: tuple[str, Any]) -> dict[str, Any]:
    """The small recipe with other values at dotted places; `...` takes a place out."""
    changed = copy.deepcopy(RECIPE)
    for place, value in changes:
        *way, last = place.split(".")
        at = changed
        for part in way:
            at = at.setdefault(part, {})
        if value is ...:
            del at[last]
        else:
            at[last] = value
    return changed


def channel(*changes: tuple[str, Any]) -> Channel:
    return samples.channel("recipe", recipe=recipe_with(*changes))


def shipped(name: str) -> str:
    return (SHIPPED / f"{name}.toml").read_text("utf-8")


def on_shipped(name: str) -> Channel:
    return samples.channel("recipe", "https://relay.example", recipe=shipped(name))


def reading(name: str) -> Recipes:
    """The dialect as it reads recordings with a shipped recipe."""
    dialect = Recipes()
    dialect.recorded = Recorded(settings={"recipe": shipped(name)})
    return dialect


def job(state: str = "running", **data: Any) -> dict[str, Any]:
    return {"data": {"id": REF, "state": state} | data}


CASE = Case(
    dialect=DIALECT,
    channel=channel(),
    submission=samples.submission(),
    ref=REF,
    accepted=(reply(job("queued")),),
    refused=(reply({"error": {"message": "Bad size.", "code": "E1"}}, 400),),
    running=(reply(job(percent=36)),),
    completed=(reply(job("done", url="https://cdn.example/c.mp4")),),
    failed=(reply(job("failed") | {"message": "It broke."}),),
    empty_completed=(reply(job("done")),),
    unknown_word=(reply(job("pondering")),),
    error_in_200=(reply({"error": {"message": "broke", "code": "E1"}}),),
    running_at=lambda raw: (reply(job(percent=raw)),),
)
JUXIN = Case(
    dialect=DIALECT,
    channel=on_shipped("juxin"),
    submission=samples.submission(),
    ref="sora-2:task_1",
    accepted=(reply({"id": "sora-2:task_1", "status": "pending"}),),
    running=(reply({"id": "sora-2:task_1", "status": "processing"}),),
    completed=(
        reply({"id": "sora-2:task_1", "status": "completed", "video_url": "https://cdn.example/c.mp4"}),
    ),
    failed=(reply({"id": "sora-2:task_1", "status": "failed", "detail": {"failure_reason": "It broke."}}),),
    empty_completed=(reply({"id": "sora-2:task_1", "status": "completed"}),),
    unknown_word=(reply({"id": "sora-2:task_1", "status": "pondering"}),),
    error_in_200=(reply({"error": {"message": "broke"}}),),
    running_at=lambda raw: (
        reply(
            {
                "id": "x",
                "status": "pending",
                "detail": {"pending_info": {"status": "processing", "progress_pct": raw}},
            }
        ),
    ),
)
ZHENZHEN = Case(
    dialect=DIALECT,
    channel=on_shipped("zhenzhen"),
    submission=samples.submission(),
    ref="t-1",
    accepted=(reply({"task_id": "t-1"}),),
    running=(reply({"task_id": "t-1", "status": "IN_PROGRESS", "progress": "54%", "data": None}),),
    completed=(
        reply({"task_id": "t-1", "status": "SUCCESS", "data": {"output": "https://cdn.example/c.mp4"}}),
    ),
    failed=(reply({"task_id": "t-1", "status": "FAILURE", "progress": "100%", "fail_reason": "It broke."}),),
    empty_completed=(reply({"task_id": "t-1", "status": "SUCCESS", "progress": "100%", "data": None}),),
    unknown_word=(reply({"task_id": "t-1", "status": "UNKNOWN"}),),
    error_in_200=(reply({"error": {"message": "broke"}}),),
    running_at=lambda raw: (reply({"task_id": "t-1", "status": "IN_PROGRESS", "progress": raw}),),
)
