"""What every dialect must hold, as plain functions over one `Case` of sample answers.

    @pytest.mark.parametrize("check", checks(CASE), ids=lambda c: c.__name__)
    def test_conforms(check):
        check(CASE)

A check raises `Nonconforming` with what was expected and what came. A dialect that has no HTTP
wire (`Case.http=False`) is spared the checks about HTTP bodies, and no others.

These checks answer by hand. The other half of the suite, the round trip over real HTTP against the
simulator of a dialect's upstream, is `reelgate.testing.round_trip`.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final

import msgspec

from reelgate.core.dialect import (
    Accepted,
    Answer,
    Channel,
    Dialect,
    NoReply,
    Observation,
    Phase,
    Refused,
    Submission,
    SubmitOutcome,
    Unclear,
)
from reelgate.testing.play import play, reply

HTML: Final = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"

_PURE: Final = frozenset(
    {
        "__future__",
        "base64",
        "binascii",
        "collections",
        "cryptography",
        "dataclasses",
        "datetime",
        "decimal",
        "email",
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "hmac",
        "itertools",
        "json",
        "math",
        "msgspec",
        "re",
        "string",
        "struct",
        "textwrap",
        "tomllib",
        "typing",
        "unicodedata",
    }
)
_IMPURE_CALLS: Final = frozenset(
    {"open", "print", "input", "exec", "eval", "__import__", "now", "today", "utcnow"}
)


class Nonconforming(AssertionError):
    """Raised when a dialect breaks a promise every dialect makes."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A dialect with sample answers: each tuple is what one whole flow is sent, in order."""

    dialect: Dialect
    channel: Channel
    """With a secret, unless the upstream has none."""
    submission: Submission
    ref: str
    accepted: tuple[Answer, ...]
    completed: tuple[Answer, ...]
    running: tuple[Answer, ...] | None = None
    """None where an answer comes only once the work is done."""
    failed: tuple[Answer, ...] | None = None
    """None where only a submit can fail."""
    refused: tuple[Answer, ...] | None = None
    """None where a submit cannot be refused."""
    empty_completed: tuple[Answer, ...] | None = None
    """Completed without an output; None where the wire cannot say that."""
    unknown_word: tuple[Answer, ...] | None = None
    error_in_200: tuple[Answer, ...] | None = None
    running_at: Callable[[Any], tuple[Answer, ...]] | None = None
    """A running job that reports this progress, raw."""
    http: bool = True


Check = Callable[[Case], None]


def checks(case: Case) -> tuple[Check, ...]:
    """Give the checks that apply to a case."""
    return EVERYWHERE + (OVER_HTTP if case.http else ())


def _submit(case: Case, *answers: Answer) -> SubmitOutcome:
    return play(case.dialect.submit(case.submission, case.channel), *answers).result


def _poll(case: Case, *answers: Answer) -> Observation:
    return play(case.dialect.poll(case.ref, case.channel), *answers).result


def _demand(holds: bool, promise: str, got: object) -> None:
    if not holds:
        msg = f"{promise}; got {got!r}"
        raise Nonconforming(msg)


def _keeps_state(seen: Observation, promise: str) -> None:
    _demand(seen.phase in {None, Phase.QUEUED, Phase.IN_PROGRESS}, promise, seen)


# Everywhere.


def is_pure(case: Case) -> None:
    """The module imports only `core` and pure parts of the standard library, and calls nothing that does IO or tells the time."""
    own = _home(case.dialect)
    for module in _modules(own):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            for name in _imported(node):
                fine = f"{name}.".startswith(("reelgate.core.", f"{own}.")) or name.partition(".")[0] in _PURE
                _demand(fine, "a dialect imports only `reelgate.core` and pure modules", name)
            called = _called(node)
            _demand(called not in _IMPURE_CALLS, "a dialect does no IO and tells no time", called)


