"""Soundness: whether a channel can work as it is written, before anything is sent; nothing is dialled here."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

import msgspec

from reelgate.core.channel_settings import wrong_setting
from reelgate.core.dialect import Channel
from reelgate.core.errors import CallerError, Code, Failure, refuse
from reelgate.core.polling import parse_policy
from reelgate.engine.bootstrap import BUILT_IN
from reelgate.engine.context import Context

Kind = Literal[
    "bad_dialect", "no_models", "unknown_model", "objection", "bad_url", "private", "blocked", "bad_policy"
]


class Objection(msgspec.Struct, frozen=True, kw_only=True):
    """What speaks against a channel."""

    kind: Kind
    param: str
    """The field it lies in, with its place inside: `settings.auth`."""
    message: str
    values: dict[str, str] = {}
    """What the message speaks of, for whoever says it in other words."""
    code: Code = Code.INVALID_REQUEST

    def refusal(self) -> CallerError:
        """Give it as an answer to whoever wrote the channel."""
        return refuse(self.code, self.message, param=self.param)


def objection(ctx: Context, channel: Channel) -> Objection | None:
    """Say what speaks against a channel; None when nothing does."""
    facts = ctx.profiles.get(channel.dialect)
    if facts is None or channel.dialect not in ctx.dialects:
        known = ", ".join(sorted(ctx.dialects))
        return Objection(
            kind="bad_dialect",
            param="dialect",
            message=f"There is no dialect `{channel.dialect}`; there are {known}.",
            values={"dialect": channel.dialect, "known": known},
        )
    strangers = [upstream for upstream in channel.models.values() if facts.find(upstream) is None]
    for upstream in strangers:
        return Objection(
            kind="unknown_model",
            param="models",
            message=f"The dialect `{channel.dialect}` knows nothing of the model `{upstream}`.",
            values={"dialect": channel.dialect, "model": upstream},
        )
    return _models(channel) or _settings(ctx, channel) or _policy(channel) or _address(ctx, channel)


def _models(channel: Channel) -> Objection | None:
    if channel.models and all(name.strip() and upstream.strip() for name, upstream in channel.models.items()):
        return None
    return Objection(
        kind="no_models", param="models", message="Name at least one model, and none with an empty name."
    )


def _settings(ctx: Context, channel: Channel) -> Objection | None:
    wrong = wrong_setting(ctx.dialects[channel.dialect], channel.settings)
    if wrong is None:
        return None
    return Objection(
        kind="objection",
        param=f"settings.{wrong.name}" if wrong.name else "settings",
        message=wrong.reason,
        values={"dialect": channel.dialect, "reason": wrong.reason},
    )


def _policy(channel: Channel) -> Objection | None:
    try:
        parse_policy(channel.poll_policy or "planned")
    except ValueError as error:
        return Objection(
            kind="bad_policy", param="poll_policy", message=str(error), values={"reason": str(error)}
        )
    return None


def _address(ctx: Context, channel: Channel) -> Objection | None:
    """Refuse an address that the guard would refuse on every call."""
    if not channel.base_url and channel.dialect == BUILT_IN:
        return None
    host = _host(channel.base_url)
    if host is None:
        return Objection(
            kind="bad_url",
            param="base_url",
            message="The base address must start with http:// or https:// and hold no user, query or fragment.",
            values={"url": channel.base_url},
        )
    guard = ctx.guard.with_private() if channel.self_hosted else ctx.guard
    verdict = guard.parse(channel.base_url)
    if not isinstance(verdict, Failure):
        return None
    private = verdict.code is Code.BLOCKED_ADDRESS and not channel.self_hosted
    hint = " Mark the channel as self-hosted if the upstream is your own machine." if private else ""
    return Objection(
        kind="private" if private else "blocked",
        param="base_url",
        message=verdict.message + hint,
        values={"host": host, "reason": verdict.message},
        code=verdict.code,
    )


def _host(address: str) -> str | None:
    try:
        parts = urlsplit(address)
        odd = parts.query or parts.fragment or "@" in parts.netloc
        return None if odd or parts.scheme not in ("http", "https") else parts.hostname or None
    except ValueError:
        return None
