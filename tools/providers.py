"""The table of providers: what each dialect can make and how it is spoken to, read off the code itself.

Nothing is kept by hand beside the dialects and their profile files. Whether a client id or a callback
address is sent is seen by asking the dialect for its paid call with one and with another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reelgate.api.shapes import shape_of
from reelgate.app import load_dialects
from reelgate.core.channel_settings import ChannelSettings, DeclaresSettings
from reelgate.core.dialect import (
    AnswersCallbacks,
    Channel,
    Dialect,
    Moment,
    Now,
    Recorded,
    Submission,
    capabilities,
)
from reelgate.core.profile import Profile, Profiles
from reelgate.core.task import Request, Role, Verb
from reelgate.testing.simulators import families

HOOK = "https://gate.example/callbacks/1"
NOW_MS = 1_762_000_000_000


def first_call(dialect: Dialect, facts: Profiles, token: str = "token-1", **settings: Any) -> object:  # noqa: S107
    """Give the first effect of a plain submit of a dialect's first model, or its outcome when it asks for nothing."""
    profile = next(profiles_in(facts))
    request = Request(
        verb=Verb.CREATE,
        model="public",
        prompt="a paper boat",
        seconds=profile.seconds_default,
        size=profile.default_size,
    )
    submission = Submission(request=request, upstream_model=profile.name, token=token, submitted_at_ms=NOW_MS)
    recorded = getattr(dialect, "recorded", Recorded())
    channel = Channel(
        id="chan_1",
        name="upstream",
        dialect=dialect.name,
        base_url=f"https://upstream.example{recorded.base}",
        secret="access:secret",  # noqa: S106
        settings={**recorded.settings, **settings},
    )
    flow = dialect.submit(submission, channel)
    try:
        effect = next(flow)
        while isinstance(effect, Now):
            effect = flow.send(Moment(NOW_MS))
    except StopIteration as outcome:
        return outcome.value
    return effect


def profiles_in(facts: Profiles) -> Iterator[Profile]:
    """Give the profiles of a file, the fallback last."""
    yield from facts.model
    if facts.fallback is not None:
        yield facts.fallback


@dataclass(frozen=True)
class Row:
    """What the table says of one dialect."""

    dialect: str
    providers: tuple[str, ...]
    makes: Mapping[str, str]
    """Each capability with `yes`, `model` (only where the model behind it can) or `no`."""
    client_id: bool
    offers: frozenset[str]
    callbacks: str
    """`signed`, `unsigned` or `no`."""
    checked: str
    tried: str
    """`real`, `recorded`, `simulator` or `no`."""


def _can(profile: Profile) -> dict[str, bool]:
    return {
        "t2v": Verb.CREATE in profile.verbs,
        "i2v": profile.inputs.get(Role.FIRST_FRAME, 0) > 0,
        "last": profile.inputs.get(Role.LAST_FRAME, 0) > 0,
        "ref": profile.inputs.get(Role.REFERENCE, 0) > 0,
        "remix": Verb.REMIX in profile.verbs,
        "edit": Verb.EDIT in profile.verbs,
        "extend": Verb.EXTEND in profile.verbs,
        "audio": profile.audio or profile.audio_switch,
        "neg": profile.negative_prompt,
        "seed": profile.seed,
    }


MAKES = ("t2v", "i2v", "last", "ref", "remix", "edit", "extend", "audio", "neg", "seed")


def _makes(facts: Profiles) -> dict[str, str]:
    named = [_can(profile) for profile in facts.model]
    fallback = _can(facts.fallback) if facts.fallback is not None else {}
    return {
        word: "yes" if any(can[word] for can in named) else "model" if fallback.get(word) else "no"
        for word in MAKES
    }


def _callbacks(dialect: Dialect, facts: Profiles) -> str:
    if "verify" in capabilities(dialect):
        return "signed"
    told = first_call(dialect, facts, callback_url=HOOK) != first_call(dialect, facts)
    asked = isinstance(dialect, AnswersCallbacks) or (told and getattr(dialect, "objection", None) is None)
    return "unsigned" if asked else "no"


def row(dialect: Dialect, facts: Profiles) -> Row:
    """Read one row off a dialect and its profile file."""
    name = dialect.name
    simulated = "simulator" if name in families() else "no"
    return Row(
        dialect=name,
        providers=tuple(dict.fromkeys(profile.provider for profile in profiles_in(facts))),
        makes=_makes(facts),
        client_id=first_call(dialect, facts, "token-1") != first_call(dialect, facts, "token-2"),
        offers=capabilities(dialect),
        callbacks=_callbacks(dialect, facts),
        checked=facts.checked,
        tried=simulated if facts.tried == "no" else facts.tried,
    )


def rows() -> list[Row]:
    """Read every row."""
    dialects, profiles = load_dialects()
    return [row(dialects[name], profiles[name]) for name in sorted(dialects)]


# Writing.

ENGLISH = {
    "head": ("Dialect", "Makes", "Client id", "List", "Cancel", "Callbacks", "Checked", "Tried against"),
    "yes": "yes",
    "no": "-",
    "model": "model's",
    "signed": "signed",
    "unsigned": "unsigned",
    "real": "the real thing",
    "recorded": "answers of a real server",
    "simulator": "a simulator only",
    "untried": "documented answers only",
}
CHINESE = {
    "head": ("方言", "能做", "客户端 ID", "列表", "取消", "回调", "核对日期", "对照何物试过"),
    "yes": "有",
    "no": "-",
    "model": "视模型而定",
    "signed": "有签名",
    "unsigned": "无签名",
    "real": "真实程序",
    "recorded": "真实服务器的应答",
    "simulator": "仅模拟器",
    "untried": "仅文档中的应答",
}


