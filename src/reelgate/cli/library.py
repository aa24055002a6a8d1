"""`reelgate library`: bring clips in from a folder, and take everything out as one file."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from reelgate.cli import show
from reelgate.cli.client import Api, Part, open_api, run
from reelgate.cli.session import Session, pass_session, remote
from reelgate.cli.trouble import Trouble
from reelgate.cli.words import say
from reelgate.core import legacy
from reelgate.core.legacy import OldCharacter, OldClip

CLIPS = {".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm"}


@dataclass
class Told:
    """What an import did."""

    brought: dict[str, str] = field(default_factory=dict[str, str])
    """Item by file."""
    known: list[str] = field(default_factory=list[str])
    characters: list[str] = field(default_factory=list[str])
    left: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """What was left out, and why."""


@click.group("library", help=say("library.help"))
def library() -> None:
    """Hold the commands about the library."""


@library.command("import", help=say("library.import"))
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@remote
@pass_session
def import_folder(session: Session, folder: Path) -> None:
    """Bring in the clips of a folder, with what `history.json` and `characters.json` say of them."""
    clips = sorted(path for path in folder.rglob("*") if path.suffix.lower() in CLIPS and path.is_file())
    entries = legacy.history(_document(folder, "history.json"))
    figures = legacy.characters(_document(folder, "characters.json"))
    by_name = {name: entry for entry in reversed(entries) for name in _called(entry)}
    told = Told()

    async def work() -> None:
        async with open_api(session) as api:
            with show.progress(quiet=session.json) as bar:
                for number, path in enumerate(clips):
                    bar(say("library.bringing"), 100 * number / len(clips))
                    await _bring(api, path, by_name.get(path.name) or by_name.get(path.stem), told)
                for figure in figures:
                    await _keep(api, figure, told)

    run(work())
    found = {name for path in clips for name in (path.name, path.stem)}
    told.left += [
        (entry.ids[0] if entry.ids else "-", say("library.no_file"))
        for entry in entries
        if not found & set(_called(entry))
    ]
    _show(session, told)


def _document(folder: Path, name: str) -> Any:
    """Read one of the old files, in the folder or in its `data`; one that is broken stops the import."""
    for path in (folder / name, folder / "data" / name):
        if not path.is_file():
            continue
        try:
            return json.loads(path.read_text(encoding="utf-8-sig"))
        except (ValueError, OSError) as error:
            raise Trouble(say("library.broken", path=str(path), reason=str(error))) from error
    return []


def _called(entry: OldClip) -> Iterator[str]:
    """Give the names a clip of an entry may have, with and without ending."""
    yield from entry.files
    yield from (Path(name).stem for name in entry.files)
    yield from entry.ids


async def _bring(api: Api, path: Path, entry: OldClip | None, told: Told) -> None:
    parts = [
        Part(
            name="file",
            value=await asyncio.to_thread(path.read_bytes),
            filename=path.name,
            media_type=CLIPS[path.suffix.lower()],
        )
    ]
    said = {
        "prompt": entry.prompt if entry else None,
        "model": entry.model if entry else None,
        "created_at": str(entry.created_at) if entry and entry.created_at else None,
        "name": None if entry and entry.prompt else path.stem[:200],
    }
    parts += [Part(name=name, value=value.encode()) for name, value in said.items() if value]
    try:
        made = await api.post_form("/api/library/import", parts)
    except Trouble as trouble:
        if trouble.code is None:
            raise
        told.left.append((path.name, str(trouble)))
        return
    if made["known"]:
        told.known.append(path.name)
    for name in (path.name, path.stem, *(entry.ids if entry else ())):
        told.brought[name] = made["id"]


async def _keep(api: Api, figure: OldCharacter, told: Told) -> None:
    names = [*([figure.from_task] if figure.from_task else []), *figure.files]
    item = next((told.brought[name] for name in names if name in told.brought), None)
    start, _, end = (figure.timestamps or "0,1").partition(",")
    if item is None:
        told.left.append((figure.name, say("library.no_clip")))
        return
    wish = {"item_id": item, "name": figure.name}
    try:
        wish |= {"start_seconds": float(start), "end_seconds": float(end)}
        await api.post("/api/library/characters", wish)
    except ValueError:
        told.left.append((figure.name, say("library.no_span")))
    except Trouble as trouble:
        if trouble.code is None:
            raise
        told.left.append((figure.name, str(trouble)))
    else:
        told.characters.append(figure.name)


def _show(session: Session, told: Told) -> None:
    items = sorted(set(told.brought.values()))
    if session.json:
        left = [{"what": what, "why": why} for what, why in told.left]
        known, characters = told.known, told.characters
        show.as_json({"items": items, "known": known, "characters": characters, "left_out": left})
        return
    click.echo(say("library.done", items=len(items), known=len(told.known), characters=len(told.characters)))
    if told.left:
        _left(told.left)


def _left(left: Sequence[tuple[str, str]]) -> None:
    show.table([say("library.column.what"), say("library.column.why")], [list(row) for row in left], empty="")


@library.command("export", help=say("library.export"))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@remote
@pass_session
def export(session: Session, file: Path) -> None:
    """Write everything in the library into one ZIP; whole under its name or not at all."""
    draft = file.with_name(f"{file.name}.{os.getpid()}.part")

    async def work() -> None:
        async with open_api(session) as api:
            with draft.open("xb") as opened, show.progress(quiet=session.json) as bar:
                got = 0

                def sink(chunk: bytes, total: int | None) -> None:
                    nonlocal got
                    del total
                    opened.write(chunk)
                    got += len(chunk)
                    bar(say("library.writing", megabytes=got // 1_000_000), None)

                await api.download("/api/library/export", sink)

    try:
        run(work())
        draft.replace(file)
    except OSError as error:
        reason = error.strerror or str(error)
        raise Trouble(say("save.cannot", path=str(file.parent), reason=reason)) from error
    finally:
        draft.unlink(missing_ok=True)
    if session.json:
        show.as_json({"file": str(file.resolve()), "bytes": file.stat().st_size})
    else:
        click.echo(say("library.written", path=str(file.resolve())))
