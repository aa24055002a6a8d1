"""A dialect against its upstream's simulator, over real HTTP and through the installation's own way out.

    @pytest.mark.parametrize("trip", TRIPS, ids=lambda t: t.__name__)
    async def test_it_gets_there_and_back(trip, tmp_path):
        await trip(Route(dialect=DIALECT, family=FAMILY, profile=PROFILE, folder=tmp_path))

Every trip starts a simulator of its own, with a clock that moves only when it is told to, and raises
`Nonconforming` where a promise is broken. What each counts on is the bill: nothing is ever paid for twice.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeVar, assert_never

import msgspec

from reelgate.core.dialect import (
    Accepted,
    Answer,
    Call,
    CancelOutcome,
    Cancels,
    Closed,
    Dialect,
    Discovers,
    Effect,
    Finds,
    Follow,
    KeepsCharacters,
    Kept,
    Line,
    Moment,
    NoReply,
    NotFound,
    Now,
    Observation,
    Output,
    Phase,
    PollsMany,
    Refused,
    Render,
    Reply,
    Submission,
    SubmitOutcome,
    Unclear,
)
from reelgate.core.errors import Code
from reelgate.core.profile import Profile
from reelgate.net.client import Client
from reelgate.net.fetch import Fetched, FetchFailed, fetch
from reelgate.net.guard import Guard
from reelgate.testing.conformance import Nonconforming
from reelgate.testing.simulators import Family, Script, Simulator
from reelgate.testing.simulators.faults import FAULTS, Stage
from reelgate.testing.simulators.sample import channel_of, submission_of
from reelgate.testing.simulators.trouble import REFUSALS
from reelgate.testing.upstream.clip import clip

T = TypeVar("T")

QUEUE_S: Final = 10.0
RUN_S: Final = 100.0
_FILE_MAX: Final = 50_000_000


class HastyClock:
    """A clock that moves when it is told to, or when somebody sleeps on it: sleeping takes no time."""

    def __init__(self, now_ms: int = 1_795_000_000_000) -> None:
        self._now_ms = now_ms
        self._passed = 0.0

    def now_ms(self) -> int:
        """Give the time, in milliseconds since 1970."""
        return self._now_ms + int(self._passed * 1_000)

    def monotonic(self) -> float:
        """Give the seconds that passed."""
        return self._passed

    async def sleep(self, seconds: float) -> None:
        """Move on by `seconds`."""
        self.advance(seconds)
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`."""
        self._passed += seconds


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """What a trip needs: a dialect, the family that stands for its upstream, facts of a model, room for files.

    A file that a request names is looked for in `folder` under its hash.
    """

    dialect: Dialect
    family: Family
    profile: Profile
    folder: Path


