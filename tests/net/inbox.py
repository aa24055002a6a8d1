"""A real SMTP server that keeps what it is handed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from reelgate.net.mail import Post


@dataclass
class Inbox:
    """A real SMTP server's mails; answers recipients with `says`."""

    port: int = 0
    says: str = "250 OK"
    mails: list[Message] = field(default_factory=list[Message])

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, to: str, _: Any) -> str:
        del server, session
        if self.says.startswith("250"):
            envelope.rcpt_tos.append(to)
        return self.says

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        del server, session
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content))
        return "250 OK"

    def post(self, **more: Any) -> Post:
        given = {
            "host": "127.0.0.1",
            "port": self.port,
            "sender": "reelgate@reel.example",
            "security": "none",
        }
        return Post(**{**given, **more})


@asynccontextmanager
async def receiving(**options: Any) -> AsyncIterator[Inbox]:
    inbox = Inbox()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(inbox, hostname="mx.reel.example", **options), "127.0.0.1", 0
    )
    inbox.port = server.sockets[0].getsockname()[1]
    try:
        yield inbox
    finally:
        server.close()


def text_of(mail: Message) -> str:
    """Give what a mail says."""
    body = mail.get_payload(decode=True)
    assert isinstance(body, bytes)
    return body.decode()
