"""Settings that are changed while the installation runs: one table of what there is and what each may be.

The defaults are what the environment or the file says; a value set here wins over them until it is taken back.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any, Final

import msgspec

from reelgate.core.polling import parse_policy

MIB: Final = 1024 * 1024
DAY_S: Final = 86_400
_EMAIL: Final = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,190}", re.ASCII)


class Kind(StrEnum):
    """What sort of value a setting takes."""

    NUMBER = "number"
    BYTES = "bytes"
    SECONDS = "seconds"
    FLAG = "flag"
    TEXT = "text"
    POLICY = "policy"
    EMAILS = "emails"


class Group(StrEnum):
    """Under which heading a setting stands."""

    INTAKE = "intake"
    POLLING = "polling"
    SUBMITTING = "submitting"
    RETENTION = "retention"
    FAIRNESS = "fairness"
    ALERTS = "alerts"


class Tunable(msgspec.Struct, frozen=True, kw_only=True):
    """One setting. `least` and `most` bound a number, or the length of a text."""

    key: str
    group: Group
    kind: Kind
    least: int = 0
    most: int = 2**53
    unlimited: bool = False
    """Whether 0 lifts the limit."""
    choices: tuple[str, ...] = ()
    """Values worth offering; others may be allowed too."""
    help: tuple[str, str]
    """What it does, in English and in Chinese."""


class Wrong(ValueError):
    """Raised for a value that a setting cannot have; says what it can."""


def check(one: Tunable, value: Any) -> Any:
    """Give a value as it is stored.

    Raises Wrong when the setting cannot have it.
    """
    match one.kind:
        case Kind.FLAG:
            if not isinstance(value, bool):
                raise Wrong("it must be true or false")
            return value
        case Kind.NUMBER | Kind.BYTES | Kind.SECONDS:
            return _whole(one, value)
        case Kind.TEXT:
            return _text(one, value)
        case Kind.POLICY:
            return _policy(_text(one, value))
        case Kind.EMAILS:
            return _emails(_text(one, value))


def parse(one: Tunable, text: str) -> Any:
    """Read a value from text, as somebody types it.

    Raises Wrong when the setting cannot have it.
    """
    if one.kind is Kind.FLAG:
        words = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}
        return check(one, words.get(text.strip().lower(), text))
    if one.kind in (Kind.NUMBER, Kind.BYTES, Kind.SECONDS):
        plain = text.strip()
        return check(one, int(plain) if re.fullmatch(r"-?\d{1,18}", plain, re.ASCII) else plain)
    return check(one, text)


def _whole(one: Tunable, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Wrong("it must be a whole number")
    if not one.least <= value <= one.most and not (one.unlimited and value == 0):
        raise Wrong(f"it must be from {one.least} to {one.most}" + (", or 0" if one.unlimited else ""))
    return value


def _text(one: Tunable, value: Any) -> str:
    if not isinstance(value, str):
        raise Wrong("it must be a text")
    plain = value.strip()
    if not one.least <= len(plain) <= one.most or not (plain.isprintable()):
        raise Wrong(f"it must have {one.least} to {one.most} printable characters")
    return plain


def _policy(text: str) -> str:
    try:
        return str(parse_policy(text))
    except ValueError as error:
        raise Wrong(str(error)) from error


def _emails(text: str) -> str:
    found = [part.strip() for part in text.split(",") if part.strip()]
    for one in found:
        if _EMAIL.fullmatch(one) is None:
            raise Wrong(f"`{one[:80]}` is no e-mail address")
    return ", ".join(dict.fromkeys(found))


def _limit(
    key: str, help_: tuple[str, str], *, kind: Kind = Kind.BYTES, least: int = 1, most: int
) -> Tunable:
    return Tunable(key=key, group=Group.INTAKE, kind=kind, least=least, most=most, unlimited=True, help=help_)


def _seconds(key: str, group: Group, most: int, help_: tuple[str, str], *, least: int = 0) -> Tunable:
    return Tunable(key=key, group=group, kind=Kind.SECONDS, least=least, most=most, help=help_)


def _rate(key: str, help_: tuple[str, str]) -> Tunable:
    return Tunable(
        key=key,
        group=Group.FAIRNESS,
        kind=Kind.NUMBER,
        least=1,
        most=1_000_000,
        unlimited=True,
        help=help_,
    )


TUNABLES: Final[tuple[Tunable, ...]] = (
    _limit(
        "prompt_max",
        ("Longest prompt in characters; 0 is unlimited.", "提示词的最大字符数；0 表示不限制。"),
        kind=Kind.NUMBER,
        most=10_000_000,
    ),
    _limit(
        "picture_max_bytes",
        ("Largest picture in bytes; 0 is unlimited.", "单张图片的最大字节数；0 表示不限制。"),
        least=1024,
        most=1 << 40,
    ),
    _limit(
        "video_max_bytes",
        ("Largest uploaded clip in bytes; 0 is unlimited.", "上传视频的最大字节数；0 表示不限制。"),
        least=1024,
        most=1 << 40,
    ),
    _limit(
        "json_max_bytes",
        ("Largest JSON body in bytes; 0 is unlimited.", "JSON 请求体的最大字节数；0 表示不限制。"),
        least=4096,
        most=1 << 40,
    ),
    _limit(
        "body_max_bytes",
        ("Largest request body in bytes; 0 is unlimited.", "请求体的最大字节数；0 表示不限制。"),
        least=4096,
        most=1 << 40,
    ),
    _limit(
        "inflight_bytes",
        (
            "Bytes of request bodies in flight at once, for each process; 0 is unlimited.",
            "每个进程同时接收的请求体总字节数；0 表示不限制。",
        ),
        least=4096,
        most=1 << 44,
    ),
    _limit(
        "output_max_bytes",
        (
            "Largest clip fetched from an upstream; 0 is unlimited.",
            "从上游下载的视频最大字节数；0 表示不限制。",
        ),
        least=1024,
        most=1 << 42,
    ),
    Tunable(
        key="default_model",
        group=Group.INTAKE,
        kind=Kind.TEXT,
        least=1,
        most=200,
        help=("The model when a request names none.", "请求未指定模型时使用的模型。"),
    ),
    Tunable(
        key="poll_policy",
        group=Group.POLLING,
        kind=Kind.POLICY,
        least=1,
        most=100,
        choices=("planned", "progress", "fixed:30", "range:30-60"),
        help=(
            "When upstreams are asked about running jobs: `planned`, `progress`, `fixed:SECONDS` or"
            " `range:LOW-HIGH`; a channel's own policy wins.",
            "何时向上游查询进行中的任务：`planned`、`progress`、`fixed:秒数` 或 `range:低-高`；渠道自己的策略优先。",
        ),
    ),
    _seconds(
        "late_watch_s",
        Group.POLLING,
        365 * DAY_S,
        (
            "Seconds for which work that outlived its task is still asked about.",
            "任务结束后仍继续查询其上游作业的秒数。",
        ),
    ),
    Tunable(
        key="submit_attempts",
        group=Group.SUBMITTING,
        kind=Kind.NUMBER,
        least=1,
        most=100,
        help=(
            "How often a task refused without a trace is sent again.",
            "被上游拒绝且未留下痕迹的任务最多重新提交的次数。",
        ),
    ),
    _seconds(
        "unconfirmed_timeout_s",
        Group.SUBMITTING,
        30 * DAY_S,
        (
            "Seconds after which an unconfirmed task ends as `submission_unknown`.",
            "未确认的任务在多少秒后以 `submission_unknown` 结束。",
        ),
        least=1,
    ),
    _seconds(
        "outage_wait_s",
        Group.SUBMITTING,
        365 * DAY_S,
        (
            "Seconds for which a task waits for an upstream that does not answer; 0 is for ever.",
            "任务等待无响应上游的秒数；0 表示一直等待。",
        ),
    ),
    Tunable(
        key="breaker_after",
        group=Group.SUBMITTING,
        kind=Kind.NUMBER,
        most=10_000,
        help=(
            "Calls in a row without a usable answer after which a channel is left alone for a while; 0 is never.",
            "连续多少次没有可用的响应后暂停使用该渠道一段时间；0 表示从不暂停。",
        ),
    ),
    _seconds(
        "schedule_max_s",
        Group.SUBMITTING,
        3650 * DAY_S,
        (
            "Seconds ahead for which the start of a video may be scheduled.",
            "视频的开始时间最多可以预约到多少秒之后。",
        ),
    ),
    _seconds(
        "clip_keep_s",
        Group.RETENTION,
        3650 * DAY_S,
        (
            "Seconds for which a finished clip is kept, from its completion; 0 is for ever.",
            "视频完成后保留的秒数；0 表示永久保留。",
        ),
    ),
    _seconds(
        "event_keep_s",
        Group.RETENTION,
        3650 * DAY_S,
        (
            "Seconds for which the events of ended tasks can still be read.",
            "已结束任务的事件可被读取的秒数。",
        ),
        least=3600,
    ),
    _seconds(
        "idempotency_keep_s",
        Group.RETENTION,
        365 * DAY_S,
        (
            "Seconds for which an Idempotency-Key is remembered.",
            "Idempotency-Key 被记住的秒数。",
        ),
        least=60,
    ),
    _seconds(
        "activity_keep_s",
        Group.RETENTION,
        3650 * DAY_S,
        (
            "Seconds for which everybody's own activity is kept; 0 is for ever. The audit log is always kept.",
            "用户活动记录保留的秒数；0 表示永久保留。审计日志始终保留。",
        ),
    ),
    _seconds(
        "link_s",
        Group.RETENTION,
        7 * DAY_S,
        (
            "Seconds for which the address of a clip in a relay's answer opens it without a key.",
            "中转格式响应中的视频地址在多少秒内无需密钥即可打开。",
        ),
        least=60,
    ),
    _rate(
        "key_requests_per_minute",
        (
            "Creating calls a minute of each key without limits of its own; 0 is unlimited.",
            "未单独设置限制的密钥每分钟可发起的创建请求数；0 表示不限制。",
        ),
    ),
    _rate(
        "key_calls_per_minute",
        (
            "All calls a minute of each such key; 0 is unlimited.",
            "此类密钥每分钟的全部请求数；0 表示不限制。",
        ),
    ),
    _rate(
        "key_concurrency",
        (
            "Unfinished videos of each such key at once; 0 is unlimited.",
            "此类密钥同时未完成的视频数；0 表示不限制。",
        ),
    ),
    _rate(
        "user_requests_per_minute",
        (
            "Creating calls a minute of each user without limits of their own; 0 is unlimited.",
            "未单独设置限制的用户每分钟可发起的创建请求数；0 表示不限制。",
        ),
    ),
    _rate(
        "user_calls_per_minute",
        (
            "All calls a minute of each such user; 0 is unlimited.",
            "此类用户每分钟的全部请求数；0 表示不限制。",
        ),
    ),
    _rate(
        "user_concurrency",
        (
            "Unfinished videos of each such user at once; 0 is unlimited.",
            "此类用户同时未完成的视频数；0 表示不限制。",
        ),
    ),
    Tunable(
        key="webhook_disable_after_s",
        group=Group.ALERTS,
        kind=Kind.SECONDS,
        most=365 * DAY_S,
        help=(
            "Seconds of nothing but failures after which a webhook endpoint is switched off and its owner told; 0 is never.",
            "Webhook 端点持续失败多少秒后被停用并通知其所有者；0 表示从不停用。",
        ),
    ),
    Tunable(
        key="budget_low_percent",
        group=Group.ALERTS,
        kind=Kind.NUMBER,
        most=100,
        help=(
            "Share of a balance, in percent of what was paid in last, below which its owner is told; 0 is never.",
            "余额低于最近一次充值的百分之多少时通知所有者；0 表示从不通知。",
        ),
    ),
    Tunable(
        key="upstream_quota_every_s",
        group=Group.ALERTS,
        kind=Kind.SECONDS,
        most=30 * DAY_S,
        help=(
            "Seconds between two questions to an upstream about what is left of its account, where it answers them; 0 is never.",
            "每隔多少秒向上游查询账户余量（仅限提供该查询的上游）；0 表示从不查询。",
        ),
    ),
    Tunable(
        key="upstream_quota_low",
        group=Group.ALERTS,
        kind=Kind.NUMBER,
        most=10**12,
        help=(
            "What may be left of an upstream account, in the upstream's own unit, before operators are told; 0 is never."
            " A channel's setting `quota_low` wins.",
            "上游账户余量（以上游自己的单位计）低于多少时通知管理员；0 表示从不通知。渠道的 `quota_low` 设置优先。",
        ),
    ),
    Tunable(
        key="alert_emails",
        group=Group.ALERTS,
        kind=Kind.EMAILS,
        most=2_000,
        help=(
            "Who is told by e-mail of failing channels, used-up upstream quota and failed tasks, comma-separated.",
            "渠道故障、上游额度用尽和任务失败时通过电子邮件通知的收件人，以逗号分隔。",
        ),
    ),
    Tunable(
        key="alert_failed_tasks",
        group=Group.ALERTS,
        kind=Kind.FLAG,
        help=(
            "Whether operators are told of each failed task.",
            "是否将每个失败的任务通知管理员。",
        ),
    ),
)

BY_KEY: Final = {one.key: one for one in TUNABLES}
