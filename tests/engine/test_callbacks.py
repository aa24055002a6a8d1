"""Callbacks: whoever knows the address can have an upstream asked, and nothing else."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Generator, Mapping
from pathlib import Path

import msgspec
import pytest

from reelgate.core.channel_settings import ChannelSettings
from reelgate.core.dialect import (
    Accepted,
    Answer,
    Callback,
    Channel,
    Effect,
    Observation,
    Output,
    Phase,
    Render,
    Submission,
    SubmitOutcome,
)
from reelgate.core.errors import Code, Failure
from reelgate.core.lifecycle import Status
from reelgate.core.money import Micro
from reelgate.core.task import Task
from reelgate.engine import callbacks
from reelgate.engine.callbacks import BURST, Answered, Forged, Outcome, Stranger, Taken, TooMany, hear
from reelgate.store import channels as channel_rows
from reelgate.testing.clock import FakeClock
from reelgate.testing.scripted import Scripted, finished, running
from tests.engine.conftest import Bench, open_bench

HOUR_S = 3_600.0


class Signing(Scripted):
    """An upstream that signs, tries addresses, and calls back."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str | None] = []
        """The callback addresses that submissions named."""

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        self.told.append(channel.settings.get("callback_url"))
        return (yield from super().submit(submission, channel))

    def verify(self, callback: Callback, secret: str, now_ms: int) -> str | None:
        due = hmac.new(secret.encode(), callback.body, hashlib.sha256).hexdigest()
        genuine = hmac.compare_digest(due, callback.headers.get("signature", ""))
        return json.loads(callback.body)["id"] if genuine else None

    def answer_callback(self, callback: Callback, /) -> Mapping[str, str] | None:
        challenge = json.loads(callback.body).get("challenge")
        return None if challenge is None else {"challenge": challenge}


@pytest.fixture
def upstream() -> Signing:
    return Signing()


@pytest.fixture
async def bench(tmp_path: Path, upstream: Signing, clock: FakeClock, clip: Path) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path, upstream, clock) as opened:
        opened.renders.put("clip", clip)
        opened.ctx.callbacks.open(b"pepper", "https://reelgate.example/")
        await asked_rarely(opened)
        yield opened


async def asked_rarely(bench: Bench, policy: str = "fixed:3600") -> None:
    """Have the upstream asked once an hour, so that whatever is noticed sooner was noticed by a callback."""
    channel = bench.ctx.channels.get("chan_one")
    assert channel is not None
    changed = msgspec.structs.replace(channel, poll_policy=policy, secret="", key_id=None)
    await bench.ctx.backend.write(lambda conn: channel_rows.update_channel(conn, changed, 1))
    await bench.ctx.channels.reload(bench.ctx.backend)


async def watched(bench: Bench) -> Task:
    """Create a task whose watch has asked once and now waits for an hour."""
    task = await bench.create()
    await bench.at_once(task.id, Status.RUNNING)
    before = bench.upstream.polls
    for _ in range(200):
        if bench.upstream.polls > 0 and bench.upstream.polls == before:
            break
        before = bench.upstream.polls
        await bench.settle_down(10)
    return task


def body_of(**fields: object) -> Callback:
    return Callback(headers={}, body=json.dumps(fields).encode())


async def post(bench: Bench, callback: Callback, attempt_id: str | None = None) -> Outcome:
    secret = bench.ctx.callbacks.secret("chan_one")
    return await hear(bench.ctx, "chan_one", secret, attempt_id, callback)


async def test_a_callback_has_the_upstream_asked_at_once_and_its_answer_decides(bench: Bench) -> None:
    task = await watched(bench)
    bench.upstream.sights["job-1"].append(finished())

    outcome = await post(bench, body_of(id="job-1", status="FAILED, says a liar"))
    await bench.at_once(task.id, Status.COMPLETED)

    assert outcome == Taken(1)


