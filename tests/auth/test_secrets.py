"""Secrets at rest: sealed under a key outside the database, bound to their place, rotated without losing one (reliability 3.5)."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from reelgate.auth.secrets import (
    MASTER_FILE,
    CannotRotate,
    Secrets,
    key_id_of,
    missing,
    parse_ring,
    prepare,
    rotate,
    source_of,
    write_ring,
)
from reelgate.core.dialect import Channel
from reelgate.core.envelope import CannotOpen, Envelope, Place, Sealed, read_envelope
from reelgate.store import channel_keys as key_rows
from reelgate.store import channels as channel_rows
from reelgate.store import secrets as rows
from reelgate.store import settings as setting_rows
from reelgate.store.backend import Backend, Connection, open_backend
from reelgate.store.channel_keys import ChannelKey
from reelgate.store.migrate import upgrade

NOW = 1_795_000_000_000
HERE, THERE = Place("channel_keys", "ckey_1"), Place("channel_keys", "ckey_2")
A, B, C = (bytes([n]) * 32 for n in (1, 2, 3))


def ring(*keys: bytes) -> Secrets:
    return Secrets(source_of(Path("/nowhere"), ",".join(key.hex() for key in keys), None))


def in_folder(folder: Path) -> Secrets:
    return Secrets(source_of(folder, None, None))


def test_what_was_sealed_opens_again_and_shows_nothing() -> None:
    secrets = ring(A)

    sealed = secrets.seal_under(key_id_of(A), "sk-上-canary", HERE)

    assert secrets.open(sealed, HERE) == "sk-上-canary"
    assert "canary" not in sealed
    assert sealed != secrets.seal_under(key_id_of(A), "sk-上-canary", HERE), (
        "a nonce or a data key was used twice"
    )
    assert secrets.open(Sealed(""), HERE) == ""
    assert secrets.seal_under(key_id_of(A), "", HERE) == ""


@pytest.mark.parametrize(
    "elsewhere", [THERE, Place("channel_keys", "ckey_1", "old_secret"), Place("webhook_endpoints", "ckey_1")]
)
def test_an_envelope_moved_to_another_row_column_or_table_opens_nowhere(elsewhere: Place) -> None:
    secrets = ring(A)
    sealed = secrets.seal_under(key_id_of(A), "sk-canary", HERE)

    with pytest.raises(CannotOpen, match="damaged"):
        secrets.open(sealed, elsewhere)
    with pytest.raises(CannotOpen, match="damaged"):
        secrets.rewrap(sealed, elsewhere, key_id_of(A))


def test_parts_of_two_envelopes_do_not_make_one() -> None:
    secrets = ring(A)
    one, two = (read_envelope(secrets.seal_under(key_id_of(A), text, HERE)) for text in ("first", "second"))

    mixed = Envelope(key_id=one.key_id, wrapped=one.wrapped, content=two.content).write()

    with pytest.raises(CannotOpen):
        secrets.open(mixed, HERE)


@pytest.mark.parametrize(
    "text", ["sk-plain", "rg1.x", "rg1.x.!.!", "rg1...", "rg2.a.b.c", "a.b.c.d.e", "rg1.é.é.é"]
)
def test_what_is_no_envelope_is_never_taken_for_a_secret(text: str) -> None:
    with pytest.raises(CannotOpen):
        ring(A).open(Sealed(text), HERE)


def test_every_changed_bit_is_noticed() -> None:
    secrets = ring(A)
    sealed = secrets.seal_under(key_id_of(A), "sk-canary", HERE)
    envelope = read_envelope(sealed)

    for name in ("wrapped", "content"):
        data = getattr(envelope, name)
        for position in range(len(data)):
            parts = {"wrapped": envelope.wrapped, "content": envelope.content}
            parts[name] = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
            with pytest.raises(CannotOpen):
                secrets.open(Envelope(key_id=envelope.key_id, **parts).write(), HERE)


def test_another_master_key_opens_nothing_and_says_which_is_wanted() -> None:
    sealed = ring(A).seal_under(key_id_of(A), "sk-canary", HERE)

    with pytest.raises(CannotOpen) as other:
        ring(B).open(sealed, HERE)

    assert other.value.reason == "other_key"
    assert other.value.key_id == key_id_of(A)
    assert A.hex() not in str(other.value)


def test_a_key_file_is_readable_by_its_owner_alone_and_of_two_first_starts_one_wins(tmp_path: Path) -> None:
    write_ring(tmp_path / MASTER_FILE, (A,), new=True)
    write_ring(tmp_path / MASTER_FILE, (B,), new=True)

    assert in_folder(tmp_path).key_ids == (key_id_of(A),)
    assert stat.S_IMODE((tmp_path / MASTER_FILE).stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == [MASTER_FILE]


@pytest.mark.parametrize("text", ["", "\n", "abcd\n", "g" * 64, "1" * 63, "1" * 66, "é" * 64])
def test_a_damaged_key_file_is_said_to_be_and_never_shown_or_replaced(tmp_path: Path, text: str) -> None:
    path = tmp_path / MASTER_FILE
    path.write_text(text, encoding="utf-8")

    secrets = in_folder(tmp_path)

    assert secrets.key_ids == ()
    assert secrets.trouble is not None
    assert str(path) in secrets.trouble
    assert not text.strip() or text.strip() not in secrets.trouble
    assert path.read_text(encoding="utf-8") == text


def test_keys_of_a_ring_come_in_the_order_written_and_once() -> None:
    assert parse_ring(f"{A.hex()}\n{B.hex()}\n{A.hex()}\n", "file") == (A, B)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    upgrade(f"sqlite:///{tmp_path / 'rows.db'}")
    return tmp_path


async def opened(folder: Path) -> Backend:
    return await open_backend(f"sqlite:///{folder / 'rows.db'}")


def insert(conn: Connection, secrets: Secrets, number: int) -> ChannelKey:
    place = key_rows.place_of(f"ckey_{number}")
    key = ChannelKey(
        id=f"ckey_{number}",
        channel_id="chan_1",
        name=f"key {number}",
        secret=secrets.seal(conn, f"sk-canary-{number}", place),
        created_at=NOW + number,
    )
    key_rows.insert(conn, key)
    return key


def connect(conn: Connection) -> None:
    channel_rows.insert(conn, Channel(id="chan_1", name="up", dialect="x", base_url=""), NOW)


async def furnish(backend: Backend, secrets: Secrets, many: int) -> None:
    await backend.write(connect)
    await backend.write(lambda conn: [insert(conn, secrets, number) for number in range(many)])


async def read_all(backend: Backend, secrets: Secrets) -> list[str]:
    return [secrets.open(key.secret, key.place) for key in await backend.read(key_rows.all_keys)]


async def test_the_first_use_makes_a_key_and_later_ones_use_it(folder: Path) -> None:
    backend = await opened(folder)
    first = in_folder(folder)

    assert await prepare(backend, first, NOW) is None
    second = in_folder(folder)
    assert await prepare(backend, second, NOW) is None

    assert first.key_ids == second.key_ids
    assert await backend.point(rows.noted_key) == first.key_ids[0]
    await backend.close()


async def test_a_missing_key_is_said_and_never_replaced_by_a_new_one(folder: Path) -> None:
    backend = await opened(folder)
    secrets = in_folder(folder)
    await prepare(backend, secrets, NOW)
    await furnish(backend, secrets, 1)
    (folder / MASTER_FILE).rename(folder / "elsewhere")

    without = in_folder(folder)
    trouble = await prepare(backend, without, NOW)

    assert trouble is not None
    assert MASTER_FILE in trouble
    assert not (folder / MASTER_FILE).exists()
    with pytest.raises(CannotOpen):
        await read_all(backend, without)
    with pytest.raises(CannotOpen):
        await backend.write(lambda conn: insert(conn, without, 2))
    (folder / "elsewhere").rename(folder / MASTER_FILE)
    assert await read_all(backend, without) == ["sk-canary-0"], "the key is back, and nobody started anew"
    await backend.close()


async def test_a_file_somebody_named_is_theirs_to_make(folder: Path) -> None:
    backend = await opened(folder)

    trouble = await prepare(backend, Secrets(source_of(folder, None, folder / "mounted")), NOW)

    assert trouble is not None
    assert not (folder / "mounted").exists()
    await backend.close()


async def test_a_rotation_seals_everything_anew_and_drops_the_old_key(folder: Path) -> None:
    backend = await opened(folder)
    secrets = in_folder(folder)
    await prepare(backend, secrets, NOW)
    await furnish(backend, secrets, 450)
    before = secrets.key_ids
    contents = [read_envelope(key.secret).content for key in await backend.read(key_rows.all_keys)]

    done = await rotate(backend, secrets, NOW)

    assert (done.resealed, done.unreadable, done.dropped) == (450, 0, 1)
    assert in_folder(folder).key_ids == (done.key_id,)
    assert done.key_id not in before
    assert await backend.read(rows.count) == {done.key_id: 450}
    assert await read_all(backend, in_folder(folder)) == [f"sk-canary-{n}" for n in range(450)]
    kept = [read_envelope(key.secret).content for key in await backend.read(key_rows.all_keys)]
    assert kept == contents, "only data keys are wrapped anew"
    await backend.close()


async def test_a_rotation_cut_short_at_any_moment_is_finished_by_the_next(folder: Path) -> None:
    backend = await opened(folder)
    secrets = in_folder(folder)
    await prepare(backend, secrets, NOW)
    await furnish(backend, secrets, 30)
    old = secrets.source.read()

    write_ring(folder / MASTER_FILE, (B, *old))  # killed before the row was changed
    assert await read_all(backend, in_folder(folder)) == [f"sk-canary-{n}" for n in range(30)]
    await backend.write(
        lambda conn: rows.use_key(conn, key_id_of(B), NOW)
    )  # killed before anything was sealed anew
    halfway = in_folder(folder)

    def some(conn: Connection) -> None:
        for lying in rows.sealed_otherwise(conn, key_id_of(B), 10):
            assert rows.replace(conn, lying, halfway.rewrap(lying.sealed, lying.place, key_id_of(B)))

    await backend.write(some)  # killed in the middle
    assert await read_all(backend, secrets) == [f"sk-canary-{n}" for n in range(30)], (
        "an old process reads on"
    )

    done = await rotate(backend, in_folder(folder), NOW)

    assert (done.key_id, done.resealed, done.dropped) == (key_id_of(B), 20, 1)
    assert in_folder(folder).source.read() == (B,)
    assert await read_all(backend, secrets) == [f"sk-canary-{n}" for n in range(30)]
    await backend.close()


async def test_whoever_seals_during_a_rotation_seals_under_the_new_key(folder: Path) -> None:
    backend = await opened(folder)
    stale = in_folder(folder)
    await prepare(backend, stale, NOW)
    await furnish(backend, stale, 1)

    done = await rotate(backend, in_folder(folder), NOW)
    made = await backend.write(lambda conn: insert(conn, stale, 7))

    assert read_envelope(made.secret).key_id == done.key_id
    assert await read_all(backend, in_folder(folder)) == ["sk-canary-0", "sk-canary-7"]
    await backend.close()


async def test_keys_given_by_a_setting_are_changed_by_putting_the_new_one_in_front(folder: Path) -> None:
    backend = await opened(folder)
    old = ring(A)
    await prepare(backend, old, NOW)
    await furnish(backend, old, 3)
    with pytest.raises(CannotRotate, match="in front"):
        await rotate(backend, old, NOW)

    both = ring(B, A)
    assert await prepare(backend, both, NOW) is None
    more = await backend.write(lambda conn: insert(conn, both, 9))
    assert read_envelope(more.secret).key_id == key_id_of(A), "processes that have only the old key still run"

    done = await rotate(backend, both, NOW)

    assert (done.key_id, done.resealed, done.dropped) == (key_id_of(B), 4, 0)
    assert len(await read_all(backend, ring(B))) == 4
    again = await rotate(backend, both, NOW)
    assert (again.key_id, again.resealed) == (key_id_of(B), 0)
    await backend.close()


async def test_a_lost_key_stops_a_rotation_unless_it_is_given_up(folder: Path) -> None:
    backend = await opened(folder)
    secrets = in_folder(folder)
    await prepare(backend, secrets, NOW)
    await furnish(backend, secrets, 2)
    (folder / MASTER_FILE).unlink()

    with pytest.raises(CannotRotate):
        await rotate(backend, in_folder(folder), NOW)
    assert not (folder / MASTER_FILE).exists()
    done = await rotate(backend, in_folder(folder), NOW, lost=True)

    assert (done.resealed, done.unreadable) == (0, 2)
    assert len(await backend.read(key_rows.all_keys)) == 2, "nothing is deleted"
    after = in_folder(folder)
    made = await backend.write(lambda conn: insert(conn, after, 5))
    assert after.open(made.secret, made.place) == "sk-canary-5"
    later = await rotate(backend, after, NOW)
    assert (later.resealed, later.unreadable, later.dropped) == (1, 2, 1)
    await backend.close()


async def test_more_unreadable_envelopes_than_fit_a_transaction_do_not_hide_the_others(folder: Path) -> None:
    backend = await opened(folder)
    secrets = in_folder(folder)
    await prepare(backend, secrets, NOW)
    await furnish(backend, secrets, 450)
    (folder / MASTER_FILE).unlink()
    await rotate(backend, in_folder(folder), NOW, lost=True)
    after = in_folder(folder)
    await backend.write(lambda conn: insert(conn, after, 999))

    done = await rotate(backend, after, NOW)

    assert (done.resealed, done.unreadable) == (1, 450)
    assert in_folder(folder).key_ids == (done.key_id,)
    await backend.close()


async def test_a_damaged_envelope_does_not_stop_a_rotation_and_keeps_its_key(folder: Path) -> None:
    backend = await opened(folder)
    secrets = in_folder(folder)
    await prepare(backend, secrets, NOW)
    await furnish(backend, secrets, 3)
    found = (await backend.read(key_rows.all_keys))[1]
    broken = Sealed(found.secret[:-4] + "AAAA")
    changed = ChannelKey(id=found.id, channel_id="chan_1", name=found.name, secret=broken, created_at=NOW)
    await backend.write(lambda conn: key_rows.change(conn, changed, NOW))

    done = await rotate(backend, secrets, NOW)

    assert (done.resealed, done.unreadable, done.dropped) == (2, 1, 0)
    assert len(in_folder(folder).key_ids) == 2
    await backend.close()


def test_what_is_missing_is_said_in_words(tmp_path: Path) -> None:
    assert "does not exist" in (missing(in_folder(tmp_path), None) or "")
    assert key_id_of(A) in (missing(ring(B), key_id_of(A)) or "")
    assert missing(ring(A, B), key_id_of(B)) is None


async def test_the_key_in_use_is_named_in_a_row_that_says_nothing_about_it(folder: Path) -> None:
    backend = await opened(folder)
    await prepare(backend, ring(A), NOW)

    settings = await backend.read(setting_rows.all_settings)

    assert settings["master_key"] == key_id_of(A)
    assert A.hex() not in str(settings)
    await backend.close()
