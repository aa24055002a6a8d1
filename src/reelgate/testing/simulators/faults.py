"""Everything a simulator can do wrong whatever it speaks, by name, and who is struck by it.

A fault is planned for the whole simulator (`hang_after_accept`, `overloaded*2` for the first two
creates it fits, `refuse@3` for the third create only, `rate_limited:none` with an argument) or asked
for by one prompt (`a boat [fault:hang_after_accept]`, `[fault:overloaded*2]`, `[fault:rate_limited=none]`).
A prompt may also say how long its job takes: `[takes:3.5]`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from reelgate.testing.upstream.faults import FAULTS as E_SHAPED
from reelgate.testing.upstream.faults import Fault, Stage, seconds_in

_SHARED: Final = (
    *("refuse", "moderation", "unauthorized", "payment", "forbidden", "rate_limited", "overloaded"),
    *("error_500", "error_502", "error_503", "error_504", "hang", "drop", "login_page"),
    *("hang_after_accept", "drop_after_accept", "error_500_after", "error_502_after", "error_503_after"),
    *(
        "error_504_after",
        "garbage",
        "html",
        "empty",
        "null",
        "wrong_type",
        "huge",
        "cut_answer",
        "slow_answer",
    ),
    *("never_ends", "fails", "fails_moderation", "withheld", "unknown_word", "progress_over"),
    *("progress_falls", "progress_float", "flapping", "forgotten", "poll_html", "poll_empty", "poll_null"),
    *("poll_error", "poll_200_error", "poll_limited", "poll_unauthorized", "poll_hangs"),
    *("no_content", "truncated", "always_truncated", "shorter_file", "longer", "empty_content"),
    *("html_content", "slow_content", "redirect_private", "redirect_loop", "expired_link", "range_ignored"),
    *("changed_etag", "content_error"),
)

_OWN: Final[Mapping[Stage, Mapping[str, str]]] = {
    Stage.DOOR: {
        "storm": "the first calls (argument: how many, 3) answer 429 with `Retry-After: 1`",
        "silent_storm": "the first calls (argument: how many, 3) answer 429 without `Retry-After`",
        "outage": "the first calls (argument: how many, 3) answer 502 with an HTML page",
        "revoked_key": "once jobs were accepted (argument: how many, 1) every call answers 401",
    },
    Stage.JOB: {
        "late": "stays at 98 for a while (argument: seconds, 3600), then is completed after all",
        "no_output": "is completed and never has a clip",
        "late_output": "is completed without a clip for some polls (argument: how many, 2), then has one",
        "expires": "ends as expired",
    },
    Stage.CONTENT: {"short_link": "a link to the clip is good for some seconds only (argument: how many, 1)"},
    Stage.CALLBACK: {
        "forged_callback": "somebody else calls back first and says that the job is completed",
        "duplicate_callback": "every callback comes three times",
        "no_callback": "no callback comes",
    },
}

FAULTS: Final[Mapping[str, Fault]] = {name: E_SHAPED[name] for name in _SHARED} | {
    name: Fault(name, stage, meaning) for stage, faults in _OWN.items() for name, meaning in faults.items()
}

_NAMED: Final = r"([a-z0-9_]+)(?:@(\d{1,6}))?(?:\*(\d{1,6}))?(?:[:=]([^\]]*))?"
_PLANNED: Final = re.compile(_NAMED)
_MARK: Final = re.compile(r"\[fault:([^\]]*)\]")


class Planned(msgspec.Struct, frozen=True):
    """A fault and who is struck by it."""

    name: str
    argument: str = ""
    at: int | None = None
    """The number of the one create it strikes, from 1; None for all."""
    times: int | None = None
    """How many creates it strikes; None for all."""

    @property
    def stage(self) -> Stage:
        """When it strikes."""
        return FAULTS[self.name].stage


def planned(text: str) -> Planned:
    """Read `NAME[@N][*TIMES][:ARGUMENT]`. Raises ValueError for a fault that does not exist."""
    found = _PLANNED.fullmatch(text.strip())
    if found is None or found.group(1) not in FAULTS:
        msg = f"no fault is called `{text}`; known: {', '.join(sorted(FAULTS))}"
        raise ValueError(msg)
    return _read(*found.groups())


def _read(name: str, at: str | None, times: str | None, argument: str | None) -> Planned:
    return Planned(name, argument or "", int(at) if at else None, int(times) if times else None)


class Faulter:
    """Decides which faults strike a create."""

    def __init__(self, plan: Sequence[Planned]) -> None:
        self.door: Final = {p.name: p.argument for p in plan if p.stage is Stage.DOOR}
        self._plan = [p for p in plan if p.stage is not Stage.DOOR]
        self._struck: Counter[tuple[str, Planned]] = Counter()

    def strike(self, number: int, prompt: str) -> dict[str, str]:
        """Give the faults of create `number` with their arguments: those its prompt asks for, else the planned ones.

        Raises ValueError for a mark that names no fault of a job: a test must not pass because of a spelling.
        """
        marks = [planned(mark.group(1)) for mark in _MARK.finditer(prompt)]
        for mark in marks:
            if mark.stage is Stage.DOOR:
                msg = f"`{mark.name}` strikes every call, so no prompt can ask for it"
                raise ValueError(msg)
        asked = [(prompt, mark) for mark in marks] or [("", p) for p in self._plan if p.at in {None, number}]
        return {p.name: p.argument for whose, p in asked if self._again(whose, p)}

    def _again(self, whose: str, fault: Planned) -> bool:
        if fault.times is None:
            return True
        self._struck[whose, fault] += 1
        return self._struck[whose, fault] <= fault.times


def amount(argument: str, otherwise: float) -> float:
    """Read the number in a fault's argument."""
    try:
        return float(argument)
    except ValueError:
        return otherwise


__all__ = ["FAULTS", "Fault", "Faulter", "Planned", "Stage", "amount", "planned", "seconds_in"]
