"""Show how a dialect reads recorded answers: `python -m reelgate.testing.replay < vectors.json`.

Reads a JSON array of `{id, dialect, op, http_status, content_type, body[, request][, headers]}` and
prints one JSON line for each:

    {"id", "status", "progress", "ref", "url", "error_code", "retryable", "keep_state", "needs_second_call"}

The registered dialect's own flow is driven with that one answer; nothing here knows an upstream.
`status` is null where nothing is said about a job: a refused or doubtful submit, a poll that learned
nothing. `keep_state` says that a job goes on as it was. A flow that wants to ask further after the
answer stops there with `needs_second_call`; what its next `Call` says in `seen` is shown.

An operation is read by a method of the dialect:

    submit, stream, remix, edit, extend     submit
    query, query_*                          poll
    list                                    poll_many
    cancel                                  cancel
    find, discover, characters              find, discover, keep_character
    error                                   submit; where a submit leaves it open, poll

A dialect with other operations, or with other names in recordings, says so in an attribute (see
`core.dialect.Recorded`); a key of `ops` is an operation, or a name and an operation:

    recorded = Recorded(names=("acme_v1", "acme_files"), ops={"acme_files/get": "read_file"}, base="/v1")

The method may be a flow or a plain function. Its arguments are filled by their names: `submission,
channel, ref, refs, taken, likeness, reply, now_ms`.
"""

from __future__ import annotations

import re
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import entry_points
from inspect import Parameter, isgenerator, signature
from typing import Any, Final, TextIO, cast
from urllib.parse import parse_qsl, unquote, urlencode

import msgspec

from reelgate.core.dialect import (
    Accepted,
    Answer,
    Call,
    CancelOutcome,
    Channel,
    Closed,
    Dialect,
    Drawing,
    Effect,
    Follow,
    Found,
    Kept,
    Likeness,
    Moment,
    Now,
    Observation,
    Output,
    Phase,
    Recorded,
    Refused,
    Render,
    Reply,
    Submission,
    Unclear,
)
from reelgate.core.errors import Code, Failure
from reelgate.core.task import Request, Size, Verb
from reelgate.core.words import trouble_of
from reelgate.testing.play import streamed

ADDRESS: Final = "https://base.replay.example"
NOW_MS: Final = 1_762_000_000_000
METHODS: Final[Mapping[str, str]] = {
    "submit": "submit",
    "stream": "submit",
    "remix": "submit",
    "edit": "submit",
    "extend": "submit",
    "query": "poll",
    "list": "poll_many",
    "cancel": "cancel",
    "find": "find",
    "discover": "discover",
    "characters": "keep_character",
    "error": "submit",
}
_ID_KEYS: Final = ("id", "task_id", "prompt_id", "request_id", "name")
_HOLDERS: Final = ("data", "output", "task", "detail")


class Recording(msgspec.Struct, kw_only=True):
    """One recorded answer."""

    id: str
    dialect: str
    op: str
    http_status: int = 200
    content_type: str | None = None
    body: Any = None
    request: dict[str, Any] | None = None
    headers: dict[str, str] | None = None
    bytes: dict[str, Any] | None = None

    @property
    def reply(self) -> Reply:
        """The answer as a dialect is sent it."""
        label = {"content-type": self.content_type} if self.content_type else {}
        headers = {name.lower(): value for name, value in (self.headers or {}).items()}
        return Reply(status=self.http_status, headers={**headers, **label}, body=self._content())

    def _content(self) -> bytes:
        if self.body is None:
            head = (self.bytes or {}).get("head_hex")
            return bytes.fromhex(head) if isinstance(head, str) else b""
        return self.body.encode() if isinstance(self.body, str) else msgspec.json.encode(self.body)


class Seen(msgspec.Struct, kw_only=True):
    """One printed line."""

    id: str
    status: Phase | None = None
    progress: int | None = None
    ref: str | None = None
    url: str | None = None
    error_code: Code | None = None
    retryable: bool = False
    keep_state: bool = False
    needs_second_call: bool = False


class Unreadable(Exception):
    """Raised when no registered dialect reads a recording."""


def replay(recording: Recording, dialects: Mapping[str, Dialect]) -> Seen:
    """Read one recording with the dialect that speaks it.

    Raises Unreadable when none does.
    """
    dialect = dialects.get(recording.dialect)
    if dialect is None:
        msg = f"no registered dialect speaks `{recording.dialect}`"
        raise Unreadable(msg)
    said: Recorded = getattr(dialect, "recorded", Recorded())
    method = said.ops.get(f"{recording.dialect}/{recording.op}") or said.ops.get(recording.op)
    if method is None:
        method = METHODS.get(recording.op) or ("poll" if recording.op.startswith("query_") else recording.op)
    seen = _read(dialect, said, method, recording)
    doubtful = seen.error_code is Code.SUBMISSION_UNKNOWN
    if recording.op == "error" and method == "submit" and doubtful:
        seen = _read(dialect, said, "poll", recording)
    return seen


