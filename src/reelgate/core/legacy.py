"""What an earlier program kept in `history.json` and `characters.json`, as far as it can be told.

The fields of its history were never written down, so each is looked for under the names such programs
use. What is not understood is left out, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast
from urllib.parse import urlsplit

import msgspec

ENTRIES_MAX: Final = 100_000
_IDS: Final = ("id", "task_id", "taskId", "video_id", "videoId")
_FILES: Final = (
    "file",
    "filename",
    "fileName",
    "path",
    "localPath",
    "local_path",
    "downloadPath",
    "video_url",
    "videoUrl",
    "output",
    "url",
)
_TIMES: Final = ("createdAt", "created_at", "submit_time", "timestamp", "time", "date")
_SECONDS_UNTIL: Final = 10**11
"""A time below this many is in seconds."""


class OldClip(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a history."""

    ids: tuple[str, ...]
    files: tuple[str, ...]
    """Names its file may have."""
    prompt: str | None
    model: str | None
    created_at: int | None


class OldCharacter(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a list of characters."""

    id: str
    name: str
    from_task: str | None
    files: tuple[str, ...]
    timestamps: str | None


def history(document: Any) -> list[OldClip]:
    """Read a history: a list of entries, or an object that holds one."""
    return [_clip(entry) for entry in _entries(document)]


def characters(document: Any) -> list[OldCharacter]:
    """Read a list of characters: `id, username, sourceVideoUrl, timestamps, fromTask` and more."""
    found: list[OldCharacter] = []
    for entry in _entries(document):
        name = _text(entry, ("display_name", "displayName", "username", "name"))
        if name is None:
            continue
        found.append(
            OldCharacter(
                id=_text(entry, ("id",)) or name,
                name=name,
                from_task=_text(entry, ("fromTask", "from_task")),
                files=tuple(_names(entry, ("sourceVideoUrl", "source_video_url", "url"))),
                timestamps=_text(entry, ("timestamps",)),
            )
        )
    return found


def _entries(document: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(document, dict):
        held: list[Any] = list(cast("dict[str, Any]", document).values())
        lists = [cast("list[Any]", value) for value in held if isinstance(value, list)]
        document = lists[0] if lists else held
    if not isinstance(document, list):
        return
    for entry in cast("list[Any]", document)[:ENTRIES_MAX]:
        if isinstance(entry, dict):
            yield cast("dict[str, Any]", entry)


def _clip(entry: Mapping[str, Any]) -> OldClip:
    inner = entry.get("data")
    params = entry.get("params")
    whole = {
        **(cast("dict[str, Any]", params) if isinstance(params, dict) else {}),
        **(cast("dict[str, Any]", inner) if isinstance(inner, dict) else {}),
        **entry,
    }
    return OldClip(
        ids=tuple(dict.fromkeys(str(whole[name]) for name in _IDS if whole.get(name))),
        files=tuple(_names(whole, _FILES)),
        prompt=_text(whole, ("prompt", "description", "text")),
        model=_text(whole, ("model", "modelName")),
        created_at=_moment(whole),
    )


def _text(entry: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = entry.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def _names(entry: Mapping[str, Any], fields: tuple[str, ...]) -> Iterator[str]:
    """Give the last parts of paths and addresses."""
    for field in fields:
        value = entry.get(field)
        if isinstance(value, str) and value:
            path = urlsplit(value).path if "://" in value else value
            name = path.replace("\\", "/").rsplit("/", 1)[-1]
            if name:
                yield name


def _moment(entry: Mapping[str, Any]) -> int | None:
    for name in _TIMES:
        value = entry.get(name)
        if isinstance(value, bool):
            continue
        if isinstance(value, int | float) and 0 < value < 10**14:
            return int(value if value >= _SECONDS_UNTIL else value * 1000)
        if isinstance(value, str):
            try:
                read = datetime.fromisoformat(value)
            except ValueError:
                continue
            return int((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp() * 1000)
    return None