class Traveller:
    """Speaks to one simulator through a dialect and the real client."""

    def __init__(self, route: Route, simulator: Simulator, clock: HastyClock, client: Client) -> None:
        self.dialect = route.dialect
        self.simulator = simulator
        self.clock = clock
        # With the family's own key, whichever the simulator wants.
        self.channel = msgspec.structs.replace(channel_of(simulator), secret=route.family.key)
        self._route = route
        self._client = client
        self._numbers = itertools.count(1)

    def submission(self, prompt: str = "a paper boat") -> Submission:
        """Compose a plain request for the family's sample model."""
        number = next(self._numbers)
        token = f"00000000-0000-4000-8000-{number:012d}"
        return submission_of(self._route.family, self._route.profile, self.clock.now_ms(), prompt, token)

    async def submit(self, prompt: str = "a paper boat") -> SubmitOutcome:
        """Submit once."""
        return await self.drive(self.dialect.submit(self.submission(prompt), self.channel))

    async def accepted(self, prompt: str = "a paper boat") -> Accepted:
        """Submit what must be accepted."""
        outcome = await self.submit(prompt)
        if not isinstance(outcome, Accepted):
            raise _broken("a good submission is accepted", outcome)
        return outcome

    async def poll(self, ref: str) -> Observation:
        """Poll once."""
        return await self.drive(self.dialect.poll(ref, self.channel))

    async def fetch(self, output: Output) -> bytes | FetchFailed:
        """Bring an output to disk, going on from what an earlier try left there."""
        if output.data is not None:
            return output.data
        sink = self._route.folder / "clip.bin"
        source = output.url or output.call
        if source is None:
            raise _broken("an output can be fetched", output)
        got = await fetch(
            self._client, source, sink, channel=self.channel, limit_bytes=_FILE_MAX, deadline_s=60.0
        )
        return await asyncio.to_thread(sink.read_bytes) if isinstance(got, Fetched) else got

    def finish(self) -> None:
        """Let enough time pass for every job to end."""
        self.clock.advance(QUEUE_S + RUN_S + 1)

    async def drive(self, flow: Generator[Effect, Answer, T]) -> T:
        """Carry a flow out for real."""
        stream: AsyncGenerator[Reply | NoReply | Line | Closed] | None = None
        try:
            effect = next(flow)
            while True:
                if isinstance(effect, Call) and effect.stream:
                    stream = self._client.stream(effect, self.channel, self._blob)
                effect = flow.send(await self._carry_out(effect, stream))
        except StopIteration as end:
            return end.value
        finally:
            if stream is not None:
                async with aclosing(stream):
                    pass

    def _blob(self, sha256: str) -> Path:
        return self._route.folder / sha256

    async def _carry_out(
        self, effect: Effect, stream: AsyncGenerator[Reply | NoReply | Line | Closed] | None
    ) -> Answer:
        match effect:
            case Call(stream=False):
                return await self._client.send(effect, self.channel, self._blob)
            case Call() | Follow():
                if stream is not None:
                    async for item in stream:
                        return item
                return Closed(clean=True)
            case Now():
                return Moment(self.clock.now_ms())
            case Render():
                raise _broken("a dialect with an upstream draws nothing", effect)
            case _:
                assert_never(effect)


@asynccontextmanager
async def travelling(route: Route, *faults: str, key: str | None = None) -> AsyncGenerator[Traveller]:
    """Start a simulator and stand at its door."""
    clock = HastyClock()
    script = Script(queue_s=QUEUE_S, run_s=RUN_S, key=key or route.family.key, faults=faults)
    client = Client(Guard())
    try:
        async with Simulator(route.family, script, clock=clock) as simulator:
            yield Traveller(route, simulator, clock, client)
    finally:
        await client.close()


def _broken(promise: str, got: object) -> Nonconforming:
    return Nonconforming(f"{promise}; got {got!r}")


def _demand(holds: bool, promise: str, got: object) -> None:
    if not holds:
        raise _broken(promise, got)


def _is_alive(seen: Observation) -> bool:
    return seen.phase in {None, Phase.QUEUED, Phase.IN_PROGRESS}


def _named(*stages: Stage) -> list[str]:
    return [name for name, fault in FAULTS.items() if fault.stage in stages]


# There and back.


async def a_clip_comes_home(route: Route) -> None:
    """Submitted once, watched to its end, fetched whole, billed once."""
    async with travelling(route) as on:
        accepted = await on.accepted()
        seen = [accepted.observation] if accepted.observation is not None else []
        for seconds in (0, QUEUE_S + 1, RUN_S / 2, RUN_S):
            on.clock.advance(seconds)
            seen.append(await on.poll(accepted.ref))
        last = seen[-1]
        _demand(last.phase is Phase.COMPLETED and bool(last.outputs), "a finished job has a clip", last)
        told = [each.progress for each in seen if each.progress is not None]
        _demand(told == sorted(told), "progress goes one way", told)
        _demand(await on.fetch(last.outputs[0]) == clip(), "the clip comes whole", last.outputs)
        _demand(len(on.simulator.bill) == 1, "one submission is one charge", on.simulator.bill.lines)


