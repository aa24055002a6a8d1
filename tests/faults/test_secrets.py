"""Secrets stay where they belong: not in a log, not in an answer, not in a file that anybody else reads."""

from __future__ import annotations

import base64
import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import psycopg
import pytest

from reelgate.app import open_gateway
from reelgate.auth.secrets import Secrets, rotate
from reelgate.core.dialect import Channel
from reelgate.engine import operate, webhooks
from reelgate.engine.context import Context, Who
from reelgate.settings import load
from reelgate.store.tables import DEFAULT_PROJECT, DEFAULT_USER
from reelgate.testing.postgres import fresh_database, postgres_server
from tests.faults.conftest import Server, reelgate, upstream

CANARY_SECRET = "sk-canary-upstream-0f3a9c51d2"
CANARY_WRONG = "sk-canary-stranger-77b1e0aa42"
CANARY_PROMPT = "canary prompt zebra 9184"
# The refused key comes last: nothing more is sent with it.
FAULTS = ("moderation", "error_500_after", "html", "garbage", "drop_after_accept", "unauthorized")
CANARIES = 40


def test_no_secret_reaches_a_log_or_an_answer_even_at_debug(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    answers: list[str] = []
    with upstream(tmp_path, "--key", CANARY_SECRET) as base_url, ExitStack() as stack:
        key = json.loads(reelgate(data, "keys", "create", "canary", "--json"))["key"]
        scopes = ("--scope", "admin")
        admin = json.loads(reelgate(data, "keys", "create", "operator", *scopes, "--json"))["key"]
        reelgate(
            data,
            "channels", "add", "up", "--dialect", "openai_videos", "--base-url", base_url,
            "--secret-file", "-", "--model", "demo=sim-1", "--poll-seconds", "0.2", "--self-hosted",
            stdin=f"{CANARY_SECRET}\n",
        )  # fmt: skip
        answers.append(reelgate(data, "channels", "list", "--json"))
        answers.append(reelgate(data, "config", "--json"))
        answers.append(reelgate(data, "doctor", "--json"))
        answers.append(reelgate(data, "channels", "test", "up", "--json"))
        env = {
            "REELGATE_LOG_LEVEL": "debug",
            "REELGATE_LOG_REQUESTS": "on",
            "REELGATE_UNCONFIRMED_TIMEOUT_S": "2",
        }
        server = stack.enter_context(Server(data, env))
        made: list[str] = []
        for fault in FAULTS:
            body = {"model": "demo", "prompt": f"{CANARY_PROMPT} [fault:{fault}]", "seconds": "4"}
            answer = server.call("POST", "/v1/videos", key, body)
            answers.append(json.dumps(answer).replace(CANARY_PROMPT, ""))
            if "id" in answer:
                made.append(answer["id"])
        answers.append(json.dumps(server.call("GET", "/v1/videos", CANARY_WRONG)))
        refused = _many_refused_keys(server, admin, key, base_url)
        time.sleep(4)
        for task_id in made:
            answer = server.call("GET", f"/v1/videos/{task_id}", key)
            answers.append(json.dumps(answer).replace(CANARY_PROMPT, ""))
        assert server.stop() == 0

    stored = b"".join(path.read_bytes() for path in data.glob("reelgate.db*"))
    assert len(stored) > 100_000
    assert CANARY_SECRET.encode() not in stored
    master = (data / "master-key").read_text().strip()
    log = (tmp_path / "server.log").read_text()
    assert len(made) >= 4
    assert log
    assert len(refused) == CANARIES
    for canary in (CANARY_SECRET, CANARY_WRONG, key, admin, CANARY_PROMPT, master, *refused):
        assert canary not in log
        assert canary == CANARY_PROMPT or canary.encode() not in stored
        assert not any(canary in answer for answer in answers)
    host = base_url.partition("//")[2].partition("/")[0]
    assert not any(host in answer for answer in answers[2:]), "an upstream's address reached a caller"


def _many_refused_keys(server: Server, admin: str, key: str, base_url: str) -> list[str]:
    """Give a channel forty keys that its upstream refuses, and have every one of them tried."""
    canaries = [f"sk-canary-refused-{number:02}-{os.urandom(12).hex()}" for number in range(CANARIES)]
    new = {"name": "refused", "dialect": "openai_videos", "base_url": base_url, "self_hosted": True}
    made = server.call("POST", "/api/admin/channels", admin, {**new, "models": {"many": "sim-1"}})
    one = f"/api/admin/channels/{made['id']}"
    for number, canary in enumerate(canaries):
        server.call("POST", f"{one}/keys", admin, {"name": f"key {number}", "secret": canary})
    tried = server.call("POST", f"{one}/test", admin)["report"]["keys"]
    assert {report["auth"] for report in tried} == {"refused"}
    server.call("POST", "/v1/videos", key, {"model": "many", "prompt": CANARY_PROMPT, "seconds": "4"})
    deadline = time.monotonic() + 60
    states: set[str] = set()
    while time.monotonic() < deadline and states != {"paused"}:
        states = {each["health"]["state"] for each in server.call("GET", one, admin)["keys"]}
        time.sleep(0.2)
    assert states == {"paused"}
    return canaries


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str | None]:
    if request.param == "sqlite":
        yield None
        return
    with postgres_server() as server, fresh_database(server) as url:
        yield url


