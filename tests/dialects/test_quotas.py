"""What is left of an account, as each upstream that says so writes it (001-41)."""

from __future__ import annotations

from typing import Any

import pytest

from reelgate.core.dialect import Call, Dialect, NoReply, Quota, TellsQuota
from reelgate.core.money import Micro
from reelgate.dialects import kie_veo, openrouter, runway
from reelgate.testing.play import play, reply
from tests.dialects.samples import channel

KIE, OPENROUTER, RUNWAY = kie_veo.DIALECT, openrouter.DIALECT, runway.DIALECT


def told(dialect: Dialect, answer: Any) -> Quota | None:
    assert isinstance(dialect, TellsQuota)
    return play(dialect.quota(channel(dialect.name)), answer).result


@pytest.mark.parametrize(
    ("dialect", "path", "body", "left", "unit"),
    [
        (KIE, "/chat/credit", {"code": 200, "msg": "success", "data": 100}, 100_000_000, "credits"),
        (RUNWAY, "/organization", {"creditBalance": 1_000, "tier": {}, "usage": {}}, 1_000_000_000, "credits"),
        (OPENROUTER, "/key", {"data": {"limit": 5, "usage": 0.1, "limit_remaining": 4.8984355}}, 4_898_435, "USD"),
        (OPENROUTER, "/key", {"data": {"limit": None, "limit_remaining": None}}, None, "USD"),
    ],
)  # fmt: skip
def test_an_upstream_says_what_is_left(
    dialect: Dialect, path: str, body: Any, left: int | None, unit: str
) -> None:
    assert isinstance(dialect, TellsQuota)

    played = play(dialect.quota(channel(dialect.name)), reply(body))

    (call,) = played.effects
    assert isinstance(call, Call)
    assert (call.method, call.path) == ("GET", path)
    assert played.result == Quota(left=None if left is None else Micro(left), unit=unit)


@pytest.mark.parametrize("dialect", [KIE, OPENROUTER, RUNWAY], ids=lambda one: one.name)
@pytest.mark.parametrize(
    "answer",
    [
        NoReply(sent=True, reason="cut off"),
        reply("<html>down</html>", 502),
        reply({"error": {"message": "no"}}, 401),
        reply({"code": 401, "msg": "no", "data": None}),
        reply({"data": {"limit_remaining": "plenty"}, "creditBalance": True, "code": 200}),
        reply([]),
        reply({}),
    ],
    ids=range(7),
)
def test_an_answer_that_does_not_say_says_nothing(dialect: Dialect, answer: Any) -> None:
    assert told(dialect, answer) is None
