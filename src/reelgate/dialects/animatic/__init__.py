"""The built-in renderer as a dialect: a request becomes a plan, the plan is drawn, the drawing is watched.

Nothing here generates: prompts are read word by word (`words`), cut into shots (`shots`) and staged as a moving
storyboard. `reelgate.media.drawing` does the drawing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator
from typing import assert_never

import msgspec

from reelgate.core.channel_settings import ChannelSettings
from reelgate.core.dialect import (
    Accepted,
    Answer,
    CancelOutcome,
    Channel,
    Drawing,
    Effect,
    FindOutcome,
    Found,
    NotFound,
    Observation,
    Output,
    Phase,
    Refused,
    Render,
    Submission,
    SubmitOutcome,
    Unclear,
)
from reelgate.core.errors import Code, Failure
from reelgate.core.render import Backdrop, Figure, Move, Picture, Plan, Shot
from reelgate.core.task import Input, Request, Role, Verb
from reelgate.dialects.animatic import words
from reelgate.dialects.animatic.shots import Script, Words, gather, read, share_out, tidy

FPS = 24
_LEAST = 12
"""Frames a shot has at least."""
_EASY = 36
"""Frames a shot has at least when nobody asked for its length."""
_HEARD = 4_000
"""How much of all the shots a shot that says little takes its setting from."""
_MOST = 4
"""Shots made of plain sentences."""
_MOVES = (Move.PUSH_IN, Move.PAN_RIGHT, Move.PULL_OUT, Move.PAN_LEFT, Move.TILT_UP)


def plan_of(request: Request, token: str) -> Plan:
    """Turn a request into a plan; the same request with the same seed gives the same plan."""
    seed = _seed(request, token)
    source = next(iter(request.inputs_of(Role.SOURCE_VIDEO)), None)
    extends = request.verb is Verb.EXTEND and source is not None
    edits = request.verb is Verb.EDIT and source is not None
    return Plan(
        size=request.size,
        fps=FPS,
        shots=_shots(request, seed, source if edits else None),
        lead_in=_picture(source) if source is not None and extends else None,
        lead_in_frames=(request.parent_seconds or 0) * FPS if extends else 0,
        look=words.look_of(request.prompt, seed) if edits else None,
        label="animatic",
        seed=seed,
        audio=request.audio is not False,
    )


def _seed(request: Request, token: str) -> int:
    if request.seed is not None:
        return request.seed
    digest = hashlib.sha256(f"{token}\n{request.prompt}".encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:6], "big")


def _picture(source: Input) -> Picture:
    return Picture(sha256=source.sha256, clip=source.media_type.startswith("video/"))


def _shots(request: Request, seed: int, source: Input | None) -> tuple[Shot, ...]:
    script = read(request.prompt)
    total = request.seconds * FPS
    given = _given(request)
    script_shots = gather(script.shots, _count(script, total, 0 if source else len(given)))
    pictures = (
        _placed(request, len(script_shots)) if source is None else [_picture(source)] * len(script_shots)
    )
    frames = share_out(total, _weights(script, script_shots), min(_LEAST, total // len(script_shots)))
    shots: list[Shot] = []
    for number, (said, length, picture) in enumerate(zip(script_shots, frames, pictures, strict=True)):
        cast = _cast(request, said, whole=len(script_shots) == 1)
        shown = None if cast and source is None and _borrowed(request, number, len(script_shots)) else picture
        shots.append(_shot(script, said, (number, length), seed, shown, cast))
    return tuple(shots)


def _given(request: Request) -> list[Input]:
    roles = (Role.FIRST_FRAME, Role.REFERENCE, Role.LAST_FRAME)
    return [i for role in roles for i in request.inputs_of(role) if i.character_id is None]


def _count(script: Script, total: int, pictures: int) -> int:
    if script.blocks:
        return max(1, min(len(script.shots), total // _LEAST))
    by_words = min(len(script.shots), _MOST, total // _EASY)
    return max(1, by_words, min(pictures, total // _LEAST // 2))


def _weights(script: Script, shots: tuple[Words, ...]) -> list[float]:
    if script.blocks:
        timed = [shot.seconds for shot in shots if shot.seconds is not None]
        usual = sum(timed) / len(timed) if timed else 1.0
        return [usual if shot.seconds is None else shot.seconds for shot in shots]
    return [60.0 + min(120, len(shot.text)) for shot in shots]


def _placed(request: Request, count: int) -> list[Picture | None]:
    """Say which picture each shot shows: the first opens, the last closes, references fill what lies between."""
    first, last = (
        [_picture(i) for i in request.inputs_of(role) if i.character_id is None]
        for role in (Role.FIRST_FRAME, Role.LAST_FRAME)
    )
    rest = [_picture(i) for i in request.inputs_of(Role.REFERENCE) if i.character_id is None]
    pool = rest or first or last
    if not pool:
        return [None] * count
    opening = first[:1] if count > len(last[:1]) else []
    closing = last[:1]
    between = count - len(opening) - len(closing)
    middle = [
        pool[i * len(pool) // between if len(pool) > between else i % len(pool)] for i in range(between)
    ]
    return [*opening, *middle, *closing]


def _borrowed(request: Request, number: int, count: int) -> bool:
    """Tell whether a shot's picture only fills a gap, so that a scene with its cast may stand there instead."""
    opens = number == 0 and bool(request.inputs_of(Role.FIRST_FRAME))
    closes = number == count - 1 and bool(request.inputs_of(Role.LAST_FRAME))
    return not opens and not closes