async def test_a_dump_of_the_database_holds_none_of_forty_canaries(
    database: str | None, tmp_path: Path
) -> None:
    canaries = [f"canary-{number:02}-{os.urandom(12).hex()}" for number in range(CANARIES)]
    settings = load(tmp_path / "data", {"database": database})
    async with open_gateway(settings, engine=False) as gateway:
        ctx = gateway.ctx
        told = await _store(ctx, canaries)
        dumped = _dump(database, settings.data)  # while it is open, so that the write-ahead log is there, too
        await rotate(ctx.backend, cast("Secrets", ctx.vault), ctx.clock.now_ms())
        dumped += _dump(database, settings.data)
        for path in settings.data.rglob("*"):
            if path.is_file():
                dumped += path.read_bytes()

    assert len(told) == CANARIES
    assert b"canary-upstream-address" in dumped, "the dump has the rows"
    for secret in told:
        assert secret.encode() not in dumped
        assert base64.b64encode(secret.encode())[:-4] not in dumped


async def _store(ctx: Context, canaries: list[str]) -> list[str]:
    """Put a secret into every place there is for one; gives what was stored."""
    who = Who(user_id=DEFAULT_USER, project_id=DEFAULT_PROJECT)
    told: list[str] = []
    for number, canary in enumerate(canaries[:30]):
        channel = Channel(
            id=ctx.ids.new("chan"),
            name=f"up {number // 3}",
            dialect="openai_videos",
            base_url="https://canary-upstream-address.example/v1",
            models={"demo": "sim-1"},
        )
        if number % 3 == 0:
            known = await operate.connect(ctx, channel, canary)
        elif number % 3 == 1:
            await operate.add_key(ctx, known.id, "second", canary)
        else:
            await operate.give_secret(ctx, known.id, canary)
        told.append(canary)
    for number in range(5):
        made = await webhooks.create(
            ctx, who, name=f"hook {number}", url="https://192.0.32.7/hook", event_types=("video.completed",)
        )
        turned = await webhooks.rotate(ctx, who, made.endpoint.id, keep_old=True)
        told += [made.secret, turned.secret]
    return told


def _dump(database: str | None, data: Path) -> bytes:
    if database is None:
        return b"".join(path.read_bytes() for path in sorted(data.glob("reelgate.db*")))
    with psycopg.connect(database) as conn:
        found = conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        out = b""
        for (table,) in found:
            with conn.cursor().copy(f'COPY "{table}" TO STDOUT') as rows:  # pyright: ignore[reportArgumentType]
                out += b"".join(bytes(row) for row in rows)
        return out


def test_two_installations_share_no_secret_and_none_is_readable_by_others(tmp_path: Path) -> None:
    first, second = tmp_path / "one", tmp_path / "two"
    for data in (first, second):
        data.mkdir(mode=0o700)
        with Server(data) as server:
            assert server.call("GET", "/v1/videos", "changeme")["error"]["code"] == "invalid_api_key"
            assert server.stop() == 0

    assert (first / "key-pepper").read_bytes() != (second / "key-pepper").read_bytes()
    assert (first / "master-key").read_bytes() != (second / "master-key").read_bytes()
    for name in ("key-pepper", "master-key"):
        assert stat.S_IMODE((first / name).stat().st_mode) == 0o600