async def a_running_job_is_neither_over_nor_lost(route: Route) -> None:
    """Half way a job is alive, unless its upstream answers once the clip is done."""
    async with travelling(route) as on:
        accepted = await on.accepted()
        at_once = accepted.observation is not None and accepted.observation.phase is Phase.COMPLETED
        on.clock.advance(QUEUE_S + RUN_S / 2)
        seen = await on.poll(accepted.ref)
        _demand(at_once or seen.phase in {Phase.QUEUED, Phase.IN_PROGRESS}, "half way it runs", seen)
        _demand(not seen.lost and seen.error is None, "a running job has no ending", seen)


# Submissions.


async def what_was_refused_was_not_billed(route: Route) -> None:
    """Refusals are refusals, throttles may be sent again, and whatever leaves a doubt is unclear."""
    certain = {"refuse", "moderation", "unauthorized", "payment", "forbidden", "rate_limited", "overloaded"}
    async with travelling(route) as on:
        for name in _named(Stage.BEFORE):
            if name == "hang":
                continue
            outcome = await on.submit(f"a paper boat [fault:{name}=7]")
            doubtful = REFUSALS.get(name) in route.family.doubtful
            expected = Refused if name in certain and not doubtful else Unclear
            _demand(isinstance(outcome, expected), f"`{name}` is {expected.__name__}", outcome)
            if name in {"rate_limited", "overloaded"} and isinstance(outcome, Refused):
                _demand(outcome.failure.retryable, f"`{name}` may be sent again", outcome)
        _demand(len(on.simulator.bill) == 0, "nothing was billed", on.simulator.bill.lines)


async def a_lost_answer_is_unclear_and_paid_for_once(route: Route) -> None:
    """Accepted, billed, and no usable answer: never a refusal, never a second submission."""
    async with travelling(route) as on:
        for number, name in enumerate(sorted(set(_named(Stage.AFTER)) - _SLOW), start=1):
            before = on.simulator.seen["create"]
            outcome = await on.submit(f"a paper boat [fault:{name}]")
            _demand(isinstance(outcome, Unclear), f"`{name}` is unclear", outcome)
            _demand(len(on.simulator.bill) == number, f"`{name}` is billed once", on.simulator.bill.lines)
            _demand(on.simulator.seen["create"] == before + 1, f"`{name}` is sent once", outcome)


_SLOW: Final = frozenset({"hang_after_accept", "slow_answer", "huge"})


async def an_upstream_that_is_not_there_was_sent_nothing(route: Route) -> None:
    """A closed port means that no byte left: refused, and free to try again."""
    async with travelling(route) as on:
        gone = msgspec.structs.replace(on.channel, base_url=f"http://127.0.0.1:9{route.family.base}")
        on.channel = gone
        outcome = await on.submit()
        good = isinstance(outcome, Refused) and outcome.failure.retryable
        _demand(good, "what never left is refused, retryable", outcome)


async def a_key_that_is_not_taken_is_a_refusal(route: Route) -> None:
    """The wrong key is refused for good; nothing was created."""
    if not route.family.key:
        return
    async with travelling(route, key="another-key") as on:
        outcome = await on.submit()
        good = isinstance(outcome, Refused) and outcome.failure.code in _KEY_CODES
        _demand(good, "a wrong key is refused", outcome)
        _demand(len(on.simulator.bill) == 0, "nothing was billed", on.simulator.bill.lines)


_KEY_CODES: Final = frozenset({Code.UNAUTHORIZED, Code.PERMISSION_OR_CHANNEL})


async def a_storm_passes(route: Route) -> None:
    """Throttled calls were refused, retryable; the first that gets through is the only one billed."""
    for fault in ("storm:2", "silent_storm:2"):
        async with travelling(route, fault) as on:
            for _ in range(2):
                outcome = await on.submit()
                good = isinstance(outcome, Refused) and outcome.failure.retryable
                _demand(good, "a throttle may be sent again", outcome)
            await on.accepted()
            _demand(len(on.simulator.bill) == 1, "only what got through is billed", on.simulator.bill.lines)


