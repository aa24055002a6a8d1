"""Status words, progress and HTTP answers as upstreams write them, translated once for every dialect.

The table is the union of what upstreams are known to say; an unknown word keeps the state.
Three readings of an answer live here: what a *submit* answer proves (`classify_submit`), why a
*poll* learned nothing (`trouble_of`), and why a *job* failed (`job_failure`). Nothing here names
an upstream, and no address, key or raw text passes through to a caller.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, Final, cast

import msgspec

from reelgate.core.dialect import Answer, NoReply, Observation, Phase, Refused, Reply, Unclear
from reelgate.core.errors import Code, Failure

LONGEST_WAIT_S: Final = 3_600.0
"""The longest wait an upstream can ask for; more is taken as this much."""

_WORDS: Final[Mapping[Phase, str]] = {
    Phase.QUEUED: "not_start notstart submitted created pending queued queueing in_queue inqueue preparing"
    " starting initializing validating throttled preprocessing wait",
    Phase.IN_PROGRESS: "processing in_progress inprogress running generating dreaming image_downloading"
    " suspended",
    Phase.COMPLETED: "completed complete success succeeded succeed finished done ok",
    Phase.FAILED: "failed fail failure error expired incomplete budget_exceeded requires_action",
    Phase.CANCELLED: "cancelled canceled aborted deleted",
}

PHASES: Final[Mapping[str, Phase]] = {
    word: phase for phase, words in _WORDS.items() for word in words.split()
}
"""Every status word upstreams are known to use, folded, with what it means."""

_WORD_CODES: Final[Mapping[str, Code]] = {
    "expired": Code.EXPIRED,
    "requires_action": Code.REQUIRES_ACTION,
    "budget_exceeded": Code.BUDGET_EXCEEDED,
}


_WORD_MAX = 64
"""Status words are few and short, and come back with every poll: what they mean is remembered."""


def fold(word: str) -> str:
    """Write a status word the way the table does: lower case, `_` for `-` and space."""
    return _folded(word) if len(word) <= _WORD_MAX else re.sub(r"[-\s]+", "_", word.strip().lower())


@lru_cache(maxsize=1024)
def _folded(word: str) -> str:
    return re.sub(r"[-\s]+", "_", word.strip().lower())


def phase_of(word: object) -> Phase | None:
    """Translate a status word; None for a word nobody knows, or something that is not a word."""
    return PHASES.get(fold(word)) if isinstance(word, str) else None


def raw_word(word: object) -> str | None:
    """Keep an upstream's status word for operators, short and harmless."""
    if not isinstance(word, str):
        return None
    return _harmless(word) if len(word) <= _WORD_MAX else redact(word)[:60] or None


@lru_cache(maxsize=1024)
def _harmless(word: str) -> str | None:
    return redact(word)[:60] or None


# Numbers and times.


def percent(value: object) -> int | None:
    """Read progress given in percent, as `54`, `54.7`, `"54"` or `"54%"`, as a whole number 0 to 100."""
    if isinstance(value, str):
        value = _number(value.strip().removesuffix("%"))
    return _share(value, 100)


def fraction(value: object) -> int | None:
    """Read progress given as a fraction of one as a whole number 0 to 100."""
    return _share(_number(value.strip()) if isinstance(value, str) else value, 1)


def timestamp_ms(value: object, *, zone_hours: int = 0) -> int | None:
    """Read a time in seconds, milliseconds or ISO text as milliseconds since 1970.

    A number above 10^11 is taken as milliseconds. `zone_hours` is the zone of text that names none.
    """
    if isinstance(value, str):
        number = _number(value.strip())
        return _parsed_time(value, zone_hours) if number is None else timestamp_ms(number)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 10**14:
        return None
    return int(value) if value > 10**11 else int(value * 1_000)


