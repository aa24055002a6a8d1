"""The guard of the suite itself."""

from __future__ import annotations

import asyncio
import socket

import pytest


def test_a_socket_to_another_machine_is_stopped_before_it_connects():
    with socket.socket() as sock, pytest.raises(AssertionError, match="stay on this machine"):
        sock.connect(("192.0.2.1", 80))


async def test_asyncio_is_stopped_as_well():
    with pytest.raises(AssertionError, match="stay on this machine"):
        await asyncio.open_connection("192.0.2.1", 80)


def test_a_datagram_to_another_machine_is_stopped():
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
        pytest.raises(AssertionError, match="stay on this machine"),
    ):
        sock.sendto(b"x", ("192.0.2.1", 53))


def test_a_name_is_not_looked_up():
    with pytest.raises(AssertionError, match="look up"):
        socket.getaddrinfo("reelgate.dev", 443)


def test_a_name_reserved_for_examples_does_not_exist():
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("upstream.test", 443)


def test_loopback_is_open():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
