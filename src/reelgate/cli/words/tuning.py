"""What `settings` say."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "tuning.help": (
        "Change limits, polling, retention and alerts while the installation runs.",
        "在运行中调整限制、轮询、保留期和告警。",
    ),
    "tuning.list": ("List every setting with its value and default.", "列出全部设置及其当前值和默认值。"),
    "tuning.get": ("Show the value of one setting.", "显示一项设置的值。"),
    "tuning.set": (
        "Change one setting; every process takes it over within a second.",
        "修改一项设置；所有进程会在一秒内生效。",
    ),
    "tuning.leave": ("Leave it to its default again.", "恢复为默认值。"),
    "tuning.history": ("Show how one setting was changed, by whom and when.", "显示一项设置的修改记录。"),
    "tuning.value": ("Give a value, or `--default`, and not both.", "请给出一个值或 `--default`，二者择一。"),
    "tuning.wrong": ("`{name}`: {reason}.", "`{name}`：{reason}。"),
    "tuning.changed": ("{name} is now {value}.", "{name} 现在是 {value}。"),
    "tuning.never": ("Never changed.", "从未修改。"),
    "tuning.default": ("default", "默认"),
    "tuning.unknown": ("There is no setting `{name}`.", "没有名为 `{name}` 的设置。"),
    "tuning.unknown.next": (
        "`reelgate settings list` names them; those that need a restart are in `reelgate config`.",
        "用 `reelgate settings list` 查看；需要重启的设置见 `reelgate config`。",
    ),
}