def _tried(entry: Row, words: Mapping[str, Any]) -> str:
    return words["untried" if entry.tried == "no" else entry.tried]


def _table(head: tuple[str, ...], body: Iterator[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *body)]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:]])


def compact(words: Mapping[str, Any]) -> str:
    """Write the short table, for the README of a language."""

    def line(entry: Row) -> tuple[str, ...]:
        sure = [word for word in MAKES if entry.makes[word] == "yes"]
        open_ended = [f"{word}?" for word in MAKES if entry.makes[word] == "model"]
        return (
            f"`{entry.dialect}`",
            " ".join([*sure, *open_ended]),
            words["yes" if entry.client_id else "no"],
            words["yes" if "poll_many" in entry.offers else "no"],
            words["yes" if "cancel" in entry.offers else "no"],
            words[entry.callbacks],
            entry.checked,
            _tried(entry, words),
        )

    return _table(words["head"], (line(entry) for entry in rows()))


def capabilities_table() -> str:
    """Write what each dialect can make, a column for each capability."""
    head = ("Dialect", "Providers", *(f"`{word}`" for word in MAKES))
    body = (
        (f"`{e.dialect}`", ", ".join(e.providers), *(ENGLISH[e.makes[word]] for word in MAKES))
        for e in rows()
    )
    return _table(head, body)


def wire_table() -> str:
    """Write how each dialect's upstream is spoken to."""
    offers = ("poll_many", "find", "cancel", "discover", "characters")
    titles = ("List", "Find", "Cancel", "Discover", "Characters")
    head = ("Dialect", "Client id", *titles, "Callbacks", "Checked", "Tried against")

    def line(entry: Row) -> tuple[str, ...]:
        has = (ENGLISH["yes" if word in entry.offers else "no"] for word in offers)
        known = (entry.callbacks if entry.callbacks != "no" else "-", entry.checked, _tried(entry, ENGLISH))
        return (f"`{entry.dialect}`", ENGLISH["yes" if entry.client_id else "no"], *has, *known)

    return _table(head, (line(entry) for entry in rows()))


def confidence_table() -> str:
    """Write what the facts about each model rest on."""
    _, profiles = load_dialects()
    body = (
        (f"`{name}`", f"{p.title} (`{p.name}`)", p.confidence, p.source, p.sunset or "-")
        for name in sorted(profiles)
        for p in profiles_in(profiles[name])
    )
    return _table(("Dialect", "Model", "Confidence", "Source", "Sunset"), body)


def settings_table() -> str:
    """Write what a channel of each dialect may be told beyond its address, key and models."""
    dialects, _ = load_dialects()

    def lines(kind: type[ChannelSettings], name: str) -> Iterator[tuple[str, ...]]:
        for field, form in shape_of(kind)["properties"].items():
            if name == EVERY or field not in ChannelSettings.__struct_fields__:
                yield name, f"`{field}`", _values(form), form["description"]

    body = list(lines(ChannelSettings, EVERY))
    for name, dialect in sorted(dialects.items()):
        if isinstance(dialect, DeclaresSettings):
            body += lines(dialect.settings, f"`{name}`")
    return _table(("Dialect", "Setting", "Values", "Meaning"), iter(body))


EVERY = "every one"


def _values(form: Mapping[str, Any]) -> str:
    kinds = [form, *form.get("anyOf", ())]
    words = [word for kind in kinds for word in kind.get("enum", ())]
    types = [kind["type"] for kind in kinds if kind.get("type", "null") != "null"]
    said = [f"`{word}`" for word in words] or types
    if form.get("default"):
        said.append(f"default `{form['default']}`")
    return ", ".join(said)


PAGE = """\
# Providers

What each dialect can make, how its upstream is spoken to and what the facts rest on, read off the dialects and
their profile files.

No dialect but those marked so has met a live account: **a simulator only** means that its flows ran over HTTP
against a simulator of ours, written from the same facts as the dialect, so a fact that is wrong is wrong on both
sides. *Documented answers only* means prepared answers and no HTTP.

## What it makes

`t2v` from words, `i2v` from a first frame, `last` to a last frame, `ref` from reference pictures, `remix`, `edit` and
`extend` of an earlier clip, `audio` clips with sound, `neg` a negative prompt, `seed` a seed. *model's* means that it
is passed on and the model behind decides.

{capabilities}

## How it is spoken to

*Client id*: our own name for the submission goes along with the paid call. *List*: one call asks about many jobs.
*Find*: a job whose submission is unclear can be looked for. *Callbacks*: the upstream can be told, by the channel's
setting `callback_url`, where to post; a callback is a hint to ask, signed or not. *Discover*: the upstream lists its
models.

{wire}

## What a channel may be told

Settings of a channel (`reelgate channels add … --setting NAME=VALUE`, or `settings` of `/api/admin/channels`, which
also gives them as a JSON Schema). Any other is refused.

{settings}

## What the facts rest on

{confidence}
"""


def page() -> str:
    """Write the whole reference page."""
    return PAGE.format(
        capabilities=capabilities_table(),
        wire=wire_table(),
        settings=settings_table(),
        confidence=confidence_table(),
    )
