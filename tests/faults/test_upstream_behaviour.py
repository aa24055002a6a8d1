"""Everything an upstream is known to do, done to a real server: one charge at most, no task lost, no invariant broken."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from reelgate.app import open_gateway
from reelgate.auth.scopes import Scope
from reelgate.cli.local import add_key
from reelgate.core.dialect import Channel
from reelgate.engine import operate
from reelgate.settings import load
from reelgate.testing.upstream.faults import FAULTS, Stage
from tests.faults.conftest import Server, bill, reelgate, upstream

SETTLING_S = 240.0
QUIET_S = 2.0
"""Long enough for a paid call that a retry would repeat after a second."""
REFUSED = {
    "refuse": "invalid_request",
    "moderation": "content_policy",
}
PAUSED = ("unauthorized", "payment", "forbidden")
"""What shuts the channel's only key: its tasks wait for a person or for the next try."""
FAILED = {
    "fails": "upstream_internal",
    "fails_moderation": "content_policy",
    "fails_as_http": None,
    "withheld": None,
}
STILL_FINE = (
    "regress", "unknown_word", "shouting", "progress_over", "progress_falls", "progress_float", "flapping",
    "poll_html", "poll_empty", "poll_null", "poll_error", "poll_200_error", "poll_huge",
)  # fmt: skip


async def test_every_known_behaviour_costs_one_charge_at_most(tmp_path: Path) -> None:
    data = tmp_path / "data"
    env = {"REELGATE_LOG_LEVEL": "warning", "REELGATE_DRAIN_S": "0.5"}
    with upstream(tmp_path, "--queue", "0.2", "--run", "0.6") as base_url, ExitStack() as stack:
        key = await _installed(data, base_url)
        server = stack.enter_context(Server(data, env))
        made = {fault: _create(server, key, fault) for fault in FAULTS}
        last = _settle(server, key, made, lambda: _charged(tmp_path))
        assert server.stop() == 0

    charges = Counter(line["prompt"] for line in bill(tmp_path))
    for fault in FAULTS.values():
        charged = charges[_prompt(fault.name)]
        assert charged <= 1, fault.name
        assert charged == 0 or fault.stage is not Stage.BEFORE, fault.name
        assert charged == 1 or fault.stage is Stage.BEFORE, fault.name
    for fault, code in REFUSED.items():
        assert last[fault]["status"] == "failed", fault
        assert last[fault]["error"]["code"] == code
    for fault in PAUSED:
        assert (last[fault]["status"], charges[_prompt(fault)]) == ("queued", 0), fault
    for fault, code in FAILED.items():
        assert last[fault]["status"] == "failed", fault
        assert code is None or last[fault]["error"]["code"] == code
    for fault in STILL_FINE:
        assert last[fault]["status"] == "completed", (fault, last[fault])
    assert last["never_ends"]["status"] == "in_progress"
    reelgate(data, "doctor", "--invariants")


def _charged(folder: Path) -> set[str]:
    return {line["prompt"] for line in bill(folder)}


def _prompt(fault: str) -> str:
    return f"a clip [fault:{fault}]"


async def _installed(data: Path, base_url: str) -> str:
    """Connect a channel for each fault, for what one does to its channel's health is no concern of the others; gives a key."""
    async with open_gateway(load(data, {}), engine=False) as gateway:
        for fault in FAULTS:
            channel = Channel(
                id=gateway.ctx.ids.new("chan"),
                name=f"up-{fault}",
                dialect="openai_videos",
                base_url=base_url,
                models={f"m-{fault}": "sim-1"},
                poll_seconds=0.3,
                self_hosted=True,
            )
            await operate.connect(gateway.ctx, channel, "sk-simulated")
        return (await add_key(gateway, "faults", scopes=tuple(scope.value for scope in Scope))).token


def _create(server: Server, key: str, fault: str) -> str:
    body = {"model": f"m-{fault}", "prompt": _prompt(fault), "seconds": "4", "size": "720x1280"}
    answer = server.call("POST", "/v1/videos", key, body)
    assert answer is not None
    return answer["id"]


def _settle(
    server: Server, key: str, made: dict[str, str], charged: Callable[[], set[str]]
) -> dict[str, dict[str, Any]]:
    """Wait until every behaviour has had its effect, and a little longer for what must not follow."""
    wanted = {*REFUSED, *FAILED, *STILL_FINE}
    billed = {_prompt(fault.name) for fault in FAULTS.values() if fault.stage is not Stage.BEFORE}
    deadline = time.monotonic() + SETTLING_S
    last: dict[str, dict[str, Any]] = {}
    while time.monotonic() < deadline:
        for fault in made:
            if last.get(fault, {}).get("status") not in ("completed", "failed"):
                last[fault] = server.call("GET", f"/v1/videos/{made[fault]}", key)
        ended = all(last[fault]["status"] in ("completed", "failed") for fault in wanted)
        shut = {f"up-{fault}" for fault in PAUSED} <= _paused(server, key)
        if ended and shut and last["never_ends"]["status"] == "in_progress" and billed <= charged():
            break
        time.sleep(0.3)
    time.sleep(QUIET_S)
    for fault in PAUSED:
        last[fault] = server.call("GET", f"/v1/videos/{made[fault]}", key)
    return last


def _paused(server: Server, key: str) -> set[str]:
    found = server.call("GET", "/api/admin/channels", key)
    return {
        one["name"] for one in found["data"] if any(k["health"]["state"] == "paused" for k in one["keys"])
    }
