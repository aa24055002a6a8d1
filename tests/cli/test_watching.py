"""How a channel is watched is said on the command line and checked before it is stored."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Command

ADD = ("channels", "add", "relay", "--dialect", "replicate", "--base-url", "https://relay.example")
MODEL = ("--model", "clip=owner/model")


def shown(reelgate: Command) -> dict[str, object]:
    (channel,) = [c for c in json.loads(reelgate("channels", "list", "--json").out) if c["name"] == "relay"]
    return channel


@pytest.fixture
def relay(reelgate: Command) -> Command:
    added = reelgate(*ADD, *MODEL, "--poll-policy", "range:30-60")
    assert added.code == 0, added.err
    return reelgate


def test_a_policy_is_kept_with_the_channel_and_can_be_changed(relay: Command) -> None:
    assert shown(relay)["poll_policy"] == "range:30-60"

    changed = relay("channels", "watch", "relay", "planned")

    assert changed.code == 0, changed.err
    assert shown(relay)["poll_policy"] == "planned"


@pytest.mark.parametrize(
    "given", [("--poll-policy", "often"), ("--poll-policy", "fixed:30", "--poll-seconds", "3")]
)
def test_a_policy_that_cannot_be_kept_is_refused_as_usage(reelgate: Command, given: tuple[str, ...]) -> None:
    assert reelgate(*ADD, *MODEL, *given).code == 2
    assert "relay" not in reelgate("channels", "list").out


def test_an_unknown_channel_is_not_found(reelgate: Command) -> None:
    assert reelgate("channels", "watch", "nobody", "planned").code == 3
    assert reelgate("channels", "callbacks", "nobody").code == 3


def test_what_callbacks_are_signed_with_is_kept_and_never_shown(relay: Command) -> None:
    (relay.home / "secret").write_text("a-signing-secret", "utf-8")

    before = json.loads(relay("channels", "callbacks", "relay", "--json").out)
    kept = relay("channels", "callbacks", "relay", "--secret-file", str(relay.home / "secret"), "--json")
    forgotten = json.loads(relay("channels", "callbacks", "relay", "--forget-secret", "--json").out)

    assert (before["upstream_signs"], before["signature_checked"], before["address"]) == (True, False, None)
    assert json.loads(kept.out)["signature_checked"] is True
    assert "a-signing-secret" not in kept.out + kept.err
    assert forgotten["signature_checked"] is False
