"""`reelgate generate`: from a prompt to a clip on disk, with or without a server running."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from reelgate.cli import clips
from reelgate.cli.client import Api, Part, open_api, run
from reelgate.cli.session import Session, pass_session, remote
from reelgate.cli.words import say

MEDIA_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}


@click.command(help=say("generate.help"), epilog=say("generate.epilog"))
@click.argument("prompt")
@click.option(
    "--image", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=say("generate.image")
)
@click.option("--seconds", type=click.IntRange(min=1), help=say("generate.seconds"))
@click.option("--size", metavar="WxH", help=say("generate.size"))
@click.option("--model", help=say("generate.model"))
@click.option("-o", "--output", type=click.Path(path_type=Path, allow_dash=True), help=say("generate.output"))
@click.option("--wait/--no-wait", default=True, help=say("generate.wait"))
@remote
@pass_session
def generate(
    session: Session,
    prompt: str,
    image: Path | None,
    seconds: int | None,
    size: str | None,
    model: str | None,
    output: Path | None,
    wait: bool,
) -> None:
    """Make one clip."""
    text = sys.stdin.read() if prompt == "-" else prompt
    given = {"prompt": text, "model": model, "seconds": str(seconds) if seconds else None, "size": size}
    fields = {name: value for name, value in given.items() if value is not None}
    run(_generate(session, fields, _picture(image) if image else None, output, wait))


def _picture(path: Path) -> Part:
    kind = MEDIA_TYPES.get(path.suffix.lower(), "application/octet-stream")
    return Part(name="input_reference", value=path.read_bytes(), filename=path.name, media_type=kind)


async def _generate(
    session: Session, fields: dict[str, str], picture: Part | None, output: Path | None, wait: bool
) -> None:
    async with open_api(session) as api:
        clips.refuse_mixed_output(session, output, wait=wait, embedded=api.embedded)
        video = await _create(api, fields, picture)
        await clips.finish(api, session, video, output, wait=wait)


async def _create(api: Api, fields: dict[str, str], picture: Part | None) -> clips.Video:
    if picture is None:
        return await api.post("/v1/videos", fields)
    parts = [Part(name=name, value=value.encode()) for name, value in fields.items()]
    return await api.post_form("/v1/videos", [*parts, picture])
