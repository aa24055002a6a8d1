"""What `generate`, `videos` and `models` say."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
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
    "video.failed": ("{id} failed: {message}", "{id} 失败：{message}"),
    "video.no_reason": ("no reason was given", "没有给出原因"),
    "video.alias": ("{model} (served by {served})", "{model}（实际由 {served} 提供）"),
    "videos.help": ("List, fetch, remix, extend and delete clips.", "列出、获取、再创作、延长和删除视频。"),
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
    "videos.refresh": (
        "Bring a clip home again whose file is gone here, while its upstream still has it; charges nothing.",
        "本地文件丢失而上游仍保留时，重新取回视频；不收费。",
    ),
    "videos.refreshed": ("The clip of {id} is here again.", "{id} 的视频已重新取回。"),
    "videos.refresh.here": ("The clip of {id} is here and whole.", "{id} 的视频在本地且完整。"),
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
    "models.help": (
        "Show which models can be asked for, and what really serves them.",
        "显示可用的模型，以及实际提供服务的模型。",
    ),
    "models.drawn": ("{model} (drawn, not generative)", "{model}（绘制，非生成式）"),
    "models.none": (
        "No model is served here. Connect an account: reelgate channels add --help",
        "这里没有可用的模型。接入账户：reelgate channels add --help",
    ),
    "videos.why": (
        "Show every channel that was looked at for a clip, and what was said of it. For operators.",
        "显示为视频考察过的每个渠道及其判断。供运维人员使用。",
    ),
    "videos.why.attempt": (
        "Attempt {number} on {channel}: {state} {error}",
        "第 {number} 次，渠道 {channel}：{state} {error}",
    ),
    "videos.why.now": ("Not sent yet; as things are now:", "尚未发送；当前情况："),
    "videos.why.adapted": (
        "Changed {field} from {old} to {new}: {why}",
        "已将 {field} 从 {old} 改为 {new}：{why}",
    ),
    "videos.why.chosen": ("chosen", "选中"),
    "videos.why.behind": ("came behind", "排在其后"),
    "videos.why.lane_full": ("no free slot", "没有空闲槽位"),
    "videos.why.tried": ("refused it before", "此前拒绝过"),
    "videos.why.cannot": ("cannot do it", "无法完成"),
    "videos.why.model_ended": ("has the model no more", "已无此模型"),
    "videos.why.unwell": ("paused or out", "暂停或无响应"),
    "videos.why.shut": ("switched off or drained", "已停用或排空"),
}
