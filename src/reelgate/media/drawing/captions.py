"""Words on the picture: caption, shot title, timecode, label, name tags; drawn once a shot, laid over each frame.

Set in Noto Sans CJK. A character the typeface lacks is left out, so that no empty box is ever drawn.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from reelgate.media.drawing.canvas import Canvas
from reelgate.media.drawing.colour import Floats, Ints, rgb, yuv

_FILE = Path(str(files("manimgx_fonts_cjk"))) / "NotoSansCJK-VF.otf.ttc"
_FACES = {"ja": 0, "ko": 1, "zh": 2}
_CLOSING = "、。，．・：；？！‼⁇⁈⁉…‥）〕］｝〉》」』】〙〗〟’”»,.!?;:)]}%％ーァィゥェォッャュョヮぁぃぅぇぉっゃゅょゎ々〜～"
_OPENING = "（〔［｛〈《「『【〘〖〝‘“«([{$￥"
_WHITE = rgb("#ffffff")
_SHADE = rgb("#05070c")


@cache
def font(size: int, weight: int, language: str = "zh") -> ImageFont.FreeTypeFont:
    """Load one cut of the typeface; `size` is in whole pixels."""
    face = ImageFont.truetype(str(_FILE), size, index=_FACES[language])
    face.set_variation_by_axes([weight])
    return face


def language_of(text: str) -> str:
    """Choose the regional shapes of Han characters by the other scripts in a text."""
    for letter in text:
        if "぀" <= letter <= "ヿ":
            return "ja"
        if "가" <= letter <= "힯":
            return "ko"
    return "zh"


def _shape(letter: str) -> bytes:
    image = Image.new("L", (64, 48))
    ImageDraw.Draw(image).text((8, 4), letter, font=font(24, 400), fill=255)
    return image.tobytes()


@cache
def _missing() -> bytes:
    return _shape("\U0010fffe")


@cache
def has_glyph(letter: str) -> bool:
    """Tell whether the typeface can draw a character."""
    if letter == " ":
        return True
    if unicodedata.category(letter)[0] in "CZ" or unicodedata.category(letter) in ("Mn", "Me"):
        return False
    return _shape(letter) != _missing()


def drawable(text: str) -> str:
    """Keep what can be drawn, with single spaces."""
    folded = unicodedata.normalize("NFC", text)
    kept = "".join(c if has_glyph(c) else " " if c.isspace() else "" for c in folded)
    return " ".join(kept.split())


def _wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in "WF"


def pieces(text: str) -> list[str]:
    """Cut a text where a line may end: at spaces, and between Han characters but not before closing signs."""
    found: list[str] = []
    for letter in text:
        starts = not found or (
            letter not in _CLOSING
            and found[-1][-1] not in _OPENING
            and (_wide(letter) or _wide(found[-1][-1]) or (found[-1][-1] == " " and letter != " "))
        )
        if starts:
            found.append(letter)
        else:
            found[-1] += letter
    return found


def wrap(text: str, face: ImageFont.FreeTypeFont, width: float, most: int) -> list[str]:
    """Break a text into at most `most` lines that fit `width`; what is left over is elided."""
    lines: list[str] = []
    line = ""
    waiting = [part for piece in pieces(text) for part in _fitting(piece, face, width)]
    for number, piece in enumerate(waiting):
        if not line or face.getlength((line + piece).rstrip()) <= width:
            line += piece
            continue
        if len(lines) == most - 1:
            return [*lines, _elided(line + "".join(waiting[number:]), face, width)]
        lines.append(line.rstrip())
        line = piece.lstrip()
    return [*lines, line.rstrip()] if line.strip() else lines


def _fitting(piece: str, face: ImageFont.FreeTypeFont, width: float) -> list[str]:
    if face.getlength(piece.rstrip()) <= width:
        return [piece]
    parts = [""]
    for letter in piece:
        if parts[-1] and face.getlength(parts[-1] + letter) > width:
            parts.append("")
        parts[-1] += letter
    return parts


def _elided(text: str, face: ImageFont.FreeTypeFont, width: float) -> str:
    text = text[:400].rstrip()
    while text and face.getlength(text + "…") > width:
        text = text[:-1].rstrip(" ,.;:、，。；：")
    return text + "…"


@dataclass(frozen=True)
class Plate:
    """A piece of lettering: where it lies, what it darkens, what it draws."""

    top: int
    left: int
    shade: Ints
    """How far the picture is darkened beneath, 0 to 128."""
    letters: Ints
    """0 to 128."""
    colour: Floats
    bare: bool = False
    """Whether nothing is darkened."""
    blank: bool = False
    """Whether nothing is drawn."""

    def lay(self, canvas: Canvas, strength: float = 1.0) -> None:
        """Lay it over a frame; `strength` fades it."""
        if strength <= 0:
            return
        rows = len(self.letters)
        weight = np.int16(round(min(1.0, strength) * 128))
        for alpha, colour, plain in (
            (self.shade, _SHADE, self.bare),
            (self.letters, self.colour, self.blank),
        ):
            if not plain:
                shown = alpha if weight == 128 else alpha * weight >> 7
                canvas.lay(shown, np.repeat(yuv(colour)[None, :], rows, axis=0), self.top, self.left)


@dataclass(frozen=True)
class Sheet:
    """The measures of the lettering for one size of picture."""

    width: int
    height: int

    @property
    def unit(self) -> float:
        """The size of one design pixel."""
        return min(self.width, self.height, max(self.width, self.height) * 0.85) / 720

    @property
    def margin(self) -> int:
        """The safe distance from the edges."""
        return max(4, round(min(self.width, self.height) * 0.055))

    def size(self, points: float) -> int:
        """Give a type size that stays readable on small pictures."""
        return max(7, round(points * self.unit))


def _plate(
    image: Image.Image, top: int, left: int, *, soft: float, colour: Floats = _WHITE, limit: tuple[int, int]
) -> Plate:
    letters = np.asarray(image).astype(np.int16)
    reach = max(1, round(soft))
    small = Image.fromarray(np.asarray(image)).reduce(2) if min(image.size) > 4 else image
    spread = _box_blur(np.asarray(small).astype(np.float32), reach)
    shade = np.asarray(Image.fromarray(spread).resize(image.size, Image.Resampling.BILINEAR))
    dark = np.clip(shade * np.float32(0.85), 0, 82).astype(np.int16)
    width, height = limit
    seen = np.flatnonzero(dark.any(axis=0))
    first, last = (int(seen[0]) // 2 * 2, int(seen[-1]) + 1) if len(seen) else (0, 2)
    top, left = max(0, top - top % 2), max(0, left - left % 2) + first
    deep, wide = max(0, height - top), max(0, min(last - first, width - left))
    return Plate(
        top, left, dark[:deep, first : first + wide], (letters >> 1)[:deep, first : first + wide], colour
    )


def _box_blur(values: Floats, radius: int) -> Floats:
    for axis in (0, 1, 0, 1):
        padded = np.pad(values, [(radius + 1, radius) if a == axis else (0, 0) for a in (0, 1)])
        total = np.cumsum(padded, axis=axis, dtype=np.float32)
        ahead = np.take(total, range(2 * radius + 1, total.shape[axis]), axis=axis)
        behind = np.take(total, range(total.shape[axis] - 2 * radius - 1), axis=axis)
        values = (ahead - behind) / np.float32(2 * radius + 1)
    return values


def caption(measure: Sheet, text: str, *, accent: Floats, names: tuple[str, ...] = ()) -> tuple[Plate, ...]:
    """Set a caption in the lower third: a soft scrim, the lines, above them the names of who is seen."""
    text = drawable(text)
    tags = [name for name in (drawable(name) for name in names) if name]
    if not text and not tags:
        return ()
    margin, room = measure.margin, measure.width - 2 * measure.margin
    language = language_of(text)
    lines: list[str] = []
    face = font(measure.size(31), 500, language)
    for points in (31, 28, 25, 22):
        face = font(measure.size(points), 500, language)
        lines = wrap(text, face, min(room, 28 * face.size), 4 if measure.height > measure.width else 3)
        if not lines or not lines[-1].endswith("…"):
            lines = _balanced(text, face, min(room, 28 * face.size), len(lines))
            break
    step = round(face.size * 1.42)
    foot = measure.height - round(margin * 1.55) - measure.size(17)
    top = max(0, foot - step * len(lines))
    found = [_scrim(measure, top - measure.size(90))]
    if lines:
        image = Image.new("L", (measure.width, round(step * len(lines) + face.size / 2 + 2)), 0)
        pen = ImageDraw.Draw(image)
        for number, line in enumerate(lines):
            pen.text((margin, number * step + face.size * 0.08), line, font=face, fill=255)
        found.append(_plate(image, top, 0, soft=face.size * 0.12, limit=(measure.width, measure.height)))
    if tags:
        found.append(_tag(measure, "   ".join(tags), top, accent))
    return tuple(found)


def _balanced(text: str, face: ImageFont.FreeTypeFont, width: float, count: int) -> list[str]:
    """Break a text into the same number of lines, of like length."""
    for share in range(52, 100, 4):
        lines = wrap(text, face, width * share / 100, count + 1)
        if len(lines) <= count:
            return lines
    return wrap(text, face, width, count)


def _scrim(measure: Sheet, top: int) -> Plate:
    top = max(0, top) // 2 * 2
    deep = measure.height - top
    rows = np.linspace(0, 1, deep, dtype=np.float32)
    dark = (np.minimum(1, rows * 1.35) ** 1.5 * 76).astype(np.int16)
    shade = np.repeat(dark[:, None], measure.width, axis=1)
    return Plate(top, 0, shade, np.zeros_like(shade), _WHITE, blank=True)


def _tag(measure: Sheet, text: str, above: int, accent: Floats) -> Plate:
    face = font(measure.size(21), 700, language_of(text))
    line = wrap(text, face, measure.width - 2 * measure.margin, 1)[0]
    image = Image.new("L", (measure.width, round(face.size * 2)), 0)
    pen = ImageDraw.Draw(image)
    bar = max(2, round(measure.unit * 4))
    pen.rectangle([measure.margin, face.size * 0.36, measure.margin + bar - 1, face.size * 1.4], fill=255)
    pen.text((measure.margin + bar * 3, face.size * 0.1), line, font=face, fill=255)
    bright = accent + (1 - accent) * np.float32(0.45)
    return _plate(
        image,
        above - round(face.size * 2),
        0,
        soft=face.size * 0.14,
        colour=bright,
        limit=(measure.width, measure.height),
    )


def title(measure: Sheet, text: str) -> tuple[Plate, ...]:
    """Set a shot's title in spaced capitals, top left."""
    text = drawable(text).upper()
    if not text:
        return ()
    face = font(measure.size(17), 600, language_of(text))
    space = face.size * 0.14
    room = measure.width - 3 * measure.margin - Clock.set(measure).advance * len("00:00:00:00")
    image = Image.new("L", (measure.width, round(face.size * 2)), 0)
    pen = ImageDraw.Draw(image)
    x = float(measure.margin)
    for letter in text:
        wide = face.getlength(letter)
        if x + wide - measure.margin > room:
            break  # the timecode stands there
        pen.text((x, face.size * 0.2), letter, font=face, fill=255)
        x += wide + (0 if _wide(letter) else space)
    return (_plate(image, measure.margin, 0, soft=face.size * 0.12, limit=(measure.width, measure.height)),)


