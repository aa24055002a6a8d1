"""What whoever looks after the installation is told of it: its health, its fixed settings, its backups."""

from __future__ import annotations

import dataclasses
import fcntl
from pathlib import Path
from typing import Any

import msgspec
import pytest

from reelgate.api import build_app
from reelgate.api.admin.backups import Backups
from reelgate.api.admin.settings import AllFixed
from reelgate.api.envelopes import Done
from reelgate.api.house import House
from reelgate.auth.scopes import Scope
from reelgate.core.lifecycle import Status
from reelgate.engine import backups, operate
from reelgate.engine.backup_desk import Desk
from reelgate.engine.backups import Installation
from reelgate.engine.checkup import Promises, Report
from reelgate.media.blobs import BlobStore
from reelgate.settings import Settings, facts
from tests.api.harness import PEPPER, Bench

BACKUPS = "/api/admin/backups"
HEALTH = "/api/admin/health"
CANARY = "c4" * 32


@pytest.fixture
async def admin(bench: Bench) -> str:
    return await bench.new_key(scopes=frozenset({Scope.ADMIN}))


@pytest.fixture
def desk(bench: Bench, tmp_path: Path) -> Desk:
    of = Installation(
        data=tmp_path,
        database_url=f"sqlite:///{tmp_path / 'reelgate.db'}",
        open_blobs=lambda: BlobStore(tmp_path),
        key_file="key-pepper",
        given_key=PEPPER,
    )
    return Desk(of, tmp_path / "backups", bench.clock, every_h=24, keep=7)


@pytest.fixture
def house(bench: Bench, tmp_path: Path, desk: Desk) -> Bench:
    """The bench as a process serves it that knows its installation."""
    settings = Settings.model_validate(
        {"data": tmp_path, "key_pepper": CANARY, "database": f"postgresql://reel:{CANARY}@127.0.0.1/reel"}
    )
    known = House(folder=tmp_path, facts=facts(settings), desk=desk)
    return dataclasses.replace(bench, app=build_app(bench.ctx, PEPPER, house=known))


async def data(bench: Bench, path: str, key: str, kind: Any) -> Any:
    answer = await bench.ask("GET", path, key=key)
    assert answer.status == 200, answer.body
    return msgspec.convert(answer.json(), Done[kind]).data


async def test_a_backup_is_begun_at_once_and_is_there_when_it_is_done(house: Bench, admin: str, desk: Desk):
    before = await data(house, BACKUPS, admin, Backups)
    assert (before.offered, before.found, before.began_at) == (True, [], None)

    begun = await house.post(BACKUPS, {}, key=admin)
    again = await house.post(BACKUPS, {}, key=admin)
    await desk.settled()
    after = await data(house, BACKUPS, admin, Backups)

    assert (begun.status, again.status, again.error["code"]) == (202, 409, "not_ready")
    assert begun.json()["data"]["beganAt"] is not None
    (made,) = after.found
    assert (made.readable, made.automatic, after.failed, after.began_at) == (True, False, None, None)
    assert backups.check(Path(made.path), "key-pepper").created_at == house.clock.now_ms() // 1000


async def test_a_backup_that_cannot_be_made_says_why_and_leaves_nothing(
    house: Bench, admin: str, desk: Desk, tmp_path: Path
):
    (tmp_path / "backups").write_text("a file where the folder should be")

    assert (await house.post(BACKUPS, {}, key=admin)).status == 202
    await desk.settled()

    found = await data(house, BACKUPS, admin, Backups)
    assert found.failed is not None
    assert (found.failed.finding, found.found, found.began_at) == ("unwritable", [], None)


async def test_a_backup_waits_for_no_other_process_that_makes_one_there(desk: Desk):
    desk.folder.mkdir()
    with (desk.folder / ".lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        desk.start()
        await desk.settled()

    assert desk.failed is not None
    assert desk.failed.finding == "elsewhere"


async def test_closing_gives_up_the_backup_that_is_being_made(desk: Desk):
    desk.start()
    await desk.close()

    assert desk.began_at is None
    assert [path.name for path in desk.folder.glob(".2*")] == []


async def test_where_nobody_said_what_belongs_into_a_backup_none_is_offered(bench: Bench, admin: str):
    found = await data(bench, BACKUPS, admin, Backups)
    assert (found.offered, found.found) == (False, [])
    assert (await bench.post(BACKUPS, {}, key=admin)).status == 409


async def test_health_tells_what_there_is_and_what_needs_somebody(house: Bench, admin: str):
    stuck = await house.made()
    await house.move(stuck, Status.SUBMITTING)
    await house.move(stuck, Status.UNCONFIRMED)
    await house.made("another")

    found = await data(house, HEALTH, admin, Report)

    assert (found.ready, found.reasons, found.database.kind) == (True, [], "sqlite")
    assert found.database.bytes > 0
    assert found.disk.total >= found.disk.free > 0
    assert (found.queue.waiting, found.queue.under_way, found.queue.unconfirmed) == (1, 1, 1)
    assert [(lane.name, lane.usable, lane.open_tasks) for lane in found.channels] == [("one", True, 2)]
    states = {one.name: one.state for one in found.findings}
    assert (states["ready"], states["channels"], states["decisions"]) == ("ok", "ok", "warn")
    assert states["backups"] == "warn"


async def test_health_says_when_no_channel_takes_tasks_and_when_there_is_a_backup(
    house: Bench, admin: str, desk: Desk
):
    channel = house.ctx.channels.get("chan_one")
    assert channel is not None
    await operate.switch(house.ctx, channel, operate.Switch.DISABLED)
    desk.start()
    await desk.settled()

    found = await data(house, HEALTH, admin, Report)

    states = {one.name: one.state for one in found.findings}
    assert (states["channels"], states["backups"]) == ("fail", "ok")


async def test_promises_are_checked_on_request(house: Bench, admin: str):
    await house.post("/api/admin/settings", {"values": {"prompt_max": 5}}, key=admin)

    found = await data(house, f"{HEALTH}/promises", admin, Promises)

    assert (found.audit_entries, found.audit_break, found.violations) == (1, None, [])


async def test_fixed_settings_are_shown_with_where_they_come_from_and_without_secrets(
    house: Bench, admin: str
):
    answer = await house.ask("GET", "/api/admin/settings/fixed", key=admin)

    assert CANARY not in answer.body.decode()
    found = {one.name: one for one in msgspec.convert(answer.json(), AllFixed).data}
    assert (found["key_pepper"].value, found["key_pepper"].origin) == ("***", "start")
    assert found["database"].value == "postgresql://reel:***@127.0.0.1/reel"
    assert (found["port"].value, found["port"].origin) == (8080, "default")
    assert found["port"].variable == "REELGATE_PORT"
    assert "prompt_max" not in found
    assert all(one.help.zh != one.help.en for one in found.values())


async def test_operators_see_the_health_and_neither_backups_nor_settings(house: Bench):
    operator = await house.new_key(scopes=frozenset({Scope.OPERATE}))

    assert (await house.ask("GET", HEALTH, key=operator)).status == 200
    for path in (BACKUPS, f"{HEALTH}/promises", "/api/admin/settings/fixed"):
        assert (await house.ask("GET", path, key=operator)).status == 403, path
    assert (await house.post(BACKUPS, {}, key=operator)).status == 403
