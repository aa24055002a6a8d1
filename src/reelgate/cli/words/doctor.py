"""What `doctor` say."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
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
    "doctor.channels": ("channels", "渠道"),
    "doctor.audit": ("audit log", "审计日志"),
    "doctor.audit.holds": ("{count} entries, unbroken", "{count} 条记录，链条完整"),
    "doctor.audit.broken": ("the chain breaks: {why}", "链条断裂：{why}"),
    "doctor.audit.next": (
        "Somebody changed the database by hand. Keep a copy, and compare it with a backup from before.",
        "有人手动修改了数据库。请保留副本，并与之前的备份比较。",
    ),
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
    "doctor.secrets": ("secrets", "密钥存储"),
    "doctor.secrets.sealed": ("sealed under {key}, from {source}", "使用 {key} 加密，来自 {source}"),
    "doctor.models": ("Models", "模型"),
    "doctor.models.none": ("none ends soon", "没有即将停用的模型"),
    "doctor.models.end": ("end soon or have ended: {models}", "即将停用或已停用：{models}"),
    "doctor.models.next": (
        "See what could follow them: reelgate models doctor; then give the name an alias: reelgate models alias.",
        "查看可替代的模型：reelgate models doctor；然后设别名：reelgate models alias。",
    ),
}
