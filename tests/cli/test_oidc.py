"""Signing in at a provider that is a program of somebody else's, by HTTP alone, as a browser walks it (003-22)."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.cli.conftest import PATIENCE_S, Command

ADA = {"sub": "ada-1", "email": "ada@reel.example", "email_verified": True, "name": "Ada"}
BACK = "/api/auth/oidc/callback"
TIMEOUT_S = 60


@dataclass
class Provider:
    """The provider's process."""

    issuer: str

    def register(self, callback: str) -> dict[str, str]:
        """Make a client known, as OpenID's dynamic registration has it."""
        found = requests.get(f"{self.issuer}/.well-known/openid-configuration", timeout=TIMEOUT_S).json()
        answer = requests.post(
            found["registration_endpoint"], json={"redirect_uris": [callback]}, timeout=TIMEOUT_S
        )
        assert answer.ok, answer.text
        return answer.json()


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def providing() -> Iterator[Provider]:
    port = free_port()
    strict = ("--require-registration", "true", "--require-nonce", "true")
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "oidc_provider_mock",
            "-p",
            str(port),
            *strict,
            "--user-claims",
            json.dumps(ADA),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < until, "the provider does not listen"
                assert process.poll() is None, "the provider ended"
                time.sleep(0.05)
        yield Provider(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


@dataclass
class Walk:
    """One browser's way there and back."""

    browser: requests.Session
    address: str

    def away(self, query: str = "") -> str:
        """Set out; gives where the provider is."""
        answer = self.get(f"{self.address}/api/auth/oidc{query}")
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    def says_yes(self, at: str, **form: str) -> str:
        """Be somebody at the provider; gives where it sends the browser."""
        answer = self.browser.post(
            at, data=form or {"sub": ADA["sub"]}, allow_redirects=False, timeout=TIMEOUT_S
        )
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    def get(self, url: str) -> requests.Response:
        return self.browser.get(url, allow_redirects=False, timeout=TIMEOUT_S)


@pytest.mark.slow
def test_a_browser_walks_to_a_real_provider_and_comes_back_signed_in(reelgate: Command) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with providing() as provider:
        client = provider.register(address + BACK)
        env = {
            "REELGATE_OIDC_ISSUER": provider.issuer,
            "REELGATE_OIDC_CLIENT_ID": client["client_id"],
            "REELGATE_OIDC_CLIENT_SECRET": client["client_secret"],
            "REELGATE_REGISTRATION": "open",
            "REELGATE_NET_ALLOW": "127.0.0.0/8",
        }
        with reelgate.serving(env, port=port) as served:
            assert served == address
            _comes_in(Walk(requests.Session(), address), provider)
            _nobody_else_comes_in(address)


def _comes_in(walk: Walk, provider: Provider) -> None:
    there = walk.away("?back=/library")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(there).query).items()}
    assert there.startswith(provider.issuer)
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 32

    here = walk.says_yes(there)
    back = walk.get(here)

    assert (back.status_code, back.headers["location"]) == (303, "/library")
    cookies = {one.name: one for one in walk.browser.cookies}
    assert cookies["reelgate_session"].has_nonstandard_attr("HttpOnly")
    assert "reelgate_oidc" not in cookies
    me = walk.get(f"{walk.address}/api/auth/me").json()["data"]
    assert (me["user"]["email"], me["user"]["name"]) == (ADA["email"], ADA["name"])
    assert me["providers"] == [provider.issuer]
    # Who is known comes back as the same person; what was used once opens nothing again.
    again = Walk(requests.Session(), walk.address)
    assert again.get(again.says_yes(again.away())).headers["location"] == "/"
    assert again.get(f"{walk.address}/api/auth/me").json()["data"]["user"]["id"] == me["user"]["id"]
    assert _refused(walk.get(here))


def _nobody_else_comes_in(address: str) -> None:
    one, other = Walk(requests.Session(), address), Walk(requests.Session(), address)
    stolen = one.says_yes(one.away())
    other.away()
    assert _refused(other.get(stolen)), "a code that another browser fetched"
    assert _refused(Walk(requests.Session(), address).get(stolen)), "a browser that never set out"
    assert _refused(one.get(one.says_yes(one.away(), action="deny"))), "somebody who said no"
    here = one.says_yes(one.away())
    assert _refused(one.get(here.replace("code=", "code=x"))), "a code nobody gave"
    assert one.get(f"{address}/api/auth/me").status_code == 401


def _refused(answer: requests.Response) -> bool:
    to = urlsplit(answer.headers["location"])
    return (answer.status_code, to.path, "error=" in to.query) == (303, "/login", True)
