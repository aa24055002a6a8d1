"""Files nobody needs go, files somebody stores at that moment stay; moving is made whole by doing it again."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reelgate.app import open_gateway
from reelgate.core.errors import Code, OperatorError
from reelgate.core.task import Blob
from reelgate.engine import intake, invariants, storage, sweep
from reelgate.engine.context import Context
from reelgate.engine.storage import Moved
from reelgate.media.blobs import BlobStore, StorageError, open_place
from reelgate.media.place import Place
from reelgate.settings import load
from reelgate.store import blobs as blob_rows
from reelgate.store.blobs import BeingDeleted
from reelgate.testing.s3 import ACCESS_KEY, SECRET_KEY, S3Server
from tests.cli.conftest import Command
from tests.storage.conftest import WHO
from tests.storage.proxy import proxy_to

DATA = b"bytes of a clip" * 1000
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(params=["disk", "s3"])
async def ctx(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Context]:
    """A composition as production makes it, with its files in either place."""
    address = "disk" if request.param == "disk" else request.getfixturevalue("bucket")
    keys = {"storage_key": ACCESS_KEY, "storage_secret": SECRET_KEY}
    settings = load(tmp_path / "data", {"storage": address, **keys})
    async with open_gateway(settings, engine=False) as gateway:
        yield gateway.ctx


async def stored(ctx: Context, data: bytes = DATA) -> Blob:
    path = ctx.blobs.spool()
    path.write_bytes(data)
    return await intake.keep(ctx, path, "video/mp4")


async def test_a_file_without_a_row_is_listed_before_it_is_collected(ctx: Context) -> None:
    await ctx.blobs.put_bytes(b"nobody's", "video/mp4")
    await stored(ctx)

    # Counted from the future, because a store tells whole seconds by its own clock.
    assert [one.bytes for one in await storage.orphans(ctx, -60)] == [8]
    assert await storage.orphans(ctx, 3600) == []
    found = await storage.compare(ctx, older_than_s=-60, deep=True, tell=lambda _: None)
    assert (found.files, len(found.orphans), found.missing, found.wrong) == (2, 1, [], [])

    (orphan,) = found.orphans
    assert await sweep.collect(ctx, orphan.sha256, -60)

    assert await ctx.blobs.size(orphan.sha256) is None
    assert await ctx.blobs.size(SHA) == len(DATA)
    assert await invariants.check(ctx) == []


async def test_a_lost_and_a_damaged_file_are_found(ctx: Context) -> None:
    lost = await stored(ctx)
    wrong = await stored(ctx, b"right")
    await ctx.blobs.delete(lost.sha256)
    await ctx.backend.write(
        lambda conn: conn.exec_driver_sql(f"UPDATE blobs SET bytes = 4 WHERE sha256 = '{wrong.sha256}'")
    )

    found = await storage.compare(ctx, older_than_s=0, deep=False, tell=lambda _: None)

    assert (found.missing, found.wrong) == ([lost.sha256], [wrong.sha256])
    assert {one.subject for one in await invariants.check(ctx)} == {lost.sha256, wrong.sha256}


async def test_what_is_stored_while_its_old_copy_is_deleted_is_refused_not_lost(ctx: Context) -> None:
    await ctx.blobs.put_bytes(DATA, "video/mp4")
    now = ctx.clock.now_ms()

    assert await ctx.backend.write(lambda conn: blob_rows.condemn(conn, SHA, now, now))
    with pytest.raises(BeingDeleted) as caught:
        await stored(ctx)
    assert caught.value.failure.code is Code.OVERLOADED
    assert await ctx.backend.read(blob_rows.all_blobs) == []

    # The collector that was killed here is made good by the next one.
    assert await ctx.backend.read(lambda conn: blob_rows.condemned(conn, now + 1)) == [SHA]
    await ctx.blobs.delete(SHA)
    await ctx.backend.write(lambda conn: blob_rows.acquit(conn, SHA))
    assert (await stored(ctx)).sha256 == SHA


async def test_what_was_deleted_between_storing_and_its_row_is_refused_and_leaves_no_row(
    ctx: Context,
) -> None:
    blob = await ctx.blobs.put_bytes(DATA, "video/mp4")
    await ctx.blobs.delete(SHA)

    with pytest.raises(OperatorError):
        await intake.write_down(ctx, blob)

    assert await ctx.backend.read(blob_rows.all_blobs) == []


async def test_a_file_that_got_its_row_meanwhile_is_not_collected(ctx: Context) -> None:
    await stored(ctx)
    now = ctx.clock.now_ms()

    assert not await sweep.collect(ctx, SHA, 3600)
    assert not await ctx.backend.write(lambda conn: blob_rows.condemn(conn, SHA, now - 3_600_000, now))
    assert await ctx.blobs.size(SHA) == len(DATA)


# Moving


def _quiet(moved: Moved, total: int) -> None:
    assert moved.files <= total


async def names(place: Place) -> set[str]:
    return {found.sha256 async for found in place.listed()}


async def test_a_move_copies_everything_once_and_takes_it_away_only_when_asked(
    bucket: str, tmp_path: Path
) -> None:
    old, new = BlobStore(tmp_path), open_place(bucket, tmp_path, WHO)
    kept = {(await old.put_bytes(os.urandom(100_000), "video/mp4")).sha256 for _ in range(12)}

    first = await storage.move(old.place, new, old, _quiet)
    again = await storage.move(old.place, new, old, _quiet)

    assert (first.files, first.copied, first.removed) == (12, 12, 0)
    assert (again.files, again.copied) == (12, 0)
    assert await names(new) == await names(old.place) == kept
    last = await storage.move(old.place, new, old, _quiet, remove=True)
    assert (last.copied, last.removed) == (0, 12)
    assert (await names(old.place), await names(new)) == (set(), kept)
    back = await storage.move(new, old.place, old, _quiet)
    assert (back.copied, await names(old.place)) == (12, kept)
    assert list(old.spooled()) == []


async def test_a_damaged_file_stops_a_move_and_is_not_taken_along(bucket: str, tmp_path: Path) -> None:
    old, new = BlobStore(tmp_path), open_place(bucket, tmp_path, WHO)
    bad = await old.put_bytes(DATA, "video/mp4")
    path = old.place.local_path(bad.sha256)
    assert path is not None
    path.write_bytes(b"rotten")

    with pytest.raises(StorageError):
        await storage.move(old.place, new, old, _quiet, remove=True)

    assert (await names(old.place), await names(new)) == ({bad.sha256}, set())


@pytest.mark.slow
async def test_a_move_that_is_killed_is_made_whole_by_another(s3: S3Server, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    reelgate = Command(tmp_path / "data", tmp_path / "home")
    old, bucket = BlobStore(reelgate.data), s3.bucket()
    kept = {(await old.put_bytes(os.urandom(50_000), "video/mp4")).sha256 for _ in range(30)}
    new = open_place(s3.address(bucket), tmp_path, WHO)

    with proxy_to(s3.endpoint) as proxy:
        proxy.hold_puts_after = 9
        to = f"s3://{bucket}?endpoint={proxy.endpoint}"
        process = reelgate.start("storage", "move", "--to", to, env=s3.environment())
        held = proxy.held.wait(90)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert held
    half = await names(new)
    assert 0 < len(half) < 30

    ran = reelgate.process("storage", "move", "--to", s3.address(bucket), "--json", env=s3.environment())

    assert ran.code == 0, ran.err
    told = ran.json()
    assert (told["files"], told["bytes"], told["removed"]) == (30, 1_500_000, 0)
    # What the proxy had been sent may have arrived after the kill; no more than it let through.
    assert 21 <= told["copied"] <= 30 - len(half)
    assert await names(new) == kept
    assert SECRET_KEY not in ran.out + ran.err


# Commands


@pytest.mark.slow
def test_the_commands_work_on_a_bucket_and_show_no_secret(s3: S3Server, bucket: str, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    reelgate = Command(tmp_path / "data", tmp_path / "home")
    env = {**s3.environment(), "REELGATE_STORAGE": bucket}

    check = reelgate.process("storage", "check", "--json", env=env)
    config = reelgate.process("config", env=env)
    remove = reelgate.process("storage", "move", "--to", "disk", "--remove", env=env)
    typo = reelgate.process("storage", "check", env={**env, "REELGATE_STORAGE": "s3://k:hidden-word@b"})

    assert check.json() == {
        "storage": bucket,
        "files": 0,
        "bytes": 0,
        "missing": [],
        "wrong": [],
        "orphans": [],
    }
    assert bucket in config.out
    assert (remove.code, typo.code) == (1, 2)
    assert "hidden-word" not in typo.out + typo.err
    assert SECRET_KEY not in "".join(ran.out + ran.err for ran in (check, config, remove, typo))