async def test_a_callback_that_claims_an_end_changes_nothing_by_itself(bench: Bench) -> None:
    bench.upstream.sights["job-1"].append(running(5))
    task = await watched(bench)
    polls = bench.upstream.polls

    await post(bench, body_of(id="job-1", status="completed"))
    await bench.settle_down()

    assert (await bench.task(task.id)).status is Status.RUNNING
    assert bench.upstream.polls == polls + 1


async def test_submissions_say_where_to_call_back_and_the_address_names_the_attempt(
    bench: Bench, upstream: Signing
) -> None:
    task = await watched(bench)
    (attempt,) = await bench.attempts(task.id)
    upstream.sights["job-1"].append(finished())

    told = upstream.told[0]
    assert told is not None
    where, secret, attempt_id = told.rsplit("/", 2)
    outcome = await hear(bench.ctx, "chan_one", secret, attempt_id, body_of(nothing="useful"))

    assert where == "https://reelgate.example/callbacks/chan_one"
    assert attempt_id == attempt.id
    assert outcome == Taken(1)
    await bench.at_once(task.id, Status.COMPLETED)


async def test_an_upstream_that_cannot_call_back_is_told_no_address(
    tmp_path: Path, clock: FakeClock, clip: Path
) -> None:
    class Deaf(Signing):
        settings = ChannelSettings

    deaf = Deaf()
    async with open_bench(tmp_path, deaf, clock) as bench:
        bench.renders.put("clip", clip)
        bench.ctx.callbacks.open(b"pepper", "https://reelgate.example/")

        await bench.at_once((await bench.create()).id, Status.RUNNING)

    assert deaf.told == [None]


async def test_an_address_the_operator_gave_is_left_alone(bench: Bench) -> None:
    channel = bench.ctx.channels.get("chan_one")
    assert channel is not None
    own = msgspec.structs.replace(channel, settings={"callback_url": "https://elsewhere.example/"})

    assert bench.ctx.callbacks.told_where(own, "att_1") is own


async def test_nobody_is_told_an_address_while_there_is_no_public_one(bench: Bench) -> None:
    bench.ctx.callbacks.open(b"pepper", None)
    channel = bench.ctx.channels.get("chan_one")
    assert channel is not None

    assert bench.ctx.callbacks.address(channel) is None
    assert bench.ctx.callbacks.told_where(channel, "att_1") is channel


@pytest.mark.parametrize(
    ("channel_id", "secret"),
    [("chan_one", ""), ("chan_one", "0" * 40), ("chan_one", "ü" * 40), ("chan_none", None)],
)
async def test_a_wrong_address_is_no_address(bench: Bench, channel_id: str, secret: str | None) -> None:
    await watched(bench)
    polls = bench.upstream.polls
    given = bench.ctx.callbacks.secret(channel_id) if secret is None else secret

    outcome = await hear(bench.ctx, channel_id, given, None, body_of(id="job-1"))
    await bench.settle_down()

    assert outcome == Stranger()
    assert bench.upstream.polls == polls


async def test_another_epoch_makes_another_address(bench: Bench) -> None:
    channel = bench.ctx.channels.get("chan_one")
    assert channel is not None

    moved = msgspec.structs.replace(channel, settings={"callback_epoch": 2})

    assert bench.ctx.callbacks.address(moved) != bench.ctx.callbacks.address(channel)


async def test_a_signature_is_checked_where_somebody_said_what_with(bench: Bench) -> None:
    task = await watched(bench)
    await callbacks.sign_with(bench.ctx, "chan_one", "what it signs with")
    polls = bench.upstream.polls
    body = json.dumps({"id": "job-1"}).encode()
    signature = hmac.new(b"what it signs with", body, hashlib.sha256).hexdigest()

    forged = await post(bench, Callback(headers={"signature": "0" * 64}, body=body))
    await bench.settle_down()
    polls_after_forgery = bench.upstream.polls
    bench.upstream.sights["job-1"].append(finished())
    genuine = await post(bench, Callback(headers={"signature": signature}, body=body))
    await bench.at_once(task.id, Status.COMPLETED)

    assert forged == Forged()
    assert polls_after_forgery == polls
    assert genuine == Taken(1)


