"""What `library` says."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "library.help": ("Bring clips in, and take everything out.", "导入视频，导出全部内容。"),
    "library.import": (
        "Bring in the clips of FOLDER, with what `history.json` and `characters.json` in it say of them.",
        "导入 FOLDER 中的视频，并读取其中 `history.json` 和 `characters.json` 的信息。",
    ),
    "library.export": (
        "Write every clip, file and note of the library into one ZIP.",
        "把素材库中的全部视频、文件和备注写入一个 ZIP。",
    ),
    "library.bringing": ("Bringing clips in", "正在导入视频"),
    "library.writing": ("Writing, {megabytes} MB", "正在写入，{megabytes} MB"),
    "library.written": ("Written: {path}", "已写入：{path}"),
    "library.done": (
        "{items} clips are in the library, {known} of them were there before; {characters} characters were kept.",
        "素材库中有 {items} 个视频，其中 {known} 个之前已有；保存了 {characters} 个角色。",
    ),
    "library.broken": ("{path} cannot be read: {reason}", "无法读取 {path}：{reason}"),
    "library.no_file": ("its clip is not in the folder", "文件夹中没有它的视频"),
    "library.no_clip": ("the clip it was taken from is not in the folder", "文件夹中没有它所取自的视频"),
    "library.no_span": ("it does not say which seconds of the clip", "没有说明取自视频的哪几秒"),
    "library.column.what": ("Left out", "未导入"),
    "library.column.why": ("Why", "原因"),
}
