"""What `limits` say."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "limits.help": (
        "Limit how often and how much at once keys, users and channels may ask, and whose turn it is on a busy channel.",
        "限制密钥、用户和渠道的请求频率与并发，并决定繁忙渠道上的先后。",
    ),
    "limits.list": ("List every limit that is set.", "列出所有已设置的限制。"),
    "limits.none": (
        "No limits are set; the defaults of the settings hold.",
        "没有设置任何限制，采用配置中的默认值。",
    ),
    "limits.set": (
        "Set limits of one key, user or channel; what is not named stays. 0 means unlimited.",
        "设置某个密钥、用户或渠道的限制；未指定的保持不变。0 表示不限制。",
    ),
    "limits.clear": (
        "Remove all limits of one key, user or channel; the defaults hold again.",
        "移除某个密钥、用户或渠道的全部限制，恢复默认值。",
    ),
    "limits.requests_per_minute": (
        "New videos a minute; for a channel, what is sent to its upstream.",
        "每分钟新建视频数；对渠道而言，是每分钟发给上游的任务数。",
    ),
    "limits.calls_per_minute": (
        "Calls of any kind a minute; for a channel, how often its upstream is asked about jobs.",
        "每分钟全部调用数；对渠道而言，是每分钟向上游查询任务的次数。",
    ),
    "limits.concurrency": (
        "Unfinished videos at once; for a channel, generations at once.",
        "同时未完成的视频数；对渠道而言，是同时生成的任务数。",
    ),
    "limits.weight": (
        "A user's share of a busy channel against others; 1 when not set.",
        "用户在繁忙渠道上相对他人的份额；未设置时为 1。",
    ),
    "limits.priority": (
        "The priority of new videos; 0 when not set, higher goes earlier.",
        "新视频的优先级；未设置时为 0，越高越先。",
    ),
    "limits.max_priority": (
        "The highest priority a request may ask for; requests may not ask when it is not set.",
        "请求可要求的最高优先级；未设置时请求不能指定优先级。",
    ),
    "limits.changed": ("The limits of {subject} {name} are set.", "已设置 {subject} {name} 的限制。"),
    "limits.cleared": ("The limits of {subject} {name} are removed.", "已移除 {subject} {name} 的限制。"),
    "limits.nothing": ("Name at least one limit to set.", "请至少指定一项限制。"),
    "limits.unfit": ("A {subject} has no {option}.", "{subject} 没有 {option} 这一项。"),
    "limits.no_slots": (
        "A channel needs at least one generation at once.",
        "渠道的并发至少为 1。",
    ),
    "limits.no_slots.next": (
        "To stop it, run `reelgate channels disable`.",
        "若要停用，请运行 `reelgate channels disable`。",
    ),
    "limits.unknown": ("There is no {subject} `{name}`.", "没有名为 `{name}` 的 {subject}。"),
    "limits.several": (
        "More than one {subject} is called `{name}`: {ids}.",
        "有多个 {subject} 名为 `{name}`：{ids}。",
    ),
    "limits.several.next": ("Name it by its id.", "请用 id 指明。"),
}
