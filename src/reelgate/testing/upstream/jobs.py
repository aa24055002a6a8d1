"""What the fake upstream keeps: jobs that grow with time, and the bill."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any, Literal

import msgspec

from reelgate.testing.upstream.faults import FAULTS, Asked, faults_in, seconds_in


class Script(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the upstream behaves when no prompt says otherwise."""

    queue_s: float = 0.1
    run_s: float = 0.4
    at_create: Mapping[int, str] = {}
    """Faults by the number of the create, from 1; `name` or `name=argument`."""
    chances: Mapping[str, float] = {}
    """Faults by chance, each 0 to 1; at most one strikes a create."""
    seed: int = 1
    key: str | None = None
    """The key it wants; None takes any or none."""
    lists: bool = True
    """Whether it has a list at all."""
    true_size: bool = False
    """Whether clips have the size and length asked for, or all are the same tiny one."""
    default_model: str = "sim-1"

    def __post_init__(self) -> None:
        for name in [*(named.partition("=")[0] for named in self.at_create.values()), *self.chances]:
            if name not in FAULTS:
                msg = f"no fault is called `{name}`"
                raise ValueError(msg)


class BillLine(msgspec.Struct, frozen=True, kw_only=True):
    """One accepted job, which is one charge."""

    number: int
    ref: str
    verb: str
    model: str
    prompt: str
    seconds: str
    token: str | None
    """The `Idempotency-Key` it came with."""
    at_ms: int
    micro: int = 0
    """What was charged, in millionths of the upstream's currency; 0 where it is only counted."""


class Bill:
    """Every job that was accepted, in order; kept on disk before the caller hears of it, when a path is given."""

    def __init__(self, path: Path | None = None) -> None:
        self.lines: list[BillLine] = []
        self._file = path.open("ab", buffering=0) if path is not None else None

    def add(self, line: BillLine) -> None:
        """Charge for one job."""
        if self._file is not None:
            self._file.write(msgspec.json.encode(line) + b"\n")
            os.fsync(self._file.fileno())
        self.lines.append(line)

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def repeated_tokens(self) -> set[str]:
        """Tokens that were billed more than once: must be empty after any test."""
        seen: set[str] = set()
        return {t for line in self.lines if (t := line.token) and (t in seen or seen.add(t))}

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    @staticmethod
    def read(path: Path) -> list[BillLine]:
        """Read a bill that another process keeps; a last line cut by a kill is left out."""
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        return [msgspec.json.decode(line, type=BillLine) for line in lines]


Moment = Literal["queued", "in_progress", "completed", "failed"]


class FileSeen(msgspec.Struct, frozen=True):
    """A file that came with a create."""

    field: str
    filename: str
    media_type: str
    bytes: int
    sha256: str


class Job(msgspec.Struct, kw_only=True):
    """One accepted job. Where it stands follows from the time alone; only deleting changes it."""

    ref: str
    number: int
    verb: str
    model: str
    prompt: str
    seconds: str
    size: str
    created_s: int
    started: float
    """On the monotonic clock."""
    queue_s: float
    run_s: float
    faults: Mapping[str, str]
    parent: str | None = None
    fields: Mapping[str, Any] = {}
    """What the create said, as it said it."""
    files: tuple[FileSeen, ...] = ()
    polls: int = 0
    fetches: int = 0

    def moment(self, now: float) -> tuple[Moment, int]:
        """Say where the job stands and how far it is."""
        age = now - self.started
        if age < self.queue_s:
            return "queued", 0
        share = (age - self.queue_s) / self.run_s if self.run_s > 0 else 1.0
        if "never_ends" in self.faults:
            return "in_progress", min(98, int(share * 100))
        if share < 1:
            return "in_progress", int(share * 100)
        if not self.faults.keys().isdisjoint(("fails", "fails_moderation", "fails_as_http")):
            return "failed", 100
        return "completed", 100

    def view(self, now: float) -> dict[str, Any]:
        """Give the job as the wire shows it, with whatever its faults do to that."""
        moment, progress = self.moment(now)
        seen: dict[str, Any] = {
            "id": self.ref,
            "object": "video",
            "model": self.model,
            "status": moment,
            "progress": progress,
            "created_at": self.created_s,
            "completed_at": None,
            "expires_at": None,
            "prompt": self.prompt,
            "size": self.size,
            "seconds": self.seconds,
            "remixed_from_video_id": self.parent if self.verb == "remix" else None,
            "error": None,
        }
        if moment == "completed":
            seen["completed_at"] = self.created_s + int(self.queue_s + self.run_s)
        if moment == "failed":
            seen["error"] = self._error()
        return self._bent(seen, moment, progress) if self.faults else seen

    def _error(self) -> dict[str, str]:
        if "fails_moderation" in self.faults:
            return {
                "code": "moderation_blocked",
                "message": "Your request was blocked by our moderation system.",
            }
        return {"code": "server_error", "message": "The generation broke."}

    def _bent(self, seen: dict[str, Any], moment: Moment, progress: int) -> dict[str, Any]:
        for name in self.faults:
            if name == "regress" and self.polls % 2:
                continue
            seen |= _bends(name, moment, progress)
        return seen


_WITHHELD = {"code": "moderation_blocked", "message": "The clip was withheld."}


def _bends(name: str, moment: Moment, progress: int) -> dict[str, Any]:
    """Give what a fault changes in a job's answer at this moment."""
    if name == "shouting":
        return {"status": moment.upper(), "progress": f"{progress}%"}
    changes: Mapping[str, Mapping[str, Any]] = {
        "completed": {
            "withheld": {"error": _WITHHELD},
            "regress": {"status": "in_progress", "progress": 40},
        },
        "in_progress": {
            "unknown_word": {"status": "pondering"},
            "progress_over": {"progress": 250},
            "progress_falls": {"progress": 100 - progress},
            "progress_float": {"progress": progress + 0.5},
        },
    }
    return dict(changes.get(moment, {}).get(name, {}))


class Faulter:
    """Decides which faults strike a create."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._random = Random(script.seed)
        self._struck: Counter[tuple[str, str]] = Counter()

    def strike(self, number: int, prompt: str) -> dict[str, str]:
        """Give the faults of create `number`: those of the prompt, else of the sequence, else by chance."""
        asked = faults_in(prompt)
        if asked:
            return {a.name: a.argument for a in asked if self._again(a, prompt)}
        planned = self._script.at_create.get(number)
        if planned is not None:
            name, _, argument = planned.partition("=")
            return {name: argument}
        draw = self._random.random() if self._script.chances else 1.0
        for name, chance in self._script.chances.items():
            if draw < chance:
                return {name: ""}
            draw -= chance
        return {}

    def _again(self, asked: Asked, prompt: str) -> bool:
        self._struck[prompt, asked.name] += 1
        return asked.times is None or self._struck[prompt, asked.name] <= asked.times

    def run_seconds(self, prompt: str) -> float:
        """Say how long the job takes once it runs."""
        asked = seconds_in(prompt)
        return self._script.run_s if asked is None else asked