def _number(text: str) -> float | None:
    try:
        number = float(text) if len(text) <= 40 else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _share(value: object, whole: int) -> int | None:
    """Give `value` of `whole` in percent: first rounded, so that 0.29 reads 29, then down, so that 99.9 is not yet 100."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return math.floor(round(min(max(value, 0), whole) * 100 / whole, 6))


def _parsed_time(text: str, zone_hours: int) -> int | None:
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone(timedelta(hours=zone_hours)))
        return int(moment.timestamp() * 1_000)
    except (ValueError, OverflowError):
        return None


def retry_after_s(reply: Reply, *, now_ms: int | None = None) -> float | None:
    """Say how long an upstream wants to be left alone, from its headers or its words, within reason.

    A date is measured against the answer's own `Date`, else against `now_ms`.
    """
    exact = _number(reply.headers.get("retry-after-ms", "").strip())
    if exact is not None:
        return _reasonable(exact / 1_000)
    text = reply.headers.get("retry-after", "").strip()
    plain = _number(text)
    if plain is not None:
        return _reasonable(plain)
    until = _http_date(text)
    if until is not None:
        sent = _http_date(reply.headers.get("date", ""))
        start = sent if sent is not None else None if now_ms is None else now_ms / 1_000
        return None if start is None else _reasonable(until - start)
    body = reply.object() if len(reply.body) <= 65_536 else None
    said = error_in(body, reply.status) if body is not None else None
    found = _WAIT.search(said.message) if said is not None else None
    return _reasonable(float(found.group(1))) if found else None


_WAIT: Final = re.compile(r"\b(?:in|after)\s*~?\s*(\d{1,6})\s*s(?:ec\w*)?\b", re.IGNORECASE)


def _reasonable(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_WAIT_S)


def _http_date(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


# Text that may be shown.

_TOP_LEVEL: Final = (
    "com|net|org|io|ai|cn|dev|app|cloud|co|info|biz|top|xyz|site|tech|online|run|sh|me|us|uk|eu|de|fr|jp|kr|"
    "sg|hk|tw|in|ru|internal|local|lan|svc|cluster|home|corp|example|invalid|test|localhost"
)
_SECRETS: Final = (
    (re.compile(r"data:[\w.+-]+/[\w.+-]+;base64,[A-Za-z0-9+/=]*"), "[file]"),
    (
        re.compile(r"\b[a-z][a-z0-9+.-]{1,15}://[^\s\"'<>()\]]*[^\s\"'<>()\].,;:!?]", re.IGNORECASE),
        "[address]",
    ),
    (re.compile(r"\b(bearer|basic)\s+[^\s\"',;]+", re.IGNORECASE), "[key]"),
    (
        re.compile(
            r"\b((?:x-)?api[-_ ]?key|access[-_ ]?key|token|secret|password|signature|authorization)"
            r"([\"']?\s*[:=]\s*[\"']?)(?!\[)[^\s\"',;&)]+",
            re.IGNORECASE,
        ),
        r"\1\2[key]",
    ),
    (re.compile(r"\b(?:sk|pk|rk|ak|key|ghp|hf|AKIA|eyJ)[-_]?[A-Za-z0-9_*.-]{12,}"), "[key]"),
    (re.compile(r"\S+@[\w-]+(?:\.[\w-]+)+"), "[address]"),
    (re.compile(r"\(?\b(?:request|trace|log)[-_ ]?id\b\s*[:=]?\s*[\w-]{6,}\)?", re.IGNORECASE), "[id]"),
    (re.compile(r"\breq[-_][\w-]{6,}"), "[id]"),
    (
        re.compile(r"\[?(?<![\w:])(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{1,4}(?![\w:])\]?(?::\d+)?", re.IGNORECASE),
        "[address]",
    ),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?:/\S*)?"), "[address]"),
    (re.compile(rf"\b(?:[a-z0-9_-]+\.)+(?:{_TOP_LEVEL})\b(?::\d+)?(?:/\S*)?", re.IGNORECASE), "[address]"),
    (re.compile(r"\b(?:[a-z0-9-]+\.){3,}[a-z][a-z0-9-]+\b(?::\d+)?"), "[address]"),
    (re.compile(r"\b(?=[a-z0-9.-]*[a-z])[a-z0-9][a-z0-9.-]*:\d{2,5}\b(?:/\S*)?", re.IGNORECASE), "[address]"),
    (re.compile(r"(?<![\w/])(?:/[\w.-]+){2,}"), "[path]"),
    (re.compile(r"\b(?=\w*\d)[A-Za-z0-9_-]{24,}\b"), "[id]"),
)


def redact(text: str, secret: str = "") -> str:
    """Take addresses, keys, ids and control characters out of an upstream's text; `secret` goes whatever it looks like."""
    if len(secret) >= 4:
        text = text.replace(secret, "[key]")
    text = "".join(c if c.isprintable() else " " for c in text[:2_000])
    for pattern, mark in _SECRETS:
        text = pattern.sub(mark, text)
    return " ".join(text.split())


