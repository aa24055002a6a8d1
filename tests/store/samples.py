"""Rows to test with."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from reelgate.core.lifecycle import Status
from reelgate.core.money import Micro
from reelgate.core.task import Attempt, AttemptState, Blob, Request, Size, Task, Verb
from reelgate.store.tables import DEFAULT_PROJECT, DEFAULT_USER

NOW = 1_800_000_000_000

REQUEST = Request(
    verb=Verb.CREATE,
    model="sora-2",
    prompt="A lighthouse at dusk, 灯塔",
    seconds=4,
    size=Size(720, 1280),
    extra={"style": "calm"},
)

TASK = Task(
    id="video_1",
    user_id=DEFAULT_USER,
    project_id=DEFAULT_PROJECT,
    key_id=None,
    surface="openai",
    status=Status.QUEUED,
    model="sora-2",
    served_model="animatic-1",
    request=REQUEST,
    quote=Micro(400_000),
    currency="USD",
    priority=0,
    channel_id=None,
    attempt_id=None,
    attempts=0,
    progress=None,
    phase=None,
    word=None,
    error=None,
    lease_epoch=0,
    event_seq=0,
    created_at=NOW,
    updated_at=NOW,
    started_at=None,
    finished_at=None,
    completed_at=None,
    expires_at=None,
    deadline_at=None,
    overdue_at=None,
    unconfirmed_at=None,
    cancel_requested_at=None,
    deleted_at=None,
    disputed=False,
)

ATTEMPT = Attempt(
    id="att_1",
    task_id="video_1",
    number=1,
    channel_id="chan_1",
    upstream_model="animatic-1",
    client_token="token-1",
    state=AttemptState.SUBMITTING,
    ref=None,
    error=None,
    lease_epoch=1,
    created_at=NOW,
    submitted_at=None,
    ended_at=None,
)


def a_task(task_id: str = "video_1", **changes: Any) -> Task:
    """A queued task, changed as asked."""
    return replace(TASK, id=task_id, **changes)


def an_attempt(attempt_id: str = "att_1", **changes: Any) -> Attempt:
    """A first attempt, changed as asked."""
    return replace(ATTEMPT, id=attempt_id, **{"client_token": f"token of {attempt_id}", **changes})


def a_blob(sha256: str = "ab" * 32, **changes: Any) -> Blob:
    """A stored clip."""
    return replace(Blob(sha256=sha256, bytes=1_000, media_type="video/mp4", created_at=NOW), **changes)