def registered(complaints: TextIO = sys.stderr) -> dict[str, Dialect]:
    """Load every registered dialect under its name and the names it has in recordings."""
    found: dict[str, Dialect] = {}
    for entry in entry_points(group="reelgate.dialects"):
        try:
            dialect: Dialect = entry.load()
        except Exception as broken:  # noqa: BLE001 - one broken distribution does not hide the others
            complaints.write(f"dialect `{entry.name}` does not load: {broken!r}\n")
            continue
        for name in (*getattr(dialect, "recorded", Recorded()).names, dialect.name):
            found[name] = dialect
    return found


# Driving.


def _read(dialect: Dialect, said: Recorded, method: str, recording: Recording) -> Seen:
    function = getattr(dialect, method, None)
    if not callable(function):
        msg = f"`{dialect.name}` has no `{method}` for the operation `{recording.op}`"
        raise Unreadable(msg)
    result = function(**_arguments(function, dialect, said, recording))
    told = _Told()
    if isgenerator(result):
        result = _drive(cast("Generator[Effect, Answer, Any]", result), recording.reply, told)
    seen = _translated(result, recording, told, said.base)
    if seen.progress is None:
        seen.progress = told.progress if seen.status is not Phase.FAILED else None
    if seen.status is Phase.COMPLETED:
        seen.progress = 100
    return seen


class _Told(msgspec.Struct):
    """What a flow said on the way."""

    progress: int | None = None
    more: bool = False


def _drive(flow: Generator[Effect, Answer, Any], reply: Reply, told: _Told) -> Any:
    """Send `reply` to the first call; a later call stops the flow and gives what it had seen by then."""
    lines: deque[Answer] = deque()
    called = False
    answer: Answer | None = None
    try:
        while True:
            effect = next(flow) if answer is None else flow.send(answer)
            match effect:
                case Follow(seen=seen):
                    told.progress = _furthest(told.progress, seen)
                    answer = lines.popleft() if lines else Closed(clean=True)
                case Now() | Render():
                    answer = Moment(NOW_MS) if isinstance(effect, Now) else Drawing(state="absent")
                case Call() if called:
                    told.more = True
                    flow.close()
                    return effect.seen or Observation(phase=None)
                case Call():
                    called = True
                    answer, *rest = streamed(reply) if effect.stream else (reply,)
                    lines.extend(rest)
    except StopIteration as end:
        if not called:
            msg = "the flow ended without asking for this answer"
            raise Unreadable(msg) from None
        return end.value


def _furthest(progress: int | None, seen: Observation | None) -> int | None:
    now = seen.progress if seen is not None else None
    return progress if now is None else max(now, progress or 0)


# Arguments.


def _arguments(
    function: Callable[..., Any], dialect: Dialect, said: Recorded, recording: Recording
) -> dict[str, Any]:
    ref = said.ref.replace("{id}", _id_in(recording) or "ref-1")
    known: dict[str, Any] = {
        "submission": _submission(recording, ref),
        "channel": _channel(dialect, said),
        "ref": ref,
        "refs": _ids_in(recording.body) or [ref],
        "taken": frozenset[str](),
        "likeness": Likeness(start_s=1, end_s=3, ref=ref),
        "reply": recording.reply,
        "now_ms": NOW_MS,
    }
    wanted = signature(function).parameters
    unknown = [n for n, p in wanted.items() if n not in known and p.default is Parameter.empty]
    if unknown:
        msg = f"`{function.__name__}` wants {', '.join(unknown)}"
        raise Unreadable(msg)
    return {name: known[name] for name in wanted if name in known}


def _channel(dialect: Dialect, said: Recorded) -> Channel:
    return Channel(
        id="chan_replay",
        name="replay",
        dialect=dialect.name,
        base_url=ADDRESS + said.base,
        secret="replay-secret",
        settings=said.settings,
    )


def _submission(recording: Recording, ref: str) -> Submission:
    sent = (recording.request or {}).get("json")
    fields = cast("dict[str, Any]", sent) if isinstance(sent, dict) else {}
    model, prompt = fields.get("model"), fields.get("prompt")
    verb = Verb(recording.op) if recording.op in set(Verb) else Verb.CREATE
    token = fields.get("prompt_id") or fields.get("external_task_id")
    return Submission(
        request=Request(
            verb=verb,
            model="model",
            prompt=prompt if isinstance(prompt, str) else "P",
            seconds=5,
            size=Size(1280, 720),
        ),
        upstream_model=model if isinstance(model, str) else "model",
        token=token if isinstance(token, str) else "00000000-0000-4000-8000-000000000001",
        submitted_at_ms=NOW_MS,
        parent_ref=None if verb is Verb.CREATE else ref,
    )


def _id_in(recording: Recording) -> str | None:
    """Find the id a recording is about: in its request, in its body, or as the body's only key."""
    asked = (recording.request or {}).get("path")
    path, _, query = (asked if isinstance(asked, str) else "").partition("?")
    found = [value for name, value in parse_qsl(query) if name in _ID_KEYS]
    found += _ids_in(recording.body)
    found += [unquote(part) for part in reversed(path.split("/")) if _looks_like_an_id(part)]
    body = recording.body
    keys = list(cast("dict[str, Any]", body)) if isinstance(body, dict) else []
    found += [key for key in keys if len(keys) == 1 and _looks_like_an_id(key)]
    return found[0] if found else None


