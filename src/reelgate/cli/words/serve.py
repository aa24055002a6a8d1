"""What `serve` and `worker` say."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
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
}
