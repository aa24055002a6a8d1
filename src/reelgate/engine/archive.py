"""Archive: bring the clip home, check it, draw its thumbnail and spritesheet, and settle, before anybody is told.

An upstream link is never shown to a user. A download that fails never causes a second submission.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import msgspec

from reelgate.core.dialect import Output, Phase, Refreshes
from reelgate.core.errors import CallerError, Code, Failure
from reelgate.core.lifecycle import Status
from reelgate.core.task import Asset, Blob, Task, Variant
from reelgate.engine.context import Context
from reelgate.engine.drive import drive
from reelgate.engine.intake import put, write_down
from reelgate.engine.rounds import unheard
from reelgate.engine.settle import finish
from reelgate.engine.watch import attempt_of
from reelgate.media import derive
from reelgate.media.place import StorageError
from reelgate.net.fetch import Fetched, fetch
from reelgate.net.resume import drop_note
from reelgate.store import assets as asset_rows
from reelgate.store import blobs as blob_rows
from reelgate.store import durations as duration_rows
from reelgate.store.backend import Connection
from reelgate.store.durations import Duration
from reelgate.telemetry import log, meter
from reelgate.telemetry.traces import step

TRIES = 6
RESUMES = 6
"""How often a download that was cut goes on where it stopped, before the upstream is asked anew."""
BACKOFF_MAX_S = 120.0
STORE_WAITS_S = (0.5, 2.0, 8.0, 30.0, 60.0, 120.0)
"""How long to wait before a fetched file is stored again."""
FETCH_S = 1_800.0
UNLIMITED = 1 << 62


@dataclass(frozen=True, slots=True)
class Kept:
    """A clip and its renditions, stored."""

    blobs: tuple[Blob, ...]
    assets: tuple[Asset, ...]


@step("archive")
async def archive(ctx: Context, task: Task, outputs: tuple[Output, ...]) -> Task:
    """Store the finished clip and complete the task; after many failures end it with its money disputed.

    Raises LeaseLost when another holder took the task over.
    """
    began = ctx.clock.monotonic()
    failure = _gone()
    for tried in range(TRIES):
        if not outputs:
            outputs = await fresh_outputs(ctx, task)
        kept = await bring_home(ctx, task, outputs) if outputs else failure
        if isinstance(kept, Kept):
            await ctx.backend.write(lambda conn, kept=kept: _complete(conn, ctx, task, kept))
            await _forget(ctx, outputs)
            ctx.hub.wake()
            meter.archive_seconds.observe(ctx.clock.monotonic() - began)
            log.info("task_completed", task=task.id)
            return msgspec.structs.replace(task, status=Status.COMPLETED)
        failure = kept
        meter.archive_retries.labels(failure.code.value).inc()
        log.warning("archive_retry", task=task.id, code=failure.code.value, tried=tried + 1)
        if _past_deadline(ctx, task) and tried >= 1:
            break
        await ctx.clock.sleep(min(BACKOFF_MAX_S, 0.5 * 4**tried))
        outputs = ()
    await ctx.backend.write(lambda conn: finish(conn, ctx, task, Status.FAILED, error=failure, disputed=True))
    ctx.hub.wake()
    return msgspec.structs.replace(task, status=Status.FAILED, error=failure)


async def fresh_outputs(ctx: Context, task: Task) -> tuple[Output, ...]:
    """Ask the upstream once more where the finished files are; links it gives anew replace dead ones."""
    attempt = await attempt_of(ctx, task)
    channel = ctx.channels.get(attempt.channel_id, attempt.key_id)
    if channel is None:
        return ()
    ref, dialect = attempt.ref or "", ctx.dialects[channel.dialect]
    if isinstance(dialect, Refreshes):
        seen = await drive(ctx, dialect.refresh(ref, channel), channel)
    else:
        seen = await ctx.rounds.next(ctx, channel, ref, after_s=0, interval_s=1)
    return seen.outputs if seen.phase is Phase.COMPLETED else unheard("").outputs


async def bring_home(ctx: Context, task: Task, outputs: tuple[Output, ...]) -> Kept | Failure:
    """Fetch the first output that is a playable clip and store it with its renditions."""
    kept: Kept | Failure = _gone()
    for output in outputs:
        kept = await _bring_one(ctx, task, output)
        if isinstance(kept, Kept):
            break
    return kept


async def _bring_one(ctx: Context, task: Task, output: Output) -> Kept | Failure:
    spooled = ctx.blobs.spool()
    try:
        clip = await _fetch(ctx, task, output, spooled)
        return clip if isinstance(clip, Failure) else await keep_clip(ctx, task, clip)
    except CallerError as refused:
        return Failure(
            code=Code.NO_OUTPUT,
            message="The upstream's file is not a playable clip.",
            detail=refused.failure.message,
        )
    finally:
        spooled.unlink(missing_ok=True)
        drop_note(spooled)


async def _fetch(ctx: Context, task: Task, output: Output, spooled: Path) -> Path | Failure:
    if output.drawing is not None:
        drawn = ctx.renders.finished(output.drawing)
        return drawn if drawn is not None else _gone()
    if output.data is not None:
        await asyncio.to_thread(spooled.write_bytes, output.data)
        return spooled
    attempt = await attempt_of(ctx, task)
    source = output.call if output.call is not None else output.url or ""
    for _ in range(RESUMES):
        had = _length(spooled)
        got = await fetch(
            ctx.client,
            source,
            spooled,
            channel=ctx.channels.get(attempt.channel_id, attempt.key_id),
            limit_bytes=ctx.limits.output_max_bytes or UNLIMITED,
            deadline_s=FETCH_S,
        )
        if isinstance(got, Fetched):
            return spooled
        if not got.retryable or _length(spooled) <= had:
            return got.failure
    return _gone()


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


async def keep_clip(ctx: Context, task: Task, clip: Path, *, param: str | None = None) -> Kept:
    """Store a clip with its renditions, as a task's; the rows that say so are the caller's to write.

    Raises CallerError naming `param` when it is not whole and playable.
    """
    made = await derive.archive(clip, param=param)
    now = ctx.clock.now_ms()
    blobs: list[Blob] = []
    assets: list[Asset] = []
    for variant, path, media_type in (
        (Variant.VIDEO, clip, made.clip.media_type),
        (Variant.THUMBNAIL, made.thumbnail_path, "image/webp"),
        (Variant.SPRITESHEET, made.spritesheet_path, "image/jpeg"),
    ):
        blob = await _put(ctx, path, media_type)
        blobs.append(blob)
        assets.append(
            Asset(
                id=ctx.ids.new("asset"),
                task_id=task.id,
                variant=variant,
                sha256=blob.sha256,
                media_type=media_type,
                bytes=blob.bytes,
                width=made.clip.width,
                height=made.clip.height,
                seconds=made.clip.seconds,
                created_at=now,
            )
        )
    # Before the task is: from here on nothing that collects files takes these for nobody's.
    await write_down(ctx, *blobs)
    return Kept(tuple(blobs), tuple(assets))


async def _put(ctx: Context, path: Path, media_type: str) -> Blob:
    """Store a file, again and again for some minutes while its place does not answer: it has been paid for.

    Raises StorageError after that; the task stays as it is and is advanced again later.
    """
    for wait_s in STORE_WAITS_S:
        try:
            return await put(ctx, path, media_type)
        except StorageError as error:
            log.warning("store_retry", reason=error.failure.detail, wait_s=wait_s)
        await ctx.clock.sleep(wait_s)
    return await put(ctx, path, media_type)


def keep_rows(conn: Connection, kept: Kept) -> None:
    """Write the rows of stored files; files written before their rows are swept when orphaned."""
    for blob in kept.blobs:
        blob_rows.put(conn, blob)
    for asset in kept.assets:
        asset_rows.insert(conn, asset)


def _complete(conn: Connection, ctx: Context, task: Task, kept: Kept) -> None:
    now = ctx.clock.now_ms()
    keep_rows(conn, kept)
    finish(
        conn,
        ctx,
        task,
        Status.COMPLETED,
        changes={
            "completed_at": now,
            "expires_at": now + ctx.rules.clip_keep_s * 1000 if ctx.rules.clip_keep_s else None,
            "progress": 100 if task.progress is not None else None,
        },
    )
    if task.started_at is not None:
        duration_rows.add(
            conn,
            Duration(
                model=task.served_model,
                channel_id=task.channel_id,
                seconds_asked=task.request.seconds,
                took_ms=now - task.started_at,
                # Nothing changes the row between the move to `archiving` and the end.
                ready_ms=max(0, task.updated_at - task.started_at),
                finished_at=now,
            ),
        )


async def _forget(ctx: Context, outputs: tuple[Output, ...]) -> None:
    for output in outputs:
        if output.drawing is not None:
            await ctx.renders.forget(output.drawing)


async def forget_drawing(ctx: Context, task: Task) -> None:
    """Let go of a drawing whose task ended without it; nothing happens for other upstreams."""
    if not task.disputed:
        attempt = await attempt_of(ctx, task)
        await ctx.renders.forget(attempt.ref or "")


def _past_deadline(ctx: Context, task: Task) -> bool:
    return task.deadline_at is not None and ctx.clock.now_ms() >= task.deadline_at


def _gone() -> Failure:
    return Failure(
        code=Code.ASSET_EXPIRED, message="The finished clip could not be fetched from the upstream."
    )