def _home(dialect: Dialect) -> str:
    """Name the module of a dialect, or its package when it is one of several modules."""
    module = type(dialect).__module__
    parent = module.rpartition(".")[0]
    packaged = getattr(sys.modules.get(parent), "__file__", None) is not None
    return parent if packaged and not parent.endswith("dialects") else module


def _modules(home: str) -> list[ModuleType]:
    return [module for name, module in sorted(sys.modules.items()) if f"{name}.".startswith(f"{home}.")]


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def _called(node: ast.AST) -> str | None:
    if not isinstance(node, ast.Call):
        return None
    function = node.func
    return (
        function.id
        if isinstance(function, ast.Name)
        else function.attr
        if isinstance(function, ast.Attribute)
        else None
    )


def is_deterministic(case: Case) -> None:
    """The same arguments and answers give the same effects and the same outcome."""
    first = play(case.dialect.submit(case.submission, case.channel), *case.accepted)
    second = play(case.dialect.submit(case.submission, case.channel), *case.accepted)
    _demand(first == second, "a submit depends on its arguments alone", (first, second))
    third = play(case.dialect.poll(case.ref, case.channel), *case.completed)
    fourth = play(case.dialect.poll(case.ref, case.channel), *case.completed)
    _demand(third == fourth, "a poll depends on its arguments alone", (third, fourth))


def accepts(case: Case) -> None:
    """A good answer is `Accepted` with a ref."""
    outcome = _submit(case, *case.accepted)
    _demand(isinstance(outcome, Accepted) and outcome.ref != "", "a good answer is accepted", outcome)


def refuses(case: Case) -> None:
    """A definite refusal is `Refused`, in words for a caller."""
    if case.refused is None:
        return
    outcome = _submit(case, *case.refused)
    _demand(isinstance(outcome, Refused) and outcome.failure.message != "", "a refusal is refused", outcome)


def runs(case: Case) -> None:
    """A running job is queued or in progress, without outputs or an error."""
    if case.running is None:
        return
    seen = _poll(case, *case.running)
    alive = seen.phase in {Phase.QUEUED, Phase.IN_PROGRESS}
    _demand(alive and not seen.outputs and seen.error is None, "a running job is running", seen)


def completes(case: Case) -> None:
    """A finished job is completed with exactly one way to each output."""
    seen = _poll(case, *case.completed)
    _demand(seen.phase is Phase.COMPLETED and bool(seen.outputs), "a finished job is completed", seen)
    for output in seen.outputs:
        ways = [w for w in (output.url, output.call, output.drawing, output.data) if w is not None]
        _demand(len(ways) == 1, "an output has exactly one of `url`, `call`, `drawing` and `data`", output)


def fails(case: Case) -> None:
    """A failed job is failed and says why."""
    if case.failed is None:
        return
    seen = _poll(case, *case.failed)
    _demand(
        seen.phase is Phase.FAILED and seen.error is not None, "a failed job is failed, with an error", seen
    )


def completed_without_output_is_not_completed(case: Case) -> None:
    """A success word alone brings no output and no failure."""
    if case.empty_completed is None:
        return
    seen = _poll(case, *case.empty_completed)
    _demand(
        not seen.outputs and seen.phase is not Phase.FAILED, "a word alone is no output and no failure", seen
    )


def an_unknown_word_keeps_the_state(case: Case) -> None:
    """A status word nobody knows gives no phase, and the word for operators."""
    if case.unknown_word is None:
        return
    seen = _poll(case, *case.unknown_word)
    _demand(seen.phase is None and bool(seen.word), "an unknown word is kept and decides nothing", seen)


def progress_is_a_whole_percentage(case: Case) -> None:
    """Whatever an upstream reports, progress is a whole number from 0 to 100, or nothing."""
    if case.running_at is None:
        return
    for raw in _PROGRESS:
        seen = _poll(case, *case.running_at(raw))
        _keeps_state(seen, f"progress {raw!r} ends nothing")
        good = seen.progress is None or (type(seen.progress) is int and 0 <= seen.progress <= 100)
        _demand(good, f"progress {raw!r} is clamped", seen.progress)


