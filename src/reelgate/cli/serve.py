"""`reelgate serve` and `reelgate worker`: run until somebody stops them."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import click

from reelgate.cli.session import Session, local, pass_session
from reelgate.cli.trouble import Trouble
from reelgate.cli.words import say

if TYPE_CHECKING:
    from reelgate.app import Gateway
    from reelgate.settings import Settings


@click.command(help=say("serve.help"))
@click.option("--host", help=say("serve.host"))
@click.option("--port", type=click.IntRange(0, 65535), help=say("serve.port"))
@click.option("--role", type=click.Choice(["all", "api", "worker"]), help=say("serve.role"))
@local
@pass_session
def serve(session: Session, host: str | None, port: int | None, role: str | None) -> None:
    """Run the server."""
    from reelgate import __version__, server
    from reelgate.cli import local as here

    settings = session.settings(host=host, port=port, role=role)
    _may_have_its_role(settings)
    if settings.role == "worker":
        _work(settings)
        return
    running = None if settings.shared else asyncio.run(here.find_server(settings.data))
    if running is not None:
        raise Trouble(
            say("serve.running", data=settings.data, pid=running.pid, address=running.address),
            next_step=say("serve.running.next"),
        )
    _must_be_free(settings.host, settings.port)

    def announce(gateway: Gateway, address: str) -> None:
        here.tell_admin_key(gateway)
        here.tell_setup_link(gateway, address)
        folder = settings.data.resolve()
        click.echo(say("serve.banner", version=__version__, address=address, data=folder), err=True)

    with here.explained(settings):
        server.serve(settings, announce)


def _may_have_its_role(settings: Settings) -> None:
    if settings.role != "all" and not settings.shared:
        raise Trouble(say("worker.sqlite"), next_step=say("worker.sqlite.next"))


def _work(settings: Settings) -> None:
    from reelgate import server
    from reelgate.cli import local as here

    if settings.worker_port is not None:
        _must_be_free(settings.host, settings.worker_port)
    with here.explained(settings):
        server.run_worker(settings)


def _must_be_free(host: str, port: int) -> None:
    """Refuse a taken port before anything is opened; 0 takes any that is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Trouble(
                say("serve.port_taken", host=host, port=port, reason=error.strerror or str(error)),
                next_step=say("serve.port_taken.next"),
            ) from error


@click.command(help=say("worker.help"))
@local
@pass_session
def worker(session: Session) -> None:
    """Run a worker beside servers on one PostgreSQL."""
    settings = session.settings(role="worker")
    _may_have_its_role(settings)
    _work(settings)