def label(measure: Sheet, text: str) -> tuple[Plate, ...]:
    """Set what the clip is, small, in the lower right corner."""
    face = font(measure.size(14), 500)
    line = wrap(drawable(text), face, measure.width - 2 * measure.margin, 1)
    if not line:
        return ()
    wide = face.getlength(line[0]) + face.size * 0.12 * len(line[0])
    image = Image.new("L", (measure.width, round(face.size * 2)), 0)
    x = measure.width - measure.margin - wide
    for letter in line[0]:
        ImageDraw.Draw(image).text((x, face.size * 0.2), letter, font=face, fill=190)
        x += face.getlength(letter) + face.size * 0.12
    return (
        _plate(
            image,
            measure.height - round(measure.margin * 0.85 + face.size),
            0,
            soft=face.size * 0.14,
            limit=(measure.width, measure.height),
        ),
    )


@dataclass(frozen=True)
class Clock:
    """A timecode whose digits keep their places."""

    plates: dict[str, Plate]
    advance: int
    top: int
    right: int

    @property
    def bottom(self) -> int:
        """The first row below it."""
        return self.top + max(len(plate.letters) for plate in self.plates.values())

    @classmethod
    @cache
    def set(cls, measure: Sheet) -> Clock:
        """Draw the ten digits and the colon once."""
        face = font(measure.size(17), 500)
        wide = round(max(face.getlength(digit) for digit in "0123456789")) + 1
        wide += wide % 2
        plates: dict[str, Plate] = {}
        for sign in "0123456789:":
            image = Image.new("L", (wide, round(face.size * 2)), 0)
            ImageDraw.Draw(image).text(
                ((wide - face.getlength(sign)) / 2, face.size * 0.2), sign, font=face, fill=235
            )
            plates[sign] = _plate(image, 0, 0, soft=face.size * 0.12, limit=(measure.width, measure.height))
        return cls(plates, wide, measure.margin // 2 * 2, (measure.width - measure.margin) // 2 * 2)

    def lay(self, canvas: Canvas, frame: int, fps: int) -> None:
        """Write hours, minutes, seconds and frames, top right."""
        seconds, rest = divmod(frame, fps)
        text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{rest:02d}"
        left = self.right - self.advance * len(text)
        for sign in text:
            plate = self.plates[sign]
            if left >= 0:
                Plate(self.top, left + plate.left, plate.shade, plate.letters, plate.colour).lay(canvas)
            left += self.advance
