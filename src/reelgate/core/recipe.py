"""Recipes inside MP4 files: what a clip was asked to be, kept where programs look for such things.

The container is a row of boxes, each with its length and four letters. XMP, which picture and video
programs read, lies in a box `uuid` of its own (XMP specification part 3). One more box at the end of a
file moves nothing in it: the bytes before stay as they were, and a clip is still sent piece by piece.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import Any, Final
from xml.sax.saxutils import escape, unescape

import msgspec

XMP: Final = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""The number of XMP's box."""
RECIPE_MAX: Final = 256 * 1024
BOXES_MAX: Final = 10_000
FORM: Final = "reelgate.recipe/1"
_SPACE: Final = "https://reelgate.invalid/ns/recipe/1.0/"
_TELLS: Final = re.compile(r"<reelgate:recipe>(.*?)</reelgate:recipe>", re.DOTALL)
_HEAD: Final = 8
_LONG_HEAD: Final = 16


def box(recipe: dict[str, Any], prompt: str) -> bytes:
    """Write a recipe as the box to be put behind the last one of an MP4 file."""
    told = escape(msgspec.json.encode({"form": FORM, **recipe}).decode())
    packet = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        f' xmlns:reelgate="{_SPACE}"><dc:description><rdf:Alt><rdf:li xml:lang="x-default">{escape(prompt)}'
        f"</rdf:li></rdf:Alt></dc:description><reelgate:recipe>{told}</reelgate:recipe>"
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    ).encode()
    return struct.pack(">I4s", _HEAD + len(XMP) + len(packet), b"uuid") + XMP + packet


def read(length: int, piece: Callable[[int, int], bytes]) -> dict[str, Any] | None:
    """Find the recipe of a file of some length, read through `piece(start, length)`; None when it has none.

    What is found is a stranger's: nothing in it is true because it says so.
    """
    at = 0
    for _ in range(BOXES_MAX):
        if at + _HEAD > length:
            return None
        head = piece(at, _LONG_HEAD + len(XMP))
        if len(head) < _HEAD:
            return None
        size, start = _size(head, length - at)
        if size < start:
            return None
        if head[4:8] == b"uuid" and head[start : start + 16] == XMP and size <= RECIPE_MAX * 2:
            found = _told(piece(at + start + 16, size - start - 16))
            if found is not None:
                return found
        at += size
    return None


def _size(head: bytes, left: int) -> tuple[int, int]:
    """Give the length of a box and where its content begins."""
    (size,) = struct.unpack(">I", head[:4])
    if size == 1 and len(head) >= _LONG_HEAD:
        return struct.unpack(">Q", head[8:16])[0], _LONG_HEAD
    return (left if size == 0 else size), _HEAD


def _told(packet: bytes) -> dict[str, Any] | None:
    found = _TELLS.search(packet.decode("utf-8", "replace"))
    if found is None or len(found[1]) > RECIPE_MAX:
        return None
    try:
        recipe = msgspec.json.decode(unescape(found[1]), type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return None
    return recipe if recipe.get("form") == FORM else None
