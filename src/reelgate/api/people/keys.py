"""API keys: one's own under `/api/account/keys`, everybody's under `/api/admin/keys`."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta
from starlette.responses import Response

from reelgate.api.door import Asked, Operation
from reelgate.api.envelopes import Done, Many, Nothing, done, moment, taken
from reelgate.api.people.listing import PAGED, cut, named
from reelgate.api.queries import missing
from reelgate.auth import keys
from reelgate.auth.keys import Grant, Minted
from reelgate.auth.scopes import EVERYDAY, OF_ROLE, Scope
from reelgate.core.errors import Code, refuse
from reelgate.core.money import Micro, read, show
from reelgate.core.people import BudgetWindow, opened_at
from reelgate.store import keys as rows
from reelgate.store.backend import Connection
from reelgate.store.keys import Key

_DAY_MS: Final = 86_400_000
_USAGE_MS: Final = 30 * _DAY_MS
Text = Annotated[str, Meta(min_length=1, max_length=200)]
Days = Annotated[int, Meta(ge=1, le=3_650)]
Several = Annotated[tuple[Text, ...], Meta(max_length=200)]


class NewKey(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What a new key may do, for whom, and until when."""

    name: Text
    scopes: Several | None = None
    """What it may do; creating, looking, files and webhooks when left out."""
    models: Several | None = None
    """The only models it may ask for; any when left out."""
    budget: Text | None = None
    """The most it may spend in one window, such as `12.50`; nothing of its own when left out."""
    currency: Annotated[str, Meta(pattern="^[A-Za-z]{3,8}$")] = "USD"
    window: BudgetWindow = BudgetWindow.TOTAL
    days: Days | None = None
    """After how many days it expires; never when left out."""
    project_id: str | None = None
    """The project it opens; the current one when left out."""


class KeyFor(NewKey, frozen=True, rename="camel", kw_only=True):
    """A new key for somebody."""

    user_id: str | None = None
    """Whose it is; the asker's when left out."""


class Charged(msgspec.Struct, frozen=True):
    """What was taken in one currency."""

    currency: str
    amount: str


class Usage(msgspec.Struct, frozen=True):
    """What programs did with a key in the last thirty days."""

    videos: int
    """How many videos they asked for."""
    charged: list[Charged]
    """What was taken for those until now."""


