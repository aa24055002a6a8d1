"""What the command itself, its common options and its troubles says."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
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
    "command.videos": (
        "List, fetch, remix, extend and delete clips.",
        "列出、获取、再创作、延长和删除视频。",
    ),
    "command.library": ("Bring clips in, and take everything out.", "导入视频，导出全部内容。"),
    "command.models": ("Show which models can be asked for.", "显示可用的模型。"),
    "command.keys": ("Create, list, revoke and import API keys.", "创建、列出、吊销和导入 API 密钥。"),
    "command.users": ("Say who may sign in, and as what.", "管理谁可以登录以及各自的角色。"),
    "command.teams": ("Let people share projects.", "让多人共享项目。"),
    "command.channels": ("Connect upstream accounts.", "接入上游账户。"),
    "command.limits": (
        "Limit speed and concurrency; share busy channels.",
        "限制速度与并发，分配繁忙的渠道。",
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
    "command.settings": (
        "Change settings while the installation runs.",
        "在运行中修改设置。",
    ),
    "command.config": (
        "Show the settings in force and where they come from.",
        "显示当前生效的设置及其来源。",
    ),
    "command.completion": ("Print the completion script of a shell.", "打印 shell 补全脚本。"),
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
    "trouble.what": ("Error: {message}", "错误：{message}"),
    "trouble.next": ("Next: {step}", "下一步：{step}"),
    "trouble.code": ("Code: {code}", "代码：{code}"),
    "side.caller": ("Whose side: the request itself.", "责任方：请求本身。"),
    "side.operator": ("Whose side: this installation's operator.", "责任方：本安装的运维者。"),
    "side.upstream": ("Whose side: the upstream.", "责任方：上游。"),
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
    "settings.bad": ("A setting is wrong: {reason}.", "设置有误：{reason}。"),
    "settings.bad.next": (
        "Correct the REELGATE_* variable or reelgate.toml.",
        "请改正 REELGATE_* 变量或 reelgate.toml。",
    ),
    "secret.unreadable": ("`{path}` cannot be read: {reason}.", "无法读取 `{path}`：{reason}。"),
    "secret.empty": ("`{path}` holds no secret.", "`{path}` 中没有密钥内容。"),
    "config.help": (
        "Show the settings in force and where each comes from; secrets are hidden.",
        "显示当前生效的设置及各自来源；密钥不会显示。",
    ),
    "completion.help": ("Print the completion script of SHELL.", "打印 SHELL 的补全脚本。"),
    "completion.epilog": (
        'For bash: eval "$(reelgate completion bash)"',
        'bash 用法：eval "$(reelgate completion bash)"',
    ),
    "completion.unknown": ("There is no completion for `{shell}`.", "没有 `{shell}` 的补全。"),
}
