"""Durable create: key, validation, hold, first event and commit, against a peer that keeps nothing."""

from __future__ import annotations

import time
from pathlib import Path

from bench import peer
from bench.bench import Bench
from bench.figures import Figure, Scenario, ratio
from bench.gateway import Gateway, upstream
from bench.load import Measured, drive
from bench.processes import get

PATH = ["/v1/videos"]
LANE = 4
"""The channel's concurrency, as `reelgate channels add` sets it unless told otherwise."""


def measure(bench: Bench) -> Scenario:
    """Measure Reelgate, the peer and the bare insert in turn."""
    with bench.place("create") as folder, upstream(folder) as up:
        bench.say("create: Reelgate")
        gateway = Gateway(folder, up, concurrency=LANE)
        with gateway.serving():
            ours = _load(bench, gateway.url, gateway.key)
        bench.advance(0.3)
        bench.say("create: Reelgate, every task sent on at once")
        through = _through(bench, folder / "through", up)
        bench.advance(0.5)
        bench.say("create: the bare insert")
        with bench.bare("bare_insert", folder / "bare.db", folder) as url:
            bare = _load(bench, url, "")
        bench.advance(0.7)
        bench.say("create: LiteLLM")
        with peer.serving(folder, up) as (url, _):
            theirs = _load(bench, url, peer.KEY)
    return _scenario(ours, through, bare, theirs)


def _load(bench: Bench, url: str, key: str) -> Measured:
    return drive(url, "POST", PATH, key, seconds=bench.seconds, warm_s=bench.warm_s)


def _through(bench: Bench, folder: Path, up: str) -> float:
    """Create under load on a lane that never fills; give how many a second reached the upstream."""
    folder.mkdir()
    gateway = Gateway(folder, up, concurrency=1_000_000, poll_seconds=3600)
    with gateway.serving():
        before = get(f"{up}/log")["billed"]
        began = time.monotonic()
        drive(gateway.url, "POST", PATH, gateway.key, seconds=bench.seconds)
        spent = time.monotonic() - began
        return (get(f"{up}/log")["billed"] - before) / spent


def _scenario(ours: Measured, through: float, bare: Measured, theirs: Measured) -> Scenario:
    name = "durable create"
    return Scenario(
        name=name,
        figures=[
            Figure(
                scenario=name,
                what="Reelgate beside LiteLLM",
                value=ratio(ours.per_second, theirs.per_second),
                unit="×",
                sense="at least",
                goal=15,
            ),
            Figure(
                scenario=name,
                what="a bare group-committed insert beside Reelgate",
                value=ratio(bare.per_second, ours.per_second),
                unit="×",
                sense="at most",
                goal=3,
            ),
            Figure(
                scenario=name,
                what="created and sent upstream at once, beside LiteLLM",
                value=ratio(through, theirs.per_second),
                unit="×",
            ),
        ],
        raw={
            "Reelgate": ours.raw(),
            "Reelgate, reached the upstream while created": {"per_second": round(through, 1)},
            "bare insert": bare.raw(),
            "LiteLLM": theirs.raw(),
        },
    )
