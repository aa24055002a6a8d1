"""What several processes may do at once, on both databases: each opens the rows for itself."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reelgate.auth import accounts, people, sessions, tokens
from reelgate.auth.access import Access, Policy
from reelgate.auth.accounts import Newcomer
from reelgate.auth.keys import create_first_key, digest, principal
from reelgate.auth.passwords import Passwords
from reelgate.auth.secrets import Secrets, prepare, source_of
from reelgate.auth.tokens import Signing
from reelgate.core.errors import CallerError, Code
from reelgate.core.people import Role
from reelgate.store import keys as key_rows
from reelgate.store import users as user_rows
from reelgate.store.backend import open_backend
from reelgate.store.migrate import upgrade
from reelgate.testing.clock import FakeClock
from reelgate.testing.ids import SeededIds
from reelgate.testing.postgres import fresh_database, postgres_server
from tests.auth.conftest import CHEAP
from tests.auth.test_accounts import ADA, HOME, SECRET

PROCESSES = 3


@pytest.fixture(scope="session")
def people_server() -> Iterator[str]:
    """A PostgreSQL database before the first start, to be copied, in a server of its own."""
    with postgres_server() as server, fresh_database(server) as pattern:
        upgrade(pattern)
        yield f"{server} {pattern}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path, empty_people: Path) -> Iterator[str]:
    if request.param == "sqlite":
        shutil.copy(empty_people, tmp_path / "reelgate.db")
        yield f"sqlite:///{tmp_path}/reelgate.db"
        return
    server, pattern = request.getfixturevalue("people_server").split(" ")
    with fresh_database(server, like=pattern) as address:
        yield address


@pytest.fixture
async def processes(url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[list[Access]]:
    """The same installation as several processes see it."""
    found: list[Access] = []
    for number in range(PROCESSES if url.startswith("postgres") else 1):
        backend = await open_backend(url)
        vault = Secrets(source_of(tmp_path, None, None))
        await prepare(backend, vault, clock.now_ms())
        found.append(
            Access(
                backend=backend,
                clock=clock,
                ids=SeededIds(number + 1, now_ms=clock.now_ms()),
                vault=vault,
                pepper=b"p" * 32,
                policy=Policy(registration="open"),
                passwords=Passwords(CHEAP),
            )
        )
    # On SQLite one process owns the rows; many at once inside it come to the same.
    yield (found * PROCESSES)[:PROCESSES]
    for access in found:
        access.passwords.close()
        await access.backend.close()


async def at_once(*tries: Awaitable[Any]) -> list[Any]:
    """Give what came of each: what it gave, or the code it was refused with."""
    came = await asyncio.gather(*tries, return_exceptions=True)
    for one in came:
        if isinstance(one, BaseException) and not isinstance(one, CallerError):
            raise one
    return [one.failure.code if isinstance(one, CallerError) else one for one in came]


async def test_of_processes_that_start_on_an_empty_database_one_shows_a_key(processes: list[Access]):
    made = await at_once(
        *(create_first_key(one.backend, one.ids, one.clock, one.pepper) for one in processes)
    )

    [shown] = [one for one in made if one is not None]
    access = processes[0]
    assert await access.backend.read(key_rows.count) == 1
    now = access.clock.now_ms()
    found = await access.backend.point(lambda conn: principal(conn, digest(shown.token, access.pepper), now))
    assert found is not None
    assert found.admin
    assert await create_first_key(access.backend, access.ids, access.clock, access.pepper) is None


async def test_of_many_who_open_one_setup_link_one_becomes_administrator(processes: list[Access]):
    sent = await people.setup_link(processes[0])

    came = await at_once(
        *(
            accounts.set_up(one, Newcomer(login=f"root{n}", password=SECRET), sent.token, HOME)
            for n, one in enumerate(processes)
        )
    )

    assert sum(not isinstance(one, Code) for one in came) == 1
    admins = await processes[0].backend.write(user_rows.living_admins)
    assert len(admins) == 1


async def test_of_many_who_take_one_name_one_gets_it(processes: list[Access]):
    came = await at_once(*(accounts.register(one, ADA, HOME) for one in processes))

    assert sum(not isinstance(one, Code) for one in came) == 1
    everybody = await processes[0].backend.read(user_rows.all_users)
    assert [user.login for user in everybody].count("ada") == 1


async def test_of_many_who_use_one_invitation_one_comes_in(processes: list[Access]):
    sent = await people.invite(processes[0], role=Role.VIEWER)

    came = await at_once(
        *(
            accounts.register(one, Newcomer(login=f"ada{n}", password=SECRET), HOME, invite=sent.token)
            for n, one in enumerate(processes)
        )
    )

    assert sum(not isinstance(one, Code) for one in came) == 1


async def test_administrators_who_demote_one_another_leave_one(processes: list[Access]):
    made = [await people.create(processes[0], login=f"root{n}", role=Role.ADMIN) for n in range(PROCESSES)]
    await people.disable(processes[0], "user_default")

    await at_once(
        *(people.set_role(one, user.id, Role.MEMBER) for one, user in zip(processes, made, strict=True))
    )

    assert len(await processes[0].backend.write(user_rows.living_admins)) == 1


async def test_a_refresh_token_used_twice_at_once_ends_the_sign_in(processes: list[Access]):
    user = await accounts.register(processes[0], ADA, HOME)
    given = await tokens.sign_in(Signing(processes[0]), user.id, HOME)

    came = await at_once(*(tokens.exchange(Signing(one), given.refresh) for one in processes))

    good = [one for one in came if not isinstance(one, Code)]
    assert len(good) <= 1
    assert await tokens.principal_of_token(Signing(processes[0]), given.access) is None


async def test_a_token_signed_by_one_process_opens_another(processes: list[Access]):
    user = await accounts.register(processes[0], ADA, HOME)
    given = await tokens.sign_in(Signing(processes[0]), user.id, HOME)

    for one in processes:
        assert await tokens.principal_of_token(Signing(one), given.access) is not None
    await people.disable(processes[-1], user.id)
    for one in processes:
        assert await tokens.principal_of_token(Signing(one), given.access) is None


async def test_passwords_are_counted_over_all_processes(processes: list[Access]):
    await accounts.register(processes[0], ADA, HOME)

    came: list[Any] = []
    for _ in range(3):
        came += await at_once(*(accounts.sign_in(one, "ada", "wrong", HOME) for one in processes))

    assert came.count(Code.UNAUTHORIZED) == 5
    assert came.count(Code.RATE_LIMITED) == 4


async def test_a_sign_in_ends_everywhere_at_once(processes: list[Access]):
    user = await accounts.register(processes[0], ADA, HOME)
    started = await sessions.start(processes[0], user.id, HOME)
    seen = [
        await one.backend.point(lambda conn, a=one: sessions.principal_of_cookie(conn, a, started.cookie))
        for one in processes
    ]
    assert all(who is not None for who in seen)

    await sessions.end(processes[-1], started.session.id)

    for one in processes:
        found = await one.backend.point(
            lambda conn, a=one: sessions.principal_of_cookie(conn, a, started.cookie)
        )
        assert found is None
