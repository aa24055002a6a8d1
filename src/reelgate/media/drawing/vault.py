"""The stored files a drawing may open: descriptors handed over by the server, known by their hash, never by a name."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import Any, Final

import av
from av.container import InputContainer
from av.error import FFmpegError
from PIL import Image, ImageOps

from reelgate.core.errors import Code, refuse

_FORMATS: Final = ("JPEG", "PNG", "WEBP")
_OPTIONS: Final = {"format_whitelist": "mov,mp4,matroska,webm", "protocol_whitelist": "none"}
_GROUND: Final = (16, 18, 24, 255)
"""What shows through where a picture is transparent."""


class _Reading(io.RawIOBase):
    """One reading of a descriptor with a place of its own, so that a file can be read twice at once."""

    def __init__(self, fd: int) -> None:
        super().__init__()
        self._fd, self._place = fd, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place}.get(whence)
        self._place = max(0, (os.fstat(self._fd).st_size if start is None else start) + offset)
        return self._place

    def readinto(self, buffer: Any) -> int:
        data = os.pread(self._fd, len(buffer), self._place)
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)


class Vault:
    """Gives readings of the files of one plan."""

    def __init__(self, files: Mapping[str, int]) -> None:
        """Take descriptors by SHA-256; they stay the caller's to close."""
        self._files = files

    def _read(self, sha256: str) -> io.BufferedReader:
        fd = self._files.get(sha256)
        if fd is None:
            raise refuse(Code.ASSET_EXPIRED, "A picture or clip this drawing needs is gone.")
        return io.BufferedReader(_Reading(fd), 1 << 18)

    def clip(self, sha256: str) -> InputContainer:
        """Open a stored clip.

        Raises CallerError when it cannot be read.
        """
        try:
            container = av.open(self._read(sha256), mode="r", options=_OPTIONS, metadata_errors="ignore")
        except (FFmpegError, ValueError) as error:
            raise refuse(Code.UNSUPPORTED_MEDIA, "A stored clip cannot be read.") from error
        if not container.streams.video:
            container.close()
            raise refuse(Code.UNSUPPORTED_MEDIA, "A stored clip has no picture track.")
        return container

    def picture(self, sha256: str) -> Image.Image:
        """Read a stored picture upright, in RGB.

        Raises CallerError when it cannot be read.
        """
        try:
            with Image.open(self._read(sha256), formats=_FORMATS) as opened:
                opened.draft("RGB", (4096, 4096))
                upright = ImageOps.exif_transpose(opened)
                if upright.mode in ("RGBA", "LA", "PA", "P"):
                    upright = upright.convert("RGBA")
                    return Image.alpha_composite(Image.new("RGBA", upright.size, _GROUND), upright).convert(
                        "RGB"
                    )
                return upright.convert("RGB")
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            raise refuse(Code.UNSUPPORTED_MEDIA, "A stored picture cannot be read.") from error