# Polls.


async def a_poll_that_fails_keeps_the_state(route: Route) -> None:
    """Web pages, silence, limits, refused keys and outages end nothing; the next good answer is believed."""
    names = sorted(name for name in FAULTS if name.startswith("poll_") and name not in {"poll_hangs"})
    async with travelling(route) as on:
        refs = {
            name: (await on.accepted(f"a paper boat [fault:{name}]")).ref for name in (*names, "flapping")
        }
        on.finish()
        for name, ref in refs.items():
            first = await on.poll(ref)
            _demand(_is_alive(first) or _needs_no_poll(first), f"`{name}` ends nothing", first)
            second = await on.poll(ref)
            for _ in range(3):
                second = second if second.phase is Phase.COMPLETED else await on.poll(ref)
            _demand(second.phase is Phase.COMPLETED, f"after `{name}` the truth comes through", second)


def _needs_no_poll(seen: Observation) -> bool:
    """Tell an ending that the ref itself held, so that nobody was asked."""
    return seen.phase is Phase.COMPLETED and bool(seen.outputs)


async def a_key_revoked_half_way_ends_nothing(route: Route) -> None:
    """Money is in a running job: a refused key pauses, it does not fail."""
    async with travelling(route, "revoked_key") as on:
        accepted = await on.accepted()
        on.finish()
        seen = await on.poll(accepted.ref)
        _demand(_is_alive(seen) or _needs_no_poll(seen), "a revoked key ends nothing", seen)


async def bent_reports_do_no_harm(route: Route) -> None:
    """Strange words and strange figures end nothing, and progress is a whole percentage."""
    names = ("unknown_word", "progress_over", "progress_falls", "progress_float", "never_ends")
    async with travelling(route) as on:
        for name in names:
            if route.family.at_once and name == "never_ends":
                continue
            ref = (await on.accepted(f"a paper boat [fault:{name}]")).ref
            on.clock.advance(QUEUE_S + RUN_S * 0.6)
            seen = await on.poll(ref)
            _demand(_is_alive(seen) or route.family.at_once, f"`{name}` ends nothing", seen)
            good = seen.progress is None or (type(seen.progress) is int and 0 <= seen.progress <= 100)
            _demand(good, f"`{name}` is reported as a whole percentage", seen.progress)


async def stuck_at_98_is_still_running_and_late_is_not_never(route: Route) -> None:
    """However long it takes, a job that says it runs is believed, and a late success is a success."""
    if route.family.at_once:
        return
    async with travelling(route) as on:
        stuck = (await on.accepted("a paper boat [fault:never_ends]")).ref
        late = (await on.accepted("a paper boat [fault:late=3600]")).ref
        on.finish()
        for ref in (stuck, late):
            seen = await on.poll(ref)
            _demand(_is_alive(seen) and (seen.progress or 0) <= 98, "at 98 it still runs", seen)
        on.clock.advance(3_600)
        seen = await on.poll(late)
        _demand(seen.phase is Phase.COMPLETED and bool(seen.outputs), "a late success is a success", seen)
        _demand(_is_alive(await on.poll(stuck)), "an hour at 98 is no ending", stuck)


async def a_failure_is_told_as_one(route: Route) -> None:
    """What broke is failed, what moderation stopped says so, and no clip means no clip."""
    async with travelling(route) as on:
        for name, codes in _ENDINGS.items():
            if name == "fails_moderation" and not route.family.moderates:
                continue
            seen = await _ending(on, f"a paper boat [fault:{name}]")
            told = seen.phase is Phase.FAILED and seen.error is not None and not seen.outputs
            right = told and seen.error is not None and (not codes or seen.error.code in codes)
            _demand(right, f"`{name}` is a failure that says why", seen)
        seen = await _ending(on, "a paper boat [fault:no_output]")
        got = await on.fetch(seen.outputs[0]) if seen.outputs else None
        _demand(not isinstance(got, bytes), "completed without a clip gives none", got)


