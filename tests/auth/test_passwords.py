"""Passwords: their cost, their number at once, and who is sent away."""

from __future__ import annotations

import asyncio

import pytest

from reelgate.auth.passwords import Cost, Passwords
from reelgate.core.errors import CallerError, Code
from tests.auth.conftest import CHEAP


async def test_what_is_stored_is_argon2id_at_the_cost_of_the_rfc():
    passwords = Passwords()
    stored = await passwords.digest("correct horse battery")

    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert await passwords.check(stored, "correct horse battery")
    assert not await passwords.check(stored, "correct horse batter")
    passwords.close()


async def test_letters_that_look_the_same_are_the_same():
    passwords = Passwords(CHEAP)
    stored = await passwords.digest("cafe\u0301 au lait")

    assert await passwords.check(stored, "caf\u00e9 au lait")


async def test_nobodys_password_is_checked_like_anybodys():
    passwords = Passwords(CHEAP)

    assert not await passwords.check(None, "nobody has this password")


async def test_a_damaged_digest_opens_nothing():
    passwords = Passwords(CHEAP)

    assert not await passwords.check("$argon2id$nonsense", "anything")


async def test_a_digest_of_another_cost_is_noticed():
    stored = await Passwords(CHEAP).digest("correct horse battery")

    assert Passwords().outdated(stored)
    assert not Passwords(CHEAP).outdated(stored)


async def test_who_comes_when_too_many_wait_is_sent_away_and_the_others_are_served():
    passwords = Passwords(Cost(memory_kib=8, passes=1, lanes=1, at_once=1, waiting=2))

    done = await asyncio.gather(
        *(passwords.digest(f"password {n}") for n in range(10)), return_exceptions=True
    )

    away = [one for one in done if isinstance(one, CallerError)]
    assert len(done) - len(away) == 3
    assert {one.failure.code for one in away} == {Code.OVERLOADED}
    assert await passwords.digest("password 11")


async def test_a_caller_who_gives_up_keeps_its_slot_until_the_work_is_done():
    passwords = Passwords(Cost(memory_kib=8, passes=1, lanes=1, at_once=1, waiting=0))
    first = asyncio.ensure_future(passwords.digest("correct horse battery"))
    await asyncio.sleep(0)
    first.cancel()

    with pytest.raises(CallerError):
        await passwords.digest("another")
