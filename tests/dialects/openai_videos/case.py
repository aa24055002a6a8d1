"""Sample requests and answers of the OpenAI Videos shape, valid by default."""

from __future__ import annotations

from typing import Any

from reelgate.core.dialect import Channel, Submission
from reelgate.core.task import Input, Request, Role, Size, Verb
from reelgate.dialects.openai_videos import DIALECT
from reelgate.testing.conformance import Case
from reelgate.testing.play import reply

SECRET = "canary-secret-7f3a9c51"
NOW_MS = 1_762_000_000_000
REF = "video_e1"


def channel(**settings: Any) -> Channel:
    return Channel(
        id="chan_1",
        name="upstream",
        dialect="openai_videos",
        base_url="https://upstream.example/v1",
        secret=SECRET,
        settings=settings,
    )


def picture(role: Role = Role.FIRST_FRAME, media_type: str = "image/png") -> Input:
    return Input(role=role, sha256="a" * 64, media_type=media_type, bytes=10)


def submission(
    verb: Verb = Verb.CREATE,
    parent_ref: str | None = None,
    extra: dict[str, Any] | None = None,
    **fields: Any,
) -> Submission:
    request = Request(
        verb=verb,
        model="public-model",
        prompt="a paper boat",
        seconds=8,
        size=Size(720, 1280),
        extra=extra or {},
        **fields,
    )
    return Submission(
        request=request,
        upstream_model="m-1",
        token="token-1",
        submitted_at_ms=NOW_MS,
        parent_ref=parent_ref,
    )


def job(**changes: Any) -> dict[str, Any]:
    return {
        "id": REF,
        "object": "video",
        "model": "m-1",
        "status": "in_progress",
        "progress": 36,
        "created_at": NOW_MS // 1_000,
        "prompt": "a paper boat",
        "seconds": "8",
        "size": "720x1280",
        "error": None,
    } | changes


CASE = Case(
    dialect=DIALECT,
    channel=channel(),
    submission=submission(),
    ref=REF,
    accepted=(reply(job(status="queued", progress=0)),),
    refused=(reply({"error": {"message": "Bad size.", "param": "size", "code": "invalid_value"}}, 400),),
    running=(reply(job()),),
    completed=(reply(job(status="completed", progress=100)),),
    failed=(reply(job(status="failed", error={"code": "server_error", "message": "It broke."})),),
    unknown_word=(reply(job(status="pondering")),),
    error_in_200=(reply({"error": {"message": "moved", "type": "server_error"}}),),
    running_at=lambda raw: (reply(job(progress=raw)),),
)
CASE_WITH_URLS = Case(
    dialect=DIALECT,
    channel=channel(content="url", auth="api-key", encoding="multipart"),
    submission=submission(),
    ref=REF,
    accepted=CASE.accepted,
    refused=CASE.refused,
    running=CASE.running,
    completed=(reply(job(status="succeeded", metadata={"url": "https://cdn.example/e.mp4"})),),
    failed=CASE.failed,
    empty_completed=(reply(job(status="completed", progress=100)),),
    unknown_word=CASE.unknown_word,
    error_in_200=CASE.error_in_200,
    running_at=CASE.running_at,
)