class ShownKey(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A key as it may be shown: never the token."""

    id: str
    name: str
    hint: str
    """The last four characters."""
    user_id: str
    project_id: str
    scopes: list[str]
    models: list[str] | None
    budget: str | None
    currency: str | None
    window: BudgetWindow | None
    spent: str | None
    """What it spent or set aside in the window that is now; null without a budget."""
    created_at: str | None
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None
    usage: Usage


class MadeKey(msgspec.Struct, frozen=True, rename="camel"):
    """A key just made."""

    key: str
    """The key itself; it is shown this once."""
    about: ShownKey

    def __repr__(self) -> str:
        return f"MadeKey({self.about.id!r})"


class KindsOfKeys(msgspec.Struct, frozen=True, rename="camel"):
    """What a key of the asker's can be given."""

    scopes: list[str]
    usual: list[str]
    """What a key has that was not told otherwise."""


_UNUSED: Final = rows.Used(videos=0)


def shown(conn: Connection, key: Key, now: int, used: rows.Used = _UNUSED) -> ShownKey:
    """Show a key with what it spent."""
    spent = None
    if key.budget is not None and key.budget_currency is not None:
        since = opened_at(key.budget_window or BudgetWindow.TOTAL, now)
        spent = show(rows.spent(conn, key.id, key.budget_currency, since))
    return ShownKey(
        id=key.id,
        name=key.name,
        hint=key.hint,
        user_id=key.user_id,
        project_id=key.project_id,
        scopes=list(key.scopes),
        models=None if key.models is None else list(key.models),
        budget=None if key.budget is None else show(key.budget),
        currency=key.budget_currency,
        window=key.budget_window,
        spent=spent,
        created_at=moment(key.created_at),
        expires_at=moment(key.expires_at),
        revoked_at=moment(key.revoked_at),
        last_used_at=moment(key.last_used_at),
        usage=Usage(
            used.videos,
            [Charged(currency, show(amount)) for currency, amount in sorted(used.charged.items())],
        ),
    )


async def _listed(asked: Asked, user_id: str | None) -> Response:
    now = asked.ctx.clock.now_ms()

    def work(conn: Connection) -> list[ShownKey]:
        found = rows.of_user(conn, user_id) if user_id else rows.all_keys(conn)
        used = rows.used(conn, [key.id for key in found], now - _USAGE_MS)
        return [shown(conn, key, now, used.get(key.id, _UNUSED)) for key in reversed(found)]

    return cut(asked, await asked.ctx.backend.read(work), lambda key: key.id, lambda key: key)


async def mine(asked: Asked) -> Response:
    """List one's own keys, newest first, also those that are closed."""
    return await _listed(asked, asked.principal.user_id)


async def everybodys(asked: Asked) -> Response:
    """List keys, newest first; of one user with `user_id`."""
    return await _listed(asked, asked.request.query_params.get("user_id"))


async def kinds(asked: Asked) -> Response:
    """Tell what a key of the asker's can be given."""
    most = OF_ROLE[asked.principal.role] & asked.principal.scopes
    return done(KindsOfKeys(sorted(s.value for s in most), sorted(s.value for s in most & EVERYDAY)))


async def make_own(asked: Asked) -> Response:
    """Make a key for a project one is in, with no more than one may do oneself."""
    wish = await taken(asked, NewKey)
    ctx, who = asked.ctx, asked.principal
    if wish.project_id is not None and wish.project_id != who.project_id:
        raise refuse(
            Code.INVALID_REQUEST,
            "A key opens the project it is made in: ask with the header `X-Reelgate-Project`.",
            param="projectId",
        )
    scopes = who.scopes & EVERYDAY if wish.scopes is None else _scopes(wish)
    grant = _grant(asked, wish)
    made = await keys.create_own_key(
        ctx.backend,
        ctx.ids,
        ctx.clock,
        asked.door.access.pepper,
        who,
        name=wish.name,
        scopes=scopes,
        grant=grant,
    )
    return await _made(asked, made)


async def make(asked: Asked) -> Response:
    """Make a key for a user and a project they get into."""
    wish = await taken(asked, KeyFor)
    ctx = asked.ctx
    user_id = wish.user_id or asked.principal.user_id
    project_id = wish.project_id or asked.project_id
    grant = _grant(asked, wish)
    await keys.check_owner(ctx.backend, user_id, project_id)
    made = await keys.create_key(
        ctx.backend,
        ctx.ids,
        ctx.clock,
        asked.door.access.pepper,
        name=wish.name,
        scopes=_scopes(wish),
        user_id=user_id,
        project_id=project_id,
        grant=grant,
    )
    return await _made(asked, made)


async def _made(asked: Asked, made: Minted) -> Response:
    now = asked.ctx.clock.now_ms()
    about = await asked.ctx.backend.read(lambda conn: shown(conn, made.key, now))
    return done(MadeKey(made.token, about), 201)


def _scopes(wish: NewKey) -> frozenset[Scope]:
    if wish.scopes is None:
        return EVERYDAY
    known = {scope.value: scope for scope in Scope}
    for name in wish.scopes:
        if name not in known:
            raise refuse(Code.INVALID_REQUEST, f"There is no scope `{name[:40]}`.", param="scopes")
    return frozenset(known[name] for name in wish.scopes)


def _grant(asked: Asked, wish: NewKey) -> Grant:
    now = asked.ctx.clock.now_ms()
    return Grant(
        models=wish.models,
        budget=None if wish.budget is None else _amount(wish.budget),
        currency=wish.currency.upper(),
        window=wish.window,
        expires_at=None if wish.days is None else now + wish.days * _DAY_MS,
    )


def _amount(text: str) -> Micro:
    amount = read(text)
    if amount is None:
        raise refuse(Code.INVALID_REQUEST, "`budget` is an amount as text, such as `12.50`.", param="budget")
    return amount


async def revoke_own(asked: Asked) -> Response:
    """Close a key of one's own at once and for good."""
    key_id = named(asked, "key_id", "key", "key")
    await keys.revoke_own(asked.ctx.backend, asked.ctx.clock, asked.principal.user_id, key_id)
    return done(Nothing())


async def revoke(asked: Asked) -> Response:
    """Close a key at once and for good."""
    key_id = named(asked, "key_id", "key", "key")
    now = asked.ctx.clock.now_ms()
    if not await asked.ctx.backend.write(lambda conn: rows.revoke(conn, key_id, now)):
        raise missing("key", key_id)
    return done(Nothing())


def _operation(method: Any, path: str, handler: Any, summary: str, **more: Any) -> Operation:
    tag = "account" if path.startswith("/api/account") else "admin"
    return Operation(method=method, path=path, handler=handler, summary=summary, tag=tag, **more)


_MINE: Final = "/api/account/keys"
_ALL: Final = "/api/admin/keys"

OPERATIONS: Final = (
    _operation("GET", _MINE, mine, "List one's own keys", query=PAGED, gives=Many[ShownKey]),
    _operation("POST", _MINE, make_own, "Make a key", takes=NewKey, gives=Done[MadeKey], status=201),
    _operation("GET", f"{_MINE}/kinds", kinds, "What a key can be given", gives=Done[KindsOfKeys]),
    _operation("DELETE", f"{_MINE}/{{key_id}}", revoke_own, "Close a key of one's own", gives=Done[Nothing]),
    _operation("GET", _ALL, everybodys, "List keys", query=("user_id", *PAGED), gives=Many[ShownKey]),
    _operation("POST", _ALL, make, "Make a key for somebody", takes=KeyFor, gives=Done[MadeKey], status=201),
    _operation("DELETE", f"{_ALL}/{{key_id}}", revoke, "Close a key", gives=Done[Nothing]),
)
