"""What `channels` and their inbox say."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "channels.help": (
        "Connect upstream accounts. A running server notices within a second.",
        "接入上游账户。正在运行的服务器会在一秒内察觉。",
    ),
    "channels.add": ("Connect an upstream account under NAME.", "以 NAME 接入一个上游账户。"),
    "channels.dialect": ("The wire format the upstream speaks.", "上游使用的接口格式。"),
    "channels.base_url": ("The upstream's base address.", "上游的基础地址。"),
    "channels.secret": (
        "The file that holds the upstream's key; `-` is standard input.",
        "保存上游密钥的文件；`-` 表示标准输入。",
    ),
    "channels.model": (
        "A model to serve, PUBLIC or PUBLIC=UPSTREAM; may be given more than once.",
        "要提供的模型，PUBLIC 或 PUBLIC=UPSTREAM；可多次给出。",
    ),
    "channels.concurrency": ("How many generations at once.", "同时进行的生成数量。"),
    "channels.setting": (
        "A setting of the dialect, as NAME=VALUE in JSON or plain text, or NAME=@FILE (repeatable).",
        "方言的设置：NAME=VALUE（JSON 或纯文本），或 NAME=@FILE（可重复）。",
    ),
    "channels.bad_setting": (
        "The setting `{text}` is not NAME=VALUE or NAME=@FILE: {reason}",
        "设置 `{text}` 不是 NAME=VALUE 或 NAME=@FILE：{reason}",
    ),
    "channels.objection": (
        "`{dialect}` cannot use these settings: {reason}",
        "`{dialect}` 无法使用这些设置：{reason}",
    ),
    "channels.poll": ("Seconds between two polls.", "两次轮询之间的秒数。"),
    "channels.self_hosted": (
        "Allow a private base address, for this channel alone.",
        "允许使用内网地址，仅限此渠道。",
    ),
    "channels.added": ("Channel {name} ({id}) connected.", "渠道 {name}（{id}）已接入。"),
    "channels.exists": ("There is a channel called `{name}` already.", "已有名为 `{name}` 的渠道。"),
    "channels.policy": (
        "When jobs are asked about: planned, progress, fixed:SECONDS or range:LOW-HIGH.",
        "何时查询任务：planned、progress、fixed:秒数 或 range:下限-上限。",
    ),
    "channels.policy.twice": (
        "Give --poll-seconds or --poll-policy, not both.",
        "--poll-seconds 与 --poll-policy 只能给一个。",
    ),
    "channels.watch": (
        "Change when a channel's jobs are asked about (planned, progress, fixed:SECONDS, range:LOW-HIGH).",
        "更改何时查询渠道的任务（planned、progress、fixed:秒数、range:下限-上限）。",
    ),
    "channels.watched": (
        "Jobs of channel `{name}` are asked about by `{policy}`.",
        "渠道 `{name}` 的任务按 `{policy}` 查询。",
    ),
    "channels.callbacks": (
        "Show where a channel's upstream may call back; set what its callbacks are signed with.",
        "显示渠道的上游可以回调的地址；设置回调的签名密钥。",
    ),
    "channels.callbacks.secret": (
        "File with what callbacks are signed with; `-` reads standard input.",
        "包含回调签名密钥的文件；`-` 从标准输入读取。",
    ),
    "channels.callbacks.forget": ("Check signatures no more.", "不再检查签名。"),
    "channels.callbacks.nowhere": (
        "No address: set `public_url` to where upstreams reach this installation.",
        "没有地址：请把 `public_url` 设为上游能访问到的地址。",
    ),
    "channels.callbacks.checked": (
        "Signatures of `{name}` are checked.",
        "会检查 `{name}` 的签名。",
    ),
    "channels.callbacks.unchecked": (
        "This upstream signs its callbacks; give --secret-file to have that checked.",
        "此上游会对回调签名；用 --secret-file 提供密钥后才会检查。",
    ),
    "channels.callbacks.unsigned": (
        "This upstream does not sign; a callback only has it asked at once.",
        "此上游不签名；回调只会触发一次立即查询。",
    ),
    "channels.exists.next": (
        "Choose another name, or remove it first: reelgate channels remove {name}",
        "换一个名称，或先删除：reelgate channels remove {name}",
    ),
    "channels.bad_dialect": (
        "There is no dialect `{dialect}`; there are {known}.",
        "没有方言 `{dialect}`；现有 {known}。",
    ),
    "channels.bad_model": (
        "`{model}` is not PUBLIC or PUBLIC=UPSTREAM.",
        "`{model}` 不是 PUBLIC 或 PUBLIC=UPSTREAM 的形式。",
    ),
    "channels.bad_url": (
        "`{url}` is not a base address: it must start with http:// or https:// and hold no user, query or fragment.",
        "`{url}` 不是基础地址：必须以 http:// 或 https:// 开头，且不含用户名、查询或片段。",
    ),
    "channels.unknown_model": (
        "The dialect `{dialect}` knows nothing of the model `{model}`.",
        "方言 `{dialect}` 不认识模型 `{model}`。",
    ),
    "channels.private": (
        "`{host}` is a private address, which is refused unless the channel is self-hosted.",
        "`{host}` 是内网地址；除非渠道标记为自托管，否则会被拒绝。",
    ),
    "channels.private.next": (
        "Add --self-hosted if the upstream is your own machine.",
        "如果上游是你自己的机器，请加上 --self-hosted。",
    ),
    "inbox.help": (
        "See submissions nobody can vouch for, and decide. A doubtful paid call is never sent again by itself.",
        "查看无法确认的提交并作出决定。存疑的付费调用绝不会自动重发。",
    ),
    "inbox.list": ("List what waits for a decision.", "列出等待决定的任务。"),
    "inbox.exists": (
        "The upstream has the job under REF: go on watching it.",
        "上游确有此任务（编号 REF）：继续跟踪。",
    ),
    "inbox.resend": (
        "The job never existed upstream: send it again. If it did exist, it is paid for twice.",
        "上游从未有此任务：重新提交。若其实存在，则会重复付费。",
    ),
    "inbox.give_up": ("Give up: end the task and release its money.", "放弃：结束任务并释放冻结金额。"),
    "inbox.none": ("Nothing waits for a decision.", "没有等待决定的任务。"),
    "inbox.decided": ("{id} is now {status}.", "{id} 现在的状态：{status}。"),
    "channels.list": ("List channels; secrets are never shown.", "列出渠道；不会显示密钥。"),
    "channels.none": ("No channels yet.", "还没有渠道。"),
    "channels.remove": (
        "Remove a channel; refused while its tasks are open.",
        "删除渠道；有未结束的任务时会拒绝。",
    ),
    "channels.remove.sure": ("Remove the channel {name} and its secret?", "删除渠道 {name} 及其密钥？"),
    "channels.removed": ("Removed {name}.", "已删除 {name}。"),
    "channels.busy": ("`{name}` has {count} open task(s).", "`{name}` 还有 {count} 个未结束的任务。"),
    "channels.busy.next": (
        "Drain it and wait: reelgate channels drain {name}",
        "先排空并等待：reelgate channels drain {name}",
    ),
    "channels.enable": ("Let a channel take tasks again.", "让渠道重新接收任务。"),
    "channels.disable": (
        "Make no call on a channel until it is enabled again; its tasks wait. To let them end, drain it.",
        "在重新启用前不再调用该渠道；其任务等待。若要让它们先结束，请使用 drain。",
    ),
    "channels.enabled": ("enabled", "启用"),
    "channels.disabled": ("disabled", "停用"),
    "channels.switched": ("{name} is {state}.", "{name} 已{state}。"),
    "channels.unknown": ("There is no channel `{name}`.", "没有渠道 `{name}`。"),
    "channels.priority": ("Higher goes first.", "数值越大越优先。"),
    "channels.weight": (
        "Share of the tasks among channels of the same priority and price.",
        "在同优先级、同价格的渠道之间的任务份额。",
    ),
    "channels.price": (
        "What you pay for a model, such as `sora-2=0.10/second` or `sora-2=0.50/clip`; `sora-2=` is the profile's price (repeatable).",
        "您为某模型支付的价格，例如 `sora-2=0.10/second` 或 `sora-2=0.50/clip`；`sora-2=` 表示使用配置中的价格（可重复）。",
    ),
    "channels.bad_price": (
        "`{text}` is no price: write MODEL=AMOUNT/second or MODEL=AMOUNT/clip.",
        "`{text}` 不是价格：请写成 MODEL=AMOUNT/second 或 MODEL=AMOUNT/clip。",
    ),
    "channels.update": ("Change a channel; what is not named stays.", "修改渠道；未提及的部分保持不变。"),
    "channels.update.secret": (
        "The file that holds a new key in place of the first one; `-` is standard input.",
        "保存新密钥的文件，用来替换第一个密钥；`-` 表示标准输入。",
    ),
    "channels.update.model": (
        "All models it serves from now on, PUBLIC or PUBLIC=UPSTREAM (repeatable).",
        "今后提供的全部模型，PUBLIC 或 PUBLIC=UPSTREAM（可重复）。",
    ),
    "channels.update.setting": (
        "A setting of the dialect to change, as NAME=VALUE; `NAME=` takes it away (repeatable).",
        "要修改的接口设置，NAME=VALUE；`NAME=` 表示删除（可重复）。",
    ),
    "channels.updated": ("Changed {name}.", "已修改 {name}。"),
    "channels.drain": (
        "Give a channel nothing new; what it has is followed to its end.",
        "不再给渠道分配新任务；已有任务会继续跟踪到结束。",
    ),
    "channels.draining": ("draining", "排空中"),
    "channels.draining.left": (
        "{count} unfinished task(s) are followed to their end.",
        "还有 {count} 个未结束的任务会继续跟踪到结束。",
    ),
    "channels.disabled.left": (
        "{count} unfinished task(s) are not asked about while it is disabled; `reelgate channels drain {name}` follows them.",
        "停用期间不会查询 {count} 个未结束的任务；用 `reelgate channels drain {name}` 可继续跟踪。",
    ),
    "channels.well": ("well", "正常"),
    "channels.cooling": ("cooling down", "冷却中"),
    "channels.paused": ("paused", "已暂停"),
    "channels.out": ("no answer", "无应答"),
    "channels.unwell": (
        "{state}: {why} Since {since}; next try {next}.",
        "{state}：{why} 始于 {since}；下次尝试 {next}。",
    ),
    "channels.some_keys": ("enabled; {well} of {all} keys well", "启用；{all} 个密钥中 {well} 个正常"),
    "channels.sealed": (
        "cannot be read: the master key is missing or another one",
        "无法读取：主密钥缺失或不匹配",
    ),
    "secret.sealed": (
        "Stored secrets cannot be read or written: {reason}.",
        "无法读写已存的密钥：{reason}。",
    ),
    "secret.sealed.next": (
        "Put the master key back (`master-key` in the data folder, or REELGATE_MASTER_KEY); see docs/guides/channels.md.",
        "请放回主密钥（数据目录中的 `master-key`，或 REELGATE_MASTER_KEY）；参阅 docs/guides/channels.md。",
    ),
    "word.yes": ("yes", "是"),
    "word.no": ("no", "否"),
}
