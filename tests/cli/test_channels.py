"""Channels from the command line: several keys, switches, trials against simulators, and the master key."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command
from tests.cli.test_simulate import simulating

KEY = "sk-canary-upstream-key-0123456789"
OTHER = "sk-canary-another-key-9876543210"


def connect(
    reelgate: Command, base_url: str, *more: str, dialect: str = "openai_videos", secret: str = KEY
) -> Any:
    added = reelgate(
        *("channels", "add", "up", "--dialect", dialect, "--base-url", base_url, "--self-hosted", "--json"),
        *("--model", "demo=sim-1", "--secret-file", "-", "--poll-seconds", "0.2", *more),
        stdin=secret + "\n",
    )
    assert added.code == 0, added.err
    return added.json()


@contextmanager
def upstream(reelgate: Command, *options: str, dialect: str = "openai_videos") -> Generator[str]:
    with simulating(reelgate, dialect, "--key", KEY, "--seconds", "0.3", *options) as (_, told):
        yield told["base_url"]


def add(reelgate: Command, name: str, secret: str) -> Any:
    ran = reelgate("channels", "keys", "add", "up", name, "--json", stdin=secret + "\n")
    assert ran.code == 0, ran.err
    return ran.json()


def test_keys_are_added_listed_switched_and_removed_and_never_shown(reelgate: Command) -> None:
    connect(reelgate, "https://upstream.example/v1")
    added = add(reelgate, "second", OTHER)
    assert [key["name"] for key in added["keys"]] == ["main", "second"]
    off = reelgate("channels", "keys", "disable", "up", "second", "--json").json()
    assert [key["enabled"] for key in off["keys"]] == [True, False]
    listed = reelgate("channels", "keys", "list", "up")
    assert "second" in listed.out
    assert reelgate("channels", "keys", "remove", "up", "second").code == 0
    assert reelgate("channels", "keys", "remove", "up", "second").code == 3
    assert [key["name"] for key in reelgate("channels", "keys", "list", "up", "--json").json()] == ["main"]
    everything = listed.out + reelgate("channels", "list").out + reelgate("channels", "list", "--json").out
    assert "canary" not in everything


def test_a_channel_is_changed_where_it_is_named_and_stays_as_it_is_elsewhere(reelgate: Command) -> None:
    before = connect(
        reelgate, "https://upstream.example/v1", "--setting", "auth=bearer", "--concurrency", "3"
    )

    changed = reelgate(
        *("channels", "update", "up", "--priority", "5", "--weight", "2", "--price", "demo=0.05/second"),
        *("--price", "demo=0.30/clip", "--model", "other=sim-1", "--json"),
    ).json()

    same = ("id", "name", "dialect", "base_url", "concurrency", "self_hosted", "enabled")
    assert {name: changed[name] for name in same} == {name: before[name] for name in same}
    assert changed["models"] == {"other": "sim-1"}
    assert changed["prices"] == {"demo": {"per_second": 50_000, "per_clip": 300_000}}
    assert (changed["priority"], changed["weight"], changed["has_secret"]) == (5, 2, True)
    back = reelgate("channels", "update", "up", "--price", "demo=", "--json").json()
    assert back["prices"] == {}


@pytest.mark.parametrize(
    "price", ["demo", "demo=1", "demo=x/clip", "demo=-1/clip", "demo=1/hour", "demo=0.0000001/clip"]
)
def test_a_price_nobody_can_read_is_refused(reelgate: Command, price: str) -> None:
    connect(reelgate, "https://upstream.example/v1")
    assert reelgate("channels", "update", "up", "--price", price).code == 2


def test_a_private_address_is_refused_in_a_change_too(reelgate: Command) -> None:
    connect(reelgate, "https://upstream.example/v1")
    assert reelgate("channels", "update", "up", "--base-url", "http://10.0.0.5", "--no-self-hosted").code == 2
    assert reelgate("channels", "list", "--json").json()[-1]["base_url"] == "https://upstream.example/v1"


def test_a_channel_is_drained_disabled_and_enabled(reelgate: Command) -> None:
    connect(reelgate, "https://upstream.example/v1")
    for word, switch, usable in (
        ("drain", "draining", False),
        ("disable", "disabled", False),
        ("enable", "enabled", True),
    ):
        told = reelgate("channels", word, "up", "--json").json()
        assert (told["switch"], told["usable"], told["open_tasks"]) == (switch, usable, 0)


def test_a_trial_finds_that_a_channel_works_and_what_its_upstream_lists(reelgate: Command) -> None:
    with upstream(reelgate) as base_url:
        connect(reelgate, base_url)
        ran = reelgate("channels", "test", "up", "--json")

    assert ran.code == 0, ran.err
    told = ran.json()
    assert told["works"] is True
    assert (told["keys"][0]["key"], told["keys"][0]["reached"]) == ("main", True)
    assert told["keys"][0]["auth"] in ("accepted", "not_told")
    assert told["clip"] is None


def test_a_trial_tells_the_key_that_is_refused_from_the_one_that_works(reelgate: Command) -> None:
    with upstream(reelgate) as base_url:
        connect(reelgate, base_url)
        add(reelgate, "revoked", OTHER)
        ran = reelgate("channels", "test", "up", "--json")

    assert ran.code == 1
    found = {key["key"]: key for key in _first_json(ran.out)["keys"]}
    assert found["revoked"]["auth"] == "refused"
    assert found["revoked"]["status"] == 401
    assert found["main"]["auth"] != "refused"
    assert "canary" not in ran.out + ran.err


def test_a_trial_of_an_upstream_that_is_not_there_says_so(reelgate: Command) -> None:
    connect(reelgate, "http://127.0.0.1:9")

    ran = reelgate("channels", "test", "up", "--json")

    assert ran.code == 1
    assert _first_json(ran.out)["keys"][0]["reached"] is False


def test_a_trial_costs_nothing_unless_its_name_is_typed_and_then_one_clip(
    reelgate: Command, tmp_path: Path
) -> None:
    bill, clip = tmp_path / "bill.jsonl", tmp_path / "clip.mp4"
    with upstream(reelgate, "--bill", str(bill)) as base_url:
        connect(reelgate, base_url, "--price", "demo=0.05/second")
        free = reelgate("channels", "test", "up", "--json")
        unsure = reelgate("channels", "test", "up", "--paid", "--confirm", "no", "--json")
        nothing = bill.read_text() if bill.exists() else ""
        paid = reelgate("channels", "test", "up", "--paid", "--confirm", "up", "-o", str(clip), "--json")

    assert free.code == 0
    assert unsure.code == 2
    assert "up" in unsure.err
    assert nothing == ""
    assert paid.code == 0, paid.err
    assert paid.json()["clip"]["state"] == "made"
    assert clip.stat().st_size == paid.json()["clip"]["bytes"] > 0
    assert len(bill.read_text().splitlines()) == 1


def test_a_paid_trial_in_doubt_is_never_sent_again(reelgate: Command, tmp_path: Path) -> None:
    bill = tmp_path / "bill.jsonl"
    with upstream(reelgate, "--bill", str(bill), "--fault", "drop_after_accept") as base_url:
        connect(reelgate, base_url)
        paid = reelgate("channels", "test", "up", "--paid", "--confirm", "up", "--json")

    assert paid.code == 6
    assert _first_json(paid.out)["clip"]["state"] == "unclear"
    assert len(bill.read_text().splitlines()) == 1


@pytest.mark.parametrize(
    "dialect", ["juxin_unified", "kie_veo", "fal_queue", "runway", "minimax_v2", "ark", "comfyui"]
)
def test_a_trial_of_each_kind_of_upstream_reaches_it_and_pays_nothing(
    reelgate: Command, tmp_path: Path, dialect: str
) -> None:
    bill = tmp_path / "bill.jsonl"
    with simulating(reelgate, dialect, "--bill", str(bill)) as (_, told):
        words = told["add"]
        _run_line(reelgate, words)
        ran = reelgate("channels", "test", _name_in(words), "--json")

    report = _first_json(ran.out)
    assert report["keys"][0]["reached"] is True, report
    assert not bill.exists() or bill.read_text() == ""


def test_the_master_key_is_rotated_and_a_lost_one_is_said_to_be(reelgate: Command) -> None:
    connect(reelgate, "https://upstream.example/v1")
    path = reelgate.data / "master-key"
    first = path.read_text()

    done = reelgate("channels", "rotate-key", "--json").json()

    assert (done["resealed"], done["unreadable"], done["dropped"]) == (1, 0, 1)
    assert path.read_text() not in (first, "")
    assert reelgate("channels", "list", "--json").json()[-1]["keys"][0]["readable"] is True
    path.unlink()
    without = reelgate("channels", "list", "--json").json()[-1]
    assert (without["usable"], without["keys"][0]["readable"]) == (False, False)
    assert reelgate("channels", "keys", "add", "up", "more", stdin="x\n").code == 1
    assert reelgate("channels", "rotate-key").code == 1
    assert not path.exists(), "a new key would hide that the old one is missing"
    begun = reelgate("channels", "rotate-key", "--lost", "--yes", "--json").json()
    assert begun["unreadable"] == 1
    add(reelgate, "main", OTHER)
    again = reelgate("channels", "list", "--json").json()[-1]
    assert (again["usable"], again["keys"][0]["readable"]) == (True, True)


def test_the_rows_hold_no_secret_in_the_clear(reelgate: Command) -> None:
    connect(reelgate, "https://upstream.example/v1")
    add(reelgate, "second", OTHER)

    files = [p.read_bytes() for p in reelgate.data.glob("reelgate.db*")]

    assert files
    assert not any(b"canary" in data for data in files)
    with sqlite3.connect(reelgate.data / "reelgate.db") as rows:
        sealed = [row[0] for row in rows.execute("SELECT secret FROM channel_keys")]
    assert len(sealed) == 2
    assert all(text.startswith("rg1.") for text in sealed)


def _first_json(out: str) -> Any:
    import json

    return json.JSONDecoder().raw_decode(out)[0]


def _run_line(reelgate: Command, line: str) -> None:
    """Run the line a simulator prints to connect a channel, without a shell."""
    import shlex

    secret, words = "", line
    if "|" in line:
        left, _, words = line.partition("|")
        secret = shlex.split(left)[-1]
    args = shlex.split(words)
    ran = reelgate(*args[args.index("channels") :], stdin=secret + "\n")
    assert ran.code == 0, ran.err


def _name_in(line: str) -> str:
    import shlex

    args = shlex.split(line.rpartition("|")[2])
    return args[args.index("add") + 1]
