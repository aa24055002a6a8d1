"""Strangers' pictures and clips: what is taken, what it becomes, and what is refused in which words."""

from __future__ import annotations

import asyncio
import os
import resource
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from reelgate.core.errors import CallerError, Code
from reelgate.media import intake
from tests.media.samples import bomb, clip, encoded, scene, sound_only


def given_file(folder: Path, data: bytes, name: str = "upload") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


async def plain(folder: Path, data: bytes) -> tuple[intake.Picture, Image.Image]:
    """The picture after intake, described and opened."""
    found = await intake.picture(given_file(folder, data))
    with Image.open(found.path) as opened:
        opened.load()
        assert opened.size == (found.width, found.height)
        assert Image.MIME[opened.format or ""] == found.media_type
        assert found.bytes == found.path.stat().st_size
        return found, opened


async def refused(folder: Path, data: bytes, code: Code, *, video: bool = False) -> str:
    """The words of the refusal; checks its code, its parameter, and that nothing was left behind."""
    path = given_file(folder, data)
    with pytest.raises(CallerError) as caught:
        await (intake.probe(path, param="video") if video else intake.picture(path, param="input_reference"))
    failure = caught.value.failure
    assert failure.code is code
    assert failure.param == ("video" if video else "input_reference")
    assert [entry.name for entry in folder.iterdir()] == ["upload"]
    return failure.message


@pytest.mark.parametrize(
    ("kind", "mode", "becomes", "mode_after"),
    [
        ("JPEG", "RGB", "image/jpeg", "RGB"),
        ("JPEG", "L", "image/jpeg", "RGB"),
        ("JPEG", "CMYK", "image/jpeg", "RGB"),
        ("PNG", "RGB", "image/jpeg", "RGB"),
        ("PNG", "P", "image/jpeg", "RGB"),
        ("PNG", "1", "image/jpeg", "RGB"),
        ("WEBP", "RGB", "image/jpeg", "RGB"),
    ],
)
async def test_a_picture_is_written_again_as_plain_pixels(
    tmp_path: Path, kind: str, mode: str, becomes: str, mode_after: str
) -> None:
    found, opened = await plain(tmp_path, encoded(scene(60, 40).convert(mode), kind))
    assert (found.media_type, opened.mode) == (becomes, mode_after)
    assert opened.size == (60, 40)


async def test_a_picture_with_transparency_stays_transparent(tmp_path: Path) -> None:
    see_through = scene(30, 20).convert("RGBA")
    see_through.putalpha(Image.linear_gradient("L").resize((30, 20)))
    for kind in ("PNG", "WEBP"):
        found, opened = await plain(tmp_path, encoded(see_through, kind, lossless=True))
        assert (found.media_type, opened.mode) == ("image/png", "RGBA")
        assert opened.getchannel("A").tobytes() == see_through.getchannel("A").tobytes()


async def test_an_alpha_channel_that_hides_nothing_is_dropped(tmp_path: Path) -> None:
    found, _ = await plain(tmp_path, encoded(scene(30, 20).convert("RGBA"), "PNG"))
    assert found.media_type == "image/jpeg"


async def test_sixteen_bit_grey_keeps_its_tones(tmp_path: Path) -> None:
    deep = Image.new("I;16", (2, 1))
    deep.putpixel((0, 0), 16_384)
    deep.putpixel((1, 0), 49_152)
    _, opened = await plain(tmp_path, encoded(deep.resize((64, 32), Image.Resampling.NEAREST), "PNG"))
    left, right = opened.getpixel((5, 16)), opened.getpixel((60, 16))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert abs(left[0] - 64) <= 3
    assert abs(right[0] - 192) <= 3


async def test_a_picture_is_turned_upright_and_loses_everything_but_its_pixels(tmp_path: Path) -> None:
    half = Image.new("RGB", (80, 40), "black")
    half.paste("white", (0, 0, 40, 40))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    exif[0x010E] = "canary-exif"
    data = encoded(half, "JPEG", exif=exif.tobytes(), comment=b"canary-comment")
    found, opened = await plain(tmp_path, data)
    assert opened.size == (40, 80)
    assert (opened.convert("L").getpixel((20, 10)), opened.convert("L").getpixel((20, 70))) == (255, 0)
    assert b"canary" not in found.path.read_bytes()
    assert not opened.getexif()


