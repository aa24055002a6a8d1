"""What a person or a test needs to speak to a simulator: its channel, a plain request, a first call to try."""

from __future__ import annotations

import shlex
from collections.abc import Generator

import msgspec

from reelgate.core.dialect import Answer, Call, Channel, Dialect, Effect, Moment, Now, Submission, Text
from reelgate.core.profile import Profile
from reelgate.core.task import Request, Verb
from reelgate.testing.simulators.family import Family
from reelgate.testing.simulators.server import Simulator

TOKEN = "00000000-0000-4000-8000-000000000001"


def channel_of(simulator: Simulator) -> Channel:
    """Give the channel that speaks to a simulator."""
    family = simulator.family
    return Channel(
        id="chan_simulated",
        name=f"simulated-{family.dialect}",
        dialect=family.dialect,
        base_url=simulator.base_url,
        secret=simulator.script.key or family.key,
        models={f"simulated-{family.dialect}": family.model},
        settings=family.settings,
        self_hosted=True,
    )


def submission_of(
    family: Family, profile: Profile, now_ms: int, prompt: str = "a paper boat", token: str = TOKEN
) -> Submission:
    """Compose a plain request for a family's sample model."""
    request = Request(
        verb=Verb.CREATE,
        model=f"simulated-{family.dialect}",
        prompt=prompt,
        seconds=profile.seconds_default,
        size=profile.default_size,
    )
    return Submission(request=request, upstream_model=family.model, token=token, submitted_at_ms=now_ms)


def adding(simulator: Simulator) -> str:
    """Write the command that connects Reelgate to a simulator, ready for a shell."""
    family, channel = simulator.family, channel_of(simulator)
    words = ["reelgate", "channels", "add", channel.name, "--dialect", family.dialect]
    words += ["--base-url", channel.base_url, "--self-hosted", "--poll-seconds", "1"]
    for public, upstream in channel.models.items():
        words += ["--model", f"{public}={upstream}"]
    for name, value in family.settings.items():
        written = family.hints.get(name) or msgspec.json.encode(value).decode()
        words += ["--setting", f"{name}={written}"]
    if not channel.secret:
        return shlex.join(words)
    return f"printf %s {shlex.quote(channel.secret)} | {shlex.join([*words, '--secret-file', '-'])}"


def first_call(dialect: Dialect, simulator: Simulator, profile: Profile) -> str:
    """Write the first call the dialect would make to submit a plain request, as a curl command."""
    now_ms = simulator.clock.now_ms()
    submission = submission_of(simulator.family, profile, now_ms)
    call = _first(dialect.submit(submission, channel_of(simulator)), now_ms)
    return "" if call is None else _curl(call, simulator.base_url)


def _first(flow: Generator[Effect, Answer, object], now_ms: int) -> Call | None:
    try:
        effect = next(flow)
        while isinstance(effect, Now):
            effect = flow.send(Moment(now_ms))
    except StopIteration:
        return None
    flow.close()
    return effect if isinstance(effect, Call) else None


def _curl(call: Call, base_url: str) -> str:
    words = ["curl", "-sS", "-X", call.method]
    if call.stream:
        words.append("-N")
    for name, value in call.headers.items():
        words += ["-H", f"{name}: {value}"]
    if call.json is not None:
        words += ["-H", "Content-Type: application/json", "-d", msgspec.json.encode(call.json).decode()]
    for part in call.form:
        if isinstance(part, Text):
            words += ["-F", f"{part.name}={part.value}"]
    query = "&".join(f"{name}={value}" for name, value in call.query)
    url = call.path if "://" in call.path else f"{base_url}/{call.path.lstrip('/')}"
    return shlex.join([*words, f"{url}?{query}" if query else url])
