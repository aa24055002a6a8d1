"""What `demo` say."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
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
}
