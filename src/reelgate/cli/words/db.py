"""What `db` say."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
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
    "db.copy.also.master": (
        "{source}: the master key. Give every process the same one, as this file or as REELGATE_MASTER_KEY; without it no channel's key can be read.",
        "{source}：主密钥。每个进程都要使用同一个（此文件或 REELGATE_MASTER_KEY）；没有它，任何渠道密钥都无法读取。",
    ),
    "db.backed_up.master": (
        "Not in it: the master key {key} from {source}, which opens the secrets of channels. Keep a copy of it elsewhere.",
        "备份中不含主密钥 {key}（来自 {source}），它用来打开渠道的密钥。请另行保存。",
    ),
    "db.restored.master": (
        "Its secrets open with the master key {key}: put it at {source}, or set REELGATE_MASTER_KEY.",
        "其中的密钥需要主密钥 {key}：请放到 {source}，或设置 REELGATE_MASTER_KEY。",
    ),
}