def sentence(text: str, secret: str = "") -> str:
    """Cut an upstream's text to one short clean sentence that a caller may read; empty when nothing is left."""
    if _looks_like_html(text.encode()):
        return ""
    clean = redact(re.sub(r"<[^>]{0,200}>", " ", text), secret)
    clean = re.sub(r"\s*\[id\]", "", clean)
    first = re.split(r"(?<=[.!?。！？])\s+(?=\S)|(?<=[。！？])", clean, maxsplit=1)[0].strip()
    return first if len(first) <= 160 else first[:159].rstrip() + "…"


def _excerpt(body: bytes, secret: str) -> str | None:
    return redact(body[:4_000].decode("utf-8", "replace"), secret)[:200] or None


def _looks_like_html(body: bytes) -> bool:
    head = body[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith((b"<!doctype", b"<html", b"<head", b"<body", b"<?xml", b"<center", b"<h1"))


def path_segment(text: str) -> str:
    """Write an upstream's id as one segment of a path, whatever characters it has."""
    if text in {".", ".."}:
        return text.replace(".", "%2E")
    safe = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
    return "".join(chr(b) if b in safe else f"%{b:02X}" for b in text.encode())


# Error bodies.


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What an error body says, whatever envelope it came in. Raw: never shown as it is."""

    code: str = ""
    kind: str = ""
    message: str = ""
    param: str | None = None


def as_object(value: object) -> dict[str, Any] | None:
    """Give `value` as a JSON object; None when it is anything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def error_in(body: Mapping[str, Any], status: int = 200) -> Said | None:
    """Find the error in a body, in any known envelope; None when the body speaks of none.

    `{message}` and `{detail}` alone are an error only under an error status; a code of 0 is none anywhere.
    """
    error = body.get("error")
    inner = as_object(error)
    if inner:
        return _from_object(inner)
    if isinstance(error, str) and error.strip():
        return _unfolded(Said(code=_scalar(body.get("code")), message=error))
    detail = body.get("detail")
    if detail and status >= 400:
        return _from_detail(detail)
    return _from_flat(body, status)


def _from_object(error: Mapping[str, Any]) -> Said | None:
    code = _scalar(error.get("code"))
    said = Said(
        code="" if code == "0" else code,
        kind=_scalar(error.get("type")),
        message=_scalar(error.get("message")) or _scalar(error.get("msg")) or _scalar(error.get("detail")),
        param=_scalar(error.get("param")) or None,
    )
    return _unfolded(said) if said.code or said.kind or said.message else None


def _from_detail(detail: object) -> Said | None:
    if isinstance(detail, str):
        return _unfolded(Said(message=detail))
    if isinstance(detail, list):
        first = as_object(cast("list[object]", detail)[0])
        if first is None:
            return None
        where = first.get("loc")
        path = [_scalar(part) for part in cast("list[object]", where)] if isinstance(where, list) else []
        return Said(
            kind=_scalar(first.get("type")),
            message=_scalar(first.get("msg")),
            param=".".join(p for p in path if p and p != "body") or None,
        )
    inner = as_object(detail)
    return error_in(inner, 400) if inner is not None else None


def _from_flat(body: Mapping[str, Any], status: int) -> Said | None:
    code = _scalar(body.get("code"))
    message = _scalar(body.get("message")) or _scalar(body.get("msg"))
    fine = fold(code) in {"", "0", "200", "success", "ok"}
    if status < 400 and (fine or not message):
        return None
    if not message and fine:
        return None
    return _unfolded(Said(code="" if fine else code, kind=_scalar(body.get("type")), message=message))


def _unfolded(said: Said) -> Said:
    """Some relays put the next upstream's whole body, as text, into the message."""
    text = said.message.strip()
    if not text.startswith("{") or len(text) > 20_000:
        return said
    try:
        inner = as_object(msgspec.json.decode(text))
    except (msgspec.DecodeError, RecursionError):
        return said
    found = error_in(inner, 400) if inner else None
    return said if found is None else msgspec.structs.replace(found, param=found.param or said.param)


def _scalar(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    if isinstance(value, int) and abs(value) > 10**9:
        return ""
    return str(value)[:4_000]


# What an error means. First by its code, then by its words, then by the HTTP status.

_BY_TEXT: Final[tuple[tuple[Code, re.Pattern[str]], ...]] = tuple(
    (code, re.compile(pattern))
    for code, pattern in (
        (
            Code.CONTENT_POLICY,
            r"moderat|content[_ -]?polic|content[_ -]?filter|policy[_ -]?violation|sensitive|sentinel_block"
            r"|riskdetection|datainspection|\bsafety[._ ](?:input|output|system|filter|polic|violation|guideline)"
            r"|usage polic|\bviolat\w* .{0,40}(?:polic|guideline|guardrail|terms)|guardrail|inappropriate|\bnsfw\b"
            r"|\breal (?:people|person|human)|third[- ]party (?:content|likeness)|copyright"
            r"|敏感|违规|审核|审查|内容安全|内容政策|违反.{0,20}(?:政策|规定|规范|准则|法)|真人|版权|侵权",
        ),
        (Code.ACCOUNT_SUSPENDED, r"suspend|deactivat|overdue|arrear|欠费|账号.{0,4}(?:停用|封禁)"),
        (
            Code.QUOTA_EXHAUSTED,
            r"insufficient[_ ](?:user[_ ])?(?:quota|balance|credit|funds)|exceeded your current quota"
            r"|billing_hard_limit|(?:quota|pack|balance|credits?) (?:is |are )?(?:exhausted|used up|too low)"
            r"|payment[_ ]required|余额不足|额度(?:不足|已用)",
        ),
        (
            Code.PERMISSION_OR_CHANNEL,
            r"no available channel|channel[_ ]not[_ ]found|无可用渠道|permission|not (?:granted|allowed) (?:to|for)"
            r"|access[_ ]?denied|unsupported_country|not authorized to|not permitted|无权|没有权限|权限不足",
        ),
        (
            Code.UNAUTHORIZED,
            r"invalid[_ ]api[_ ]?key|incorrect api key|authentication|invalid[_ ]token|无效的?令牌|令牌(?:无效|已过期)",
        ),
        (Code.CONCURRENCY_LIMITED, r"concurren|parallel task|too many (?:running|active)|并发"),
        (
            Code.MODEL_RETIRED,
            r"\bmodels?\b.{0,80}(?:retired|deprecated|decommission|no longer|shut down|sunset)",
        ),
        (
            Code.NOT_READY,
            r"\bnot (?:yet )?(?:ready|complete\b|completed|finished)|still (?:in progress|processing|running)",
        ),
        (Code.RATE_LIMITED, r"rate[_ -]?limit|too many requests|throttl|频繁|请求过多|请求频率"),
        (Code.OVERLOADED, r"overload|at capacity|server is busy|engine_overloaded|saturated|负载|繁忙"),
        (Code.PAYLOAD_TOO_LARGE, r"payload too large|request entity too large|file too large"),
    )
)
_JOB_TEXT: Final[tuple[tuple[Code, re.Pattern[str]], ...]] = (
    (Code.RUNNER_DISCONNECTED, re.compile(r"runner[_ ](?:disconnect|went|gone|lost)")),
    (Code.EXPIRED, re.compile(r"\bexpired\b")),
    (Code.UPSTREAM_INTERNAL, re.compile(r"^5\d\d\b|internal|server[_ ]error|service[_ ]unavailable")),
    (Code.INVALID_REQUEST, re.compile(r"^4(?:00|22)\b|invalid[_ ]?(?:request|param|value|argument|input)")),
)
_BY_STATUS: Final[Mapping[int, Code]] = {
    401: Code.UNAUTHORIZED,
    402: Code.QUOTA_EXHAUSTED,
    403: Code.PERMISSION_OR_CHANNEL,
    404: Code.NOT_FOUND,
    405: Code.NOT_FOUND,
    410: Code.MODEL_RETIRED,
    413: Code.PAYLOAD_TOO_LARGE,
    415: Code.UNSUPPORTED_MEDIA,
    429: Code.RATE_LIMITED,
    451: Code.CONTENT_POLICY,
    503: Code.OVERLOADED,
}
_STATUS_WINS: Final = frozenset({401, 413, 415, 451})
_WORDLESS: Final[Mapping[Code, str]] = {
    Code.UNAUTHORIZED: "The upstream refused the channel's key.",
    Code.PERMISSION_OR_CHANNEL: "The upstream does not grant this model to the channel's key.",
    Code.ACCOUNT_SUSPENDED: "The upstream account is suspended.",
    Code.QUOTA_EXHAUSTED: "The upstream account is used up.",
    Code.RATE_LIMITED: "The upstream asks for fewer requests.",
    Code.CONCURRENCY_LIMITED: "The upstream already runs as many jobs as it allows.",
    Code.OVERLOADED: "The upstream is busy.",
    Code.CONTENT_POLICY: "The upstream refused the request for its content.",
    Code.MODEL_RETIRED: "The upstream no longer has this model.",
    Code.NOT_FOUND: "The upstream does not know this model or address.",
    Code.INVALID_REQUEST: "The upstream refused a parameter.",
    Code.EXPIRED: "The job expired at the upstream.",
    Code.UPSTREAM_INTERNAL: "The upstream reported an internal fault for this job.",
    Code.SERVER_ERROR: "The upstream broke.",
    Code.UPSTREAM_LOST: "The upstream does not know this job.",
}
_OURS: Final = frozenset(
    {Code.UNAUTHORIZED, Code.PERMISSION_OR_CHANNEL, Code.ACCOUNT_SUSPENDED, Code.QUOTA_EXHAUSTED}
)
"""About the operator's account: the upstream's words on it are for the operator alone."""


def code_of(said: Said, status: int) -> Code:
    """Translate a request's error by its code, its words, then its HTTP status."""
    if status in _STATUS_WINS:
        return _BY_STATUS[status]
    known = _matching(said, _BY_TEXT)
    return known or _BY_STATUS.get(status) or (Code.SERVER_ERROR if status >= 500 else Code.INVALID_REQUEST)


def _matching(said: Said, table: tuple[tuple[Code, re.Pattern[str]], ...]) -> Code | None:
    for text in (f"{said.code} {said.kind}".strip().lower(), said.message[:1_000].lower()):
        for code, pattern in table:
            if pattern.search(text):
                return code
    return None


def failure_of(said: Said, code: Code, *, secret: str = "", wait_s: float | None = None) -> Failure:
    """Compose the value for an error: the upstream's words only where they are the caller's business."""
    words = "" if code in _OURS else sentence(said.message, secret)
    raw = " ".join(part for part in (said.code, said.kind, said.message) if part)
    return Failure(
        code=code,
        message=words or _WORDLESS.get(code, "The upstream reported that the job failed."),
        param=redact(said.param, secret)[:80] if said.param else None,
        retry_after_s=wait_s,
        detail=redact(raw, secret)[:200] or None,
    )


def job_failure(said: Said | None, *, word: object = None, secret: str = "") -> Failure:
    """Translate why a job that was accepted has failed; `word` is its status word."""
    by_word = _WORD_CODES.get(fold(word)) if isinstance(word, str) else None
    heard = said or Said()
    known = by_word or _matching(heard, _BY_TEXT) or _matching(heard, _JOB_TEXT)
    return failure_of(heard, known or Code.UPSTREAM_FAILED, secret=secret)


# What a submit answer proves.

_NEVER_DEFINITE: Final = frozenset({408, 425, 429})
_DEFINITE_IN_200: Final = frozenset(
    {
        Code.CONTENT_POLICY,
        Code.ACCOUNT_SUSPENDED,
        Code.QUOTA_EXHAUSTED,
        Code.PERMISSION_OR_CHANNEL,
        Code.UNAUTHORIZED,
        Code.CONCURRENCY_LIMITED,
        Code.RATE_LIMITED,
        Code.MODEL_RETIRED,
    }
)


def classify_submit(
    answer: Answer, *, now_ms: int | None = None, secret: str = ""
) -> Refused | Unclear | None:
    """Say what an answer to a paid call proves when it names no job; None for a 2xx object without an error.

    Only a call that never left, a parsed refusal, and a parsed throttle prove that nothing was
    created. Everything doubtful is `Unclear`.
    """
    if isinstance(answer, NoReply):
        return _unanswered(answer, secret)
    if not isinstance(answer, Reply):
        return Unclear(reason="The upstream answered in a way this dialect does not speak.")
    body = None if _looks_like_html(answer.body) else answer.object()
    said = error_in(body, answer.status) if body is not None else _refused_key(answer)
    if said is None:
        readable = body is not None and 200 <= answer.status < 300
        return None if readable else _unclear(answer, secret)
    if not _proves_refusal(answer.status, said):
        return _unclear(answer, secret)
    wait = retry_after_s(answer, now_ms=now_ms)
    return Refused(failure=failure_of(said, code_of(said, answer.status), secret=secret, wait_s=wait))


def _refused_key(answer: Reply) -> Said | None:
    """Read a 401 whose whole body is one JSON text, as some upstreams refuse a key."""
    text = answer.json() if answer.status == 401 else None
    return Said(message=text[:4_000]) if isinstance(text, str) and text.strip() else None


def _proves_refusal(status: int, said: Said) -> bool:
    if 200 <= status < 300:
        return code_of(said, status) in _DEFINITE_IN_200
    if status in {429, 503}:
        # A gateway that gave up waiting says so in a 503 too, and then the job may exist.
        return re.search(r"time[d -]*out|deadline", said.message, re.IGNORECASE) is None
    return 400 <= status < 500 and status not in _NEVER_DEFINITE


def _unanswered(answer: NoReply, secret: str) -> Refused | Unclear:
    detail = redact(answer.reason, secret)[:200] or None
    if answer.sent:
        return Unclear(reason="The call was sent and no answer came.", detail=detail)
    return Refused(failure=_unreached(answer, detail))


def _unreached(answer: NoReply, detail: str | None) -> Failure:
    if answer.blocked:
        return Failure(
            code=Code.BLOCKED_ADDRESS,
            message="The channel's address is one this installation does not go to.",
            detail=detail,
        )
    message = "The upstream did not answer." if answer.sent else "The upstream could not be reached."
    return Failure(code=Code.OVERLOADED, message=message, detail=detail)


def _unclear(reply: Reply, secret: str) -> Unclear:
    return Unclear(
        reason=f"The upstream answered {reply.status} without saying whether it took the job.",
        detail=_excerpt(reply.body, secret),
    )


# Why a poll learned nothing.


def trouble_of(answer: Answer, *, now_ms: int | None = None, secret: str = "") -> Failure | None:
    """Say why an answer to a poll tells nothing about the job; None when it is a 2xx object without an error.

    `UPSTREAM_LOST` means that the upstream says it does not know the job.
    """
    if isinstance(answer, NoReply):
        return _unreached(answer, redact(answer.reason, secret)[:200] or None)
    if not isinstance(answer, Reply) or _looks_like_html(answer.body) or 300 <= answer.status < 400:
        return _foreign(answer, secret)
    body = answer.object()
    if answer.status < 300 and body is None:
        return _foreign(answer, secret)
    said = error_in(body, answer.status) if body is not None else None
    if answer.status < 300 and said is None:
        return None
    heard = said or Said(message=answer.body[:2_000].decode("utf-8", "replace"))
    wait = retry_after_s(answer, now_ms=now_ms)
    return failure_of(heard, _poll_code(heard, answer.status), secret=secret, wait_s=wait)


def _poll_code(said: Said, status: int) -> Code:
    unknown_job = re.search(
        r"(?:task|video|job)[_ ]not[_ ](?:exist|found)", f"{said.code} {said.message}".lower()
    )
    if status in {404, 410} or (status == 400 and unknown_job):
        return Code.UPSTREAM_LOST
    if status in {408, 409, 425}:
        return Code.OVERLOADED
    return code_of(said, status)


def _foreign(answer: Answer, secret: str) -> Failure:
    status = f" (status {answer.status})" if isinstance(answer, Reply) else ""
    return Failure(
        code=Code.BAD_GATEWAY_PAYLOAD,
        message=f"The upstream answered with something that is not its own format{status}.",
        detail=_excerpt(answer.body, secret) if isinstance(answer, Reply) else None,
    )


def nothing_learned(trouble: Failure | None) -> Observation:
    """Compose the observation of a poll that learned nothing; it keeps the state. None: the answer named no status."""
    reason = trouble or Failure(
        code=Code.BAD_GATEWAY_PAYLOAD, message="The upstream's answer names no job status."
    )
    return Observation(
        phase=None,
        trouble=reason,
        lost=reason.code is Code.UPSTREAM_LOST,
        retry_after_s=reason.retry_after_s,
    )
