"""Run the fake upstream as a process: its first line is its address as JSON, then it serves until it is stopped."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path

from reelgate.testing.upstream.faults import FAULTS
from reelgate.testing.upstream.jobs import Script
from reelgate.testing.upstream.server import FakeUpstream


def main() -> None:
    """Read the options and serve."""
    given = _options().parse_args()
    if given.faults:
        _say("".join(f"{fault.stage.value:8} {fault.name:22} {fault.meaning}\n" for fault in FAULTS.values()))
        return
    script = Script(
        queue_s=given.queue,
        run_s=given.run,
        seed=given.seed,
        key=given.key,
        lists=not given.no_list,
        true_size=given.true_size,
        chances={name: float(chance) for name, _, chance in (c.partition("=") for c in given.chance)},
        at_create={int(number): fault for number, _, fault in (a.partition("=") for a in given.at)},
    )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(FakeUpstream(script, host=given.host, port=given.port, bill_path=given.bill)))


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m reelgate.testing.upstream", description=__doc__)
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=0, help="0 takes a free one")
    options.add_argument("--bill", type=Path, help="append one line for each accepted job, fsynced")
    options.add_argument("--queue", type=float, default=0.1, metavar="S", help="seconds a job waits")
    options.add_argument("--run", type=float, default=0.4, metavar="S", help="seconds a job runs")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--key", help="want this key")
    options.add_argument("--no-list", action="store_true", help="have no list of jobs")
    options.add_argument("--true-size", action="store_true", help="clips of the size and length asked for")
    options.add_argument("--chance", action="append", default=[], metavar="FAULT=P")
    options.add_argument(
        "--at", action="append", default=[], metavar="N=FAULT", help="fault of the N-th create"
    )
    options.add_argument("--faults", action="store_true", help="list the faults and stop")
    return options


async def _serve(upstream: FakeUpstream) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    async with upstream:
        _say(json.dumps({"base_url": upstream.base_url}) + "\n")
        await stop.wait()


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
