"""Drawings: one folder each, drawn in a child process, found again after a restart.

A folder holds `plan.json` (written down before anything starts), `out.part` while the child writes, then `out.mp4`;
or `ended.json` when it failed or was stopped. What is not finished is drawn again from its plan when somebody asks.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeVar, assert_never

import msgspec

from reelgate.core.clock import Clock
from reelgate.core.dialect import Drawing, Render
from reelgate.core.render import Plan
from reelgate.media.child import Died, Done, Limits, Outcome, Refused, Why, run
from reelgate.media.place import StorageError

Local = Callable[[str], AbstractAsyncContextManager[Path]]
Kept = TypeVar("Kept", bound=msgspec.Struct)
_SAFE: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
_TRIES: Final = 2
_PIXELS_A_CPU_SECOND: Final = 2_000_000
"""A tenth of what is usual: the bound is for drawings that never end, not for slow machines."""


class _Ended(msgspec.Struct, frozen=True):
    state: Literal["failed", "stopped"]
    error: str | None = None


@dataclass
class _Work:
    total: int
    task: asyncio.Task[None] | None = None
    drawing: bool = False
    frames: int = 0
    noted: asyncio.Event = field(default_factory=asyncio.Event)
    trouble: OSError | None = None

    def seen(self) -> Drawing:
        if not self.drawing:
            return Drawing(state="waiting")
        return Drawing(state="drawing", progress=min(99, self.frames * 100 // max(1, self.total)))


class Renders:
    """Carries out `Render` effects; never blocks the loop."""

    def __init__(self, root: Path, local: Local, clock: Clock, processes: int | None = None) -> None:
        """Keep drawings under `root/renders`; `local` has a stored file at hand for a while.

        `processes` drawings run at once, the rest wait; by default one less than there are cores.
        """
        self._root = root / "renders"
        self._local = local
        self._clock = clock
        self._slots = asyncio.Semaphore(processes or max(1, (os.cpu_count() or 2) - 1))
        self._working: dict[str, _Work] = {}
        self._closing = False

    async def ask(self, render: Render) -> Drawing:
        """Start a drawing, say how far it is, or stop it; asking again never starts a second one."""
        folder = self._folder(render.key)
        if render.stop:
            return await self._stop(folder)
        work = self._working.get(folder.name)
        if work is None:
            known = await asyncio.to_thread(_known, folder)
            work = self._working.get(folder.name)  # somebody else may have asked meanwhile
            if work is None:
                return await self._begin(folder, known, render.plan)
        await work.noted.wait()
        if work.trouble is not None:
            return _unwritable(work.trouble)
        if work.task is not None and work.task.done():
            return _stands(await asyncio.to_thread(_known, folder))
        return work.seen()

    async def _begin(self, folder: Path, known: _Known, given: Plan | None) -> Drawing:
        plan = known.plan or given
        if known.done or known.ended is not None or plan is None or self._closing:
            return _stands(known)
        work = self._working[folder.name] = _Work(plan.total_frames)
        try:
            if known.plan is None:
                await asyncio.to_thread(_write_down, folder, "plan.json", msgspec.json.encode(plan))
            work.task = asyncio.create_task(self._work(folder, plan, work))
        except OSError as error:
            work.trouble = error
            self._working.pop(folder.name, None)
            return _unwritable(error)
        finally:
            work.noted.set()
        return work.seen()

    async def _work(self, folder: Path, plan: Plan, work: _Work) -> None:
        try:
            async with self._slots:
                work.drawing = True
                ended = await self._draw(folder, plan, work)
            if ended is not None:
                await asyncio.to_thread(_write_down, folder, "ended.json", msgspec.json.encode(ended))
        except StorageError:
            return  # the file store does not answer now; whoever asks next has the drawing begun again
        except OSError as error:
            ended = _Ended("failed", f"The drawing could not be kept: {error.strerror or error}.")
            await asyncio.to_thread(_write_down_if_possible, folder, ended)
        finally:
            self._working.pop(folder.name, None)

    async def _draw(self, folder: Path, plan: Plan, work: _Work) -> _Ended | None:
        for attempt in range(_TRIES):
            work.frames = 0
            outcome = await self._run(folder, plan, work)
            match outcome:
                case Done():
                    await asyncio.to_thread(_finish, folder)
                    return None
                case Refused(failure):
                    return _Ended("failed", failure.message)
                case Died(why, detail):
                    if why is not Why.CRASH or attempt == _TRIES - 1:
                        return _Ended("failed", _words(why, detail))
                case _:
                    assert_never(outcome)
        return _Ended("failed", "The drawing broke off.")

    async def _run(self, folder: Path, plan: Plan, work: _Work) -> Outcome:
        names = sorted(plan.files)

        def tell(note: object) -> None:
            if isinstance(note, int):
                work.frames = max(work.frames, note)

        async with AsyncExitStack() as opened:
            try:
                paths = [await opened.enter_async_context(self._local(name)) for name in names]
                files = [opened.enter_context(path.open("rb")) for path in paths]
            except OSError:
                return Died(Why.STORAGE, "a stored picture or clip is gone")
            return await run(
                "reelgate.media.drawing.film:draw",
                {"plan": msgspec.to_builtins(plan), "files": names, "out": str(folder / "out.part")},
                files=[file.fileno() for file in files],
                limits=_limits(plan, len(files)),
                tell=tell,
            )

    async def _stop(self, folder: Path) -> Drawing:
        await self._halt(folder.name)
        known = await asyncio.to_thread(_known, folder)
        if known.done or known.ended is not None or known.plan is None:
            return _stands(known)
        ended = _Ended("stopped")
        await asyncio.to_thread(_write_down, folder, "ended.json", msgspec.json.encode(ended))
        await asyncio.to_thread((folder / "out.part").unlink, missing_ok=True)
        return Drawing(state="stopped")

    async def _halt(self, name: str) -> None:
        work = self._working.get(name)
        if work is None:
            return
        await work.noted.wait()
        if work.task is not None:
            work.task.cancel()
            await asyncio.wait([work.task])

    def finished(self, key: str) -> Path | None:
        """Give the finished clip; None while there is none."""
        path = self._folder(key) / "out.mp4"
        return path if path.is_file() else None

    async def forget(self, key: str) -> None:
        """Stop a drawing and remove everything kept of it."""
        folder = self._folder(key)
        await self._halt(folder.name)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def close(self) -> None:
        """Stop every child quickly; plans stay, so that the next start goes on."""
        self._closing = True
        for name in list(self._working):
            await self._halt(name)

    def _folder(self, key: str) -> Path:
        if _SAFE.fullmatch(key):
            return self._root / key
        return self._root / ("x" + hashlib.sha256(key.encode("utf-8", "replace")).hexdigest())


class _Known(msgspec.Struct, frozen=True):
    """What a folder says."""

    plan: Plan | None = None
    ended: _Ended | None = None
    done: bool = False


def _known(folder: Path) -> _Known:
    return _Known(
        plan=_read(folder / "plan.json", Plan),
        ended=_read(folder / "ended.json", _Ended),
        done=(folder / "out.mp4").is_file(),
    )


def _read(path: Path, kind: type[Kept]) -> Kept | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        return None


def _stands(known: _Known) -> Drawing:
    if known.done:
        return Drawing(state="done", progress=100)
    if known.ended is not None:
        return Drawing(state=known.ended.state, error=known.ended.error)
    return Drawing(state="absent" if known.plan is None else "waiting")


def _unwritable(error: OSError) -> Drawing:
    return Drawing(state="failed", error=f"The drawing could not be written down: {error.strerror or error}.")


def _words(why: Why, detail: str) -> str:
    match why:
        case Why.MEMORY:
            return "The drawing needed more memory than it may use."
        case Why.TIME:
            return "The drawing took longer than it may."
        case Why.STORAGE:
            return f"The drawing could not read or write a file: {detail}."
        case Why.ABSENT:
            return "The drawing process does not start on this machine."
        case Why.CRASH:
            return f"The drawing process broke off twice: {detail}."
    assert_never(why)


def _limits(plan: Plan, files: int) -> Limits:
    pixels = plan.size.width * plan.size.height * plan.total_frames
    seconds = 60 + pixels // _PIXELS_A_CPU_SECOND
    return Limits(
        lane="draw",
        memory_bytes=3 << 30,
        cpu_seconds=seconds,
        wall_seconds=seconds * 4.0,
        file_bytes=2 << 30,
        files=files + 32,
    )


def _write_down(folder: Path, name: str, data: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{name}.part"
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / name)
    _flush(folder)
    _flush(folder.parent)


def _write_down_if_possible(folder: Path, ended: _Ended) -> None:
    try:
        _write_down(folder, "ended.json", msgspec.json.encode(ended))
    except OSError:
        return  # then it is drawn again when somebody asks, and fails again with words


def _finish(folder: Path) -> None:
    part = folder / "out.part"
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(folder / "out.mp4")
    _flush(folder)


def _flush(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
