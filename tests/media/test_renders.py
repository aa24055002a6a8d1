"""Drawings: started once, told truly, stopped quickly, found again after a restart."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import nullcontext
from pathlib import Path

import av
import msgspec
import pytest

from reelgate.core.dialect import Drawing, Render
from reelgate.core.render import Picture, Plan, Style
from reelgate.media.renders import Renders
from reelgate.testing.clock import FakeClock
from tests.media.plans import keep, plan, shot

LONG = plan(shot(Style.FOREST, 2400), size=(480, 640), audio=False)


@pytest.fixture
async def renders(tmp_path: Path) -> AsyncIterator[Renders]:
    made = again(tmp_path)
    yield made
    await made.close()


def again(root: Path) -> Renders:
    return Renders(root, lambda sha: nullcontext(root / sha), FakeClock(), 1)


async def seen(renders: Renders, key: str) -> AsyncIterator[Drawing]:
    """Give what is told about a drawing until it ends."""
    while True:
        drawing = await renders.ask(Render(key=key))
        yield drawing
        if drawing.state not in ("waiting", "drawing"):
            return
        await asyncio.sleep(0.005)


async def end(renders: Renders, key: str) -> Drawing:
    return [drawing async for drawing in seen(renders, key)][-1]


async def child_of(folder: Path) -> int:
    """Give the process that writes a drawing, once it has begun."""
    while True:
        for process in Path("/proc").iterdir():
            if process.name.isdigit() and _writes(process, folder):
                return int(process.name)
        await asyncio.sleep(0.005)


def _writes(process: Path, folder: Path) -> bool:
    try:
        return any(str(folder / "out.part") in os.readlink(fd) for fd in (process / "fd").iterdir())
    except OSError:
        return False


async def gone(pid: int) -> None:
    while Path(f"/proc/{pid}").exists():  # noqa: ASYNC110 the kernel has no event for it
        await asyncio.sleep(0.005)


def frames_in(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


async def test_a_plan_becomes_a_clip(renders: Renders) -> None:
    first = await renders.ask(Render(key="one", plan=plan(shot(frames=14))))

    last = await end(renders, "one")

    assert first.state in ("waiting", "drawing")
    assert last == Drawing(state="done", progress=100)
    path = renders.finished("one")
    assert path is not None
    assert frames_in(path) == 14


async def test_progress_is_the_share_of_frames_written_and_never_falls(renders: Renders) -> None:
    await renders.ask(Render(key="one", plan=plan(shot(Style.FOREST, 120), size=(256, 256))))

    told = [drawing.progress async for drawing in seen(renders, "one") if drawing.state == "drawing"]

    numbers = [progress for progress in told if progress is not None]
    assert len(numbers) == len(told)
    assert numbers == sorted(numbers)
    assert len(set(numbers)) > 2
    assert max(numbers) <= 99


async def test_asking_again_never_starts_a_second_drawing(renders: Renders, tmp_path: Path) -> None:
    made = plan(shot(frames=24))

    await asyncio.gather(*(renders.ask(Render(key="one", plan=made)) for _ in range(8)))
    await renders.ask(Render(key="one", plan=LONG))
    await end(renders, "one")
    path = renders.finished("one")
    assert path is not None
    before = path.stat().st_mtime_ns
    after = await renders.ask(Render(key="one", plan=made))

    assert after.state == "done"
    assert path.stat().st_mtime_ns == before
    assert msgspec.json.decode((tmp_path / "renders/one/plan.json").read_bytes(), type=Plan) == made


async def test_an_unknown_key_without_a_plan_is_absent(renders: Renders) -> None:
    assert await renders.ask(Render(key="never")) == Drawing(state="absent")
    assert await renders.ask(Render(key="never", stop=True)) == Drawing(state="absent")
    assert renders.finished("never") is None


async def test_more_drawings_than_places_wait(renders: Renders, tmp_path: Path) -> None:
    await renders.ask(Render(key="one", plan=LONG))
    await child_of(tmp_path / "renders/one")

    assert (await renders.ask(Render(key="two", plan=plan()))).state == "waiting"
    assert (await renders.ask(Render(key="two"))) == Drawing(state="waiting")
    await renders.ask(Render(key="one", stop=True))

    assert (await end(renders, "two")).state == "done"


async def test_stopping_ends_the_child_and_is_remembered(renders: Renders, tmp_path: Path) -> None:
    await renders.ask(Render(key="one", plan=LONG))
    pid = await child_of(tmp_path / "renders/one")

    stopped = await renders.ask(Render(key="one", stop=True))
    await gone(pid)

    assert stopped == Drawing(state="stopped")
    assert await renders.ask(Render(key="one", plan=LONG)) == Drawing(state="stopped")
    assert await again(tmp_path).ask(Render(key="one")) == Drawing(state="stopped")
    assert not (tmp_path / "renders/one/out.part").exists()


async def test_stopping_a_finished_drawing_leaves_it(renders: Renders) -> None:
    await renders.ask(Render(key="one", plan=plan()))
    await end(renders, "one")

    assert (await renders.ask(Render(key="one", stop=True))).state == "done"


async def test_a_child_killed_once_is_started_again(renders: Renders, tmp_path: Path) -> None:
    await renders.ask(Render(key="one", plan=plan(shot(Style.FOREST, 120), size=(256, 256))))
    pid = await child_of(tmp_path / "renders/one")

    os.kill(pid, signal.SIGSEGV)

    assert (await end(renders, "one")).state == "done"


async def test_a_child_killed_twice_is_a_failure_with_words_that_stays(
    renders: Renders, tmp_path: Path
) -> None:
    await renders.ask(Render(key="one", plan=LONG))
    for _ in range(2):
        pid = await child_of(tmp_path / "renders/one")
        os.kill(pid, signal.SIGSEGV)
        await gone(pid)

    last = await end(renders, "one")

    assert last.state == "failed"
    assert last.error
    assert "twice" in last.error
    assert await again(tmp_path).ask(Render(key="one", plan=LONG)) == last


async def test_a_picture_that_is_gone_or_broken_fails_with_words(renders: Renders, tmp_path: Path) -> None:
    broken = keep(tmp_path, b"no picture")
    await renders.ask(Render(key="gone", plan=plan(shot(picture=Picture(sha256="f" * 64)))))
    await renders.ask(Render(key="broken", plan=plan(shot(picture=Picture(sha256=broken)))))

    gone_, broken_ = await end(renders, "gone"), await end(renders, "broken")

    assert (gone_.state, broken_.state) == ("failed", "failed")
    assert "gone" in (gone_.error or "")
    assert "cannot be read" in (broken_.error or "")


async def test_closing_ends_the_child_and_a_restart_draws_on_from_the_plan(tmp_path: Path) -> None:
    first = again(tmp_path)
    await first.ask(Render(key="one", plan=plan(shot(Style.FOREST, 120), size=(256, 256))))
    pid = await child_of(tmp_path / "renders/one")
    await first.close()
    await gone(pid)

    second = again(tmp_path)
    resumed = await second.ask(Render(key="one"))
    last = await end(second, "one")
    await second.close()

    assert resumed.state in ("waiting", "drawing")
    assert last.state == "done"


async def test_a_plan_that_cannot_be_written_down_fails_and_starts_nothing(tmp_path: Path) -> None:
    (tmp_path / "renders").write_text("in the way")
    renders = again(tmp_path)

    drawing = await renders.ask(Render(key="one", plan=plan()))

    assert drawing.state == "failed"
    assert "written down" in (drawing.error or "")


async def test_forgetting_removes_everything_even_while_it_is_drawn(renders: Renders, tmp_path: Path) -> None:
    await renders.ask(Render(key="one", plan=LONG))
    pid = await child_of(tmp_path / "renders/one")

    await renders.forget("one")
    await gone(pid)

    assert list((tmp_path / "renders").iterdir()) == []
    assert await renders.ask(Render(key="one")) == Drawing(state="absent")


@pytest.mark.parametrize("key", ["../../etc", "a/b", "", ".", "x" * 300, "键"])
async def test_no_key_leads_out_of_the_folder(renders: Renders, tmp_path: Path, key: str) -> None:
    await renders.ask(Render(key=key, plan=plan(shot(frames=12), audio=False)))

    assert (await end(renders, key)).state == "done"
    (folder,) = (tmp_path / "renders").iterdir()
    assert folder.parent == tmp_path / "renders"


async def test_the_loop_goes_on_while_a_drawing_is_made(renders: Renders, tmp_path: Path) -> None:
    await renders.ask(Render(key="one", plan=LONG))
    await child_of(tmp_path / "renders/one")

    turns = 0
    for _ in range(200):
        await asyncio.sleep(0)
        turns += 1

    assert turns == 200
    assert (await renders.ask(Render(key="one"))).state == "drawing"
