"""What commands do with a clip: follow it to its end, bring it home, and show it."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from reelgate.cli import show
from reelgate.cli.client import Api, segment
from reelgate.cli.session import Session
from reelgate.cli.trouble import Exit, Trouble, exit_of
from reelgate.cli.words import say

PATIENCE_S = 60.0
"""How long a server that was there may stay away, as in a restart, before a watch gives up."""
SUFFIX = {
    "video/mp4": ".mp4",
    "video/webm": ".webm",
    "video/quicktime": ".mov",
    "image/webp": ".webp",
    "image/jpeg": ".jpg",
}
ENDED = ("completed", "failed")

Video = dict[str, Any]


async def watch(api: Api, session: Session, video: Video) -> Video:
    """Follow a video until it has ended, showing how far it is."""
    session.note = say(
        "interrupt.embedded" if api.embedded else "interrupt.server", id=video["id"], where=session.where()
    )
    away_since: float | None = None
    with show.progress(quiet=session.json) as bar:
        while video["status"] not in ENDED:
            bar(say(f"status.{video['status']}"), _percent(video))
            await asyncio.sleep(0.3 if api.embedded else 0.7)
            try:
                video = await api.get(f"/v1/videos/{segment(video['id'])}")
                away_since = None
            except Trouble as trouble:
                away_since = _still_patient(trouble, away_since)
        bar(say(f"status.{video['status']}"), _percent(video))
    session.note = None
    return video


def _percent(video: Video) -> float | None:
    return video.get("progress") if video["status"] != "queued" else None


def _still_patient(trouble: Trouble, away_since: float | None) -> float:
    since = away_since or time.monotonic()
    if trouble.exit_code is not Exit.UNREACHABLE or time.monotonic() - since > PATIENCE_S:
        raise trouble
    return since


def must_have_worked(video: Video) -> None:
    """Raise the video's own error when it has failed."""
    if video["status"] != "failed":
        return
    error: dict[str, Any] = video.get("error") or {}
    code = error.get("code")
    raise Trouble(
        say("video.failed", id=video["id"], message=error.get("message") or say("video.no_reason")),
        exit_code=exit_of(code, 200),
        code=code,
    )


async def save(
    api: Api, session: Session, video_id: str, out: Path | None, variant: str = "video"
) -> Path | None:
    """Download one rendition; whole under its name or not at all. None when it went to standard output."""
    path = f"/v1/videos/{segment(video_id)}/content?variant={variant}"
    if out == Path("-"):
        await api.download(path, lambda chunk, _: _out(chunk))
        sys.stdout.buffer.flush()
        return None
    folder, draft = _places(out, video_id)
    try:
        with draft.open("xb") as file, show.progress(quiet=session.json) as bar:
            headers = await api.download(path, _counting(file.write, bar))
        kind = headers.get("content-type", "").partition(";")[0]
        final = folder / (video_id + SUFFIX.get(kind, ".bin")) if folder else out or draft
        draft.replace(final)
    except OSError as error:
        raise _cannot_write(draft.parent, error) from error
    finally:
        draft.unlink(missing_ok=True)
    return final.resolve()


def _places(out: Path | None, video_id: str) -> tuple[Path | None, Path]:
    """Give the folder a clip is named into by its id, if it is, and the file it is written to first."""
    folder = Path.cwd() if out is None else out if out.is_dir() else None
    draft = (folder / video_id if folder else out or Path(video_id)).with_suffix(f".{os.getpid()}.part")
    return folder, draft


def _cannot_write(folder: Path, error: OSError) -> Trouble:
    return Trouble(say("save.cannot", path=str(folder), reason=error.strerror or str(error)))


def _out(chunk: bytes) -> None:
    sys.stdout.buffer.write(chunk)


def _counting(write: Callable[[bytes], Any], bar: show.Bar) -> Callable[[bytes, int | None], None]:
    got = 0

    def sink(chunk: bytes, total: int | None) -> None:
        nonlocal got
        write(chunk)
        got += len(chunk)
        bar(say("progress.download"), 100 * got / total if total else None)

    return sink


async def finish(api: Api, session: Session, video: Video, out: Path | None, *, wait: bool) -> None:
    """Show a video that was just asked for; with `wait`, follow it, bring it home and show where it is."""
    if not wait:
        show.as_json(video) if session.json else click.echo(video["id"])
        return
    if not session.json:
        click.echo(say("generate.accepted", id=video["id"], model=served(video)), err=True)
    video = await watch(api, session, video)
    must_have_worked(video)
    path = await save(api, session, video["id"], out)
    if session.json:
        show.as_json(video | {"file": str(path) if path else None})
    elif path is not None:
        click.echo(str(path))


def refuse_mixed_output(session: Session, out: Path | None, *, wait: bool, embedded: bool) -> None:
    """Refuse wishes that cannot be met together, before anything is sent."""
    if out == Path("-") and session.json:
        raise Trouble(say("generate.stdout_json"), exit_code=Exit.USAGE)
    if not wait and embedded:
        raise Trouble(
            say("generate.no_server"), exit_code=Exit.USAGE, next_step=say("generate.no_server.next")
        )


def served(video: Video) -> str:
    """Name the model, and what really serves it when the name is an alias."""
    real = video.get("served_by")
    if not real:
        return str(video["model"])
    return say("video.alias", model=video["model"], served=real)


def describe(video: Video) -> None:
    """Show one video as named facts."""
    error = video.get("error")
    pairs = [
        (say("column.id"), str(video["id"])),
        (say("column.status"), say(f"status.{video['status']}") + f" ({video.get('progress', 0)} %)"),
        (say("column.model"), served(video)),
        (say("column.length"), f"{video.get('seconds')} s"),
        (say("column.size"), str(video.get("size"))),
        (say("column.created"), show.moment(video.get("created_at"))),
        (say("column.completed"), show.moment(video.get("completed_at"))),
        (say("column.prompt"), str(video.get("prompt") or "")),
    ]
    if video.get("remixed_from_video_id"):
        pairs.append((say("column.source"), str(video["remixed_from_video_id"])))
    if error:
        pairs.append((say("column.error"), f"{error.get('code')}: {error.get('message')}"))
    show.facts(pairs)