def _looks_like_an_id(text: str) -> bool:
    return len(text) >= 8 and re.search(r"\d", text) is not None


def _ids_in(body: Any) -> list[str]:
    if isinstance(body, list):
        return [found for item in cast("list[Any]", body) for found in _ids_in(item)[:1]]
    if not isinstance(body, dict):
        return []
    item = cast("dict[str, Any]", body)
    texts = [item[key] for key in _ID_KEYS if isinstance(item.get(key), str)]
    found = [text for text in texts if text.split() == [text]]
    inner = [i for key in _HOLDERS for i in _ids_in(item.get(key))[:1]]
    lists = [i for value in item.values() if isinstance(value, list) for i in _ids_in(value)]
    return [*found[:1], *inner[:1]] or lists


# Translating.


def _translated(result: Any, recording: Recording, told: _Told, base: str) -> Seen:
    seen = Seen(id=recording.id, needs_second_call=told.more)
    match result:
        case Accepted():
            seen.ref = result.upstream_id or result.ref
            seen.status = Phase.QUEUED
            if result.observation is not None:
                _show(seen, result.observation, base)
        case Observation():
            _show(seen, result, base)
        case Refused(failure=failure):
            _blame(seen, failure)
        case Unclear():
            seen.error_code, seen.keep_state = Code.SUBMISSION_UNKNOWN, True
        case _:
            _show_other(seen, result, recording, base)
    return seen


def _show_other(seen: Seen, result: Any, recording: Recording, base: str) -> None:
    match result:
        case Found(ref=ref):
            seen.ref = ref
            _show(seen, result.observation or Observation(phase=None), base)
        case Kept(ref=ref):
            seen.ref = ref
        case CancelOutcome(ended=ended):
            seen.status, seen.keep_state = (Phase.CANCELLED if ended else None), not ended
        case _:
            jobs = cast("Mapping[str, Any]", result if isinstance(result, Mapping) else {})
            _show_many(seen, jobs, recording, base)


def _show_many(seen: Seen, jobs: Mapping[str, Any], recording: Recording, base: str) -> None:
    """Show the first job of a list; an answer that lists nothing is shown as the trouble it is."""
    for ref, item in jobs.items():
        if isinstance(item, Observation):
            seen.ref = ref
            _show(seen, item, base)
            return
    trouble = trouble_of(recording.reply)
    if trouble is not None:
        _blame(seen, trouble)
    seen.keep_state = True


def _show(seen: Seen, item: Observation, base: str) -> None:
    seen.status, seen.progress = item.phase, item.progress
    seen.url = _address(item.outputs, base)
    failure = item.error or item.trouble
    if failure is not None:
        _blame(seen, failure)
    if item.phase is Phase.COMPLETED and not item.outputs and not seen.needs_second_call:
        # Not believed yet: the engine asks again, and only then gives up with this code.
        seen.status = None
        seen.error_code = seen.error_code or Code.NO_OUTPUT
    seen.keep_state = seen.status is None


def _blame(seen: Seen, failure: Failure) -> None:
    seen.error_code, seen.retryable = failure.code, failure.retryable


def _address(outputs: Sequence[Output], base: str) -> str | None:
    for output in outputs:
        if output.url is not None:
            return output.url.replace(ADDRESS, "{base}")
        if output.call is not None:
            path = output.call.path
            whole = path if "://" in path else f"{{base}}{base}/{path.lstrip('/')}"
            query = f"?{urlencode(list(output.call.query))}" if output.call.query else ""
            return whole.replace(ADDRESS, "{base}") + query
    return None


# The command.


def lines(
    recordings: Iterable[Any], dialects: Mapping[str, Dialect], complaints: TextIO = sys.stderr
) -> Iterator[bytes]:
    """Give the line of each recording; what cannot be read is said in `complaints` and shown empty."""
    for number, raw in enumerate(recordings):
        name = str(cast("dict[str, Any]", raw).get("id", number)) if isinstance(raw, dict) else str(number)
        try:
            seen = replay(msgspec.convert(raw, Recording, strict=False), dialects)
        except Unreadable as why:
            complaints.write(f"{name}: {why}\n")
            seen = Seen(id=name)
        except Exception as broken:  # noqa: BLE001 - one broken reading does not hide the others
            complaints.write(f"{name}: {broken!r}\n")
            seen = Seen(id=name)
        yield msgspec.json.encode(seen)


def main() -> int:
    """Read recordings from standard input and print what is seen in each."""
    recordings = msgspec.json.decode(sys.stdin.buffer.read())
    if not isinstance(recordings, list):
        sys.stderr.write("expected a JSON array of recordings\n")
        return 2
    for line in lines(cast("list[Any]", recordings), registered()):
        sys.stdout.write(line.decode() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
