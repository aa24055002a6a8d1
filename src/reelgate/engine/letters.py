"""Letters: what mails to people say, in English or Chinese."""

from __future__ import annotations

from enum import Enum
from typing import Final

import msgspec

from reelgate.core.people import Language


class Letter(msgspec.Struct, frozen=True):
    """One mail's words."""

    subject: str
    text: str


class About(Enum):
    """What a letter is about; each gives its words in English and in Chinese, with names of what is put in."""

    INVITE = (
        Letter(
            "You are invited",
            "{by} invites you to Reelgate. Open this link to choose a name and a password:\n\n{link}\n\n"
            "It works once, until {until}. Whoever has it can use it: do not pass it on.",
        ),
        Letter(
            "邀请您加入",
            "{by} 邀请您使用 Reelgate。请打开下面的链接，设置用户名和密码：\n\n{link}\n\n"
            "链接只能使用一次，有效期至 {until}。任何拿到链接的人都能使用，请勿转发。",
        ),
    )
    RESET = (
        Letter(
            "Choose a new password",
            "With this link you choose a password for the account `{name}`:\n\n{link}\n\n"
            "It works once, until {until}. If you did not ask for it, leave it: nothing changes.",
        ),
        Letter(
            "重新设置密码",
            "请使用下面的链接为帐号 `{name}` 设置密码：\n\n{link}\n\n"
            "链接只能使用一次，有效期至 {until}。如果不是您本人申请，请忽略本邮件，帐号不会有任何变化。",
        ),
    )
    BUDGET = (
        Letter(
            "{left} left in project {project}",
            "The project `{project}` has {left} left. Videos are refused once nothing is left.",
        ),
        Letter(
            "项目 {project} 余额 {left}", "项目 `{project}` 的余额还有 {left}。余额用完后将无法再生成视频。"
        ),
    )
    WEBHOOK = (
        Letter(
            "Webhook endpoint {name} was switched off",
            "{reason} Correct the receiver, then save the endpoint again to switch it on;"
            " what it missed can be replayed from its delivery log.",
        ),
        Letter(
            "Webhook 端点 {name} 已停用",
            "{reason} 请先修复接收端，再重新保存该端点以启用；错过的事件可以在投递记录中重放。",
        ),
    )
    FINISHED = (
        Letter("Your video is there", "The video {id} on the model `{model}` is there:\n\n{prompt}"),
        Letter("视频已生成", "视频 {id}（模型 `{model}`）已经生成：\n\n{prompt}"),
    )
    FAILED = (
        Letter(
            "Your video failed: {code}",
            "The video {id} on the model `{model}` failed with `{code}`. Its page says what can be done:\n\n{prompt}",
        ),
        Letter(
            "视频生成失败：{code}",
            "视频 {id}（模型 `{model}`）生成失败：`{code}`。视频页面上有处理建议：\n\n{prompt}",
        ),
    )


_NAMED: Final = 200
"""How much is put in of a name that somebody else chose."""
_QUOTED: Final = 2_000


def letter(about: About, language: Language | None, **values: str) -> Letter:
    """Write a letter; in English for whoever chose no language.

    Raises KeyError when a value is missing.
    """
    english, chinese = about.value
    words = chinese if language == "zh-CN" else english
    cut = {name: value[: _QUOTED if name in ("prompt", "link") else _NAMED] for name, value in values.items()}
    return Letter(words.subject.format(**cut), words.text.format(**cut))
