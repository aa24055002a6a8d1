"""What `storage` say."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
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
}
