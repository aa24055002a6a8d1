"""What `simulate` say."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
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
}
