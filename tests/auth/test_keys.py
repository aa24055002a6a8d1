from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelgate.auth.keys import (
    LastUsed,
    create_key,
    digest,
    importable,
    looks_minted,
    mint,
    pepper_of,
    principal,
)
from reelgate.auth.scopes import EVERYDAY, Scope
from reelgate.core.errors import CallerError
from reelgate.store import keys as key_rows
from reelgate.store.backend import Backend, open_backend
from reelgate.store.migrate import upgrade
from reelgate.testing.clock import FakeClock
from reelgate.testing.ids import SeededIds

PEPPER = b"0" * 32


@pytest.fixture
async def backend(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'reelgate.db'}"
    await asyncio.to_thread(upgrade, url)
    opened = await open_backend(url)
    yield opened
    await opened.close()


def test_a_key_has_an_id_a_secret_of_256_bits_and_a_checksum():
    prefix, public, secret, check = mint(SeededIds()).split("_")

    assert (prefix, len(public), len(secret), len(check)) == ("rg", 8, 52, 7)


@given(st.integers(0, 200), st.sampled_from("0123456789abcdefghjkmnpqrstvwxyz"))
def test_a_typing_error_is_recognised_without_asking_anybody(place: int, typed: str):
    key = mint(SeededIds())
    place = 3 + place % (len(key) - 3)
    other = key[:place] + typed + key[place + 1 :]

    assert looks_minted(key)
    assert looks_minted(other) == (other == key)


@given(st.text())
def test_any_text_can_be_looked_at(text: str):
    assert not looks_minted(text)


@pytest.mark.parametrize("token", ["My API Key", "sk-abc", "x", " padded ", "ключ"[:0] + "a" * 1024])
def test_any_printable_token_can_be_taken_over(token: str):
    assert importable(token) == token.strip()


@pytest.mark.parametrize("token", ["", "   ", "a\nb", "a\x00", "ключ", "a" * 1025])
def test_a_token_no_header_can_carry_is_refused(token: str):
    with pytest.raises(CallerError) as refused:
        importable(token)

    assert refused.value.failure.param == "key"


def test_a_digest_depends_on_the_pepper_and_does_not_hold_the_token():
    assert digest("My API Key", PEPPER) != digest("My API Key", b"1" * 32)
    assert "Key" not in digest("My API Key", PEPPER)


def test_a_pepper_is_made_once_for_its_owner_alone(tmp_path: Path):
    first = pepper_of(tmp_path)

    assert pepper_of(tmp_path) == first
    assert len(first) == 32
    assert os.stat(tmp_path / "key-pepper").st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key-pepper"]


@pytest.mark.parametrize("held", [b"", b"short"])
def test_a_damaged_pepper_stops_the_start(tmp_path: Path, held: bytes):
    (tmp_path / "key-pepper").write_bytes(held)

    with pytest.raises(ValueError, match="damaged"):
        pepper_of(tmp_path)


async def holder(backend: Backend, token: str, clock: FakeClock):
    return await backend.point(lambda conn: principal(conn, digest(token, PEPPER), clock.now_ms()))


async def test_a_key_opens_until_it_is_revoked_or_expires(backend: Backend):
    clock, ids = FakeClock(), SeededIds()
    made = await create_key(backend, ids, clock, PEPPER, name="n", expires_at=clock.now_ms() + 10_000)
    found = await holder(backend, made.token, clock)
    assert found is not None
    assert (found.key_id, found.scopes, found.admin) == (made.id, EVERYDAY, False)
    assert await holder(backend, made.token + "x", clock) is None

    await clock.advance(11)
    assert await holder(backend, made.token, clock) is None

    other = await create_key(backend, ids, clock, PEPPER, name="m", scopes=frozenset({Scope.ADMIN}))
    await backend.write(lambda conn: key_rows.revoke(conn, other.id, clock.now_ms()))
    assert await holder(backend, other.token, clock) is None


async def test_no_token_is_stored_or_shown(backend: Backend, tmp_path: Path):
    made = await create_key(backend, SeededIds(), FakeClock(), PEPPER, name="n")
    await backend.close()

    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert made.token.encode() not in stored
    assert made.token.split("_")[2].encode() not in stored
    assert made.token not in repr(made)


async def test_a_token_is_stored_once(backend: Backend):
    await create_key(backend, SeededIds(1), FakeClock(), PEPPER, name="n", token="My API Key")

    with pytest.raises(CallerError):
        await create_key(backend, SeededIds(2), FakeClock(), PEPPER, name="n", token=" My API Key ")


async def test_uses_are_written_down_together_now_and_then(backend: Backend):
    clock = FakeClock()
    made = await create_key(backend, SeededIds(), clock, PEPPER, name="n")
    used = LastUsed(backend, every_ms=60_000)

    assert not used.note(made.id, 1_000)
    assert not used.note(made.id, 60_999)
    assert used.note(made.id, 61_000)
    await used.flush(61_000)

    row = await backend.point(lambda conn: key_rows.get(conn, made.id))
    assert row is not None
    assert row.last_used_at == 61_000
    assert not used.note(made.id, 61_001)


def test_an_administrator_may_do_everything_and_others_what_they_hold():
    from reelgate.auth.principal import Principal

    admin = Principal(user_id="u", project_id="p", key_id="k", scopes=frozenset({Scope.ADMIN}))
    reader = Principal(user_id="u", project_id="p", key_id="k", scopes=frozenset({Scope.VIDEOS_READ}))

    assert all(admin.may(scope) for scope in Scope)
    assert [scope for scope in Scope if reader.may(scope)] == [Scope.VIDEOS_READ]