async def what_is_withheld_is_not_a_clip(route: Route) -> None:
    """A clip that was made and then kept back is never completed; where the upstream says so, neither is it broken."""
    async with travelling(route) as on:
        seen = await _ending(on, "a paper boat [fault:withheld]")
        _demand(not seen.outputs, "what was withheld has no clip", seen)
        if seen.phase is Phase.FAILED and seen.error is not None:
            told = seen.error.code in _ENDINGS["fails_moderation"] | {Code.NO_OUTPUT}
            _demand(told, "what was withheld says so", seen)
        _demand(len(on.simulator.bill) == 1, "it was accepted once", on.simulator.bill.lines)


_ENDINGS: Final = {
    "fails": frozenset[Code](),
    "fails_moderation": frozenset({Code.CONTENT_POLICY, Code.CONTENT_FILTERED}),
}


async def _ending(on: Traveller, prompt: str) -> Observation:
    outcome = await on.submit(prompt)
    if isinstance(outcome, Refused):
        # Where the answer comes with the clip, a job that breaks is a refusal.
        return Observation(phase=Phase.FAILED, error=outcome.failure)
    if isinstance(outcome, Unclear) and on.simulator.family.at_once:
        return Observation(phase=None)
    if not isinstance(outcome, Accepted):
        raise _broken("a job that will fail is accepted first", outcome)
    on.finish()
    return await on.poll(outcome.ref)


async def a_job_nobody_knows_is_lost_and_not_failed(route: Route) -> None:
    """A forgotten job is `lost` or trouble; only whoever asks decides that it is over."""
    async with travelling(route) as on:
        ref = (await on.accepted("a paper boat [fault:forgotten]")).ref
        on.clock.advance(QUEUE_S + 1)
        for _ in range(4):
            seen = await on.poll(ref)
            _demand(_is_alive(seen) or route.family.at_once, "a forgotten job is not failed", seen)


# Files.


async def a_broken_download_is_never_taken_for_a_clip(route: Route) -> None:
    """Cut, mislabelled, redirected, expired or too long: the file is whole or it is not there."""
    names = (
        "always_truncated",
        "longer",
        "html_content",
        "redirect_private",
        "redirect_loop",
        "expired_link",
    )
    async with travelling(route) as on:
        for name in (*names, "empty_content", "truncated"):
            ref = (await on.accepted(f"a paper boat [fault:{name}]")).ref
            on.finish()
            output = await _output(on, ref)
            if output is None or output.data is not None:
                continue
            got = await on.fetch(output)
            # A client may lose the first half when the end of the connection arrives with it.
            for _ in range(60 if name == "truncated" else 0):
                got = await on.fetch(output) if isinstance(got, FetchFailed) else got
            good = got == clip() if name == "truncated" else isinstance(got, FetchFailed) or got == clip()
            _demand(good, f"`{name}` gives a whole file or none", got)
            _demand(name in {"longer", "truncated"} or isinstance(got, FetchFailed), f"`{name}` fails", got)
            await asyncio.to_thread(_clear, route.folder)


async def _output(on: Traveller, ref: str) -> Output | None:
    """Give the clip of a finished job; None where asking for the job already meets the broken file."""
    for _ in range(3):
        seen = await on.poll(ref)
        if seen.outputs:
            return seen.outputs[0]
    return None


def _clear(folder: Path) -> None:
    for left in folder.iterdir():
        left.unlink()


# What only some offer.


