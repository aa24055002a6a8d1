"""What holds for every test: nothing leaves this machine, and a failing example is printed so that it can be kept."""

from __future__ import annotations

import ipaddress
import socket
import sys
from typing import Any

import pytest
from hypothesis import settings

# The same examples in every run, so that a change is judged by itself; `make test-full` looks for new ones.
settings.register_profile("reelgate", deadline=None, print_blob=True, derandomize=True)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile("reelgate")

_NEVER_RESOLVED = (".test", ".invalid", ".example", ".localhost", ".internal")


def is_here(host: object) -> bool:
    """Tell whether a socket address's host part stays on this machine."""
    if not isinstance(host, str | bytes):
        return host is None
    text = host.decode() if isinstance(host, bytes) else host
    if text in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _is_number(host: object) -> bool:
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host))
    except ValueError:
        return False
    return True


def stay_here(event: str, args: tuple[Any, ...]) -> None:
    """Stop Python's own sockets and look-ups from leaving this machine; sees asyncio's, not those of native code.

    Raises AssertionError for an address, gaierror for a name that is reserved for examples.
    """
    if event in ("socket.connect", "socket.sendto"):
        address = args[1]
        if isinstance(address, tuple) and not is_here(address[0]):
            msg = f"a test tried to reach {address}; tests stay on this machine"
            raise AssertionError(msg)
    elif event == "socket.getaddrinfo":
        host = args[0]
        if is_here(host) or _is_number(host):
            return
        text = host.decode() if isinstance(host, bytes) else str(host)
        if text.rstrip(".").endswith(_NEVER_RESOLVED):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        msg = f"a test tried to look up {text}; tests stay on this machine"
        raise AssertionError(msg)


sys.addaudithook(stay_here)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say aloud that no browser was there; a line among a thousand dots would not be seen."""
    skipped: list[pytest.TestReport] = terminalreporter.stats.get("skipped", [])
    left_out = sum("no Chromium here" in str(report.longrepr) for report in skipped)
    if left_out:
        terminalreporter.section("The studio was NOT walked through", red=True, bold=True)
        terminalreporter.line(
            f"{left_out} walks were left out: there is no Chromium here. `make setup-chromium`"
        )