async def test_what_callbacks_are_signed_with_is_sealed(bench: Bench, tmp_path: Path) -> None:
    await callbacks.sign_with(bench.ctx, "chan_one", "a-canary-in-the-rows")
    await bench.settle_down()

    for file in tmp_path.glob("reelgate.db*"):
        assert b"a-canary-in-the-rows" not in file.read_bytes()


async def test_a_forgotten_signing_secret_leaves_callbacks_unchecked(bench: Bench) -> None:
    await watched(bench)
    await callbacks.sign_with(bench.ctx, "chan_one", "something")
    await callbacks.sign_with(bench.ctx, "chan_one", "")

    assert await post(bench, body_of(id="job-1")) == Taken(1)


async def test_the_same_callback_again_asks_nobody(bench: Bench) -> None:
    bench.upstream.sights["job-1"].append(running(5))
    await watched(bench)
    polls = bench.upstream.polls

    outcomes = [await post(bench, body_of(id="job-1", status="running")) for _ in range(3)]
    await bench.settle_down()

    assert outcomes == [Taken(1), Taken(0, repeated=True), Taken(0, repeated=True)]
    assert bench.upstream.polls == polls + 1


async def test_a_delivery_id_names_a_callback_whatever_its_body(bench: Bench) -> None:
    await watched(bench)
    named = Callback(headers={"webhook-id": "one"}, body=b'{"id": "job-1", "sent": 1}')

    first = await post(bench, named)
    second = await post(bench, msgspec.structs.replace(named, body=b'{"id": "job-1", "sent": 2}'))

    assert (first, second) == (Taken(1), Taken(0, repeated=True))


async def test_a_trial_of_the_address_is_answered_at_once(bench: Bench) -> None:
    assert await post(bench, body_of(challenge="echo me")) == Answered({"challenge": "echo me"})


async def test_more_callbacks_than_can_be_looked_at_are_asked_to_wait(bench: Bench) -> None:
    for _ in range(int(BURST)):
        assert await post(bench, body_of(challenge="x")) == Answered({"challenge": "x"})

    outcome = await post(bench, body_of(challenge="x"))
    assert isinstance(outcome, TooMany)
    await bench.clock.advance(outcome.retry_after_s + 0.01)
    assert await post(bench, body_of(challenge="x")) == Answered({"challenge": "x"})


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"nothing to read", b"\xff\xfe", b"[" * 10_000, b'{"id": "' + b"x" * 100_000 + b'"}',
     json.dumps({"data": {"list": [{"task": {"id": 42}}, None, True, 1.5]}}).encode()],
)  # fmt: skip
async def test_no_body_breaks_anything(bench: Bench, body: bytes) -> None:
    """An upstream whose challenges are not JSON either is asked through the plain dialect."""
    bench.ctx.dialects["scripted"] = Scripted()  # type: ignore[index]

    assert await post(bench, Callback(headers={}, body=body)) == Taken(0)


@pytest.mark.parametrize("name", ["ref", "upstream_id", "token"])
async def test_a_job_is_found_by_any_name_the_upstream_may_use(
    bench: Bench, upstream: Signing, name: str
) -> None:
    upstream.outcomes.append(Accepted(ref="kind/7", upstream_id="7-of-theirs"))
    task = await watched(bench)
    (attempt,) = await bench.attempts(task.id)
    upstream.sights["kind/7"].append(finished())
    given = {"ref": "kind/7", "upstream_id": "7-of-theirs", "token": attempt.client_token}[name]

    outcome = await post(bench, body_of(data={"tasks": [{"id": given}]}))

    assert outcome == Taken(1)
    await bench.at_once(task.id, Status.COMPLETED)