async def test_a_colour_profile_is_carried_out_before_it_is_dropped(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (lab, srgb, b"not a profile"):
        _, opened = await plain(tmp_path, encoded(scene(30, 20), "JPEG", icc_profile=profile))
        assert "icc_profile" not in opened.info


async def test_of_a_moving_picture_the_first_frame_is_taken(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (20, 20), "red"), Image.new("RGB", (20, 20), "blue")
    for kind in ("WEBP", "PNG"):
        data = encoded(first, kind, save_all=True, append_images=[second] * 3, lossless=True)
        _, opened = await plain(tmp_path, data)
        pixel = opened.convert("RGB").getpixel((10, 10))
        assert isinstance(pixel, tuple)
        assert pixel[0] > 240
        assert pixel[2] < 15


@pytest.mark.parametrize(
    "tail", [b"<html><script>alert(1)</script></html>", b"PK\x03\x04canary.zip", b"%PDF-1.7"]
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_what_hides_behind_a_picture_does_not_get_through(
    tmp_path: Path, kind: str, tail: bytes
) -> None:
    found, _ = await plain(tmp_path, encoded(scene(30, 20), kind) + tail)
    assert tail not in found.path.read_bytes()


@pytest.mark.parametrize(
    "kind", ["GIF", "BMP", "TIFF", "ICO", "EPS", "PPM", "PDF", "TGA", "JPEG2000", "AVIF"]
)
async def test_other_kinds_of_pictures_are_refused(tmp_path: Path, kind: str) -> None:
    words = await refused(tmp_path, encoded(scene(32, 32), kind), Code.UNSUPPORTED_MEDIA)
    assert "JPEG, PNG or WebP" in words


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\x10\0\0\0WEBPVP8 ",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<!doctype html><title>no</title>",
        b"8BPS\0\1",
    ],
)
async def test_what_is_no_picture_is_refused(tmp_path: Path, data: bytes) -> None:
    await refused(tmp_path, data, Code.UNSUPPORTED_MEDIA)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_a_picture_cut_short_is_refused(tmp_path: Path, kind: str) -> None:
    data = encoded(Image.effect_noise((200, 200), 90).convert("RGB"), kind)
    await refused(tmp_path, data[: len(data) * 2 // 3], Code.UNSUPPORTED_MEDIA)


@pytest.mark.parametrize("side", [9_000, 13_000, 40_000])
async def test_a_small_file_with_too_many_pixels_is_too_large(tmp_path: Path, side: int) -> None:
    words = await refused(tmp_path, bomb(side), Code.PAYLOAD_TOO_LARGE)
    assert "40 megapixels" in words


async def test_a_crowd_of_pictures_is_worked_through_with_few_descriptors(tmp_path: Path) -> None:
    path = given_file(tmp_path, bomb(9_000))
    await refused(tmp_path, bomb(9_000), Code.PAYLOAD_TOO_LARGE)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (max(int(fd) for fd in os.listdir("/proc/self/fd")) + 30, hard)
    )
    try:
        crowd = [intake.picture(path, out=tmp_path / str(number)) for number in range(60)]
        ends = await asyncio.gather(*crowd, return_exceptions=True)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    codes = {end.failure.code for end in ends if isinstance(end, CallerError)}
    assert (len(ends), codes) == (60, {Code.PAYLOAD_TOO_LARGE})
    assert all(isinstance(end, CallerError) for end in ends)


async def test_a_large_picture_within_the_limit_is_taken(tmp_path: Path) -> None:
    found = await intake.picture(given_file(tmp_path, bomb(6_300)))
    assert found.width * found.height < 40_000_000 < (found.width + 100) ** 2


async def test_an_own_place_for_the_result_can_be_named(tmp_path: Path) -> None:
    path = given_file(tmp_path, encoded(scene(30, 20), "PNG"))
    found = await intake.picture(path, out=tmp_path / "result")
    assert found.path == tmp_path / "result"
    assert path.exists()


@pytest.mark.parametrize(
    ("name", "make", "media_type", "codec"),
    [
        ("a.mp4", {}, "video/mp4", "h264"),
        ("b.mp4", {"front": True}, "video/mp4", "h264"),
        ("c.mov", {"container": "mov"}, "video/quicktime", "h264"),
        ("d.webm", {"container": "webm", "codec": "libvpx-vp9"}, "video/webm", "vp9"),
    ],
)
async def test_a_clip_is_described_as_it_is(
    tmp_path: Path, name: str, make: dict[str, Any], media_type: str, codec: str
) -> None:
    found = await intake.probe(clip(tmp_path / name, **make))
    assert (found.media_type, found.codec) == (media_type, codec)
    assert (found.width, found.height, found.frames, found.fps) == (96, 160, 24, 12.0)
    assert found.seconds == pytest.approx(2.0, abs=0.05)
    assert found.has_audio is False


async def test_sound_is_noticed(tmp_path: Path) -> None:
    assert (await intake.probe(clip(tmp_path / "a.mp4", audio=True))).has_audio is True


async def test_a_clip_of_one_frame_is_a_clip(tmp_path: Path) -> None:
    found = await intake.probe(clip(tmp_path / "a.mp4", frames=1))
    assert found.frames == 1
    assert found.seconds > 0


@pytest.mark.parametrize("make", [{}, {"front": True}, {"container": "webm", "codec": "libvpx-vp9"}])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.8, 0.95])
async def test_a_clip_cut_short_is_refused(tmp_path: Path, make: dict[str, Any], kept: float) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    data = clip(tmp_path / "whole", frames=48, **make).read_bytes()
    await refused(folder, data[: int(len(data) * kept)], Code.UNSUPPORTED_MEDIA, video=True)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"#EXTM3U\n#EXTINF:4,\nhttp://127.0.0.1:9/a.ts\n",
        b"ffconcat version 1.0\nfile '/etc/passwd'\n",
        b"<!doctype html><title>502</title>",
        b'{"error": "expired"}',
        b"GIF89a\x01\0\x01\0",
        b"\0\0\0\x18ftypmp42" + b"#EXTM3U\nhttp://127.0.0.1:9/a.ts",
        b"\0\0\0\x1cftypavif" + bytes(64),
        b"\x1aE\xdf\xa3\x93\x42\x82\x88matroska" + bytes(64),
        bytes(1000),
    ],
)
async def test_what_is_no_clip_is_refused_whatever_it_is_called(tmp_path: Path, data: bytes) -> None:
    await refused(tmp_path, data, Code.UNSUPPORTED_MEDIA, video=True)


