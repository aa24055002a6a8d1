"""`reelgate videos`: look at clips, bring them home, make new ones from them, delete them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import click

from reelgate.cli import clips, show
from reelgate.cli.client import Api, open_api, run, segment
from reelgate.cli.session import Session, local, pass_session, remote
from reelgate.cli.why import why
from reelgate.cli.words import say

PAGE = 100

output_option = click.option(
    "-o", "--output", type=click.Path(path_type=Path, allow_dash=True), help=say("generate.output")
)
wait_option = click.option("--wait/--no-wait", default=True, help=say("generate.wait"))


@click.group(help=say("videos.help"))
def videos() -> None:
    """Hold the commands about clips."""


@videos.command("list", help=say("videos.list"))
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help=say("videos.limit"))
@click.option("--after", metavar="ID", help=say("videos.after"))
@click.option(
    "--order", type=click.Choice(["desc", "asc"]), default="desc", show_default=True, help=say("videos.order")
)
@remote
@pass_session
def list_videos(session: Session, limit: int, after: str | None, order: str) -> None:
    """List clips, newest first."""

    async def work() -> None:
        async with open_api(session) as api:
            page = await _pages(api, limit, after, order)
        if session.json:
            show.as_json(page)
            return
        show.table(
            [say(f"column.{c}") for c in ("id", "status", "model", "length", "size", "created", "prompt")],
            [_row(video) for video in page["data"]],
            empty=say("videos.none"),
        )
        if page["has_more"]:
            click.echo(say("videos.more", id=page["last_id"]), err=True)

    run(work())


async def _pages(api: Api, limit: int, after: str | None, order: str) -> dict[str, Any]:
    found: list[clips.Video] = []
    while True:
        query = {"limit": min(PAGE, limit - len(found)), "after": after, "order": order}
        page = await api.get("/v1/videos", query)
        found += page["data"]
        after = page["last_id"]
        if not page["has_more"] or not page["data"] or len(found) >= limit:
            break
    ends = (
        {"first_id": found[0]["id"], "last_id": found[-1]["id"]}
        if found
        else {"first_id": None, "last_id": None}
    )
    return {"object": "list", "data": found, **ends, "has_more": page["has_more"]}


def _row(video: clips.Video) -> list[str]:
    status = say(f"status.{video['status']}")
    if video["status"] == "in_progress":
        status += f" {video.get('progress', 0)} %"
    return [
        video["id"],
        status,
        clips.served(video),
        f"{video.get('seconds')} s",
        str(video.get("size")),
        show.moment(video.get("created_at")),
        show.shorten(video.get("prompt")),
    ]


@videos.command("get", help=say("videos.get"))
@click.argument("video_id", metavar="ID")
@click.option("--wait", is_flag=True, help=say("videos.wait"))
@remote
@pass_session
def get_video(session: Session, video_id: str, wait: bool) -> None:
    """Show one clip; with `--wait`, once it has ended."""

    async def work() -> None:
        async with open_api(session) as api:
            video = await api.get(f"/v1/videos/{segment(video_id)}")
            if wait:
                video = await clips.watch(api, session, video)
        if session.json:
            show.as_json(video)
        else:
            clips.describe(video)
        if wait:
            clips.must_have_worked(video)

    run(work())


videos.add_command(why)


@videos.command("download", help=say("videos.download"))
@click.argument("video_id", metavar="ID")
@output_option
@click.option(
    "--variant",
    type=click.Choice(["video", "thumbnail", "spritesheet"]),
    default="video",
    show_default=True,
    help=say("videos.variant"),
)
@remote
@pass_session
def download_video(session: Session, video_id: str, output: Path | None, variant: str) -> None:
    """Bring one rendition of a clip home."""
    clips.refuse_mixed_output(session, output, wait=True, embedded=False)

    async def work() -> None:
        async with open_api(session) as api:
            path = await clips.save(api, session, video_id, output, variant)
        if session.json:
            show.as_json({"id": video_id, "variant": variant, "file": str(path)})
        elif path is not None:
            click.echo(str(path))

    run(work())


@videos.command("refresh", help=say("videos.refresh"))
@click.argument("video_id", metavar="ID")
@local
@pass_session
def refresh_video(session: Session, video_id: str) -> None:
    """Bring a clip home again whose file is gone here, while its upstream still has it."""

    async def work() -> None:
        from reelgate.cli import local as here
        from reelgate.engine.context import Who
        from reelgate.engine.refresh import refresh
        from reelgate.store.tables import DEFAULT_PROJECT, DEFAULT_USER

        who = Who(user_id=DEFAULT_USER, project_id=DEFAULT_PROJECT, surface="cli")
        async with here.opened(session.settings()) as gateway:
            try:
                done = await refresh(gateway.ctx, who, video_id)
            finally:
                await gateway.ctx.rounds.close()
        if session.json:
            show.as_json({"id": video_id, "fetched": done.fetched})
        else:
            click.echo(say("videos.refreshed" if done.fetched else "videos.refresh.here", id=video_id))

    run(work())


@videos.command("delete", help=say("videos.delete"))
@click.argument("video_ids", metavar="ID...", nargs=-1, required=True)
@click.option("-y", "--yes", is_flag=True, help=say("option.yes"))
@remote
@pass_session
def delete_videos(session: Session, video_ids: tuple[str, ...], yes: bool) -> None:
    """Delete clips; one that is still being made is cancelled."""
    if not yes and sys.stdin.isatty():
        click.confirm(say("videos.delete.sure", count=len(video_ids)), abort=True, err=True)

    async def work() -> None:
        async with open_api(session) as api:
            gone = [await api.delete(f"/v1/videos/{segment(video_id)}") for video_id in video_ids]
        if session.json:
            show.as_json(gone if len(gone) > 1 else gone[0])
        else:
            for one in gone:
                click.echo(say("videos.deleted", id=one["id"]))

    run(work())


@videos.command("remix", help=say("videos.remix"))
@click.argument("video_id", metavar="ID")
@click.argument("prompt")
@output_option
@wait_option
@remote
@pass_session
def remix_video(session: Session, video_id: str, prompt: str, output: Path | None, wait: bool) -> None:
    """Make a variation of a clip."""
    body = {"prompt": prompt}
    run(_derive(session, output, wait, lambda api: api.post(f"/v1/videos/{segment(video_id)}/remix", body)))


@videos.command("edit", help=say("videos.edit"))
@click.argument("video_id", metavar="ID")
@click.argument("prompt")
@output_option
@wait_option
@remote
@pass_session
def edit_video(session: Session, video_id: str, prompt: str, output: Path | None, wait: bool) -> None:
    """Change a clip as the prompt says."""
    body = {"prompt": prompt, "video": {"id": video_id}}
    run(_derive(session, output, wait, lambda api: api.post("/v1/videos/edits", body)))


@videos.command("extend", help=say("videos.extend"))
@click.argument("video_id", metavar="ID")
@click.argument("prompt")
@click.option(
    "--seconds", type=click.IntRange(min=1), default=4, show_default=True, help=say("videos.extend.seconds")
)
@output_option
@wait_option
@remote
@pass_session
def extend_video(
    session: Session, video_id: str, prompt: str, seconds: int, output: Path | None, wait: bool
) -> None:
    """Make a clip longer."""
    body = {"prompt": prompt, "seconds": str(seconds), "video": {"id": video_id}}
    run(_derive(session, output, wait, lambda api: api.post("/v1/videos/extensions", body)))


async def _derive(
    session: Session,
    output: Path | None,
    wait: bool,
    ask: Callable[[Api], Coroutine[Any, Any, clips.Video]],
) -> None:
    async with open_api(session) as api:
        clips.refuse_mixed_output(session, output, wait=wait, embedded=api.embedded)
        await clips.finish(api, session, await ask(api), output, wait=wait)
