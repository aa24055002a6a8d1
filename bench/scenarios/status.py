"""Status: `GET /v1/videos/{id}`, the request that clients send most."""

from __future__ import annotations

from bench import peer
from bench.bench import Bench
from bench.figures import Figure, Scenario, ratio
from bench.gateway import MODEL, Gateway, upstream
from bench.load import Measured, drive
from bench.processes import send

TASKS = 200


def measure(bench: Bench) -> Scenario:
    """Measure Reelgate, the peer and the bare read in turn."""
    with bench.place("status") as folder, upstream(folder) as up:
        bench.say("status: Reelgate")
        gateway = Gateway(folder, up, concurrency=TASKS)
        with gateway.serving():
            paths = [f"/v1/videos/{gateway.create(f'take {n}')['id']}" for n in range(TASKS)]
            ours = _load(bench, gateway.url, paths, gateway.key)
        bench.advance(0.4)
        bench.say("status: the bare read")
        with bench.bare("bare_read", folder / "bare.db", folder) as url:
            bare = _load(bench, url, [f"/v1/videos/video_{n:026d}" for n in range(TASKS)], "")
        bench.advance(0.6)
        bench.say("status: LiteLLM")
        with peer.serving(folder, up) as (url, _):
            body = {"model": MODEL, "prompt": "a boat on a lake", "seconds": "4", "size": "720x1280"}
            video_id = send("POST", f"{url}/v1/videos", body, key=peer.KEY)["id"]
            theirs = _load(bench, url, [f"/v1/videos/{video_id}"], peer.KEY)
    return _scenario(ours, bare, theirs)


def _load(bench: Bench, url: str, paths: list[str], key: str) -> Measured:
    return drive(url, "GET", paths, key, seconds=bench.seconds, warm_s=bench.warm_s)


def _scenario(ours: Measured, bare: Measured, theirs: Measured) -> Scenario:
    name = "status"
    return Scenario(
        name=name,
        figures=[
            Figure(
                scenario=name,
                what="Reelgate beside LiteLLM",
                value=ratio(ours.per_second, theirs.per_second),
                unit="×",
                sense="at least",
                goal=40,
            ),
            Figure(
                scenario=name,
                what="a bare SQLite read beside Reelgate",
                value=ratio(bare.per_second, ours.per_second),
                unit="×",
                sense="at most",
                goal=3,
            ),
        ],
        raw={"Reelgate": ours.raw(), "bare read": bare.raw(), "LiteLLM": theirs.raw()},
    )
