"""The whole installation of one run: a database, a bucket behind a proxy, an upstream with a bill, four processes."""

from __future__ import annotations

import http.client
import json
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from reelgate.testing.s3 import s3_server
from tests.chaos.clients import Line, Receiver, Tally
from tests.chaos.database import Database, Watch, database
from tests.distributed.conftest import Fleet, Process, until, upstream
from tests.storage.proxy import Proxy, proxy_to

UNCONFIRMED_S = 10


@dataclass
class Slot:
    """One of the places in the fleet; whoever fills it may be killed, and another one takes over."""

    name: str
    role: str
    process: Process
    address: str = ""
    lives: int = 1


@dataclass
class Stage:
    """Everything a scenario can touch."""

    fleet: Fleet
    database: Database
    proxy: Proxy
    receiver: Receiver
    watch: Watch
    upstream: str
    rng: random.Random
    say: Callable[[str], None]
    slots: list[Slot] = field(default_factory=list[Slot])
    tally: Tally = field(default_factory=Tally)

    def fill(self, name: str, role: str) -> Slot:
        """Start the first process of a place."""
        slot = Slot(name, role, self.fleet.start(f"{name}-1", role))
        self.slots.append(slot)
        return slot

    def ready(self, slot: Slot) -> None:
        """Wait until the process there serves."""
        slot.process.ready()
        if slot.role == "api":
            slot.address = slot.process.address

    def again(self, slot: Slot) -> None:
        """Start another process in the place of one that is dead; does not wait for it."""
        slot.lives += 1
        slot.process = self.fleet.start(f"{slot.name}-{slot.lives}", slot.role)

    def kill(self, slot: Slot) -> float:
        """Kill the process there, and tell when."""
        slot.process.signal(signal.SIGKILL)
        slot.process.process.wait()
        return time.time()

    @property
    def apis(self) -> list[Slot]:
        """The places that serve."""
        return [slot for slot in self.slots if slot.role == "api"]

    @property
    def workers(self) -> list[Slot]:
        """The places that move tasks."""
        return [slot for slot in self.slots if slot.role == "worker"]

    def line(self, tally: Tally | None = None) -> Line:
        """Give a client with the key of this installation."""
        return Line(self.fleet.key, self.tally if tally is None else tally)

    def created_upstream(self) -> int:
        """Count the creating calls the upstream has seen."""
        split = urlsplit(self.upstream)
        connection = http.client.HTTPConnection(split.hostname or "", split.port, timeout=60)
        connection.request("GET", "/simulator/bill")
        seen = json.loads(connection.getresponse().read())["seen"]
        connection.close()
        return int(seen.get("create", 0))

    def charges(self) -> list[dict[str, Any]]:
        """Read the bill."""
        path = self.fleet.folder / "bill.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@contextmanager
def stage(
    seed: int, heartbeat_s: float, say: Callable[[str], None], folder: Path | None = None
) -> Iterator[Stage]:
    """Set everything up, and take it down again; logs and bill stay in `folder` when one is given."""
    rng = random.Random(seed)
    with ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="reelgate-chaos-")))
        say("starting PostgreSQL, an S3 server and the upstream")
        pg = stack.enter_context(database(folder))
        s3 = stack.enter_context(s3_server())
        proxy = stack.enter_context(proxy_to(s3.endpoint))
        url = pg.new("chaos")
        fleet = Fleet(folder, url)
        fleet.env |= s3.environment() | _settings(s3.bucket(), proxy, heartbeat_s)
        stack.callback(lambda: [process.end() for process in fleet.processes])
        options = ("--queue", "0.5", "--run", "3", "--seed", str(seed))
        base_url = stack.enter_context(upstream(folder, *options))
        receiver = Receiver(rng, refuses=0.05)
        stack.callback(receiver.close)
        made = Stage(fleet, pg, proxy, receiver, Watch(url), base_url, rng, say)
        say("starting two servers and two workers")
        for name, role in (
            ("api-a", "api"),
            ("api-b", "api"),
            ("worker-a", "worker"),
            ("worker-b", "worker"),
        ):
            made.ready(made.fill(name, role))
        fleet.set_up(base_url, concurrency=60)
        _introduce(made)
        stack.enter_context(made.watch)
        yield made


def _settings(bucket: str, proxy: Proxy, heartbeat_s: float) -> dict[str, str]:
    return {
        "REELGATE_STORAGE": f"s3://{bucket}/clips?endpoint={proxy.endpoint}",
        "REELGATE_HEARTBEAT_S": str(heartbeat_s),
        "REELGATE_UNCONFIRMED_TIMEOUT_S": str(UNCONFIRMED_S),
        "REELGATE_MASTER_KEY": "4d" * 32,
        "REELGATE_LOG_LEVEL": "info",
    }


def _introduce(made: Stage) -> None:
    """Wait until every server knows the channel, and register the receiver."""
    line = made.line()
    for slot in made.apis:
        until(lambda s=slot: "demo" in line.ask(s, "models", "GET", "/v1/models").body.decode())
    told = {"name": "chaos", "url": made.receiver.url, "event_types": ["video.completed", "video.failed"]}
    answer = line.ask(made.apis[0], "hook", "POST", "/v1/webhook_endpoints", told)
    assert answer.status == 200, answer.body
    line.close()