_PROGRESS: Final[tuple[Any, ...]] = (
    *(0, 54, 100, 101, 250, -3, 45.5, 99.99, 10**18),
    *("54%", "54", "", "soon", "9" * 400, None, True, [], {}),
)

EVERYWHERE: Final[tuple[Check, ...]] = (
    is_pure,
    is_deterministic,
    accepts,
    refuses,
    runs,
    completes,
    fails,
    completed_without_output_is_not_completed,
    an_unknown_word_keeps_the_state,
    progress_is_a_whole_percentage,
)


# Over HTTP. The bad answer stands where the flow's first answer would; a flow that goes on asking is a failure too.


def a_submit_that_never_left_is_refused_and_retryable(case: Case) -> None:
    """Not a byte left, so nothing was created, and another try costs nothing."""
    outcome = _submit(case, NoReply(sent=False, reason="connection refused"))
    good = isinstance(outcome, Refused) and outcome.failure.retryable
    _demand(good, "a call that never left is refused, retryable", outcome)


def a_doubtful_submit_is_unclear(case: Case) -> None:
    """Nothing that leaves a doubt is ever called a refusal."""
    parsed = {"error": {"message": "The server had an error.", "type": "server_error", "code": None}}
    doubtful: tuple[Answer, ...] = (
        NoReply(sent=True, reason="timed out"),
        *(reply(parsed, status) for status in (408, 425, 500, 502, 504, 520)),
        *(
            reply(HTML, status, {"content-type": "text/html"})
            for status in (200, 404, 429, 500, 502, 503, 504)
        ),
        *(
            reply(body, status)
            for body in (b"", b"null", b"[]", b"{]", b'"x"', b"\xff")
            for status in (200, 429, 503)
        ),
        reply({}, 200),
        reply(b"", 302, {"location": "https://elsewhere.example/"}),
    )
    for answer in doubtful:
        outcome = _submit(case, answer)
        _demand(isinstance(outcome, Unclear), f"{answer!r} to a submit is unclear", outcome)


def a_definite_refusal_is_refused(case: Case) -> None:
    """A parsed 4xx proves that nothing was created, in whatever envelope."""
    for status in (400, 401, 402, 403, 404, 413, 415, 422):
        for body in (
            {"error": {"message": "no", "type": "t", "param": None, "code": "c"}},
            {"error": "no"},
            {"code": "bad", "message": "no", "data": None},
            {"detail": "no"},
            {"detail": [{"loc": ["body", "size"], "msg": "no", "type": "value_error"}]},
            {"message": "no"},
        ):
            outcome = _submit(case, reply(body, status))
            good = isinstance(outcome, Refused) and not outcome.failure.retryable
            _demand(good, f"{status} {body!r} to a submit is refused for good", outcome)


def a_throttle_is_refused_and_retryable(case: Case) -> None:
    """429 and 503 in the vendor's own words may be sent again, after the wait it asks for and not for ever."""
    body = {"error": {"message": "slow down", "type": "rate", "code": None}}
    for status in (429, 503):
        for asked, least, most in (("7", 7, 7), ("1e9", 1, 86_400), ("-5", 0, 0), ("soon", None, None)):
            outcome = _submit(case, reply(body, status, {"retry-after": asked}))
            _demand(
                isinstance(outcome, Refused) and outcome.failure.retryable,
                f"{status} may be sent again",
                outcome,
            )
            wait = outcome.failure.retry_after_s if isinstance(outcome, Refused) else None
            good = (
                wait is None if least is None or most is None else wait is not None and least <= wait <= most
            )
            _demand(good, f"`Retry-After: {asked}` is read within reason", wait)


