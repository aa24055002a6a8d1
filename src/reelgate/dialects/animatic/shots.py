"""A prompt cut into shots: `Shot n:` blocks with their durations, or sentences shared out over the time there is."""

from __future__ import annotations

import re

import msgspec

_MARK = re.compile(
    r"(?:^|(?<=[\s.;,!?。；，！？]))(?:shot|scene|镜头|分镜|镜)\s*#?\s*(\d{1,3}|[一二三四五六七八九十]{1,3})"
    r"\s*(?:[(（\[]([^)）\]\n]{0,40})[)）\]])?\s*[:：.\-—–]",
    re.IGNORECASE,
)
_DURATION = re.compile(
    r"(\d{1,4}(?:\.\d{1,3})?)\s*(?:seconds?|secs?|s\b|秒)|(?:duration|length|时长|时间)\s*[:：=]?\s*(\d{1,4}(?:\.\d{1,3})?)",
    re.IGNORECASE,
)
_DURATION_LINE = re.compile(r"^\s*(?:duration|length|time|时长|时间)\s*[:：=]", re.IGNORECASE)
_ASIDE = re.compile(
    r"\s*[(（\[]\s*(\d{1,4}(?:\.\d{1,3})?\s*(?:s|sec|secs|seconds?|秒))\s*[)）\]]", re.IGNORECASE
)
_FIELD = re.compile(
    r"^\s*(title|scene|camera|caption|action|description|标题|场景|画面|镜头|运镜|内容|描述|动作)\s*[:：]\s*",
    re.IGNORECASE,
)
_CAMERA = ("camera", "镜头", "运镜")
_TITLE = ("title", "标题")
_SENTENCE = re.compile(r"[^.!?。！？；;\n]+[.!?。！？；;]*[”’\"'）)」』]*")
_CAPTION_MAX = 600


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What a prompt says about one shot."""

    text: str
    """For the caption."""
    title: str = ""
    camera: str = ""
    """Directions that are followed but not shown."""
    seconds: float | None = None


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt, cut."""

    shots: tuple[Words, ...]
    context: str = ""
    """What stands before the first block and holds for all of them."""
    blocks: bool = False


def read(prompt: str) -> Script:
    """Cut a prompt into its blocks, or else into its sentences."""
    marks = list(_MARK.finditer(prompt))
    if not marks:
        sentences = [s for s in (tidy(m.group()) for m in _SENTENCE.finditer(prompt)) if re.search(r"\w", s)]
        return Script(shots=tuple(Words(text=s) for s in sentences) or (Words(text=tidy(prompt)),))
    ends = [mark.start() for mark in marks[1:]] + [len(prompt)]
    shots = [_block(mark, prompt[mark.end() : end]) for mark, end in zip(marks, ends, strict=True)]
    return Script(shots=tuple(shots), context=tidy(prompt[: marks[0].start()]), blocks=True)


def tidy(text: str) -> str:
    """Put a text on one line, without control characters, and not endless."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_CAPTION_MAX]


def _block(mark: re.Match[str], body: str) -> Words:
    seconds = _seconds(mark.group(2) or "")
    aside = _ASIDE.match(body)
    if seconds is None and aside is not None:
        seconds, body = _seconds(aside.group(1)), body[aside.end() :]
    title, camera, text = "", "", list[str]()
    lines = [line for line in body.splitlines() if line.strip()]
    for number, line in enumerate(lines):
        if _DURATION_LINE.match(line):
            seconds = seconds if seconds is not None else _seconds(line)
            continue
        field = _FIELD.match(line)
        said = line[field.end() :] if field else line
        name = field.group(1).lower() if field else ""
        if name in _CAMERA:
            camera = f"{camera} {said}"
        elif name in _TITLE or (
            number == 0 and not name and len(lines) > 1 and len(said) <= 40 and body[:1] != "\n"
        ):
            title = said
        else:
            text.append(said)
    return Words(text=tidy(" ".join(text) or title), title=tidy(title), camera=tidy(camera), seconds=seconds)


def _seconds(text: str) -> float | None:
    match = _DURATION.search(text)
    if match is None:
        return None
    value = float(match.group(1) or match.group(2))
    return value if value > 0 else None


def gather(shots: tuple[Words, ...], count: int) -> tuple[Words, ...]:
    """Give exactly `count` shots: neighbours are joined, or said again when there are too few."""
    if len(shots) < count:
        return tuple(shots[i * len(shots) // count] for i in range(count))
    groups = [shots[i * len(shots) // count : (i + 1) * len(shots) // count] for i in range(count)]
    return tuple(_joined(group) for group in groups)


def _joined(group: tuple[Words, ...]) -> Words:
    if len(group) == 1:
        return group[0]
    glue = "" if any(not w.text[-1:].isascii() for w in group) else " "
    timed = [w.seconds for w in group if w.seconds is not None]
    return Words(
        text=tidy(glue.join(w.text for w in group)),
        title=group[0].title,
        camera=tidy(" ".join(w.camera for w in group)),
        seconds=sum(timed) if timed else None,
    )


def share_out(total: int, weights: list[float], least: int) -> list[int]:
    """Share `total` frames by weight, each part at least `least`, adding up exactly."""
    spare = total - least * len(weights)
    if spare < 0:
        msg = f"{total} frames do not make {len(weights)} shots of {least}"
        raise ValueError(msg)
    whole = sum(weights)
    wanted = [max(0.0, total * weight / whole - least) for weight in weights]
    scale = spare / (sum(wanted) or 1.0)
    exact = [want * scale for want in wanted] if sum(wanted) else [spare / len(weights)] * len(weights)
    parts = [int(part) for part in exact]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[: spare - sum(parts)]:
        parts[i] += 1
    return [least + part for part in parts]