async def many_are_polled_at_once(route: Route) -> None:
    """A list knows every living job, and tells of one that ended the same as asking for it, if it tells at all."""
    if not isinstance(route.dialect, PollsMany):
        return
    async with travelling(route) as on:
        refs = [(await on.accepted()).ref for _ in range(3)]
        on.clock.advance(QUEUE_S + 1)
        living = await on.drive(route.dialect.poll_many(refs, on.channel))
        alive = {ref for ref, each in living.items() if each.phase in {Phase.QUEUED, Phase.IN_PROGRESS}}
        _demand(alive == set(refs), "every living job is in the list", living)
        on.finish()
        seen = await on.drive(route.dialect.poll_many(refs, on.channel))
        phases = {ref: (seen.get(ref) or await on.poll(ref)).phase for ref in refs}
        _demand(phases == dict.fromkeys(refs, Phase.COMPLETED), "every job ends in the list or alone", phases)


async def a_lost_job_is_found_or_left_open(route: Route) -> None:
    """Looking for a job that was accepted finds it or stays in doubt; it never submits."""
    if not isinstance(route.dialect, Finds):
        return
    async with travelling(route) as on:
        given = on.submission("a paper boat [fault:drop_after_accept]")
        outcome = await on.drive(route.dialect.submit(given, on.channel))
        _demand(isinstance(outcome, Unclear), "a lost answer is unclear", outcome)
        found = await on.drive(route.dialect.find(given, on.channel, frozenset()))
        certain = isinstance(found, NotFound) and found.certain
        _demand(not certain, "a job that exists is never certainly absent", found)
        _demand(len(on.simulator.bill) == 1, "looking costs nothing", on.simulator.bill.lines)


async def a_cancel_says_what_it_achieved(route: Route) -> None:
    """`ended` is true only when the upstream works on it no more."""
    if not isinstance(route.dialect, Cancels):
        return
    async with travelling(route) as on:
        ref = (await on.accepted()).ref
        outcome: CancelOutcome = await on.drive(route.dialect.cancel(ref, on.channel))
        if outcome.ended:
            on.finish()
            seen = await on.poll(ref)
            _demand(seen.phase is not Phase.COMPLETED, "what was stopped does not complete", seen)


async def models_are_listed(route: Route) -> None:
    """A list of models names the sample."""
    if not isinstance(route.dialect, Discovers):
        return
    async with travelling(route) as on:
        found = await on.drive(route.dialect.discover(on.channel))
        names = [model.name for model in found]
        _demand(not names or route.family.model in names, "the sample model is listed", names)


async def a_character_is_kept(route: Route) -> None:
    """A finished job becomes a character with a name for prompts."""
    if not isinstance(route.dialect, KeepsCharacters) or route.family.likeness is None:
        return
    async with travelling(route) as on:
        ref = (await on.accepted()).ref
        on.finish()
        likeness = msgspec.structs.replace(route.family.likeness, ref=ref)
        kept: Any = await on.drive(route.dialect.keep_character(likeness, on.channel))
        _demand(isinstance(kept, Kept) and bool(kept.name), "a character has a name", kept)


Trip = Callable[[Route], Awaitable[None]]

TRIPS: Final[tuple[Trip, ...]] = (
    a_clip_comes_home,
    a_running_job_is_neither_over_nor_lost,
    what_was_refused_was_not_billed,
    a_lost_answer_is_unclear_and_paid_for_once,
    an_upstream_that_is_not_there_was_sent_nothing,
    a_key_that_is_not_taken_is_a_refusal,
    a_storm_passes,
    a_poll_that_fails_keeps_the_state,
    a_key_revoked_half_way_ends_nothing,
    bent_reports_do_no_harm,
    stuck_at_98_is_still_running_and_late_is_not_never,
    a_failure_is_told_as_one,
    what_is_withheld_is_not_a_clip,
    a_job_nobody_knows_is_lost_and_not_failed,
    a_broken_download_is_never_taken_for_a_clip,
    many_are_polled_at_once,
    a_lost_job_is_found_or_left_open,
    a_cancel_says_what_it_achieved,
    models_are_listed,
    a_character_is_kept,
)
