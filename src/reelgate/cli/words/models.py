"""What `models` says."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "models.list": ("List the models.", "列出模型。"),
    "models.show": ("Show what one model can do, costs and takes.", "显示一个模型的能力、价格和耗时。"),
    "models.alias": (
        "Let a name stand for a model; a model of that name goes first until it has ended. Without MODEL, say which ones could stand in.",
        "让一个名称代表某个模型；同名模型在停用前优先。不给 MODEL 时，提示哪些模型可以替代。",
    ),
    "models.alias.remove": ("Forget the alias.", "删除该别名。"),
    "models.alias.could": (
        "{name} could be served by: {models}. Do it: reelgate models alias {name} {first}",
        "{name} 可由以下模型替代：{models}。执行：reelgate models alias {name} {first}",
    ),
    "models.alias.nothing": (
        "Nothing here can do what {name} did, or nothing is known of it.",
        "这里没有模型能做 {name} 的工作，或对它一无所知。",
    ),
    "models.aliased": ("{name} is now served by {model}.", "{name} 现在由 {model} 提供服务。"),
    "models.aliased.later": (
        "{name} will be served by {model} once its own channels have lost it.",
        "{name} 自身的渠道失去该模型后，将由 {model} 提供服务。",
    ),
    "models.alias.removed": ("Forgot the alias {name}.", "已删除别名 {name}。"),
    "models.no_alias": ("There is no alias {name}.", "没有别名 {name}。"),
    "models.unknown": (
        "There is no other model {model} here to stand in.",
        "这里没有可作替代的其他模型 {model}。",
    ),
    "models.measured": ("{p50:.0f} s, 9 of 10 in {p90:.0f} s", "{p50:.0f} 秒，九成在 {p90:.0f} 秒内"),
    "models.ends": ("{day} (in {days} days)", "{day}（{days} 天后）"),
    "models.price": (
        "{per_second} {currency} a second, {per_clip} a clip",
        "每秒 {per_second} {currency}，每个视频 {per_clip}",
    ),
    "models.verbs": ("Can", "可做"),
    "models.shapes": ("Shapes", "画幅"),
    "models.inputs": ("Works from", "输入"),
    "models.switches": ("Takes or has", "可选项"),
    "models.cost": ("Costs", "价格"),
    "models.doctor": (
        "Compare models with their upstreams' own lists, and say which ones end. Only lists are read; nothing is paid for.",
        "把模型与上游自己的列表比较，并指出即将停用的模型。只读取列表，不产生费用。",
    ),
    "models.learn": (
        "Keep what upstreams say of models that no profile file knows.",
        "保存上游对未收录模型的描述。",
    ),
    "models.learned": ("its facts were taken over from the upstream", "已采用上游给出的信息"),
    "models.doctor.no_list": ("this upstream offers no list", "该上游不提供列表"),
    "models.doctor.nothing_usable": (
        "the upstream gave no list that could be read",
        "上游没有给出可读的列表",
    ),
    "models.doctor.broke": ("asking for the list broke; the log says why", "查询列表出错；原因见日志"),
    "models.doctor.same": ("all {count} listed models agree", "列出的 {count} 个模型全部一致"),
    "models.differs.gone": ("gone: the upstream lists no {upstream}", "已消失：上游未列出 {upstream}"),
    "models.differs.new": ("new: not served here", "新增：这里尚未提供"),
    "models.differs.price": ("{what}: {here} here, {there} there", "{what}：本地 {here}，上游 {there}"),
    "models.differs.ability": ("{what}: {here} here, {there} there", "{what}：本地 {here}，上游 {there}"),
    "models.differs.sunset": ("ends: {here} here, {there} there", "停用：本地 {here}，上游 {there}"),
    "models.differ": (
        "Something differs from what the upstreams say.",
        "有内容与上游所述不一致。",
    ),
    "models.differ.next": (
        "Remove or rename gone models with `reelgate channels`, correct prices there, and give ended names an alias with `reelgate models alias`.",
        "用 `reelgate channels` 移除或改名已消失的模型并更正价格，用 `reelgate models alias` 给停用的名称设别名。",
    ),
    "models.ending": (
        "{model} on {channel}: {state} {day}; instead: {to}",
        "{channel} 上的 {model}：{state} {day}；替代：{to}",
    ),
    "models.state.announced": ("ends", "将停用于"),
    "models.state.ending": ("ends soon,", "即将停用于"),
    "models.state.ended": ("ended", "已停用于"),
}