def _cast(request: Request, said: Words, *, whole: bool) -> tuple[Figure, ...]:
    """Give the characters a shot names, one picture each."""
    figures: dict[str, Figure] = {}
    text = f"{said.title} {said.text}"
    for one in request.inputs:
        name = one.character_name
        if one.character_id is None or not name or one.character_id in figures:
            continue
        if _names(text, name) or (whole and _names(request.prompt, name)):
            figures[one.character_id] = Figure(name=tidy(name)[:40], picture=_picture(one))
    return tuple(figures.values())


def _names(text: str, name: str) -> bool:
    edge = r"(?<!\w)@?{}(?!\w)" if name.isascii() else "@?{}"
    return re.search(edge.format(re.escape(name)), text, re.IGNORECASE) is not None


def _shot(
    script: Script,
    said: Words,
    place: tuple[int, int],
    seed: int,
    picture: Picture | None,
    cast: tuple[Figure, ...],
) -> Shot:
    number, length = place
    text = f"{said.title} {said.text} {said.camera}"
    own = int.from_bytes(hashlib.sha256(f"{seed}/{number}".encode()).digest()[:4], "big")
    # The hour and its colours belong to the clip, the arrangement to the shot.
    every = " ".join(s.text for s in script.shots)[:_HEARD]
    setting, others = (script.context, every) if script.blocks else (every, "")
    backdrop = words.backdrop_of(text, setting, others, own)
    chosen = words.backdrop_of(text, setting, others, seed)
    move = words.move_of(text) or _MOVES[(seed + number) % len(_MOVES)]
    zh = any("一" <= letter <= "鿿" for letter in said.text)
    plain = f"镜头 {number + 1}" if zh else f"Shot {number + 1}"
    return Shot(
        frames=length,
        title=f"{plain} · {said.title}" if said.title else plain,
        caption=said.text,
        move=move,
        backdrop=_with_colours(backdrop, chosen),
        framing=words.framing_of(text),
        pace=min(1.0, 0.25 + backdrop.energy * 0.8),
        picture=picture,
        cast=cast,
    )


def _with_colours(one: Backdrop, other: Backdrop) -> Backdrop:
    return msgspec.structs.replace(one, colours=other.colours, low_sun=other.low_sun)


class Animatic:
    """The dialect of the built-in renderer."""

    name = "animatic"
    settings = ChannelSettings

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Ask for the drawing to be started under the attempt's token."""
        answer = yield Render(key=submission.token, plan=plan_of(submission.request, submission.token))
        if not isinstance(answer, Drawing):
            return Unclear(reason="The renderer answered with something else than a drawing.")
        if answer.state == "failed":
            return Refused(failure=_failure(answer))
        return Accepted(ref=submission.token, observation=_observed(submission.token, answer))

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how far the drawing is."""
        answer = yield Render(key=ref)
        if not isinstance(answer, Drawing):
            return Observation(
                phase=None, trouble=Failure(code=Code.SERVER_ERROR, message="The renderer did not answer.")
            )
        return _observed(ref, answer)

    def find(
        self, submission: Submission, channel: Channel, taken: frozenset[str]
    ) -> Generator[Effect, Answer, FindOutcome]:
        """Look for the drawing of an attempt; it lies under the attempt's token or was never begun."""
        answer = yield Render(key=submission.token)
        if not isinstance(answer, Drawing):
            return Unclear(reason="The renderer did not answer.")
        if answer.state == "absent":
            return NotFound(certain=True, reason="The drawing was never begun.")
        return Found(ref=submission.token, observation=_observed(submission.token, answer))

    def cancel(self, ref: str, channel: Channel) -> Generator[Effect, Answer, CancelOutcome]:
        """Stop the drawing."""
        answer = yield Render(key=ref, stop=True)
        ended = isinstance(answer, Drawing) and answer.state in ("stopped", "failed", "absent")
        return CancelOutcome(ended=ended, reason="" if ended else "The drawing was already finished.")


def _failure(drawing: Drawing) -> Failure:
    return Failure(code=Code.UPSTREAM_FAILED, message=drawing.error or "The drawing failed.")


def _observed(ref: str, drawing: Drawing) -> Observation:
    state = drawing.state
    match state:
        case "waiting":
            return Observation(phase=Phase.QUEUED, word=state)
        case "drawing":
            return Observation(phase=Phase.IN_PROGRESS, progress=drawing.progress, word=state)
        case "done":
            return Observation(
                phase=Phase.COMPLETED, progress=100, outputs=(Output(drawing=ref),), word=state
            )
        case "failed":
            return Observation(phase=Phase.FAILED, error=_failure(drawing), word=state)
        case "stopped":
            return Observation(phase=Phase.CANCELLED, word=state)
        case "absent":
            return Observation(phase=None, lost=True, word=state)
    assert_never(state)


DIALECT = Animatic()
