"""A browser as far as signing in needs one: it keeps cookies, sends them along, and its page adds the header."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

from reelgate.auth import accounts, people
from reelgate.auth.access import Access, Origin
from reelgate.auth.accounts import Newcomer
from reelgate.core.people import Role
from reelgate.store.users import User
from tests.api.harness import Answer, Bench

SECRET = "correct horse battery"
ELSEWHERE = Origin("198.51.100.1", "set-up")


@dataclass
class Browser:
    """One browser on one machine."""

    bench: Bench
    jar: dict[str, str] = field(default_factory=dict[str, str])
    set_cookie: list[str] = field(default_factory=list[str])
    project: str | None = None

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request as a page of ours does; headers by name with `_` for `-`, an empty one is left out."""
        whole = {"content-type": "application/json", "host": "reel.example", "origin": "http://reel.example"}
        if self.jar:
            whole["cookie"] = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        if "reelgate_csrf" in self.jar:
            whole["x-csrf-token"] = self.jar["reelgate_csrf"]
        if self.project is not None:
            whole["x-reelgate-project"] = self.project
        whole |= {name.replace("_", "-"): value for name, value in headers.items()}
        whole = {name: value for name, value in whole.items() if value}
        sent = b"" if body is None else json.dumps(body).encode()
        stream = self.bench.open(method, path, body=sent, headers=whole, key=None)
        start = await stream.next()
        self.set_cookie = [v.decode("latin-1") for k, v in start["headers"] if k == b"set-cookie"]
        for line in self.set_cookie:
            self._keep(line)
        plain = {k.decode(): v.decode("latin-1") for k, v in start["headers"]}
        answer = Answer(start["status"], plain, await stream.rest())
        await stream.task
        return answer

    def _keep(self, line: str) -> None:
        for name, morsel in SimpleCookie(line).items():
            if morsel["max-age"] == "0" or not morsel.value:
                self.jar.pop(name, None)
            else:
                self.jar[name] = morsel.value

    async def sign_in(self, login: str, password: str = SECRET) -> Answer:
        answer = await self.ask(
            "POST", "/api/auth/login", {"username": login, "password": password, "session": "browser"}
        )
        assert answer.status == 200, answer.body
        return answer


def access_of(bench: Bench) -> Access:
    return bench.app.state.door.access


async def somebody(bench: Bench, login: str, role: Role = Role.MEMBER) -> User:
    """Make an account."""
    return await people.create(access_of(bench), login=login, role=role, password=SECRET)


async def first_admin(bench: Bench, login: str = "root") -> User:
    """Make the first administrator, by their link."""
    access = access_of(bench)
    sent = await people.setup_link(access)
    return await accounts.set_up(access, Newcomer(login=login, password=SECRET), sent.token, ELSEWHERE)
