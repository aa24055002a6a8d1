"""Every sink × every spelling × redirects: not one connect to a closed address."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from reelgate.core.dialect import Call, NoReply
from reelgate.core.errors import Code, Failure
from reelgate.net.client import Client
from reelgate.net.deliver import NotDelivered, post_webhook
from reelgate.net.dial import Blocked, Door, check_url
from reelgate.net.fetch import FetchFailed, fetch
from reelgate.net.guard import Guard
from tests.net.loopback import (
    CANARY,
    CONNECTS,
    HOME,
    Served,
    answering,
    channel,
    http,
    no_blob,
    open_guard,
    read_request,
    serve,
)
from tests.net.spellings import BARRED, lookup

Sink = Callable[[Client, str, Path], Awaitable[bool]]


async def _check(client: Client, url: str, path: Path) -> bool:
    return isinstance(await check_url(client.guard, url, lookup=lookup), Failure)


async def _fetch(client: Client, url: str, path: Path) -> bool:
    outcome = await fetch(client, url, path / "sink", limit_bytes=1000, deadline_s=20)
    return isinstance(outcome, FetchFailed)


async def _webhook(client: Client, url: str, path: Path) -> bool:
    return isinstance(await post_webhook(client, url, b"{}", {}), NotDelivered)


async def _base(client: Client, url: str, path: Path) -> bool:
    outcome = await client.send(Call(method="POST", path="x", json={}), channel(url), no_blob)
    return isinstance(outcome, NoReply) and not outcome.sent


async def _absolute(client: Client, url: str, path: Path) -> bool:
    if "://" not in url:  # anything else is a path below the base address
        return True
    call = Call(method="GET", path=url, headers={"Authorization": "Bearer x"})
    outcome = await client.send(call, channel("http://base.example"), no_blob)
    return isinstance(outcome, NoReply) and not outcome.sent


SINKS: dict[str, Sink] = {
    "check_url": _check,
    "fetch": _fetch,
    "post_webhook": _webhook,
    "base_url": _base,
    "absolute": _absolute,
}


def _closed(connects: list[str]) -> list[str]:
    return [each for each in connects if f"'{HOME}'" not in each]


def test_the_table_is_as_long_as_promised() -> None:
    assert len(set(BARRED)) >= 140


@pytest.mark.parametrize("sink", SINKS)
async def test_no_spelling_of_a_closed_address_is_ever_dialled(sink: str, tmp_path: Path) -> None:
    async with serve(answering(http(b"ok"))) as home, serve(answering(http()), CANARY, home.port) as canary:
        client = Client(open_guard(), lookup=lookup)

        with CONNECTS as connects:
            passed = [
                url
                for url in BARRED
                if not await SINKS[sink](client, url.replace("{port}", str(home.port)), tmp_path)
            ]
        await client.close()

    assert passed == []
    assert connects == []
    assert canary.connections == home.connections == 0


async def test_the_recorder_sees_a_connect_that_does_happen(tmp_path: Path) -> None:
    async with serve(answering(http(b"ok"))) as home:
        client = Client(open_guard(), lookup=lookup)

        with CONNECTS as connects:
            assert not await _fetch(client, home.url(), tmp_path)
        await client.close()

    assert len(connects) == 1
    assert home.connections == 1


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
async def test_no_redirect_leads_to_a_closed_address(depth: int, tmp_path: Path) -> None:
    # Every spelling that can stand in a header is once the end of a chain of `depth` redirects.
    ends = [u for u in BARRED if u.isprintable() and u.isascii() and re.match(r"\w+://", u) and len(u) < 1000]
    script: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
        await read_request(reader, served)
        writer.write(script.pop(0))
        await writer.drain()

    dialled: list[str] = []
    async with serve(handler) as home:
        client = Client(open_guard(), lookup=lookup)
        for end in (each.replace("{port}", str(home.port)) for each in ends):
            chain = [f"/{n}" for n in range(1, depth)] + [end] * bool(depth)
            script[:] = [http(status="302 Found", Location=to) for to in chain]
            with CONNECTS as connects:
                assert await _fetch(client, home.url() if depth else end, tmp_path), end
            assert script == [], end
            dialled += _closed(connects)
        await client.close()

    assert len(ends) >= 140
    assert dialled == []


async def test_a_name_that_turns_private_after_the_check_is_never_dialled_at_its_new_address(
    tmp_path: Path,
) -> None:
    async with serve(answering(http(b"ok"))) as home, serve(answering(http()), CANARY, home.port) as canary:
        turned: dict[str, int] = {}

        async def rebind(host: str, port: int) -> list[str]:
            turned[host] = turned.get(host, 0) + 1
            return [HOME] if turned[host] % 2 else [CANARY]

        client = Client(open_guard(), lookup=rebind)
        with CONNECTS as connects:
            for trial in range(200):
                url = f"http://n{trial}.example:{home.port}/"
                assert await check_url(client.guard, url, lookup=rebind) is None
                outcome = await fetch(client, url, tmp_path / "sink", limit_bytes=100, deadline_s=20)
                assert isinstance(outcome, FetchFailed)
                assert outcome.failure.code is Code.BLOCKED_ADDRESS
        await client.close()

    assert connects == []
    assert canary.connections == 0


async def test_a_name_that_turns_private_between_two_redirects_is_not_followed(tmp_path: Path) -> None:
    async def home_again(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
        await read_request(reader, served)
        writer.write(http(status="307 Temporary Redirect", Location="/again"))

    async with serve(home_again) as home, serve(answering(http()), CANARY, home.port) as canary:
        asked = 0

        async def rebind(host: str, port: int) -> list[str]:
            nonlocal asked
            asked += 1
            return [HOME] if asked == 1 else [CANARY]

        client = Client(open_guard(), lookup=rebind)
        with CONNECTS as connects:
            outcome = await fetch(
                client, f"http://n.example:{home.port}/", tmp_path / "s", limit_bytes=9, deadline_s=20
            )
        await client.close()

    assert isinstance(outcome, FetchFailed)
    assert outcome.failure.code is Code.BLOCKED_ADDRESS
    assert _closed(connects) == []
    assert canary.connections == 0
    assert len(home.requests) == 1


async def test_a_connection_of_a_self_hosted_channel_is_not_lent_to_anybody_else(tmp_path: Path) -> None:
    async def inner(host: str, port: int) -> list[str]:
        return [CANARY]

    async with serve(answering(http(b"{}")), CANARY) as upstream:
        base = f"http://inner.example:{upstream.port}"
        client = Client(open_guard(), lookup=inner)
        get = Call(method="GET", path="x")

        own = await client.send(get, channel(base, self_hosted=True), no_blob)
        with CONNECTS as connects:
            other = await client.send(get, channel(base), no_blob)
            picture = await fetch(client, f"{base}/x", tmp_path / "s", limit_bytes=9, deadline_s=20)
            hook = await post_webhook(client, f"{base}/x", b"", {})
            elsewhere = await client.send(
                Call(method="GET", path=f"http://{CANARY}:{upstream.port}/x"),
                channel(base, self_hosted=True),
                no_blob,
            )
        await client.close()

    assert not isinstance(own, NoReply)
    assert isinstance(other, NoReply)
    assert other.blocked
    assert isinstance(picture, FetchFailed)
    assert isinstance(hook, NotDelivered)
    assert isinstance(elsewhere, NoReply)
    assert elsewhere.blocked
    assert connects == []


async def test_a_name_on_the_allow_list_is_dialled_at_its_private_address() -> None:
    async def inner(host: str, port: int) -> list[str]:
        return [CANARY]

    async with serve(answering(http(b"{}")), CANARY) as upstream:
        client = Client(Guard(allow=("inner.example",)), lookup=inner)
        reply = await client.send(
            Call(method="GET", path="x"), channel(f"http://inner.example:{upstream.port}"), no_blob
        )
        other = await client.send(
            Call(method="GET", path="x"), channel(f"http://{CANARY}:{upstream.port}"), no_blob
        )
        await client.close()

    assert not isinstance(reply, NoReply)
    assert isinstance(other, NoReply)
    assert other.blocked


async def test_the_socket_door_refuses_what_never_went_through_the_resolver() -> None:
    door = Door(open_guard(), lookup)

    with pytest.raises(Blocked):
        door.open_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", (CANARY, 80)))
    door.open_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", (HOME, 80))).close()


async def test_an_allowed_address_passes_the_early_check() -> None:
    assert await check_url(open_guard(), f"http://{HOME}:9/x", lookup=lookup) is None
    assert await check_url(open_guard(), "https://public.example/x", lookup=lookup) is None


_CHILD = """
import asyncio, sys
from pathlib import Path
from reelgate.net.client import Client
from reelgate.net.fetch import fetch
from reelgate.net.guard import Guard
async def main():
    client = Client(Guard(allow=("127.0.0.1/32",)))
    print(type(await fetch(client, sys.argv[1], Path(sys.argv[2]), limit_bytes=99, deadline_s=20)).__name__)
    await client.close()
asyncio.run(main())
"""


async def test_proxies_and_netrc_of_the_environment_are_ignored(tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {HOME} login canary password canary\n")
    async with serve(answering(http(b"ok"))) as home, serve(answering(http(b"ok"))) as proxy:
        names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        environment = dict.fromkeys(names, f"http://{HOME}:{proxy.port}")
        environment |= {"NO_PROXY": "", "NETRC": str(netrc), "PYTHONPATH": ":".join(sys.path)}

        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _CHILD,
            home.url(),
            str(tmp_path / "sink"),
            env=environment,
            stdout=subprocess.PIPE,
        )
        out, _ = await child.communicate()

    assert out.decode().strip() == "Fetched"
    assert proxy.connections == 0
    assert len(home.requests) == 1
    assert b"authorization" not in home.requests[0].lower()
