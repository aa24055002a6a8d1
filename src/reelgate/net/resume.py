"""What is kept beside a half-fetched file, so that the rest of the same file can be asked for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
from yarl import URL

_RANGE = re.compile(r"bytes (?:(\d{1,15})-(\d{1,15})|\*)/(\d{1,15}|\*)", re.ASCII)


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """Which version of which file a half-fetched one is the beginning of."""

    source: str
    """A fingerprint of the address without its query, which may hold a signature and changes with each link."""
    validator: str
    """A strong ETag, or a Last-Modified date."""
    etag: str | None = None
    media_type: str = ""


def fingerprint(url: URL) -> str:
    """Name an address without keeping it."""
    return hashlib.sha256(str(url.with_query(None)).encode()).hexdigest()


def note_path(sink: Path) -> Path:
    """Give the place of the note that belongs to `sink`."""
    return sink.with_name(f"{sink.name}.part")


def validator_of(headers: Mapping[str, str]) -> str | None:
    """Give what names this version of a file; weak tags name no bytes."""
    etag = headers.get("etag", "")
    if etag and not etag.startswith("W/"):
        return etag
    return headers.get("last-modified")


def read_note(sink: Path, url: URL) -> tuple[int, Note] | None:
    """Give how many bytes are there and what they belong to; None when there is nothing to go on from."""
    try:
        note = msgspec.json.decode(note_path(sink).read_bytes(), type=Note)
        size = sink.stat().st_size
    except (OSError, msgspec.DecodeError):
        return None
    if size == 0 or note.source != fingerprint(url):
        return None
    return size, note


def write_note(sink: Path, url: URL, headers: Mapping[str, str]) -> None:
    """Keep what is needed to go on later; a file without a validator cannot be gone on with."""
    validator = validator_of(headers)
    if validator is None:
        drop_note(sink)
        return
    note = Note(
        source=fingerprint(url),
        validator=validator,
        etag=headers.get("etag"),
        media_type=headers.get("content-type", ""),
    )
    place = note_path(sink)
    fresh = place.with_name(f"{place.name}.new")
    fresh.write_bytes(msgspec.json.encode(note))
    fresh.replace(place)


def drop_note(sink: Path) -> None:
    """Forget that the file was half-fetched."""
    note_path(sink).unlink(missing_ok=True)


def range_of(headers: Mapping[str, str]) -> tuple[int | None, int | None]:
    """Read a `Content-Range`: where the part begins and how long the whole is, each None when not said."""
    found = _RANGE.fullmatch(headers.get("content-range", "").strip())
    if found is None:
        return None, None
    start, _, total = found.groups()
    return (int(start) if start else None), (int(total) if total != "*" else None)
