"""What `channels keys`, `channels rotate-key` and `channels test` say."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "channels.keys.help": ("Several keys of one channel take turns.", "同一渠道的多个密钥轮流使用。"),
    "channels.keys.add": (
        "Give CHANNEL a key called NAME, or the one of that name another secret.",
        "为 CHANNEL 添加名为 NAME 的密钥；若已存在则替换其内容。",
    ),
    "channels.keys.added": ("Key {name} added.", "已添加密钥 {name}。"),
    "channels.keys.changed": ("Key {name} has another secret.", "密钥 {name} 的内容已替换。"),
    "channels.keys.list": ("List the keys and how each stands.", "列出密钥及其状态。"),
    "channels.keys.none": ("The channel has no keys.", "该渠道没有密钥。"),
    "channels.keys.remove": ("Wipe a key.", "删除一个密钥。"),
    "channels.keys.force": (
        "Also when unfinished tasks were sent with it; they are asked about with another key.",
        "即使还有未结束的任务使用它；这些任务将改用其他密钥查询。",
    ),
    "channels.keys.removed": ("Removed key {name}.", "已删除密钥 {name}。"),
    "channels.keys.busy": (
        "{count} unfinished task(s) were sent with key `{name}`.",
        "有 {count} 个未结束的任务使用密钥 `{name}`。",
    ),
    "channels.keys.busy.next": (
        "Disable it first: reelgate channels keys disable {channel} {name}",
        "请先停用：reelgate channels keys disable {channel} {name}",
    ),
    "channels.keys.enable": ("Use a key again.", "重新使用密钥。"),
    "channels.keys.disable": (
        "Send nothing new with a key; its jobs are still asked about.",
        "不再用该密钥发送新任务；已有任务仍会查询。",
    ),
    "channels.keys.unknown": ("The channel has no key `{name}`.", "该渠道没有密钥 `{name}`。"),
    "channels.rotate": (
        "Seal every stored secret under a new master key.",
        "用新的主密钥重新加密所有已存的密钥。",
    ),
    "channels.rotate.lost": (
        "The master key is lost: begin with a new one; stored secrets must be given anew.",
        "主密钥已丢失：启用新的主密钥；已存的密钥需要重新提供。",
    ),
    "channels.rotate.sure": (
        "Give up the master key in use? Secrets sealed under it stay unreadable.",
        "放弃当前主密钥？用它加密的内容将无法读取。",
    ),
    "channels.rotate.cannot": ("The master key cannot be changed: {reason}.", "无法更换主密钥：{reason}。"),
    "channels.rotate.next": (
        "See docs/guides/channels.md on the master key.",
        "请参阅 docs/guides/channels.md 中关于主密钥的说明。",
    ),
    "channels.rotated": (
        "{count} secret(s) sealed under the new master key {key}. Keep a copy of {source} apart from the backups.",
        "已用新主密钥 {key} 重新加密 {count} 个密钥。请在备份之外另存 {source}。",
    ),
    "channels.rotated.unreadable": (
        "{count} secret(s) could not be read and were left as they are.",
        "{count} 个密钥无法读取，保持原样。",
    ),
    "channels.test": (
        "Try a channel: its address, each key, and its list of models. Costs nothing without --paid.",
        "测试渠道：地址、每个密钥和模型列表。不加 --paid 不会产生费用。",
    ),
    "channels.test.paid": (
        "Also make one real clip, after the price was shown and confirmed.",
        "另外生成一个真实视频；先显示价格并确认。",
    ),
    "channels.test.confirm": (
        "The channel's name, for a paid test that nobody is there to confirm.",
        "渠道名称，用于无人值守时确认付费测试。",
    ),
    "channels.test.output": ("Keep the clip in this file.", "把视频保存到此文件。"),
    "channels.test.failed": ("{name} does not work as it is.", "{name} 目前无法工作。"),
    "channels.test.failed.next": (
        "Renew the key with `reelgate channels keys add`, or correct the address with `reelgate channels update`.",
        "用 `reelgate channels keys add` 更新密钥，或用 `reelgate channels update` 更正地址。",
    ),
    "channels.test.sealed": ("A key cannot be read: {reason}.", "有密钥无法读取：{reason}。"),
    "channels.test.missing": ("The upstream does not list: {models}", "上游未列出：{models}"),
    "channels.test.nothing": ("{name} makes no clip from words alone.", "{name} 无法仅凭文字生成视频。"),
    "channels.test.price": (
        "{seconds} s of {model} cost about {cost} at the upstream. Type {name} to make it",
        "用 {model} 生成 {seconds} 秒，上游费用约 {cost}。输入 {name} 以继续",
    ),
    "channels.test.unconfirmed": (
        "Nothing was made: it would cost about {cost}; confirm with --confirm {name}.",
        "未生成：费用约 {cost}；用 --confirm {name} 确认。",
    ),
    "channels.test.made": (
        "Made: {bytes} bytes, upstream id {ref}, about {cost}.",
        "已生成：{bytes} 字节，上游 id {ref}，约 {cost}。",
    ),
    "channels.clip.refused": (
        "The upstream refused: {reason} Nothing was made ({ref}).",
        "上游拒绝：{reason} 未生成（{ref}）。",
    ),
    "channels.clip.failed": ("Job {ref} failed: {reason}", "任务 {ref} 失败：{reason}"),
    "channels.clip.unclear": (
        "Nobody can tell whether the upstream took it ({ref}): {reason} It is not sent again.",
        "无法确定上游是否已接受（{ref}）：{reason} 不会再次发送。",
    ),
    "channels.clip.late": (
        "Job {ref} has not ended in time: {reason}",
        "任务 {ref} 未在期限内结束：{reason}",
    ),
    "channels.clip.not_fetched": (
        "Job {ref} is done, but its clip could not be fetched: {reason}",
        "任务 {ref} 已完成，但无法获取视频：{reason}",
    ),
    "channels.test.console": ("Look at the upstream's own console.", "请查看上游的控制台。"),
    "channels.auth.accepted": ("yes", "是"),
    "channels.auth.refused": ("refused", "被拒绝"),
    "channels.auth.not_told": ("not told", "未知"),
    "channels.auth.none": ("no key", "无密钥"),
}
