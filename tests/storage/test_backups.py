"""Backups restore into an installation in which every promise holds; taking one holds nobody up."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from reelgate.app import installation, open_gateway
from reelgate.auth.keys import pepper_of
from reelgate.engine import backups, intake, invariants
from reelgate.engine.backups import BackupError, Installation
from reelgate.media.blobs import BlobStore
from reelgate.settings import Settings, load
from reelgate.store import blobs as blob_rows
from reelgate.store import keys as key_rows
from reelgate.store.copying import CopyRefused
from reelgate.testing.postgres import fresh_database, postgres_server
from reelgate.testing.s3 import ACCESS_KEY, SECRET_KEY

NOW = 1_800_000_000.0
DAY = 86_400.0


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture
def postgres(server: str) -> Iterator[str]:
    with fresh_database(server) as url:
        yield url


def on(folder: Path, *, database: str | None = None, storage: str = "disk") -> Settings:
    given = {"database": database, "storage": storage}
    return load(folder, {**given, "storage_key": ACCESS_KEY, "storage_secret": SECRET_KEY})


async def filled(settings: Settings, clips: int = 3) -> set[str]:
    """Make an installation with a key and some files; gives their hashes."""
    async with open_gateway(settings, engine=False) as gateway:
        made: set[str] = set()
        for _ in range(clips):
            path = gateway.ctx.blobs.spool()
            path.write_bytes(os.urandom(10_000))
            made.add((await intake.keep(gateway.ctx, path, "video/mp4")).sha256)
        return made


async def holds(settings: Settings, files: set[str]) -> None:
    """Check that an installation is sound and has these files, a key, and the pepper it was made with."""
    async with open_gateway(settings, engine=False) as gateway:
        ctx = gateway.ctx
        assert gateway.admin_key is None
        assert await ctx.backend.point(key_rows.count) == 1
        assert {row.sha256 for row in await ctx.backend.read(blob_rows.all_blobs)} == files
        assert await invariants.check(ctx) == []
        for sha256 in files:
            async with ctx.blobs.local(sha256) as path:
                assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256


@pytest.mark.parametrize(
    ("source", "target"), [("sqlite", "sqlite"), ("postgresql", "postgresql"), ("postgresql", "sqlite")]
)
async def test_rows_files_and_keys_come_back_whole(
    server: str, tmp_path: Path, source: str, target: str
) -> None:
    with fresh_database(server) as first, fresh_database(server) as second:
        here = on(tmp_path / "here", database=first if source == "postgresql" else None)
        there = on(tmp_path / "there", database=second if target == "postgresql" else None)
        files = await filled(here)

        manifest = await backups.write(installation(here), tmp_path / "backup", NOW)
        await backups.restore(tmp_path / "backup", installation(there))

        assert (manifest.source, manifest.files) == (source, "copied")
        assert backups.check(tmp_path / "backup", "key-pepper") == manifest
        assert pepper_of(there.data) == pepper_of(here.data)
        await holds(there, files)
        await holds(here, files)


async def test_files_in_a_bucket_are_looked_at_and_named_or_fetched_when_asked(
    bucket: str, tmp_path: Path
) -> None:
    here = on(tmp_path / "here", storage=bucket)
    files = await filled(here)

    rows = await backups.write(installation(here), tmp_path / "rows", NOW)
    whole = await backups.write(installation(here), tmp_path / "whole", NOW, with_files=True)

    assert (rows.files, whole.files) == ("elsewhere", "copied")
    assert {blob.sha256 for blob in rows.blobs} == files
    assert not (tmp_path / "rows" / "blobs").exists()
    assert rows.storage == bucket
    assert SECRET_KEY not in (tmp_path / "rows" / "manifest.json").read_text()
    with_bucket, on_disk = on(tmp_path / "one", storage=bucket), on(tmp_path / "two")
    await backups.restore(tmp_path / "rows", installation(with_bucket))
    await backups.restore(tmp_path / "whole", installation(on_disk))
    await holds(with_bucket, files)
    await holds(on_disk, files)


async def test_a_backup_without_files_is_refused_where_they_are_not(bucket: str, tmp_path: Path) -> None:
    here = on(tmp_path / "here", storage=bucket)
    await filled(here)
    await backups.write(installation(here), tmp_path / "backup", NOW)

    with pytest.raises(BackupError, match="absent 3"):
        await backups.restore(tmp_path / "backup", installation(on(tmp_path / "there")))

    assert not (tmp_path / "there").exists()


async def test_a_database_that_holds_something_and_a_folder_with_another_key_are_left_alone(
    postgres: str, tmp_path: Path
) -> None:
    here = on(tmp_path / "here", database=postgres)
    files = await filled(here)
    await backups.write(installation(here), tmp_path / "backup", NOW)

    files |= await filled(here, 1)

    with pytest.raises(CopyRefused):
        await backups.restore(tmp_path / "backup", installation(on(tmp_path / "new", database=postgres)))
    pepper_of_another = on(tmp_path / "other", database=postgres)
    pepper_of_another.data.mkdir()
    pepper_of(pepper_of_another.data)
    with pytest.raises(BackupError, match="other_key"):
        await backups.restore(tmp_path / "backup", installation(pepper_of_another))

    await holds(here, files)


async def test_a_restore_that_was_killed_may_be_done_again(tmp_path: Path) -> None:
    here, there = on(tmp_path / "here"), on(tmp_path / "there")
    files = await filled(here)
    await backups.write(installation(here), tmp_path / "backup", NOW)
    # What a kill in the middle leaves: the mark, some files, no rows.
    (there.data / backups.STAGE).mkdir(parents=True)
    await BlobStore(there.data).put_bytes(b"one of them", "video/mp4")
    shutil.copyfile(tmp_path / "backup" / "key-pepper", there.data / "key-pepper")

    await backups.restore(tmp_path / "backup", installation(there))

    async with open_gateway(there, engine=False) as gateway:
        assert {row.sha256 for row in await gateway.ctx.backend.read(blob_rows.all_blobs)} == files


async def test_a_key_that_a_setting_gives_is_in_no_backup_and_has_to_be_given_again(tmp_path: Path) -> None:
    given = {"key_pepper": os.urandom(32).hex()}
    here = load(tmp_path / "here", given)
    files = await filled(here)

    manifest = await backups.write(installation(here), tmp_path / "backup", NOW)

    assert manifest.pepper is None
    assert not (tmp_path / "backup" / "key-pepper").exists()
    with pytest.raises(BackupError, match="key_wanted"):
        await backups.restore(tmp_path / "backup", installation(on(tmp_path / "there")))
    there = load(tmp_path / "there", given)
    await backups.restore(tmp_path / "backup", installation(there))
    await holds(there, files)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
async def test_writers_go_on_while_a_backup_is_made_and_it_shows_one_moment(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    here = on(
        tmp_path / "here", database=request.getfixturevalue("postgres") if kind == "postgresql" else None
    )
    await filled(here)
    async with open_gateway(here, engine=False) as gateway:
        ctx, ended = gateway.ctx, asyncio.Event()

        async def write() -> int:
            written = 0
            while not ended.is_set() or written == 0:
                path = ctx.blobs.spool()
                await asyncio.to_thread(path.write_bytes, os.urandom(2_000))
                await intake.keep(ctx, path, "video/mp4")
                written += 1
            return written

        writer = asyncio.create_task(write())
        manifest = await backups.write(installation(here), tmp_path / "backup", NOW)
        ended.set()
        written = await writer

    assert written > 0
    await backups.restore(tmp_path / "backup", installation(on(tmp_path / "there")))
    await holds(on(tmp_path / "there"), {blob.sha256 for blob in manifest.blobs})


# By themselves


def auto(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith(backups.AUTOMATIC))


async def test_one_is_made_a_day_and_the_newest_are_kept(tmp_path: Path) -> None:
    """Shows 000-51."""

    of, folder = installation(on(tmp_path / "data")), tmp_path / "backups"
    files = await filled(on(tmp_path / "data"))
    await backups.write(of, folder / "by-hand", NOW - 90 * DAY)

    async def look(day: float) -> bool:
        return await backups.keep_up(of, folder, NOW + day * DAY, every_s=DAY, keep=3) is not None

    assert [await look(day) for day in (0, 0.5, 0.99, 1, 1.5, 2, 3, 4)] == [
        True,
        False,
        False,
        True,
        False,
        True,
        True,
        True,
    ]
    assert len(auto(folder)) == 3
    assert (folder / "by-hand").is_dir()
    newest = backups.listed(folder)[0]
    assert newest.automatic
    await backups.restore(newest.path, installation(on(tmp_path / "restored")))
    await holds(on(tmp_path / "restored"), files)


async def test_a_clock_that_was_set_back_does_not_stop_backups(tmp_path: Path) -> None:
    of, folder = installation(on(tmp_path / "data")), tmp_path / "backups"
    await filled(on(tmp_path / "data"), 0)
    await backups.keep_up(of, folder, NOW + 365 * DAY, every_s=DAY, keep=3)

    assert await backups.keep_up(of, folder, NOW, every_s=DAY, keep=3) is not None


async def test_what_a_killed_backup_left_goes_and_is_never_taken_for_one(tmp_path: Path) -> None:
    of, folder = installation(on(tmp_path / "data")), tmp_path / "backups"
    await filled(on(tmp_path / "data"), 1)
    half = folder / f".{backups.AUTOMATIC}20260101-000000Z.123"
    (half / "blobs").mkdir(parents=True)

    assert backups.listed(folder) == []
    await backups.keep_up(of, folder, NOW, every_s=DAY, keep=3)

    assert not half.exists()
    assert len(backups.listed(folder)) == 1


async def test_two_processes_on_one_folder_make_one_backup(tmp_path: Path) -> None:
    of, folder = installation(on(tmp_path / "data")), tmp_path / "backups"
    await filled(on(tmp_path / "data"), 1)

    made = await asyncio.gather(*(backups.keep_up(of, folder, NOW, every_s=DAY, keep=3) for _ in range(4)))

    assert len([path for path in made if path is not None]) == 1
    assert len(auto(folder)) == 1


async def test_a_file_on_another_disk_is_copied_once_and_shared_by_the_backups_after(tmp_path: Path) -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("this machine has one disk")
    with tempfile.TemporaryDirectory(dir=memory) as elsewhere:
        settings = on(Path(elsewhere) / "data")
        files = await filled(settings, 2)
        of, folder = installation(settings), tmp_path / "backups"

        first = await backups.keep_up(of, folder, NOW, every_s=DAY, keep=3)
        second = await backups.keep_up(of, folder, NOW + DAY, every_s=DAY, keep=3)

    assert first is not None
    assert second is not None
    for sha256 in files:
        assert (second / "blobs" / sha256).stat().st_ino == (first / "blobs" / sha256).stat().st_ino


async def test_an_installation_without_its_key_file_is_not_backed_up(tmp_path: Path) -> None:
    settings = on(tmp_path / "data")
    await filled(settings, 0)
    of: Installation = dataclasses.replace(installation(settings), key_file="another-name")

    with pytest.raises(BackupError, match="no_key"):
        await backups.write(of, tmp_path / "backup", NOW)

    assert not (tmp_path / "backup").exists()
