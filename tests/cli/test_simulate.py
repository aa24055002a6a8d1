"""`reelgate simulate`: a process that says how to reach it, logs its calls with the bill, and ends when told to."""

from __future__ import annotations

import asyncio
import json
import shlex
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from reelgate.testing.simulators import families, simulator
from reelgate.testing.simulators.faults import FAULTS
from reelgate.testing.simulators.sample import adding
from reelgate.testing.upstream.jobs import Bill
from tests.cli.conftest import PATIENCE_S, Command


@contextmanager
def simulating(command: Command, *args: str) -> Generator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    process = command.start("simulate", *args, "--json")
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        if not first:
            raise AssertionError(process.communicate(timeout=PATIENCE_S)[1])
        yield process, json.loads(first)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)


def test_without_a_dialect_everything_that_can_be_simulated_is_listed(reelgate: Command) -> None:
    """Shows 001-27."""

    ran = reelgate("simulate", "--json")

    assert ran.code == 0
    assert [row["dialect"] for row in ran.json()] == list(families())


def test_an_unknown_dialect_is_told_what_there_is(reelgate: Command) -> None:
    ran = reelgate("simulate", "jimeng")

    assert ran.code == 2
    assert "jimeng" in ran.err
    assert all(name in ran.err for name in families())


def test_a_fault_that_does_not_exist_is_refused(reelgate: Command) -> None:
    ran = reelgate("simulate", "juxin_unified", "--fault", "refuze")

    assert ran.code == 2
    assert "refuze" in ran.err
    assert "--faults" in ran.err


def test_the_faults_are_listed(reelgate: Command) -> None:
    ran = reelgate("simulate", "--faults", "--json")

    assert {row["name"] for row in ran.json()} == set(FAULTS)


def test_a_process_says_how_to_reach_it_logs_its_calls_and_keeps_its_bill(
    reelgate: Command, tmp_path: Path
) -> None:
    bill = tmp_path / "bill.jsonl"
    options = ("--key", "k-1", "--bill", str(bill), "--fault", "overloaded@2")
    with simulating(reelgate, "juxin_unified", *options) as (process, told):
        curl = shlex.split(told["curl"])
        assert curl[0] == "curl"
        assert curl[-1] == f"{told['base_url']}/v1/video/create"
        body = curl[curl.index("-d") + 1].encode()
        headers = {"Authorization": "Bearer k-1", "Content-Type": "application/json"}
        with urlopen(Request(curl[-1], data=body, headers=headers)) as answer:  # noqa: S310
            made = json.loads(answer.read())
        assert process.stdout is not None
        logged = json.loads(process.stdout.readline())

    assert told["key"] == "k-1"
    assert (logged["ref"], logged["bill"], logged["kind"]) == (made["id"], 1, "create")
    assert [line.ref for line in Bill.read(bill)] == [made["id"]]
    assert process.returncode == 0


def test_a_person_is_told_that_it_is_a_simulator_before_anything_else(reelgate: Command) -> None:
    process = reelgate.start("simulate", "openai_videos")
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(11)]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)

    assert lines[0].startswith("SIMULATOR of OpenAI Videos API")
    text = "".join(lines)
    assert "reelgate channels add" in text
    assert "curl " in text


async def printed(name: str) -> str:
    async with simulator(name) as running:
        return adding(running)


PECULIAR = [name for name, family in families().items() if family.settings]
"""Channels that need more than an address and a key; the rest differ in those alone."""


@pytest.mark.parametrize("name", [*PECULIAR, "chat_stream", "kling"])
def test_the_command_that_connects_reelgate_is_taken_as_it_is_printed(name: str, reelgate: Command) -> None:
    secret, _, command = asyncio.run(printed(name)).rpartition(" | ")
    ran = reelgate(*shlex.split(command)[1:], stdin=shlex.split(secret)[-1] if secret else "")

    assert ran.code == 0, ran.err


@pytest.mark.slow
def test_a_clip_comes_out_of_reelgate_through_a_simulated_upstream(reelgate: Command, tmp_path: Path) -> None:
    with simulating(reelgate, "juxin_unified", "--queue", "0", "--seconds", "0.2", "--small") as (_, told):
        secret, _, command = told["add"].rpartition(" | ")
        assert reelgate(*shlex.split(command)[1:], stdin=shlex.split(secret)[-1]).code == 0
        out = tmp_path / "clip.mp4"
        model = ("--model", "simulated-juxin_unified")
        ran = reelgate.process("generate", "a boat", *model, "--output", str(out))

    assert ran.code == 0, ran.err
    assert out.read_bytes()[4:8] == b"ftyp"