async def test_sound_without_a_picture_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    data = sound_only(tmp_path / "a.mp4").read_bytes()
    assert "no picture" in await refused(folder, data, Code.UNSUPPORTED_MEDIA, video=True)


async def test_a_codec_outside_the_list_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    data = clip(tmp_path / "a.mov", container="mov", codec="mpeg2video").read_bytes()
    await refused(folder, data, Code.UNSUPPORTED_MEDIA, video=True)


async def test_frames_that_are_all_damaged_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    data = bytearray(clip(tmp_path / "a.mp4").read_bytes())
    body = data.index(b"mdat") + 4
    end = data.index(b"moov") - 4
    data[body:end] = bytes(end - body)
    await refused(folder, bytes(data), Code.UNSUPPORTED_MEDIA, video=True)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
        (b"RIFF\0\0\0\0WEBPVP8L", "image/webp"),
        (b"RIFF\0\0\0\0AVI LIST", None),
        (b"\0\0\0\x20ftypisom", "video/mp4"),
        (b"\0\0\0\x20ftypmp42", "video/mp4"),
        (b"\0\0\0\x14ftypqt  ", "video/quicktime"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "video/quicktime"),
        (b"\0\0\0\x1cftypheic", None),
        (b"\x1aE\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", "video/webm"),
        (b"<svg", None),
        (b"", None),
    ],
)
def test_a_head_tells_its_kind(head: bytes, kind: str | None) -> None:
    assert intake.sniff(head) == kind


@given(st.binary(max_size=80))
def test_no_head_is_too_odd_to_be_looked_at(head: bytes) -> None:
    assert intake.sniff(head) in {
        None, "image/jpeg", "image/png", "image/webp", "video/mp4", "video/quicktime", "video/webm",
    }  # fmt: skip
