"""One run: each scenario in turn on one installation, judged after each."""

from __future__ import annotations

import itertools
import json
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.chaos.clients import Actor, Maker, Prober, Reader, Tally
from tests.chaos.judge import Found, Judge
from tests.chaos.scenarios import Harm, Scenario, heal
from tests.chaos.stage import Stage, stage
from tests.distributed.conftest import until

MAKERS = 4
READERS = 2
CAUGHT_UP_S = 60.0


def run(
    scenarios: Sequence[Scenario],
    *,
    seed: int,
    heartbeat_s: float,
    say: Callable[[str], None],
    folder: Path | None = None,
) -> list[Found]:
    """Run scenarios one after another and give what each came to."""
    with stage(seed, heartbeat_s, say, folder) as on:
        stranger_key = _another_tenant(on)
        found: list[Found] = []
        for scenario in scenarios:
            began = time.monotonic()
            found.append(_one(on, scenario, stranger_key))
            say(f"{scenario.name}: done in {time.monotonic() - began:.0f} s")
            for wrong in found[-1].wrong:
                say(f"{scenario.name}: WRONG: {wrong}")
        last = Judge(on, scenarios[-1], {}, Harm())
        last.found.name = "afterwards"
        say("waiting for the last webhooks, and telling everybody to stop")
        last.deliveries()
        _stop(on, last.found)
        last.secrets()
        return [*found, last.found]


def _another_tenant(on: Stage) -> str:
    """Make a project and a key of somebody else."""
    key = json.loads(on.fleet.command("keys", "create", "stranger", "--json"))["key"]
    for table, differs in (
        (
            "users",
            {
                "id": "user_stranger",
                "name": "stranger",
                "username": "stranger",
                "email": "stranger@example.org",
            },
        ),
        ("projects", {"id": "proj_stranger", "user_id": "user_stranger", "name": "stranger"}),
    ):
        # Like the one that is there, whatever columns that has.
        other = f"jsonb_populate_record(t, '{json.dumps(differs).replace(':', chr(92) + ':')}')"
        on.fleet.write(f"INSERT INTO {table} SELECT ({other}).* FROM {table} t LIMIT 1")
    on.fleet.write(
        "UPDATE api_keys SET user_id = 'user_stranger', project_id = 'proj_stranger' WHERE name = 'stranger'"
    )
    return key


def _one(on: Stage, scenario: Scenario, stranger_key: str) -> Found:
    on.say(f"{scenario.name}: {scenario.says}; {scenario.tasks} clips in {scenario.seconds:.0f} s")
    prompts = scenario.prompts(on)
    since = on.fleet.rows("SELECT coalesce(max(cursor), 0) FROM events")[0][0]
    creates = on.created_upstream()
    tally, harm = Tally(), Harm()
    crowd = _Crowd(on, prompts, scenario.seconds, since, tally, stranger_key)
    crowd.start()
    try:
        scenario.act(on, time.monotonic() + scenario.seconds, harm)
    finally:
        if on.database.away:
            on.database.bring_back()
        heal(on)
    crowd.made_all()
    judge = Judge(on, scenario, crowd.made, harm)
    on.say(f"{scenario.name}: harm is done ({_told(harm)}), waiting until every task has ended")
    judge.ended()
    crowd.stop()
    judge.outcomes()
    judge.bill(on.created_upstream() - creates)
    judge.readers(crowd.readers, since)
    judge.others(crowd.stranger, tally)
    judge.resumed()
    judge.clips()
    judge.invariants()
    return judge.found


def _told(harm: Harm) -> str:
    facts = {
        "killed": harm.kills,
        "frozen": harm.freezes,
        "database away": harm.restarts,
        "connections cut": harm.cut,
        "storage refused": harm.refused,
    }
    return ", ".join(f"{name} {n}" for name, n in facts.items() if n) or "by the upstream alone"


class _Crowd:
    """Everybody outside during one scenario."""

    def __init__(
        self, on: Stage, prompts: list[str], seconds: float, since: int, tally: Tally, stranger_key: str
    ) -> None:
        self._on = on
        self.makers = [
            Maker(on.line(tally), lambda: on.apis, prompts[n::MAKERS], seconds) for n in range(MAKERS)
        ]
        self.readers = [
            Reader(on.fleet.key, lambda: on.apis, since, random.Random(on.rng.random()), tally)
            for _ in range(READERS)
        ]
        self.stranger = Reader(stranger_key, lambda: on.apis, since, random.Random(on.rng.random()), tally)
        self.probers = [
            Prober(on.line(tally), slot, self._ids, random.Random(on.rng.random())) for slot in on.apis
        ]

    def _ids(self) -> list[str]:
        return list(itertools.chain.from_iterable(list(maker.made.values()) for maker in self.makers))

    @property
    def made(self) -> dict[str, str]:
        """The task of each prompt."""
        return {prompt: task for maker in self.makers for prompt, task in maker.made.items()}

    def start(self) -> None:
        """Send everybody to work."""
        everybody: list[Actor] = [*self.makers, *self.readers, self.stranger, *self.probers]
        for actor in everybody:
            actor.start()

    def made_all(self) -> None:
        """Wait until every clip was taken."""
        for maker in self.makers:
            maker.join()

    def stop(self) -> None:
        """Let the readers catch up, and send everybody home."""
        newest = self._on.fleet.rows("SELECT coalesce(max(cursor), 0) FROM events")[0][0]
        try:
            until(lambda: all(reader.cursor >= newest for reader in self.readers), CAUGHT_UP_S)
        except AssertionError:
            self._on.say("readers did not catch up")  # what they missed is told by the judge
        for actor in (*self.readers, self.stranger, *self.probers):
            actor.stopping.set()
        for actor in (*self.readers, self.stranger, *self.probers):
            actor.join()


def _stop(on: Stage, found: Found) -> None:
    for slot in on.slots:
        code = slot.process.stop()
        if code != 0:
            found.wrong.append(f"{slot.name} ended with {code}")
