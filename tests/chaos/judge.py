"""What must hold after each scenario, asked of the rows, the bill, the readers, the receiver and the logs."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.chaos.clients import Reader, Tally
from tests.chaos.scenarios import RESUMED_S, Harm, Scenario
from tests.chaos.stage import Stage
from tests.distributed.conftest import until

CLIPS_FETCHED = 10
RETRIES_ALLOWED = 1.1
ENDED_S = 240.0
NOTICED_S = 2.0
"""Whoever asks all the time notices that the database was away for so long."""
DELIVERED_S = 150.0


@dataclass
class Found:
    """What one scenario came to."""

    name: str
    harm: Harm
    tasks: int = 0
    completed: int = 0
    unknown: int = 0
    failed: int = 0
    billed: int = 0
    events: int = 0
    resumed_s: float = 0.0
    resumed: int = 0
    statuses: Counter[int] = field(default_factory=Counter[int])
    wrong: list[str] = field(default_factory=list[str])


class Judge:
    """Looks at one scenario after it."""

    def __init__(self, stage: Stage, scenario: Scenario, made: dict[str, str], harm: Harm) -> None:
        self._stage = stage
        self._scenario = scenario
        self._made = made
        self.found = Found(scenario.name, harm, tasks=len(made))

    def _claim(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.found.wrong.append(otherwise)

    def ended(self) -> None:
        """Every task ends."""
        open_ones = "SELECT count(*) FROM tasks WHERE finished_at IS NULL"
        try:
            until(lambda: self._stage.fleet.rows(open_ones) == [(0,)], ENDED_S)
        except AssertionError:
            left = self._stage.fleet.rows("SELECT id, status, prompt FROM tasks WHERE finished_at IS NULL")
            self._claim(False, f"tasks that do not end: {left[:5]} ({len(left)})")

    def outcomes(self) -> None:
        """Each made task is there once and ended in a way that its faults explain."""
        rows = self._stage.fleet.rows("SELECT id, prompt, status, error FROM tasks")
        mine = [row for row in rows if row[1] in self._made]
        self._claim(len(mine) == len(self._made), f"{len(mine)} tasks for {len(self._made)} asked for")
        self._claim({row[0] for row in mine} == set(self._made.values()), "an answer named another task")
        for task_id, prompt, status, error in mine:
            code = json.loads(error)["code"] if error else ""
            self.found.completed += status == "completed"
            self.found.unknown += code == "submission_unknown"
            self.found.failed += status == "failed" and code != "submission_unknown"
            explained = status == "completed" or code == "submission_unknown" or "[fault:" in prompt
            self._claim(explained, f"{task_id} ({prompt}) ended {status}: {error}")

    def bill(self, creates: int) -> None:
        """Nothing is paid for twice, nothing without an attempt in the rows, and all that is shown was paid for."""
        charges = [line for line in self._stage.charges() if line["prompt"] in self._made]
        by_prompt = Counter(line["prompt"] for line in charges)
        self.found.billed = len(charges)
        twice = [prompt for prompt, n in by_prompt.items() if n > 1]
        self._claim(not twice, f"paid for twice: {twice[:5]}")
        attempts = dict(self._stage.fleet.rows("SELECT client_token, task_id FROM attempts"))
        stray = [c["ref"] for c in charges if attempts.get(c["token"]) != self._made[c["prompt"]]]
        self._claim(not stray, f"paid for without an attempt of that task: {stray[:5]}")
        done = "SELECT prompt FROM tasks WHERE status = 'completed'"
        free = [p for (p,) in self._stage.fleet.rows(done) if p in self._made and by_prompt[p] != 1]
        self._claim(not free, f"completed and not on the bill once: {free[:5]}")
        if not self._scenario.faults:
            most = RETRIES_ALLOWED * len(self._made)
            self._claim(creates <= most, f"{creates} creating calls for {len(self._made)} tasks")

    def readers(self, readers: Sequence[Reader], since: int) -> None:
        """Every reader got every event once, in the order of the log."""
        rows = self._stage.fleet.rows(
            f"SELECT cursor, task_id, seq FROM events WHERE cursor > {since} ORDER BY cursor"
        )
        self.found.events = len(rows)
        for number, reader in enumerate(readers):
            got = [(seen.cursor, seen.task, seen.sequence) for seen in reader.seen]
            lost, more = set(rows) - set(got), len(got) - len(set(got))
            self._claim(not lost, f"reader {number} lost {len(lost)} events: {sorted(lost)[:3]}")
            self._claim(not more, f"reader {number} got {more} events again")
            self._claim(got == sorted(got), f"reader {number} got events out of order")

    def others(self, stranger: Reader, tally: Tally) -> None:
        """Nobody of another project saw anything, and nobody got an answer nobody should get."""
        self._claim(not stranger.seen, f"another tenant saw {len(stranger.seen)} events")
        self.found.statuses = tally.by_status()
        self._claim(not tally.bad, f"{len(tally.bad)} bad answers, such as {tally.bad[:2]}")
        silent = tally.count(0)
        self._claim(self._scenario.kills_servers or not silent, f"{silent} requests without an answer")
        health = tally.seen["health", 503]
        self._claim(health == 0, f"{health} times a living server said that it was not alive")
        if self.found.harm.down_s >= NOTICED_S:
            self._claim(tally.seen["status", 503] > 0, "the database was away and nobody noticed")

    def resumed(self) -> None:
        """Somebody went on with the tasks of the dead in time."""
        for died, end in self.found.harm.still:
            many, took = self._stage.watch.lay_still(died, end)
            self.found.resumed += many
            self.found.resumed_s = max(self.found.resumed_s, took)
        if self._scenario.resumes:
            self._claim(self.found.resumed > 0, "nobody who died had a task: nothing was measured")
            within = f"{self.found.resumed_s:.1f} s until somebody went on with a dead worker's task"
            self._claim(self.found.resumed_s <= RESUMED_S, within)

    def clips(self) -> None:
        """What is shown as completed can be fetched, and is what was stored."""
        assets = self._stage.fleet.rows(
            "SELECT t.prompt, t.id, a.sha256 FROM tasks t JOIN assets a ON a.task_id = t.id"
            " WHERE t.status = 'completed' AND a.variant = 'video'"
        )
        mine = [row for row in assets if row[0] in self._made]
        line = self._stage.line(Tally())
        for _, task_id, sha256 in self._stage.rng.sample(mine, min(CLIPS_FETCHED, len(mine))):
            place = self._stage.rng.choice(self._stage.apis)
            answer = line.ask(place, "content", "GET", f"/v1/videos/{task_id}/content")
            whole = answer.status == 200 and hashlib.sha256(answer.body).hexdigest() == sha256
            self._claim(whole, f"the clip of {task_id} cannot be had: {answer.status} {answer.body[:100]!r}")
        line.close()

    def invariants(self) -> None:
        """The invariants of rows and files hold."""
        try:
            self._stage.fleet.sound()
        except AssertionError as broken:
            self._claim(False, f"doctor --invariants: {str(broken)[-600:]}")

    def secrets(self) -> None:
        """No key stands in any log."""
        for log in self._stage.fleet.folder.glob("*.log"):
            text = log.read_text(errors="replace")
            for secret in (self._stage.fleet.key, "sk-simulated", "4d" * 32, "5e" * 32):
                self._claim(secret not in text, f"{log.name} has a secret")

    def deliveries(self) -> None:
        """Every ending was told to the receiver, and the first word about each task is its one ending."""
        rows = self._stage.fleet.rows
        pending = "SELECT count(*) FROM deliveries WHERE state = 'pending'"
        try:
            until(lambda: rows(pending) == [(0,)], DELIVERED_S)
        except AssertionError:
            self._claim(False, f"webhooks still to be delivered: {rows(pending)}")
        told = Counter((body["type"], body["data"]["id"]) for body in self._stage.receiver.first.values())
        ends = {
            (f"video.{status}", task_id)
            for task_id, status in rows("SELECT id, status FROM tasks WHERE finished_at IS NOT NULL")
        }
        self._claim(set(told) == ends, f"webhooks told {len(told)} endings of {len(ends)}")
        twice = [what for what, n in told.items() if n > 1]
        self._claim(not twice, f"told twice as different events: {twice[:3]}")
