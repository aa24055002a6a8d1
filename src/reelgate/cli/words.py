"""Every sentence the command line says, in English and in Chinese.

The language follows `REELGATE_LANG`, else the locale (`LC_ALL`, `LC_MESSAGES`, `LANG`): Chinese when it
starts with `zh`, English otherwise. Names of options, codes and fields are the same in both.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal

Language = Literal["en", "zh"]


def language(environ: Mapping[str, str]) -> Language:
    """Choose the language for an environment; the first variable that is set decides."""
    for name in ("REELGATE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if chosen := environ.get(name):
            return "zh" if chosen.lower().startswith("zh") else "en"
    return "en"


def say(key: str, /, **values: object) -> str:
    """Give a sentence in the language of this run, with its values in place."""
    return WORDS[key][_INDEX].format(**values)


def advise(code: str, english: str) -> str:
    """Give the next step for an error code; the English one stays with the code itself."""
    return ADVICE_ZH.get(code, english) if _INDEX else english


WORDS: dict[str, tuple[str, str]] = {
    # the command itself
    "root.help": (
        "Reelgate keeps one OpenAI-compatible door in front of the video models of today.",
        "Reelgate：在当今各家视频模型之前，提供一个与 OpenAI 兼容的统一入口。",
    ),
    "root.epilog": (
        "Settings are REELGATE_* variables and reelgate.toml; `reelgate config` shows them. "
        "Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 no permission, "
        "5 server unreachable, 6 outcome unknown, 130 interrupted.",
        "设置来自 REELGATE_* 环境变量和 reelgate.toml，用 `reelgate config` 查看。"
        "退出码：0 完成，1 失败，2 用法错误，3 未找到，4 无权限，5 无法连接服务器，6 结果未知，130 被中断。",
    ),
    "help.commands": ("Commands", "命令"),
    "command.serve": ("Run the server.", "运行服务器。"),
    "command.worker": (
        "Run a worker beside servers that share a database.",
        "在共享数据库的服务器旁运行一个工作进程。",
    ),
    "command.demo": (
        "Make a clip through the OpenAI SDK, with no key and no cost.",
        "通过 OpenAI SDK 生成一段视频，无需密钥、没有费用。",
    ),
    "command.generate": ("Turn a prompt into a clip on disk.", "把提示词变成磁盘上的视频。"),
    "command.videos": ("List, fetch, remix, extend and delete clips.", "列出、获取、混剪、延长和删除视频。"),
    "command.models": ("Show which models can be asked for.", "显示可用的模型。"),
    "command.keys": ("Create, list, revoke and import API keys.", "创建、列出、吊销和导入 API 密钥。"),
    "command.channels": ("Connect upstream accounts.", "接入上游账户。"),
    "command.limits": (
        "Limit speed and concurrency; share busy channels.",
        "限制速度与并发，分配繁忙的通道。",
    ),
    "command.inbox": (
        "Decide about submissions nobody can vouch for.",
        "处理无法确认是否已提交的任务。",
    ),
    "command.doctor": ("Check this installation.", "检查本安装。"),
    "command.simulate": (
        "Run a simulated upstream to write clients against.",
        "运行一个模拟上游，用于编写客户端。",
    ),
    "command.storage": ("Check, clean up and move stored files.", "检查、清理和迁移已保存的文件。"),
    "command.db": ("Upgrade, back up and restore the data.", "升级、备份和恢复数据。"),
    "command.config": (
        "Show the settings in force and where they come from.",
        "显示当前生效的设置及其来源。",
    ),
    "command.completion": ("Print the completion script of a shell.", "打印 shell 补全脚本。"),
    # options
    "option.data": (
        "The data folder (REELGATE_DATA).",
        "数据目录（REELGATE_DATA）。",
    ),
    "option.json": ("Print JSON for scripts.", "输出供脚本使用的 JSON。"),
    "option.url": (
        "Speak to the server at this address instead of the one on the data folder (REELGATE_URL).",
        "连接这个地址的服务器，而不是数据目录上的服务器（REELGATE_URL）。",
    ),
    "option.key": (
        "The API key to use; better given as REELGATE_API_KEY, which other users cannot see.",
        "要使用的 API 密钥；最好用 REELGATE_API_KEY 给出，其他用户看不到。",
    ),
    "option.yes": ("Do not ask.", "不再询问。"),
    # trouble
    "trouble.what": ("Error: {message}", "错误：{message}"),
    "trouble.next": ("Next: {step}", "下一步：{step}"),
    "trouble.code": ("Code: {code}", "代码：{code}"),
    "side.caller": ("Whose side: the request itself.", "责任方：请求本身。"),
    "side.operator": ("Whose side: this installation's operator.", "责任方：本安装的运维者。"),
    "side.upstream": ("Whose side: the upstream.", "责任方：上游。"),
    "charge.none": ("Money: nothing was charged.", "费用：没有扣费。"),
    "charge.released": ("Money: what was held for it has been given back.", "费用：预留的金额已退回。"),
    "charge.held": (
        "Money: what was held for it stays held until somebody decides.",
        "费用：预留的金额保持冻结，等待人工决定。",
    ),
    "charge.possible": (
        "Money: it may have been charged; look at the task first.",
        "费用：可能已扣费，请先查看任务。",
    ),
    "interrupt.plain": ("Interrupted.", "已中断。"),
    "interrupt.server": (
        "Interrupted here only: `{id}` goes on in the server, and is charged as if you had waited.\n"
        "Look at it:  reelgate videos get {id} --wait{where}\n"
        "End it:      reelgate videos delete {id}{where}",
        "只中断了本命令：`{id}` 仍在服务器中继续，费用与等待时相同。\n"
        "查看：reelgate videos get {id} --wait{where}\n"
        "终止：reelgate videos delete {id}{where}",
    ),
    "interrupt.embedded": (
        "Interrupted: `{id}` is kept in the data folder and goes on when Reelgate next runs on it; nothing is sent twice.\n"
        "Go on now:  reelgate videos get {id} --wait{where}\n"
        "End it:     reelgate videos delete {id}{where}",
        "已中断：`{id}` 保存在数据目录中，Reelgate 下次在其上运行时继续；不会重复发送。\n"
        "立即继续：reelgate videos get {id} --wait{where}\n"
        "终止：reelgate videos delete {id}{where}",
    ),
    # the client
    "client.embedded": ("Reelgate inside this command ({data})", "本命令内置的 Reelgate（{data}）"),
    "client.unreachable": ("No answer from {where}: {reason}.", "{where} 没有应答：{reason}。"),
    "client.unreachable.next": (
        "Check the address and that `reelgate serve` runs there; nothing was sent that could cost money.",
        "检查地址，并确认 `reelgate serve` 在那里运行；没有发出任何会产生费用的请求。",
    ),
    "client.lost": (
        "The request reached {where}, but its answer was lost: {reason}.",
        "请求已到达 {where}，但应答丢失：{reason}。",
    ),
    "client.lost.next": (
        "Look at `reelgate videos list` before you send it again: the clip may be in the making and charged.",
        "重新发送前请先看 `reelgate videos list`：视频可能已在生成并计费。",
    ),
    "client.not_json": (
        "The answer is not JSON: this is not a Reelgate or an OpenAI-compatible server.",
        "应答不是 JSON：这不是 Reelgate 或与 OpenAI 兼容的服务器。",
    ),
    "client.not_json.next": (
        "Check the address given with --url or REELGATE_URL.",
        "检查 --url 或 REELGATE_URL 给出的地址。",
    ),
    "client.status": ("The server answered with status {status}.", "服务器返回状态 {status}。"),
    "client.no_key": ("The server wants an API key and none was given.", "服务器需要 API 密钥，但没有给出。"),
    "client.key.next": (
        "Set REELGATE_API_KEY; `reelgate keys create NAME` on the server's machine makes a key.",
        "设置 REELGATE_API_KEY；在服务器所在机器上运行 `reelgate keys create NAME` 可创建密钥。",
    ),
    "client.model.next": ("Choose one of `reelgate models`.", "从 `reelgate models` 中选择。"),
    "client.bad_url": ("`{url}` is not an http or https address.", "`{url}` 不是 http 或 https 地址。"),
    # the data folder and its settings
    "local.busy": (
        "Another Reelgate works on {data} and does not answer here; it may be starting or stopping.",
        "另一个 Reelgate 正在使用 {data} 但没有应答；它可能正在启动或停止。",
    ),
    "local.traces": (
        "Traces are wanted, and what they need is not installed.",
        "已要求链路追踪，但所需组件未安装。",
    ),
    "local.traces.next": (
        "Install the extra: pip install 'reelgate[otel]'; or unset REELGATE_TRACES.",
        "请安装附加组件：pip install 'reelgate[otel]'；或取消 REELGATE_TRACES。",
    ),
    "local.store": ("The database cannot be used: {reason}.", "数据库无法使用：{reason}。"),
    "local.store.next": (
        "Run `reelgate doctor` for what is wrong; nothing was changed.",
        "运行 `reelgate doctor` 查看问题；没有做任何改动。",
    ),
    "local.folder": (
        "The data folder {data} cannot be used: {reason}.",
        "数据目录 {data} 无法使用：{reason}。",
    ),
    "local.admin_key": (
        "First start on this data folder. The administrator key, shown this once:\n  {key}\nKeep it; `reelgate keys revoke administrator` closes it.",
        "首次在此数据目录上启动。管理员密钥，只显示这一次：\n  {key}\n请妥善保存；用 `reelgate keys revoke administrator` 吊销。",
    ),
    "settings.bad": ("A setting is wrong: {reason}.", "设置有误：{reason}。"),
    "settings.bad.next": (
        "Correct the REELGATE_* variable or reelgate.toml.",
        "请改正 REELGATE_* 变量或 reelgate.toml。",
    ),
    # statuses and columns
    "status.queued": ("queued", "排队中"),
    "status.in_progress": ("in progress", "生成中"),
    "status.completed": ("completed", "已完成"),
    "status.failed": ("failed", "失败"),
    "column.id": ("ID", "ID"),
    "column.status": ("Status", "状态"),
    "column.model": ("Model", "模型"),
    "column.length": ("Length", "时长"),
    "column.size": ("Size", "尺寸"),
    "column.created": ("Created", "创建时间"),
    "column.completed": ("Completed", "完成时间"),
    "column.prompt": ("Prompt", "提示词"),
    "column.source": ("Made from", "来源"),
    "column.error": ("Error", "错误"),
    "column.served_by": ("Served by", "实际模型"),
    "column.provider": ("Provider", "提供方"),
    "column.lengths": ("Seconds", "秒数"),
    "column.sizes": ("Sizes", "尺寸"),
    "column.usual": ("Usual time", "通常耗时"),
    "column.name": ("Name", "名称"),
    "column.scopes": ("Scopes", "权限范围"),
    "column.key": ("Key", "密钥"),
    "column.last_used": ("Last used", "最近使用"),
    "column.state": ("State", "状态"),
    "column.dialect": ("Dialect", "方言"),
    "column.base_url": ("Address", "地址"),
    "column.models": ("Models", "模型"),
    "column.channel": ("Channel", "通道"),
    "column.ref": ("Upstream id", "上游编号"),
    "column.held": ("Held", "冻结金额"),
    "column.at_once": ("At once", "并发"),
    "column.check": ("Check", "检查项"),
    "column.finding": ("Finding", "结果"),
    "column.next": ("Next step", "下一步"),
    "column.setting": ("Setting", "设置"),
    "column.value": ("Value", "值"),
    "column.from": ("From", "来源"),
    "column.about": ("Meaning", "含义"),
    # progress
    "progress.line": ("{label}: {percent} %", "{label}：{percent} %"),
    "progress.download": ("downloading", "下载中"),
    # generate
    "generate.help": (
        "Turn PROMPT into a clip on disk (`-` reads the prompt from standard input). "
        "Works without a server: Reelgate then runs inside this command.",
        "把 PROMPT 变成磁盘上的视频（`-` 表示从标准输入读取提示词）。没有服务器也能用：此时 Reelgate 在本命令内运行。",
    ),
    "generate.epilog": (
        'Example: reelgate generate "A paper boat on a lake at dusk" --seconds 4 -o boat.mp4',
        '示例：reelgate generate "黄昏湖面上的纸船" --seconds 4 -o boat.mp4',
    ),
    "generate.image": ("A picture to start from (JPEG, PNG or WebP).", "参考图片（JPEG、PNG 或 WebP）。"),
    "generate.seconds": ("Length of the clip.", "视频时长（秒）。"),
    "generate.size": ("Size in pixels, such as 720x1280.", "像素尺寸，如 720x1280。"),
    "generate.model": (
        "The model to ask for; `reelgate models` lists them.",
        "要使用的模型；用 `reelgate models` 列出。",
    ),
    "generate.output": (
        "Where to put the clip: a file, a folder, or `-` for standard output.",
        "视频保存位置：文件、目录，或 `-` 表示标准输出。",
    ),
    "generate.wait": ("Wait for the clip, or print its id at once.", "等待视频完成，或立即打印其 id。"),
    "generate.accepted": ("Accepted as {id}, made by {model}.", "已接受：{id}，由 {model} 生成。"),
    "generate.stdout_json": (
        "`-o -` and `--json` both want standard output.",
        "`-o -` 与 `--json` 都要占用标准输出。",
    ),
    "generate.no_server": (
        "`--no-wait` needs a running server; without one nobody would make the clip.",
        "`--no-wait` 需要正在运行的服务器，否则没有人生成视频。",
    ),
    "generate.no_server.next": (
        "Start `reelgate serve`, or leave out `--no-wait`.",
        "启动 `reelgate serve`，或去掉 `--no-wait`。",
    ),
    "save.cannot": ("The clip cannot be written to {path}: {reason}.", "视频无法写入 {path}：{reason}。"),
    # videos
    "video.failed": ("{id} failed: {message}", "{id} 失败：{message}"),
    "video.no_reason": ("no reason was given", "没有给出原因"),
    "video.alias": ("{model} (served by {served})", "{model}（实际由 {served} 提供）"),
    "videos.help": ("List, fetch, remix, extend and delete clips.", "列出、获取、混剪、延长和删除视频。"),
    "videos.list": ("List clips.", "列出视频。"),
    "videos.limit": ("How many.", "数量。"),
    "videos.after": ("Go on after this clip.", "从这个视频之后继续。"),
    "videos.order": ("Newest or oldest first.", "最新在前或最旧在前。"),
    "videos.none": (
        'No clips yet. Make one: reelgate generate "A paper boat on a lake at dusk"',
        '还没有视频。试试：reelgate generate "黄昏湖面上的纸船"',
    ),
    "videos.more": (
        "There are more: reelgate videos list --after {id}",
        "还有更多：reelgate videos list --after {id}",
    ),
    "videos.get": ("Show one clip.", "显示一个视频。"),
    "videos.wait": ("Wait until it has ended.", "等待其结束。"),
    "videos.download": (
        "Bring a clip, its thumbnail or its spritesheet to disk.",
        "把视频、缩略图或精灵图保存到磁盘。",
    ),
    "videos.variant": ("Which rendition.", "哪一种版本。"),
    "videos.delete": (
        "Delete clips with their files; one still in the making is cancelled.",
        "删除视频及其文件；仍在生成的会被取消。",
    ),
    "videos.delete.sure": ("Delete {count} clip(s) with their files?", "删除 {count} 个视频及其文件？"),
    "videos.deleted": ("Deleted {id}.", "已删除 {id}。"),
    "videos.remix": ("Make a variation of a clip.", "生成视频的变体。"),
    "videos.edit": ("Change a clip as the prompt says.", "按提示词修改视频。"),
    "videos.extend": ("Make a clip longer.", "延长视频。"),
    "videos.extend.seconds": ("How many seconds to add.", "增加多少秒。"),
    # models
    "models.help": (
        "Show which models can be asked for, and what really serves them.",
        "显示可用的模型，以及实际提供服务的模型。",
    ),
    "models.drawn": ("{model} (drawn, not generative)", "{model}（绘制，非生成式）"),
    "models.none": (
        "No model is served here. Connect an account: reelgate channels add --help",
        "这里没有可用的模型。接入账户：reelgate channels add --help",
    ),
    # keys
    "limits.help": (
        "Limit how often and how much at once keys, users and channels may ask, and whose turn it is on a busy channel.",
        "限制密钥、用户和通道的请求频率与并发，并决定繁忙通道上的先后。",
    ),
    "limits.list": ("List every limit that is set.", "列出所有已设置的限制。"),
    "limits.none": (
        "No limits are set; the defaults of the settings hold.",
        "没有设置任何限制，采用配置中的默认值。",
    ),
    "limits.set": (
        "Set limits of one key, user or channel; what is not named stays. 0 means unlimited.",
        "设置某个密钥、用户或通道的限制；未指定的保持不变。0 表示不限制。",
    ),
    "limits.clear": (
        "Remove all limits of one key, user or channel; the defaults hold again.",
        "移除某个密钥、用户或通道的全部限制，恢复默认值。",
    ),
    "limits.requests_per_minute": (
        "New videos a minute; for a channel, what is sent to its upstream.",
        "每分钟新建视频数；对通道而言，是每分钟发给上游的任务数。",
    ),
    "limits.calls_per_minute": (
        "Calls of any kind a minute; for a channel, how often its upstream is asked about jobs.",
        "每分钟全部调用数；对通道而言，是每分钟向上游查询任务的次数。",
    ),
    "limits.concurrency": (
        "Unfinished videos at once; for a channel, generations at once.",
        "同时未完成的视频数；对通道而言，是同时生成的任务数。",
    ),
    "limits.weight": (
        "A user's share of a busy channel against others; 1 when not set.",
        "用户在繁忙通道上相对他人的份额；未设置时为 1。",
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
        "通道的并发至少为 1。",
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
    "column.limited": ("Of", "对象"),
    "column.requests_per_minute": ("New a minute", "每分钟新建"),
    "column.calls_per_minute": ("Calls a minute", "每分钟调用"),
    "column.concurrency": ("Unfinished", "未完成数"),
    "column.weight": ("Weight", "份额"),
    "column.priority": ("Priority", "优先级"),
    "column.max_priority": ("Highest priority", "最高优先级"),
    "keys.help": (
        "Create, list, revoke and import API keys. Works with and without a running server.",
        "创建、列出、吊销和导入 API 密钥。无论服务器是否运行都可用。",
    ),
    "keys.create": ("Create a key and print it; it is shown this once.", "创建密钥并打印；只显示这一次。"),
    "keys.scope": ("What the key may do; may be given more than once.", "密钥的权限范围；可多次给出。"),
    "keys.created": (
        "Key {id} created. It is shown this once; keep it:",
        "密钥 {id} 已创建。只显示这一次，请保存：",
    ),
    "keys.list": ("List keys; the keys themselves are never shown.", "列出密钥；不会显示密钥本身。"),
    "keys.none": (
        "No keys yet. Make one: reelgate keys create NAME",
        "还没有密钥。创建：reelgate keys create NAME",
    ),
    "keys.revoke": ("Revoke a key by its id or name, at once.", "按 id 或名称立即吊销密钥。"),
    "keys.revoked": ("Revoked {id}; it is refused from now on.", "已吊销 {id}，从现在起被拒绝。"),
    "keys.unknown": ("There is no key `{id}` in use.", "没有正在使用的密钥 `{id}`。"),
    "keys.several": ("Several keys are called `{name}`: {ids}.", "有多个密钥名为 `{name}`：{ids}。"),
    "keys.several.next": ("Name it by its id.", "请用 id 指明。"),
    "keys.import": (
        "Take over a key that clients already use, read from a file or from standard input.",
        "导入客户端已在使用的密钥，从文件或标准输入读取。",
    ),
    "keys.import.file": (
        "The file that holds the key; `-` is standard input.",
        "保存密钥的文件；`-` 表示标准输入。",
    ),
    "keys.imported": (
        "Key {id} imported; clients that send it are let in.",
        "密钥 {id} 已导入；使用它的客户端将被接受。",
    ),
    "keys.active": ("in use", "使用中"),
    "keys.gone": ("revoked", "已吊销"),
    "secret.unreadable": ("`{path}` cannot be read: {reason}.", "无法读取 `{path}`：{reason}。"),
    "secret.empty": ("`{path}` holds no secret.", "`{path}` 中没有密钥内容。"),
    # channels
    # simulate
    "simulate.help": (
        "Run a simulated upstream: stateful, with a bill, quirks and faults, over real HTTP. "
        "Without DIALECT, list what can be simulated. Nothing is generated and nothing is charged.",
        "运行一个模拟上游：有状态、有账单、有真实上游的怪癖和可编排的故障，使用真实 HTTP。"
        "不带 DIALECT 时列出可模拟的方言。不会生成内容，也不会产生费用。",
    ),
    "simulate.epilog": (
        "A prompt can ask for faults, too: `a boat [fault:hang_after_accept]`, and for time: `[takes:3.5]`.",
        "提示词也可以要求故障：`a boat [fault:hang_after_accept]`，以及时长：`[takes:3.5]`。",
    ),
    "simulate.host": ("Address to listen on.", "监听地址。"),
    "simulate.port": ("Port to listen on; 0 takes a free one.", "监听端口；0 表示任意空闲端口。"),
    "simulate.key": (
        "Take this key only; without it, any key or none.",
        "只接受此密钥；不设置则接受任意密钥或无密钥。",
    ),
    "simulate.queue": ("Seconds a job waits before it runs.", "任务开始前的排队秒数。"),
    "simulate.seconds": ("Seconds a job runs.", "任务运行的秒数。"),
    "simulate.fault": (
        "A fault for every job, for the N-th create, or for the first TIMES; may be repeated.",
        "为每个任务、第 N 次创建或前 TIMES 次创建设置故障；可重复。",
    ),
    "simulate.faults": ("List the faults and stop.", "列出所有故障后退出。"),
    "simulate.tls": (
        "Serve TLS with a certificate nobody should believe.",
        "使用不可信的证书提供 TLS。",
    ),
    "simulate.small": (
        "The same tiny clip for every job, whatever size was asked for.",
        "无论请求何种尺寸，所有任务都返回同一个微型视频。",
    ),
    "simulate.bill": (
        "Append one line for each accepted job to this file.",
        "每接受一个任务就向此文件追加一行。",
    ),
    "simulate.unknown": (
        "There is no simulator called `{dialect}`. There is: {known}.",
        "没有名为 `{dialect}` 的模拟器。可用的有：{known}。",
    ),
    "simulate.bad_fault.next": (
        "`reelgate simulate --faults` lists them.",
        "用 `reelgate simulate --faults` 查看全部故障。",
    ),
    "simulate.no_port": ("The port cannot be listened on: {reason}.", "无法监听该端口：{reason}。"),
    "simulate.banner": (
        "SIMULATOR of {title} ({dialect}). Nothing is generated, nothing is charged.",
        "模拟器：{title}（{dialect}）。不会生成内容，也不会产生费用。",
    ),
    "simulate.key.word": ("Key", "密钥"),
    "simulate.any_key": ("any, or none", "任意，或不填"),
    "simulate.page": ("Page", "页面"),
    "simulate.add": ("Connect Reelgate to it:", "将 Reelgate 连接到它："),
    "simulate.curl": ("Try it:", "试一试："),
    "simulate.ready": ("Calls follow. Ctrl-C stops it.", "以下是收到的调用。按 Ctrl-C 停止。"),
    "simulate.struck": ("fault: {fault}", "故障：{fault}"),
    "simulate.billed": ("bill: {count} ({sum})", "账单：{count}（{sum}）"),
    "simulate.when": ("When", "时机"),
    "simulate.what": ("What happens", "现象"),
    "column.title": ("Upstream", "上游"),
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
        "允许使用内网地址，仅限此通道。",
    ),
    "channels.added": ("Channel {name} ({id}) connected.", "通道 {name}（{id}）已接入。"),
    "channels.exists": ("There is a channel called `{name}` already.", "已有名为 `{name}` 的通道。"),
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
        "更改何时查询通道的任务（planned、progress、fixed:秒数、range:下限-上限）。",
    ),
    "channels.watched": (
        "Jobs of channel `{name}` are asked about by `{policy}`.",
        "通道 `{name}` 的任务按 `{policy}` 查询。",
    ),
    "channels.callbacks": (
        "Show where a channel's upstream may call back; set what its callbacks are signed with.",
        "显示通道的上游可以回调的地址；设置回调的签名密钥。",
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
        "`{host}` 是内网地址；除非通道标记为自托管，否则会被拒绝。",
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
    "channels.list": ("List channels; secrets are never shown.", "列出通道；不会显示密钥。"),
    "channels.none": ("No channels yet.", "还没有通道。"),
    "channels.remove": (
        "Remove a channel; refused while its tasks are open.",
        "删除通道；有未结束的任务时会拒绝。",
    ),
    "channels.remove.sure": ("Remove the channel {name} and its secret?", "删除通道 {name} 及其密钥？"),
    "channels.removed": ("Removed {name}.", "已删除 {name}。"),
    "channels.busy": ("`{name}` has {count} open task(s).", "`{name}` 还有 {count} 个未结束的任务。"),
    "channels.busy.next": (
        "Disable it and wait: reelgate channels disable {name}",
        "先停用并等待：reelgate channels disable {name}",
    ),
    "channels.enable": ("Let a channel take tasks again.", "让通道重新接收任务。"),
    "channels.disable": (
        "Give a channel no new tasks; those it has go on.",
        "不再给通道新任务；已有任务继续。",
    ),
    "channels.enabled": ("enabled", "启用"),
    "channels.disabled": ("disabled", "停用"),
    "channels.switched": ("{name} is {state}.", "{name} 已{state}。"),
    "channels.unknown": ("There is no channel `{name}`.", "没有通道 `{name}`。"),
    # serve, worker
    "serve.help": (
        "Run the server and the studio until Ctrl-C or SIGTERM.",
        "运行服务器与工作室，直到 Ctrl-C 或 SIGTERM。",
    ),
    "serve.host": ("The address to listen on.", "监听地址。"),
    "serve.port": ("The port to listen on.", "监听端口。"),
    "serve.role": (
        "What this process does beside others on PostgreSQL: all, api or worker.",
        "本进程与 PostgreSQL 上其他进程协作时的角色：all、api 或 worker。",
    ),
    "serve.running": (
        "Reelgate already runs on {data} (process {pid}, {address}).",
        "Reelgate 已在 {data} 上运行（进程 {pid}，{address}）。",
    ),
    "serve.running.next": (
        "Use that server, stop it first, or name another folder with --data.",
        "使用该服务器、先停止它，或用 --data 指定其他目录。",
    ),
    "serve.port_taken": ("{host}:{port} cannot be used: {reason}.", "无法使用 {host}:{port}：{reason}。"),
    "serve.port_taken.next": (
        "Choose another port: reelgate serve --port N",
        "换一个端口：reelgate serve --port N",
    ),
    "serve.banner": (
        "Reelgate {version}\n  address  {address}\n  data     {data}\n\n"
        "Make a clip from another terminal:\n"
        '  reelgate --data {data} generate "A paper boat on a lake at dusk"\n'
        "or with any OpenAI client (base address {address}/v1), or with curl:\n"
        '  curl {address}/v1/videos -H "Authorization: Bearer $REELGATE_API_KEY" -F prompt="A paper boat on a lake at dusk"\n'
        "A key: reelgate --data {data} keys create NAME. Stop with Ctrl-C; open tasks go on at the next start.",
        "Reelgate {version}\n  地址  {address}\n  数据  {data}\n\n"
        "在另一个终端生成视频：\n"
        '  reelgate --data {data} generate "黄昏湖面上的纸船"\n'
        "也可用任何 OpenAI 客户端（基础地址 {address}/v1），或用 curl：\n"
        '  curl {address}/v1/videos -H "Authorization: Bearer $REELGATE_API_KEY" -F prompt="黄昏湖面上的纸船"\n'
        "创建密钥：reelgate --data {data} keys create NAME。按 Ctrl-C 停止；未完成的任务在下次启动时继续。",
    ),
    "worker.help": (
        "Run a worker until Ctrl-C or SIGTERM; needs a PostgreSQL database.",
        "运行工作进程，直到 Ctrl-C 或 SIGTERM；需要 PostgreSQL 数据库。",
    ),
    "worker.sqlite": (
        "A separate worker needs PostgreSQL; on SQLite the server does the work itself.",
        "独立的工作进程需要 PostgreSQL；使用 SQLite 时由服务器自己完成工作。",
    ),
    "worker.sqlite.next": (
        "Run `reelgate serve`, or set REELGATE_DATABASE to a postgresql:// address.",
        "运行 `reelgate serve`，或把 REELGATE_DATABASE 设为 postgresql:// 地址。",
    ),
    # demo
    "demo.help": (
        "Start a server, make a clip from a prompt and a picture through the official OpenAI SDK, check it, and stop.",
        "启动服务器，通过官方 OpenAI SDK 由提示词和图片生成一段视频，检查后停止。",
    ),
    "demo.picture": ("1. Drawing a reference picture: {path}", "1. 绘制参考图片：{path}"),
    "demo.server": (
        "2. Starting a server on {address}, data in {data}",
        "2. 在 {address} 启动服务器，数据在 {data}",
    ),
    "demo.ask": (
        "3. Asking for a clip through the OpenAI Python SDK {version}: {model}, {seconds} s, {size}",
        "3. 通过 OpenAI Python SDK {version} 请求视频：{model}，{seconds} 秒，{size}",
    ),
    "demo.honest": (
        "   Here `sora-2` is served by `animatic-1`: an animated storyboard drawn from your words and picture, not a generative model.",
        "   这里的 `sora-2` 由 `animatic-1` 提供：根据文字和图片绘制的动态分镜，并非生成式模型。",
    ),
    "demo.download": (
        "4. Downloading through the SDK, then checking the file",
        "4. 通过 SDK 下载，然后检查文件",
    ),
    "demo.checked": (
        "   A playable MP4: {width}x{height}, {seconds:.1f} s, {frames} frames, with sound, {kib} KiB, {took:.1f} s after asking",
        "   可播放的 MP4：{width}x{height}，{seconds:.1f} 秒，{frames} 帧，有声音，{kib} KiB，提交后 {took:.1f} 秒完成",
    ),
    "demo.stop": ("5. Stopping the server", "5. 停止服务器"),
    "demo.next": (
        "Start it for yourself: reelgate serve --data {data}   (then {address}/v1)",
        "自己启动：reelgate serve --data {data}   （然后使用 {address}/v1）",
    ),
    "demo.no_sdk": (
        "The demo drives the official OpenAI Python SDK, which is not installed here.",
        "演示需要官方 OpenAI Python SDK，这里没有安装。",
    ),
    "demo.no_sdk.next": (
        "Run `make demo`, which installs it, or: pip install openai",
        "运行会自动安装它的 `make demo`，或：pip install openai",
    ),
    "demo.no_start": (
        "The server did not start. Its last words:\n{words}",
        "服务器没有启动。最后输出：\n{words}",
    ),
    "demo.bad_clip": ("The clip is not what was asked for: {finding}.", "视频与要求不符：{finding}。"),
    "demo.no_stop": (
        "The server did not stop by itself within {seconds} s.",
        "服务器没有在 {seconds} 秒内自行停止。",
    ),
    "demo.sdk": ("The SDK reported: {reason}", "SDK 报告：{reason}"),
    # doctor
    "doctor.help": (
        "Check this installation and say what to do about each finding.",
        "检查本安装，并说明每项结果该如何处理。",
    ),
    "doctor.invariants": (
        "Check every promise about tasks, money and files instead; exit 1 when one is broken.",
        "改为检查关于任务、费用和文件的每项承诺；有违反时退出码为 1。",
    ),
    "doctor.no_violations": ("Every promise holds.", "所有承诺均成立。"),
    "doctor.violated": ("{count} promise(s) broken.", "有 {count} 项承诺被违反。"),
    "doctor.violated.next": (
        "Keep a backup (`reelgate db backup`) and report the lines above.",
        "先备份（`reelgate db backup`），并报告以上各行。",
    ),
    "doctor.failed": ("{count} check(s) failed.", "{count} 项检查失败。"),
    "doctor.python": ("Python", "Python"),
    "doctor.libraries": ("libraries", "依赖库"),
    "doctor.codecs": ("video codecs", "视频编解码器"),
    "doctor.fonts": ("caption fonts", "字幕字体"),
    "doctor.settings": ("settings", "设置"),
    "doctor.folder": ("data folder", "数据目录"),
    "doctor.disk": ("disk space", "磁盘空间"),
    "doctor.clock": ("clock", "时钟"),
    "doctor.database": ("database", "数据库"),
    "doctor.schema": ("schema", "数据库结构"),
    "doctor.server": ("server", "服务器"),
    "doctor.guard": ("network guard", "网络防护"),
    "doctor.channels": ("channels", "通道"),
    "doctor.install.next": ("Install Reelgate again with its lock file.", "请用锁文件重新安装 Reelgate。"),
    "doctor.folder.next": (
        "Let this user write there, or name another folder with --data.",
        "允许当前用户写入，或用 --data 指定其他目录。",
    ),
    "doctor.folder.open": ("{data} can be read by other users", "其他用户可以读取 {data}"),
    "doctor.folder.open.next": ("chmod 700 {data}", "chmod 700 {data}"),
    "doctor.folder.fsync": (
        "{data}, a durable write takes {ms:.1f} ms",
        "{data}，一次持久写入 {ms:.1f} 毫秒",
    ),
    "doctor.folder.none": (
        "{data} does not exist yet; the first start makes it",
        "{data} 尚不存在；首次启动时创建",
    ),
    "doctor.disk.free": ("{gib:.1f} GiB free", "剩余 {gib:.1f} GiB"),
    "doctor.disk.next": (
        "Free some space: new clips are refused when it runs out.",
        "请释放空间：用尽后将拒绝新视频。",
    ),
    "doctor.clock.next": (
        "Set the machine's clock; keys, webhooks and expiry follow it.",
        "请校准系统时钟；密钥、回调和过期时间都以它为准。",
    ),
    "doctor.database.sound": ("every page and reference is sound", "每一页和每个引用都完好"),
    "doctor.database.none": ("none yet; the first start makes it", "尚无；首次启动时创建"),
    "doctor.database.next": (
        "Restore a backup: reelgate db restore PATH --data NEW",
        "恢复备份：reelgate db restore PATH --data NEW",
    ),
    "doctor.schema.next": (
        "Run `reelgate db upgrade`, or the newer Reelgate that made it.",
        "运行 `reelgate db upgrade`，或使用创建它的更新版本。",
    ),
    "doctor.server.none": ("none runs on this data folder", "此数据目录上没有运行服务器"),
    "doctor.server.runs": ("{address}, process {pid}", "{address}，进程 {pid}"),
    "doctor.server.next": (
        "The server runs and is not ready; its log says more.",
        "服务器在运行但尚未就绪；详情见其日志。",
    ),
    "doctor.guard.closed": ("private addresses are refused", "拒绝访问内网地址"),
    "doctor.guard.open": ("private addresses are refused, except {allow}", "拒绝访问内网地址，例外：{allow}"),
    "doctor.guard.next": ("Correct REELGATE_NET_ALLOW.", "请改正 REELGATE_NET_ALLOW。"),
    "doctor.channels.found": (
        "{on} enabled, {off} disabled; none was called",
        "启用 {on} 个，停用 {off} 个；未实际调用",
    ),
    "doctor.channels.next": (
        "Connect an account: reelgate channels add --help",
        "接入账户：reelgate channels add --help",
    ),
    "doctor.ok": ("ok", "正常"),
    "doctor.warn": ("warn", "注意"),
    "doctor.fail": ("fail", "失败"),
    # db
    "storage.help": ("Check, clean up and move stored files.", "检查、清理和迁移已保存的文件。"),
    "storage.older_than": (
        "Hours since a file was last stored before it may be called nobody's.",
        "文件最后一次保存后经过多少小时才可视为无主。",
    ),
    "storage.check": (
        "Compare every row with its file and every file with its row.",
        "逐一核对记录与文件。",
    ),
    "storage.check.deep": ("Also read every file.", "同时读取每个文件。"),
    "storage.checking": ("Checking files", "正在检查文件"),
    "storage.found": (
        "{files} file(s), {mib:.1f} MiB, in {address}.",
        "{address} 中有 {files} 个文件，共 {mib:.1f} MiB。",
    ),
    "storage.missing": ("missing  {sha256}", "缺失  {sha256}"),
    "storage.wrong": ("damaged  {sha256}", "损坏  {sha256}"),
    "storage.orphans": (
        "{count} file(s), {mib:.1f} MiB, belong to nothing; `reelgate storage collect` lists them.",
        "{count} 个文件（{mib:.1f} MiB）不属于任何内容；用 `reelgate storage collect` 查看。",
    ),
    "storage.broken": ("{count} file(s) are missing or damaged.", "{count} 个文件缺失或损坏。"),
    "storage.broken.next": (
        "Bring them back from a backup: a file's name is the SHA-256 of its bytes.",
        "请从备份中恢复：文件名就是其内容的 SHA-256。",
    ),
    "storage.collect": (
        "Show files that no row names; with --delete, delete them.",
        "显示没有任何记录引用的文件；加 --delete 则删除。",
    ),
    "storage.collect.delete": ("Delete them.", "删除这些文件。"),
    "storage.collected": (
        "Deleted {count} file(s), {mib:.1f} MiB.",
        "已删除 {count} 个文件，共 {mib:.1f} MiB。",
    ),
    "storage.collectable": (
        "{count} file(s), {mib:.1f} MiB, would be deleted with --delete.",
        "加上 --delete 将删除 {count} 个文件，共 {mib:.1f} MiB。",
    ),
    "storage.move": (
        "Copy every file to another place, compared by hash; run it again after an interruption.",
        "把所有文件复制到另一处，并按哈希核对；中断后再次运行即可继续。",
    ),
    "storage.move.to": (
        "Where to; the storage in force when not given.",
        "目标位置；不指定时为当前使用的存储。",
    ),
    "storage.move.from": (
        "Where from; the storage in force, or REELGATE_STORAGE_FORMER when that is the target.",
        "来源位置；默认为当前存储，若当前存储是目标则为 REELGATE_STORAGE_FORMER。",
    ),
    "storage.move.remove": (
        "Take each file away from its old place once it is in the new one.",
        "文件到达新位置后，从原位置删除。",
    ),
    "storage.moving": ("{done} of {total} files", "{done}/{total} 个文件"),
    "storage.moved": (
        "{files} file(s), {mib:.1f} MiB, are in {target}; {copied} of them were copied now.",
        "{target} 中已有 {files} 个文件，共 {mib:.1f} MiB；本次复制 {copied} 个。",
    ),
    "storage.moved.next": (
        "Next: start the server with REELGATE_STORAGE={target} and REELGATE_STORAGE_FORMER={source},"
        " then run `reelgate storage move --remove` under the same settings for what came meanwhile.",
        "下一步：用 REELGATE_STORAGE={target} 和 REELGATE_STORAGE_FORMER={source} 启动服务器，"
        "然后在相同设置下运行 `reelgate storage move --remove` 处理期间新增的文件。",
    ),
    "storage.nowhere": ("There is nothing to move from one place to another.", "没有可迁移的来源和目标。"),
    "storage.nowhere.next": (
        "Name the target with --to, such as `s3://bucket/clips?endpoint=https://…`.",
        "请用 --to 指定目标，例如 `s3://bucket/clips?endpoint=https://…`。",
    ),
    "storage.in_use": (
        "{address} is the storage in force; nothing is taken away from it.",
        "{address} 是当前使用的存储，不会从中删除文件。",
    ),
    "storage.in_use.next": (
        "Copy without --remove, set REELGATE_STORAGE to the target, restart, then run it again.",
        "请先不加 --remove 复制，把 REELGATE_STORAGE 设为目标并重启，然后再次运行。",
    ),
    "storage.address": ("Not a storage address: {reason}.", "不是有效的存储地址：{reason}。"),
    "db.help": ("Upgrade, back up and restore the data.", "升级、备份和恢复数据。"),
    "db.upgrade": ("Bring the database to the schema of this version.", "把数据库升级到本版本的结构。"),
    "db.upgraded": ("The database is at the schema of this version.", "数据库已是本版本的结构。"),
    "db.backup": (
        "Back up database and clips into the folder PATH, also while a server runs.",
        "把数据库和视频备份到目录 PATH，服务器运行时也可以。",
    ),
    "db.backup.with_files": (
        "Also fetch files that lie in a bucket; files on the disk are always in the backup.",
        "同时下载存储桶中的文件；磁盘上的文件总是包含在备份中。",
    ),
    "db.backed_up": (
        "Backed up the database and {blobs} file(s), {mib:.1f} MiB, from {storage}:",
        "已备份数据库与 {blobs} 个文件，共 {mib:.1f} MiB，来自 {storage}：",
    ),
    "db.backed_up.rows": (
        "Backed up the database. Its {blobs} file(s), {mib:.1f} MiB, stay in {storage}:",
        "已备份数据库。其 {blobs} 个文件（{mib:.1f} MiB）仍在 {storage}：",
    ),
    "db.backups": ("List the backups of this installation, newest first.", "列出本安装的备份，最新的在前。"),
    "db.backups.verify": (
        "Read every byte of each and compare it with its manifest.",
        "读取每个备份的全部内容并与清单比对。",
    ),
    "db.backups.none": ("There is no backup yet.", "还没有备份。"),
    "db.backups.whole": ("whole", "完整"),
    "db.backups.unread": ("not read", "未检查"),
    "db.backups.broken": ("{count} backup(s) cannot be used.", "{count} 个备份不可用。"),
    "db.other_key": (
        "{path} is another key file than the one in the backup; no API key of the backup would work.",
        "{path} 与备份中的密钥文件不同；备份中的 API 密钥都将无效。",
    ),
    "db.other_key.next": (
        "Move it away, or name another data folder with --data.",
        "请将其移走，或用 --data 指定其他数据目录。",
    ),
    "db.key_wanted": (
        "The backup was made where REELGATE_KEY_PEPPER is set; without the same value none of its API keys work.",
        "该备份来自设置了 REELGATE_KEY_PEPPER 的安装；没有相同的值，其中的 API 密钥都无效。",
    ),
    "db.key_wanted.next": (
        "Set REELGATE_KEY_PEPPER to the same value and restore again.",
        "请把 REELGATE_KEY_PEPPER 设为相同的值，再次恢复。",
    ),
    "db.no_key": (
        "{path} is not there; without it no API key of this installation works, and a backup is worth little.",
        "{path} 不存在；没有它，本安装的 API 密钥都无效，备份也就没有意义。",
    ),
    "db.no_key.next": (
        "Name the data folder the servers use with --data.",
        "请用 --data 指定服务器使用的数据目录。",
    ),
    "db.absent": (
        "{count} file(s) the backup names are not in the storage in force. Nothing was changed.",
        "备份所列的 {count} 个文件不在当前存储中。没有做任何改动。",
    ),
    "db.absent.next": (
        "Set REELGATE_STORAGE to where the files are; `manifest.json` names where they were.",
        "请把 REELGATE_STORAGE 设为文件所在位置；`manifest.json` 记录了原来的位置。",
    ),
    "db.not_empty": ("Not restored: {reason}.", "没有恢复：{reason}。"),
    "db.not_empty.next": (
        "Name an empty database with REELGATE_DATABASE, or run the same command again to finish.",
        "请用 REELGATE_DATABASE 指定空数据库；若恢复曾中断，请再次运行同一命令。",
    ),
    "db.restore": (
        "Put the backup in the folder PATH into a data folder that does not exist or is empty.",
        "把目录 PATH 中的备份恢复到不存在或为空的数据目录。",
    ),
    "db.restored": (
        "Restored into {data}. Tasks whose paid call was on its way are kept as unconfirmed; nothing is sent again.",
        "已恢复到 {data}。付费请求发出途中的任务保持未确认状态，不会重新发送。",
    ),
    "db.copy": (
        "Copy the whole database to another one, SQLite to PostgreSQL or back, and compare every row. "
        "Run it again after an interruption: it goes on.",
        "把整个数据库复制到另一个（SQLite 到 PostgreSQL，或反向），并逐行比对。中断后再次运行即可继续。",
    ),
    "db.copy.from": (
        "The database to copy, `sqlite:///path` or `postgresql://…`; the one in force when not given.",
        "要复制的数据库，`sqlite:///path` 或 `postgresql://…`；不指定时为当前使用的数据库。",
    ),
    "db.copy.to": ("The empty database to copy into.", "复制到的空数据库。"),
    "db.copy.snapshot": (
        "Copy this moment although a server goes on working; what it does afterwards is not copied.",
        "服务器仍在运行时也复制此刻的状态；之后的改动不会被复制。",
    ),
    "db.copy.held": ("A server works on {folder}.", "有服务器正在使用 {folder}。"),
    "db.copy.held.next": (
        "Stop it first, so that nothing is left behind; or add --snapshot to copy this moment.",
        "请先停止它，以免遗漏数据；或加上 --snapshot 复制此刻的状态。",
    ),
    "db.copy.refused": ("Not copied: {reason}.", "没有复制：{reason}。"),
    "db.copy.refused.next": (
        "Name an empty database, or run the same command again to finish a copy that was begun.",
        "请指定一个空数据库；若之前已开始复制，请再次运行同一命令以完成。",
    ),
    "db.copy.bad": ("{reason}.", "{reason}。"),
    "db.copy.done": (
        "{rows} rows in {tables} tables are equal on both sides: {source} → {target}.",
        "{tables} 个表共 {rows} 行，两边完全一致：{source} → {target}。",
    ),
    "db.copy.resumed": ("An earlier run had begun; this one went on.", "之前的复制已开始，本次继续完成。"),
    "db.copy.already": ("It had been copied before; nothing had to be done.", "之前已经复制完成，无需操作。"),
    "db.copy.moment": (
        "This is the moment the copy began; what was changed since is not in it.",
        "这是开始复制那一刻的状态；之后的改动不在其中。",
    ),
    "db.copy.also": ("Also needed at the new place:", "新位置还需要："),
    "db.copy.also.pepper": (
        "{path}: the key pepper. Give every process the same one, as this file or as REELGATE_KEY_PEPPER; without it no API key works.",
        "{path}：密钥 pepper。每个进程都要使用同一个（此文件或 REELGATE_KEY_PEPPER）；没有它，任何 API 密钥都无法使用。",
    ),
    "db.copy.also.files": (
        "{place}: the stored files. A folder has to be shared, or moved into a bucket with `reelgate storage move`.",
        "{place}：已保存的文件。目录需要共享，或用 `reelgate storage move` 迁移到对象存储。",
    ),
    "db.copy.also.settings": (
        "REELGATE_DATABASE={target} in the environment or `reelgate.toml` of every process, with the password.",
        "在每个进程的环境变量或 `reelgate.toml` 中设置 REELGATE_DATABASE={target}，并填入密码。",
    ),
    "column.backup": ("Backup", "备份"),
    "column.files": ("Files", "文件"),
    "column.table": ("Table", "表"),
    "column.rows": ("Rows", "行数"),
    "column.sum": ("SHA-256, both sides", "SHA-256（两边相同）"),
    "db.none": ("There is no database in {data}.", "{data} 中没有数据库。"),
    "db.none.next": (
        "Name the data folder with --data, or start `reelgate serve` once.",
        "用 --data 指定数据目录，或先启动一次 `reelgate serve`。",
    ),
    "db.exists": ("{path} exists already.", "{path} 已存在。"),
    "db.exists.next": ("Name a folder that does not exist.", "请指定一个不存在的目录。"),
    "db.not_clean": ("{data} is not empty; nothing was changed.", "{data} 不为空；没有做任何改动。"),
    "db.not_clean.next": (
        "Name an empty or new folder with --data, or move this one away.",
        "用 --data 指定空目录或新目录，或把现有目录移走。",
    ),
    "db.damaged": (
        "The backup is not usable: {finding}. Nothing was changed.",
        "备份不可用：{finding}。没有做任何改动。",
    ),
    "db.damaged.next": ("Use another backup.", "请使用其他备份。"),
    "db.damaged.missing": ("`{name}` is missing", "缺少 `{name}`"),
    "db.damaged.manifest": ("`manifest.json` cannot be read", "无法读取 `manifest.json`"),
    "db.damaged.format": (
        "`manifest.json` has format {format}, this version reads {known}",
        "`manifest.json` 的格式为 {format}，本版本可读 {known}",
    ),
    "db.damaged.sum": (
        "`{name}` does not have the bytes it was backed up with",
        "`{name}` 的内容与备份时不一致",
    ),
    "db.damaged.gone": (
        "clips were deleted faster than they could be copied; try again",
        "视频删除的速度快于复制的速度，请重试",
    ),
    # config
    "config.help": (
        "Show the settings in force and where each comes from; secrets are hidden.",
        "显示当前生效的设置及各自来源；密钥不会显示。",
    ),
    # completion
    "completion.help": ("Print the completion script of SHELL.", "打印 SHELL 的补全脚本。"),
    "completion.epilog": (
        'For bash: eval "$(reelgate completion bash)"',
        'bash 用法：eval "$(reelgate completion bash)"',
    ),
    "completion.unknown": ("There is no completion for `{shell}`.", "没有 `{shell}` 的补全。"),
}

ADVICE_ZH: dict[str, str] = {
    "unauthorized": "检查所用的密钥；若消息提到某个通道，请运维者更新该通道的密钥。",
    "permission_or_channel": "从 `reelgate models` 中选择模型，或请运维者授权。",
    "account_suspended": "请运维者处理上游账户，或停用该通道。",
    "quota_exhausted": "请运维者为上游账户充值；等待中的任务随后会继续。",
    "insufficient_credit": "减少秒数、选择更便宜的模型，或增加额度。",
    "budget_exceeded": "提高上限，或等到周期重新开始。",
    "rate_limited": "等待所给的时间后，重新发送同样的请求。",
    "concurrency_limited": "等其中一个结束；排队的任务会自动开始。",
    "overloaded": "稍后再试。",
    "server_error": "重新发送之前，先查看任务。",
    "upstream_internal": "重新发送请求，或换一个模型。",
    "runner_disconnected": "重新发送请求。",
    "upstream_failed": "按消息提示修改请求，或换一个模型。",
    "upstream_lost": "重新发送请求；运维者可核对上游自己的记录。",
    "task_not_found_or_expired": "重新发送请求。",
    "expired": "在较空闲的时间或向其他模型重新发送请求。",
    "asset_expired": "请求新的链接；若上游也没有，则重新生成。",
    "not_found": "检查 id，并确认密钥属于其所有者。",
    "not_ready": "等任务完成后再请求。",
    "invalid_request": "改正所指出的参数。",
    "content_policy": "修改提示词或图片。",
    "content_filtered": "修改提示词或图片；有些上游会对被拦截的视频收费。",
    "model_retired": "选择仍可用的模型；运维者可把旧名称指向它。",
    "no_output": "重新发送请求；运维者可向上游索要视频。",
    "bad_gateway_payload": "无需操作：状态保持不变，会再次询问上游。",
    "requires_action": "请运维者查看上游的控制台。",
    "submission_unknown": "不会自动重新发送：请给出上游 id，或确认它从未存在。",
    "deadline_exceeded": "迟到的结果会补上，不会再次收费。",
    "cancelled": "无需操作。",
    "blocked_address": "使用公网地址、上传文件，或请运维者放行该地址。",
    "payload_too_large": "发送更小的文件或更短的文字。",
    "unsupported_media": "发送 JPEG、PNG 或 WebP 图片，或 MP4、MOV、WebM 视频。",
}
"""What to do about each error code, in Chinese."""

# Help is worded before any settings can be read, so the locale is looked up here.
_INDEX = 1 if language(os.environ) == "zh" else 0  # noqa: TID251
