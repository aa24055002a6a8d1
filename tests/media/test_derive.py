"""Pictures made from clips: what they show, how large they are, and that nothing is left when it fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageStat

from reelgate.core.errors import CallerError, Code
from reelgate.media import derive
from tests.media.samples import clip


def brightness(picture: Image.Image) -> float:
    return ImageStat.Stat(picture.convert("L")).mean[0]


async def test_archive_describes_a_clip_and_makes_both_pictures_beside_it(tmp_path: Path) -> None:
    made = await derive.archive(clip(tmp_path / "a.mp4", size=(720, 1280), frames=12, audio=True))
    assert (made.clip.width, made.clip.height, made.clip.frames, made.clip.has_audio) == (720, 1280, 12, True)
    with Image.open(made.thumbnail_path) as thumbnail, Image.open(made.spritesheet_path) as sheet:
        assert (thumbnail.format, thumbnail.size) == ("WEBP", (360, 640))
        layout = made.layout
        assert (layout.columns, layout.rows, layout.count) == (5, 4, 20)
        assert (layout.tile_width, layout.tile_height) == (144, 256)
        assert (sheet.format, sheet.size) == ("JPEG", (144 * 5, 256 * 4))
        assert layout.seconds == made.clip.seconds
    assert {made.thumbnail_path.parent, made.spritesheet_path.parent} == {tmp_path}


async def test_archive_writes_into_the_folder_it_is_given(tmp_path: Path) -> None:
    into = tmp_path / "into"
    into.mkdir()
    made = await derive.archive(clip(tmp_path / "a.mp4"), folder=into)
    assert sorted(into.iterdir()) == sorted([made.thumbnail_path, made.spritesheet_path])


async def test_archive_of_a_broken_clip_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    whole = clip(tmp_path / "whole", front=True).read_bytes()
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CallerError) as caught:
        await derive.archive(folder / "a", param="video")
    assert (caught.value.failure.code, caught.value.failure.param) == (Code.UNSUPPORTED_MEDIA, "video")
    assert [path.name for path in folder.iterdir()] == ["a"]


async def test_one_damaged_frame_does_not_cost_the_clip(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", frames=48)
    data = bytearray(path.read_bytes())
    middle = (data.index(b"mdat") + data.index(b"moov")) // 2
    data[middle : middle + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert (await derive.archive(path)).clip.frames == 48


async def test_the_thumbnail_of_a_clip_that_opens_in_black_is_not_black(tmp_path: Path) -> None:
    await derive.thumbnail(clip(tmp_path / "a.mp4", frames=24, dark=12), tmp_path / "out")
    with Image.open(tmp_path / "out") as picture:
        assert brightness(picture) > 40


async def test_noise_in_the_dark_tells_less_than_a_plain_picture_in_the_light(tmp_path: Path) -> None:
    noise = (
        Image.effect_noise((96, 160), 60)
        .point([max(0, tone - 118) // 4 for tone in range(256)])
        .convert("RGB")
    )
    plain = Image.new("RGB", (192, 160), (90, 90, 90))
    plain.paste((160, 160, 160), (0, 0, 192, 60))
    path = clip(tmp_path / "a.mp4", frames=24, dark=12, opening=noise, ground=plain)
    await derive.thumbnail(path, tmp_path / "out")
    with Image.open(tmp_path / "out") as picture:
        assert brightness(picture) > 40


async def test_a_black_clip_has_a_thumbnail_too(tmp_path: Path) -> None:
    await derive.thumbnail(clip(tmp_path / "a.mp4", frames=6, dark=6), tmp_path / "out")
    with Image.open(tmp_path / "out") as picture:
        assert brightness(picture) < 20


async def test_the_tiles_of_a_spritesheet_follow_the_clip(tmp_path: Path) -> None:
    layout = await derive.spritesheet(clip(tmp_path / "a.mp4", frames=40, dark=20), tmp_path / "out")
    with Image.open(tmp_path / "out") as sheet:
        tiles = [
            sheet.crop((x * layout.tile_width, y * layout.tile_height, (x + 1) * layout.tile_width, (y + 1) * layout.tile_height))
            for y in range(layout.rows)
            for x in range(layout.columns)
        ]  # fmt: skip
    assert [brightness(tile) < 20 for tile in tiles] == [True] * 10 + [False] * 10


async def test_a_clip_of_fewer_frames_than_tiles_fills_them_all(tmp_path: Path) -> None:
    layout = await derive.spritesheet(clip(tmp_path / "a.mp4", frames=3), tmp_path / "out")
    assert layout.count == 20
    with Image.open(tmp_path / "out") as sheet:
        corner = sheet.crop((sheet.width - layout.tile_width, sheet.height - layout.tile_height, *sheet.size))
        assert brightness(corner) > 20


async def test_a_small_clip_is_not_blown_up(tmp_path: Path) -> None:
    size = await derive.thumbnail(clip(tmp_path / "a.mp4", size=(64, 48)), tmp_path / "out")
    assert size == (64, 48)


async def test_a_long_clip_is_shown_by_its_key_frames(tmp_path: Path) -> None:
    made = await derive.archive(clip(tmp_path / "a.mp4", size=(32, 32), frames=960, fps=24))
    assert made.clip.frames == 960
    assert made.layout.count == 20


async def test_portrait_and_last_frame_are_full_size_pngs(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", frames=24)
    assert await derive.portrait(path, tmp_path / "portrait") == (96, 160)
    assert await derive.last_frame(path, tmp_path / "last") == (96, 160)
    with Image.open(tmp_path / "portrait") as portrait, Image.open(tmp_path / "last") as last:
        assert (portrait.format, last.format) == ("PNG", "PNG")


async def test_the_last_frame_is_the_very_last(tmp_path: Path) -> None:
    fade = clip(tmp_path / "a.mp4", frames=23)
    await derive.last_frame(fade, tmp_path / "earlier")
    await derive.last_frame(clip(tmp_path / "b.mp4", frames=24, dark=23), tmp_path / "last")
    with Image.open(tmp_path / "last") as last:
        assert brightness(last) > 40
    await derive.last_frame(clip(tmp_path / "c.mp4", frames=24, dark=24), tmp_path / "dark")
    with Image.open(tmp_path / "dark") as dark:
        assert brightness(dark) < 20
