"""What tasks, jobs and characters look like on the native surface: camelCase, moments in ISO 8601, both ids."""

from __future__ import annotations

from typing import Literal

import msgspec

from reelgate.api.tongue import JobStatus, TaskStatus


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """What kind of task it is and what it was made from, under the names of the original service."""

    type: str
    externalTaskId: str | None
    remix_from: str | None = None
    remix_from_external: str | None = None


class Task(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One task."""

    id: str
    video_id: str
    """The same as `id`."""
    external_task_id: str | None
    """The upstream's own id, once it has one."""
    user_id: str
    status: TaskStatus
    media_type: Literal["VIDEO"]
    prompt: str
    model: str
    size: str
    duration: int
    progress: int | None
    """Null where the upstream reported none."""
    video_url: str | None
    """Where the clip is fetched without a key for a while."""
    thumbnail_url: str | None
    error_code: str | None
    error_message: str | None
    metadata: Lineage
    created_at: str | None
    updated_at: str | None
    started_at: str | None
    completed_at: str | None


class Pagination(msgspec.Struct, frozen=True, rename="camel"):
    """Which page this is."""

    page: int
    limit: int
    total: int
    total_pages: int


class Tasks(msgspec.Struct, frozen=True):
    """A page of tasks."""

    tasks: list[Task]
    pagination: Pagination


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A task that was asked for."""

    videoId: str
    externalTaskId: str | None
    status: Literal["processing", "completed", "failed", "cancelled"]
    message: str
    remixed_from: str | None = None


class BegunAnswer(msgspec.Struct, frozen=True):
    """What a create or a remix answers; `requestTime` is in milliseconds."""

    success: bool
    data: Begun
    requestTime: int


class Ending(msgspec.Struct, frozen=True, rename="camel"):
    """What became of the wish to end a task."""

    video_id: str
    status: TaskStatus
    message: str


class Fresh(msgspec.Struct, frozen=True, rename="camel"):
    """Where a clip is fetched now."""

    video_id: str
    external_task_id: str | None
    video_url: str
    refreshed: bool
    """Whether the clip was brought from the upstream just now."""


class Stats(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many tasks there are in each status."""

    total: int
    queued: int
    processing: int
    completed: int
    failed: int
    cancelled: int
    success_rate: float | None
    """The completed ones among those that were completed or failed, from 0 to 1; null before any has ended."""
    average_seconds: float | None
    """How long the completed ones took from the request to the clip."""


class Job(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One job of `/api/videos`."""

    id: str
    status: JobStatus
    progress: int
    prompt: str
    video_id: str | None
    """Once there is a clip."""
    error_message: str | None


class JobBegun(msgspec.Struct, frozen=True):
    """What `POST /api/videos` answers."""

    success: bool
    message: str
    job: Job


class JobAnswer(Job, frozen=True, kw_only=True, rename="camel"):
    """A job, plainly and wrapped at once."""

    success: bool
    job: Job


class Character(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One character."""

    id: str
    username: str
    display_name: str
    permalink: str
    profile_picture_url: str
    source_video_url: str | None
    platform: str | None
    timestamps: str | None
    from_task: str | None
    external_id: str | None
    """The upstream's own id, where an upstream keeps it as well."""
    created_at: str | None
    updated_at: str | None


class Characters(msgspec.Struct, frozen=True):
    """A page of characters."""

    characters: list[Character]
    pagination: Pagination


class Relay(msgspec.Struct, frozen=True, rename="camel"):
    """The characters for one relay."""

    platform: str | None
    total: int
    from_task: int
    from_url: int


class CharacterStats(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many characters there are."""

    total: int
    from_task: int
    from_url: int
    newest_at: str | None
    by_platform: list[Relay]


class Cleared(msgspec.Struct, frozen=True):
    """How many characters went into the trash."""

    deleted: int
