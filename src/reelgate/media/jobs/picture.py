"""Decodes a stranger's picture and writes it again as plain pixels: no metadata, no profile, nothing behind the end."""

from __future__ import annotations

import io
import os
import warnings
from typing import Any, Final

import msgspec
from PIL import Image, ImageCms, ImageOps

from reelgate.core.errors import Code, refuse
from reelgate.media.jobs import Job

FORMATS: Final = ("JPEG", "PNG", "WEBP")
PIXELS_MAX: Final = 40_000_000
_SRGB: Final = ImageCms.ImageCmsProfile(
    ImageCms.createProfile("sRGB")  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
)


class Written(msgspec.Struct, frozen=True):
    """What was written."""

    media_type: str
    width: int
    height: int


def rewrite(job: Job) -> Written:
    """Read the picture in file 0 and write it to file 1; refuse what is not a sound JPEG, PNG or WebP."""
    Image.MAX_IMAGE_PIXELS = PIXELS_MAX
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    with os.fdopen(job.files[0], "rb") as source, os.fdopen(job.files[1], "wb") as sink:
        picture = _pixels(_open(source))
        sink.write(encoded(picture))
        media_type = "image/png" if picture.mode == "RGBA" else "image/jpeg"
        return Written(media_type, picture.width, picture.height)


def encoded(picture: Image.Image) -> bytes:
    """Write a picture as PNG when it has transparency and as JPEG of high quality otherwise."""
    out = io.BytesIO()
    if picture.mode == "RGBA":
        picture.save(out, "PNG", compress_level=3)
    else:
        # Full colour resolution: references often hold text and line art.
        picture.save(out, "JPEG", quality=94, subsampling=0)
    return out.getvalue()


def _open(source: Any) -> Image.Image:
    try:
        picture = Image.open(source, formats=FORMATS)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise refuse(Code.PAYLOAD_TOO_LARGE, _too_many()) from None
    except MemoryError:
        raise
    except Exception as error:
        # Pillow's readers raise whatever a damaged header provokes.
        raise refuse(Code.UNSUPPORTED_MEDIA, "This is not a JPEG, PNG or WebP picture.") from error
    if picture.width * picture.height > PIXELS_MAX:
        raise refuse(Code.PAYLOAD_TOO_LARGE, _too_many())
    return picture


def _too_many() -> str:
    return f"The picture has more than {PIXELS_MAX // 1_000_000} megapixels."


def _pixels(picture: Image.Image) -> Image.Image:
    profile = picture.info.get("icc_profile")
    try:
        picture.load()
        upright = ImageOps.exif_transpose(picture)
        plain = _eight_bit(_in_srgb(upright, profile))
    except MemoryError:
        raise
    except Exception as error:
        # The same: a damaged body shows in many ways, and all of them mean that it cannot be used.
        raise refuse(Code.UNSUPPORTED_MEDIA, "The picture is damaged or cut short.") from error
    plain.info.clear()
    return plain


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Turn colours of another profile into sRGB, because the profile itself is dropped."""
    if not profile or picture.mode not in ("RGB", "CMYK", "RGBA"):
        return picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source):
            return picture
        mode = "RGBA" if picture.mode == "RGBA" else "RGB"
        turned = ImageCms.profileToProfile(picture, source, _SRGB, outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture  # an unreadable profile is no reason to refuse the picture
    return turned or picture


def _eight_bit(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I") or picture.mode == "F":
        # `convert` would clip 16-bit grey to white instead of scaling it.
        picture = picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    picture = picture.convert("RGBA")
    lowest, _ = picture.getchannel("A").getextrema()
    return picture if lowest != 255 else picture.convert("RGB")