def a_poll_that_fails_says_nothing(case: Case) -> None:
    """HTML, nothing, foreign JSON, errors and silence keep the state and say what the trouble was."""
    parsed = {"error": {"message": "no", "type": "t", "code": "c"}}
    for answer in (
        NoReply(sent=False, reason="refused"),
        NoReply(sent=True, reason="timed out"),
        *(reply(HTML, status, {"content-type": "text/html"}) for status in (200, 403, 404, 500)),
        *(reply(body) for body in (b"", b"null", b"[]", b"{]", b"3", b"\xff\xfe", b"[" * 100_000)),
        *(
            reply(parsed, status)
            for status in (400, 401, 403, 404, 408, 409, 418, 425, 429, 500, 502, 503, 504)
        ),
        reply(b"", 302, {"location": "http://169.254.169.254/"}),
    ):
        seen = _poll(case, answer)
        _keeps_state(seen, f"{_short(answer)} to a poll keeps the state")
        _demand(seen.trouble is not None, f"{_short(answer)} to a poll is trouble", seen)
        _demand(not seen.outputs and seen.error is None, f"{_short(answer)} to a poll tells no ending", seen)


def only_an_unknown_job_is_lost(case: Case) -> None:
    """A parsed 404 says that the upstream does not know the job; a web page says nothing."""
    parsed = {"error": {"message": "not found", "type": "t", "code": None}}
    _demand(_poll(case, reply(parsed, 404)).lost, "a parsed 404 is `lost`", parsed)
    page = reply(HTML, 404, {"content-type": "text/html"})
    _demand(not _poll(case, page).lost, "an HTML 404 is not `lost`", page)


def an_error_in_a_200_is_an_error(case: Case) -> None:
    """HTTP 200 is not success: an error inside is no acceptance and no ending."""
    if case.error_in_200 is None:
        return
    outcome = _submit(case, *case.error_in_200)
    _demand(not isinstance(outcome, Accepted), "an error inside a 200 accepts nothing", outcome)
    _keeps_state(_poll(case, *case.error_in_200), "an error inside a 200 ends nothing")


def secrets_stay_inside(case: Case) -> None:
    """Whatever an upstream echoes, no outcome carries the key, an address or a token."""
    secret = case.channel.secret or "canary-secret-0123456789"
    address = "https://inner.upstream.example:8443/v1/jobs/77?sig=abc"
    text = (
        f"Bad key {secret}; see {address} (Bearer {secret}) at 10.1.2.3:9000, request id: 20261122abcdef0123"
    )
    channel = msgspec.structs.replace(case.channel, secret=secret)
    hidden = (secret, "inner.upstream.example", "10.1.2.3", "sig=abc", "20261122abcdef0123")
    bodies: tuple[Any, ...] = (
        {"error": {"message": text, "code": "c"}},
        {"detail": text},
        {"message": text},
        text,
    )
    for status in (200, 400, 401, 404, 429, 500, 503):
        for body in bodies:
            answer = reply(body, status)
            outcome = play(case.dialect.submit(case.submission, channel), answer).result
            seen = play(case.dialect.poll(case.ref, channel), answer).result
            _hides(hidden, outcome, seen)
    _hides(
        hidden, play(case.dialect.submit(case.submission, channel), NoReply(sent=True, reason=text)).result
    )


def _hides(hidden: tuple[str, ...], *outcomes: object) -> None:
    for outcome in outcomes:
        shown = repr(outcome)
        for word in hidden:
            _demand(word not in shown, f"`{word}` stays out of outcomes", outcome)


def _short(answer: Answer) -> str:
    return repr(answer)[:160]


OVER_HTTP: Final[tuple[Check, ...]] = (
    a_submit_that_never_left_is_refused_and_retryable,
    a_doubtful_submit_is_unclear,
    a_definite_refusal_is_refused,
    a_throttle_is_refused_and_retryable,
    a_poll_that_fails_says_nothing,
    only_an_unknown_job_is_lost,
    an_error_in_a_200_is_an_error,
    secrets_stay_inside,
)