async def test_a_callback_about_nothing_of_ours_asks_nobody(bench: Bench) -> None:
    await watched(bench)
    polls = bench.upstream.polls

    assert await post(bench, body_of(id="job-of-somebody-else")) == Taken(0)
    await bench.settle_down()
    assert bench.upstream.polls == polls


class Early(Signing):
    """An upstream that calls back before it answers."""

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        self.address = str(channel.settings["callback_url"])
        yield Render(key="while the call is under way")
        return (yield from super().submit(submission, channel))


@pytest.mark.parametrize("names_it", [True, False])
async def test_a_callback_that_comes_before_the_answer_is_not_lost(
    tmp_path: Path, clock: FakeClock, clip: Path, names_it: bool
) -> None:
    """A plan looks at a new job after 5 s; the early hint has it looked at with no time passing."""
    upstream = Early()
    upstream.sights["job-1"].append(finished())
    outcomes: list[Outcome] = []
    async with open_bench(tmp_path, upstream, clock) as bench:
        bench.renders.put("clip", clip)
        bench.ctx.callbacks.open(b"pepper", "https://reelgate.example")
        await asked_rarely(bench, "planned")

        async def call_back() -> None:
            attempt_id = upstream.address.rsplit("/", 1)[1] if names_it else None
            outcomes.append(await post(bench, body_of(status="done"), attempt_id))

        bench.renders.meanwhile = call_back
        task = await bench.create()
        await bench.at_once(task.id, Status.COMPLETED)

    assert outcomes == [Taken(1)]


async def test_a_new_job_nobody_hinted_at_is_left_alone_at_first(bench: Bench, upstream: Signing) -> None:
    await asked_rarely(bench, "planned")
    task = await bench.create()
    await bench.at_once(task.id, Status.RUNNING)
    await bench.settle_down()

    assert upstream.polls == 0


async def test_a_hint_while_the_job_is_being_asked_about_has_it_asked_again(bench: Bench) -> None:
    bench.upstream.sights["job-1"].extend([running(5), finished()])
    task = await bench.create()
    await bench.at_once(task.id, Status.RUNNING)

    bench.ctx.rounds.nudge("chan_one", "job-1")
    await bench.at_once(task.id, Status.COMPLETED)


async def test_a_hint_does_not_override_what_the_upstream_asked_for(bench: Bench) -> None:
    """429 with Retry-After: a callback waits for it, too."""
    busy = Observation(
        phase=None, retry_after_s=40.0, trouble=Failure(code=Code.RATE_LIMITED, message="slow down")
    )
    bench.upstream.sights["job-1"].extend([busy, finished()])
    await asked_rarely(bench, "fixed:10")
    task = await watched(bench)
    polls = bench.upstream.polls

    await post(bench, body_of(id="job-1"))
    await bench.clock.advance(30)
    await bench.settle_down()
    assert bench.upstream.polls == polls

    await bench.clock.advance(11)
    await bench.at_once(task.id, Status.COMPLETED)


async def test_what_the_answer_to_a_submission_says_is_used_without_asking(
    bench: Bench, upstream: Signing
) -> None:
    done = Observation(
        phase=Phase.COMPLETED, outputs=(Output(drawing="clip"),), word="done", cost=Micro(1_250_000)
    )
    upstream.outcomes.append(Accepted(ref="job-1", observation=done))

    task = await bench.create()
    await bench.at_once(task.id, Status.COMPLETED)

    assert upstream.polls == 0
    (attempt,) = await bench.attempts(task.id)
    assert attempt.cost == 1_250_000


async def test_what_the_upstream_says_it_charged_is_kept_with_the_attempt(bench: Bench) -> None:
    await asked_rarely(bench, "fixed:10")
    bench.upstream.sights["job-1"].append(msgspec.structs.replace(finished(), cost=Micro(990_000)))

    task = await bench.create()
    await bench.until(task.id, Status.COMPLETED)

    (attempt,) = await bench.attempts(task.id)
    assert attempt.cost == 990_000
    assert (await bench.ledger(task.id))["capture"] == 400_000
