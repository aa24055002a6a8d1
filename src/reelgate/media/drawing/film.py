"""From a plan to a clip: put up each shot, film it, dissolve into the next, letter it, encode it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import av
import msgspec
import numpy as np
from av.container import InputContainer
from PIL import Image

from reelgate.core.errors import Code, refuse
from reelgate.core.render import Picture, Plan, Shot
from reelgate.media.drawing import captions, noise
from reelgate.media.drawing.camera import view_at
from reelgate.media.drawing.canvas import Canvas
from reelgate.media.drawing.colour import Floats, Ints, rgb
from reelgate.media.drawing.encode import MAKER, Encoder
from reelgate.media.drawing.footage import Footage, Grade, Mark, mark_of
from reelgate.media.drawing.frames import enlarge
from reelgate.media.drawing.pictures import Card, Still, cards, sample, still
from reelgate.media.drawing.scenes import put_up
from reelgate.media.drawing.sound import RATE, score
from reelgate.media.drawing.stage import Stage
from reelgate.media.drawing.vault import Vault
from reelgate.media.jobs import Job

_SHARE = 2 / 3
"""Scenes are drawn this much smaller and enlarged by the scaler, which costs a third of drawing them in full."""
_DISSOLVE = 10
_GRAINS = 6


def draw(job: Job) -> dict[str, Any]:
    """Carry a plan out; notes say how many frames are written.

    The arguments are the plan, the file to write and the hashes of the open files, in their order.
    """
    plan = msgspec.convert(job.args["plan"], Plan)
    files = dict(zip(job.args["files"], job.files, strict=True))
    return make(plan, Vault(files), Path(job.args["out"]), job.tell)


def make(plan: Plan, vault: Vault, out: Path, note: Callable[[int], None]) -> dict[str, Any]:
    """Write the clip of a plan to `out`.

    Raises CallerError when a stored picture or clip cannot be read.
    """
    film = Film(plan, vault)
    mark = Mark(maker=MAKER, model="animatic-1", seed=plan.seed, clear=film.clear())
    comment = msgspec.json.encode(mark).decode()
    encoder = Encoder(out, film.size, plan.fps, _sound(plan, vault), comment)
    for canvas in film.frames():
        encoder.write(canvas)
        note(encoder.frames)
    encoder.close()
    return {"frames": encoder.frames}


class Source(Protocol):
    """What the camera looks at in one shot."""

    def film(self, canvas: Canvas, frame: int) -> None:
        """Fill the canvas with frame `frame` of the shot."""
        ...


@dataclass(frozen=True)
class _Scene:
    stage: Stage
    small: Canvas
    vignette: Ints
    shot: Shot
    fps: int
    length: int

    def film(self, canvas: Canvas, frame: int) -> None:
        self.stage.film(self.small, view_at(self.shot, self.small.width, self.fps, frame, self.length))
        plane = self.small.y
        step = plane - np.int16(16)
        step *= self.vignette
        step >>= 7
        plane -= step
        if (canvas.width, canvas.height) == (self.small.width, self.small.height):
            canvas.take(self.small)
        else:
            enlarge(self.small, canvas)


@dataclass(frozen=True)
class _Photo:
    still: Still
    length: int

    def film(self, canvas: Canvas, frame: int) -> None:
        self.still.film(canvas, frame / max(1, self.length - 1))


@dataclass(frozen=True)
class _Clip:
    footage: Footage
    grade: Grade | None
    first: int
    fps: int

    def film(self, canvas: Canvas, frame: int) -> None:
        self.footage.film(canvas, (self.first + frame) / self.fps)
        if self.grade is not None:
            self.grade.lay(canvas)


@dataclass(frozen=True)
class _Held:
    """The last frame of a lead-in, drawn slowly nearer so that the cut into the new part flows."""

    picture: tuple[Image.Image, Image.Image, Image.Image]

    def film(self, canvas: Canvas, frame: int) -> None:
        share = 1 - 0.0016 * (frame + 1)
        wide, high = canvas.width * share, canvas.height * share
        left, top = (canvas.width - wide) / 2, (canvas.height - high) / 2
        sample(self.picture, (left, top, left + wide, top + high), canvas)


@dataclass(frozen=True)
class _Lettering:
    title: tuple[captions.Plate, ...]
    caption: tuple[captions.Plate, ...]
    cards: list[Card]
    frames: int

    def lay(self, canvas: Canvas, frame: int) -> None:
        rise = min(1.0, max(0.0, (frame + 1) / 10))
        fall = min(1.0, max(0.0, (self.frames - frame) / 7))
        for card in self.cards:
            card.lay(canvas, min(rise, fall))
        for plate in (*self.caption, *self.title):
            plate.lay(canvas, min(rise, fall))


class Film:
    """One plan being filmed."""

    def __init__(self, plan: Plan, vault: Vault) -> None:
        """Prepare what all shots share."""
        self.plan, self._vault = plan, vault
        self.size = (plan.size.width, plan.size.height)
        self._measure = captions.Sheet(*self.size)
        self._clock = captions.Clock.set(self._measure)
        self._label = captions.label(self._measure, plan.label)
        self._grains = _grains(self.size, plan.seed)
        self._grade = None if plan.look is None else Grade(plan.look)
        self._clips: dict[str, tuple[Footage, int]] = {}
        self._pictures: dict[str, Image.Image] = {}

    def clear(self) -> tuple[float, float]:
        """Give the rows that carry no lettering in any shot, as shares of the height."""
        height = self._measure.height
        tops = [plate.top for shot in self.plan.shots for plate in self._caption(shot) if not plate.blank]
        top, bottom = self._clock.bottom / height, min(tops, default=self._label_top()) / height
        if self.plan.lead_in is not None:
            with self._vault.clip(self.plan.lead_in.sha256) as before:
                mark = mark_of(before)
            top, bottom = (
                (top, bottom) if mark is None else (max(top, mark.clear[0]), min(bottom, mark.clear[1]))
            )
        return (round(top, 3), round(bottom, 3))

    def _label_top(self) -> int:
        return min((plate.top for plate in self._label), default=self._measure.height)

    def _caption(self, shot: Shot) -> tuple[captions.Plate, ...]:
        accent, names = rgb(shot.backdrop.colours.light), tuple(figure.name for figure in shot.cast)
        return captions.caption(self._measure, shot.caption, accent=accent, names=names)

    def frames(self) -> Iterator[Canvas]:
        """Give every frame in order; the canvas is used again for the next."""
        canvas, other = Canvas.blank(*self.size), Canvas.blank(*self.size)
        yield from self._lead_in(canvas)
        count = self.plan.lead_in_frames
        before: tuple[Source, int] | None = None
        if count:
            before = (_Held(_planes(canvas)), 0)
        for number, shot in enumerate(self.plan.shots):
            source, words = self._source(shot, number), self._lettering(shot)
            over = 0 if before is None else min(_DISSOLVE + 6 * (number == 0), shot.frames // 3)
            for frame in range(shot.frames):
                source.film(canvas, frame)
                if before is not None and frame < over:
                    before[0].film(other, before[1] + frame)
                    canvas.toward(other, 1 - _soft((frame + 1) / (over + 1)))
                fresh = count - frame == self.plan.lead_in_frames and frame < over
                self._finish(canvas, count, words, frame, clock=not (fresh and self.plan.lead_in is not None))
                yield canvas
                count += 1
            before = (source, shot.frames)

    def _lead_in(self, canvas: Canvas) -> Iterator[Canvas]:
        if self.plan.lead_in is None:
            return
        footage = Footage(self._vault.clip(self.plan.lead_in.sha256), self.size, clean=False)
        for frame in range(self.plan.lead_in_frames):
            footage.film(canvas, frame / self.plan.fps)
            yield canvas
        footage.close()

    def _source(self, shot: Shot, number: int) -> Source:
        length = shot.frames + (_DISSOLVE if number < len(self.plan.shots) - 1 else 0)
        if shot.picture is not None and shot.picture.clip:
            footage, first = self._clips.get(shot.picture.sha256) or (
                Footage(self._vault.clip(shot.picture.sha256), self.size, clean=True),
                0,
            )
            self._clips[shot.picture.sha256] = (footage, first + shot.frames)
            return _Clip(footage, self._grade, first, self.plan.fps)
        if shot.picture is not None:
            return _Photo(still(self._picture(shot.picture), self.size, shot.move, shot.pace), length)
        small = _drawn_size(self.size)
        stage = put_up(shot.backdrop, shot.framing, small)
        return _Scene(stage, Canvas.blank(*small), _vignette(small), shot, self.plan.fps, length)

    def _picture(self, picture: Picture) -> Image.Image:
        held = self._pictures.get(picture.sha256)
        if held is None:
            held = self._frame_of(picture) if picture.clip else self._vault.picture(picture.sha256)
            self._pictures[picture.sha256] = held
        return held

    def _frame_of(self, picture: Picture) -> Image.Image:
        footage = Footage(self._vault.clip(picture.sha256), self.size, clean=True)
        shown = footage.still(0.6)
        footage.close()
        if shown is None:
            raise refuse(Code.UNSUPPORTED_MEDIA, "A stored clip holds no frame.")
        return shown

    def _lettering(self, shot: Shot) -> _Lettering:
        shown = [self._picture(figure.picture) for figure in shot.cast]
        return _Lettering(
            title=captions.title(self._measure, shot.title),
            caption=self._caption(shot),
            cards=cards(shown, self.size),
            frames=shot.frames,
        )

    def _finish(self, canvas: Canvas, count: int, words: _Lettering, frame: int, *, clock: bool) -> None:
        plane = canvas.y
        plane += self._grains[(count * 5 + count // _GRAINS) % _GRAINS]
        words.lay(canvas, frame)
        if not clock:
            return  # the clip that went before still shows its own
        for plate in self._label:
            plate.lay(canvas)
        self._clock.lay(canvas, count, self.plan.fps)


def _soft(t: float) -> float:
    return t * t * (3 - 2 * t)


def _planes(canvas: Canvas) -> tuple[Image.Image, Image.Image, Image.Image]:
    y, u, v = (Image.fromarray(plane.astype(np.uint8)) for plane in (canvas.y, canvas.u, canvas.v))
    return y, u, v


def _drawn_size(size: tuple[int, int]) -> tuple[int, int]:
    if min(size) < 360:
        return size
    return round(size[0] * _SHARE / 2) * 2, round(size[1] * _SHARE / 2) * 2


def _vignette(size: tuple[int, int]) -> Ints:
    x = np.linspace(-1, 1, size[0], dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, size[1], dtype=np.float32)[:, None]
    return (np.clip(x**2 * 0.5 + y**2 * 0.5 - 0.25, 0, 1) * 40).astype(np.int16)


def _grains(size: tuple[int, int], seed: int) -> list[Ints]:
    rng = noise.dice(seed, 5)
    wide, high = size
    sheet: Ints = np.rint(
        rng.standard_normal((high + 32, wide + 32), dtype=np.float32) * np.float32(0.9)
    ).astype(np.int16)
    offsets = rng.integers(0, 32, (_GRAINS, 2))
    return [np.ascontiguousarray(sheet[a : a + high, b : b + wide]) for a, b in offsets]


def _sound(plan: Plan, vault: Vault) -> Floats | None:
    if not plan.audio:
        return None
    made = score(plan)
    if plan.lead_in is None:
        return made
    length = round(plan.lead_in_frames * RATE / plan.fps)
    return np.concatenate([_heard(vault.clip(plan.lead_in.sha256), length), made], axis=1)


def _heard(clip: InputContainer, length: int) -> Floats:
    """Read the sound of a clip, exactly `length` samples of it."""
    found = np.zeros((2, length), np.float32)
    with clip as container:
        if not container.streams.audio:
            return found
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
        place = 0
        for frame in container.decode(container.streams.audio[0]):
            for part in resampler.resample(frame):
                values = part.to_ndarray()
                room = min(values.shape[1], length - place)
                found[:, place : place + room] = values[:, :room]
                place += room
            if place >= length:
                break
    return np.clip(found, -0.7, 0.7)
