"""What `users` and `teams` say."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "users.help": (
        "Say who may sign in, and as what.",
        "管理谁可以登录以及各自的角色。",
    ),
    "users.list": ("List users.", "列出用户。"),
    "users.none": ("There are no users.", "没有用户。"),
    "users.role": ("What they become.", "新用户的角色。"),
    "users.add": (
        "Make an account; without a password, print a link by which its holder chooses one.",
        "创建账户；未给出密码时，打印一个供本人设置密码的链接。",
    ),
    "users.add.name": ("How they want to be called.", "显示名称。"),
    "users.add.email": ("Their e-mail address.", "邮箱地址。"),
    "users.add.password": (
        "A file with the password, or `-` for standard input.",
        "包含密码的文件；`-` 表示标准输入。",
    ),
    "users.added": ("Added {login} as {role}.", "已添加 {login}，角色为 {role}。"),
    "users.link": (
        "Print the link by which somebody becomes the first administrator.",
        "打印成为首位管理员的链接。",
    ),
    "users.link.made": (
        "Whoever opens this link first becomes administrator:",
        "最先打开此链接的人将成为管理员：",
    ),
    "users.invite": (
        "Print a link by which one person becomes a user.",
        "打印一个邀请链接，供一人注册。",
    ),
    "users.invite.team": ("The team they join.", "要加入的团队。"),
    "users.invite.note": ("Whom it is for, to tell invitations apart.", "备注：邀请的是谁。"),
    "users.invite.made": ("One person becomes {role} by this link:", "一人可通过此链接成为 {role}："),
    "users.role.set": ("Make a user something else, at once.", "立即更改用户的角色。"),
    "users.role.done": ("{login} is {role} from now on.", "{login} 从现在起是 {role}。"),
    "users.disable": (
        "Shut a user out at once; their keys and sign-ins open nothing any more.",
        "立即停用用户；其密钥和登录全部失效。",
    ),
    "users.disable.done": ("{login} is shut out.", "已停用 {login}。"),
    "users.enable": ("Let a user in again.", "重新启用用户。"),
    "users.enable.done": ("{login} may come in again.", "已重新启用 {login}。"),
    "users.reset": (
        "Print a link by which a user chooses another password.",
        "打印供用户重设密码的链接。",
    ),
    "users.reset.made": ("{login} chooses a password by this link:", "{login} 可通过此链接设置密码："),
    "users.logout": ("End every sign-in of a user.", "结束用户的所有登录。"),
    "users.logout.done": ("Ended {count} sign-ins of {login}.", "已结束 {login} 的 {count} 个登录。"),
    "users.expires": ("It works once, until {moment}.", "只能用一次，有效至 {moment}。"),
    "users.active": ("may come in", "可登录"),
    "users.disabled": ("shut out", "已停用"),
    "teams.help": ("Let people share projects.", "让多人共享项目。"),
    "teams.list": ("List teams, their members and what they share.", "列出团队、成员及共享的项目。"),
    "teams.none": (
        "There are no teams. Make one: `reelgate teams create NAME`.",
        "还没有团队。创建一个：`reelgate teams create NAME`。",
    ),
    "teams.create": ("Make a team with a project its members share.", "创建团队及其共享项目。"),
    "teams.created": ("Made the team {name} ({id}).", "已创建团队 {name}（{id}）。"),
    "teams.add": (
        "Take a user into a team, or change what they are in it.",
        "把用户加入团队，或更改其在团队中的角色。",
    ),
    "teams.role": ("What they are in the team.", "在团队中的角色。"),
    "teams.added": ("{login} is {role} in {name} from now on.", "{login} 从现在起是 {name} 的 {role}。"),
    "teams.remove": ("Take a user out of a team, at once.", "立即把用户移出团队。"),
    "teams.removed": ("{login} is not in {name} any more.", "{login} 已不在 {name} 中。"),
    "teams.share": (
        "Open a project to a team; without a team, to its owner alone.",
        "向团队开放项目；未给出团队时，只对所有者开放。",
    ),
    "teams.shared": ("{name} shares {project} from now on.", "{name} 从现在起共享 {project}。"),
    "teams.unshared": ("{project} is its owner's alone.", "{project} 只属于所有者。"),
    "teams.dissolve": (
        "Remove a team; its projects go back to their owners.",
        "解散团队；项目归还各自的所有者。",
    ),
    "teams.dissolved": ("{name} is no more.", "已解散 {name}。"),
}
