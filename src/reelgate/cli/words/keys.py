"""What `keys` say."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
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
    "keys.models": (
        "A model the key may ask for; may be given more than once.",
        "密钥可用的模型；可多次给出。",
    ),
    "keys.budget": ("The most the key may spend, such as 12.50.", "密钥最多可花费的金额，例如 12.50。"),
    "keys.currency": ("The currency of the budget.", "预算的货币。"),
    "keys.window": ("After what time the budget is whole again.", "预算多久恢复一次。"),
    "keys.days": ("Days after which the key expires.", "密钥在多少天后失效。"),
    "keys.user": ("Whose key it is: a login, an e-mail address or an id.", "密钥属于谁：登录名、邮箱或 id。"),
    "keys.project": (
        "The project it opens; by default its owner's own.",
        "密钥打开的项目；默认为所有者自己的项目。",
    ),
    "keys.amount": ("`{text}` is no amount; write it as 12.50.", "`{text}` 不是金额；请写成 12.50 的形式。"),
}
