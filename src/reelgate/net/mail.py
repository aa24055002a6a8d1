"""Mails: handed to the operator's own SMTP server, one recipient at a time."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Final, Literal

import aiosmtplib
import msgspec

TIMEOUT_S: Final = 30.0
_REASON_MAX: Final = 200


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """Where mails are handed in, and whom they come from."""

    host: str
    port: int
    sender: str
    security: Literal["none", "starttls", "tls"] = "starttls"
    user: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return f"Post({self.host!r}, {self.port!r})"


class Sent(msgspec.Struct, frozen=True):
    """The server took it."""


class NotSent(msgspec.Struct, frozen=True):
    """The server did not take it, or nobody knows."""

    reason: str
    final: bool = False
    """Whether the server said that it never will."""


async def send_mail(
    post: Post, to: str, subject: str, text: str, mail_id: str, *, timeout_s: float = TIMEOUT_S
) -> Sent | NotSent:
    """Hand one mail in; done within `timeout_s` for each step of the talk."""
    message = EmailMessage()
    message["From"] = post.sender
    message["To"] = to
    message["Subject"] = " ".join(subject.split())
    # The same mail keeps its id when it is handed in again, so that a receiver can tell.
    message["Message-ID"] = f"<{mail_id}@{post.sender.rpartition('@')[2].strip('> ') or 'reelgate'}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    try:
        await aiosmtplib.send(
            message,
            hostname=post.host,
            port=post.port,
            username=post.user,
            password=post.password,
            use_tls=post.security == "tls",
            start_tls=post.security == "starttls",
            timeout=timeout_s,
        )
    except aiosmtplib.SMTPRecipientsRefused as refused:
        codes = [one.code for one in refused.recipients]
        return NotSent(f"The server refused the address ({codes[0]}).", final=all(c >= 500 for c in codes))
    except aiosmtplib.SMTPResponseException as answer:
        return NotSent(f"The server answered {answer.code}.", final=False)
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        return NotSent(f"{type(error).__name__}: {error}"[:_REASON_MAX])
    return Sent()
