"""Webhooks: endpoints, and the deliveries that are owed to them.

A delivery is a row written with the event it tells of. It is due only when no earlier event of
the same task is still owed to the same endpoint, so that a receiver sees a task's events in order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, and_, bindparam, or_, select, update
from sqlalchemy import insert as insert_into

from reelgate.core.envelope import Place, Sealed
from reelgate.core.events import Event
from reelgate.store import jsontext
from reelgate.store.rows import columns_of, named, names_of, values_of
from reelgate.store.tables import Audience, DeliveryState, deliveries, tasks, webhook_endpoints
from reelgate.store.upsert import Upsert


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where a project wants to be told, and how the telling is signed."""

    id: str
    project_id: str
    user_id: str
    name: str
    url: str
    event_types: tuple[str, ...]
    secret: Sealed
    old_secret: Sealed | None
    old_secret_until: int | None
    enabled: bool
    disabled_reason: str | None
    failing_since: int | None
    created_at: int
    updated_at: int
    audience: Audience = Audience.PROJECT

    @property
    def place(self) -> Place:
        """What its secret is bound to."""
        return place_of(self.id)

    @property
    def old_place(self) -> Place:
        """What its former secret is bound to."""
        return place_of(self.id, "old_secret")

    def __repr__(self) -> str:
        return f"Endpoint({self.id!r}, name={self.name!r})"


def place_of(endpoint_id: str, column: str = "secret") -> Place:
    """Give what a secret of an endpoint is bound to."""
    return Place(webhook_endpoints.name, endpoint_id, column)


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event owed or told to one endpoint."""

    id: str
    endpoint_id: str
    event_id: str
    task_id: str | None
    """None when it is about no task."""
    seq: int
    state: DeliveryState
    attempts: int
    next_at: int | None
    last_status: int | None
    last_error: str | None
    body: str
    """The exact text that is sent and signed."""
    created_at: int
    delivered_at: int | None
    url: str | None = None
    """Where to, when not to the endpoint's own address."""


_FIELDS: Final = names_of(Endpoint)
_DELIVERY_FIELDS: Final = names_of(Delivery)
_DELIVERY_COLUMNS: Final = columns_of(deliveries, Delivery)
_types = msgspec.json.Decoder(tuple[str, ...])

_living = webhook_endpoints.c.deleted_at.is_(None)
_audience = webhook_endpoints.c.audience
_INSERT: Final = insert_into(webhook_endpoints)
_CLAIM_TASK_ENDPOINT: Final = Upsert(webhook_endpoints, ("id",))
_OF_PROJECT: Final = (
    select(*columns_of(webhook_endpoints, Endpoint))
    .where(_living, webhook_endpoints.c.project_id == bindparam("project_id"))
    .order_by(webhook_endpoints.c.created_at, webhook_endpoints.c.id)
)
_GET: Final = _OF_PROJECT.where(webhook_endpoints.c.id == bindparam("endpoint_id"))
_LOOK: Final = select(*columns_of(webhook_endpoints, Endpoint)).where(
    _living, webhook_endpoints.c.id == bindparam("endpoint_id")
)
_LISTENING: Final = (
    select(*columns_of(webhook_endpoints, Endpoint))
    .where(
        _living,
        webhook_endpoints.c.enabled.is_(True),
        or_(
            and_(
                _audience == Audience.PROJECT.value, webhook_endpoints.c.project_id == bindparam("project_id")
            ),
            and_(_audience == Audience.USER.value, webhook_endpoints.c.user_id == bindparam("user_id")),
            _audience == Audience.INSTALLATION.value,
        ),
    )
    .order_by(webhook_endpoints.c.created_at, webhook_endpoints.c.id)
)
_NOTIFY: Final = select(tasks.c.notify_url).where(tasks.c.id == bindparam("task_id"))
_UPDATE: Final = (
    update(webhook_endpoints)
    .where(webhook_endpoints.c.id == bindparam("b_id"), _living)
    .values({name: bindparam(f"v_{name}") for name in _FIELDS if name not in ("id", "created_at")})
)
_REMOVE: Final = (
    update(webhook_endpoints)
    .where(
        webhook_endpoints.c.id == bindparam("b_id"),
        webhook_endpoints.c.project_id == bindparam("b_project_id"),
        _living,
        _audience != Audience.TASK.value,
    )
    .values(
        deleted_at=bindparam("now"),
        updated_at=bindparam("now"),
        enabled=False,
        secret="",
        old_secret=None,
    )
)
_DROP_OWED: Final = (
    update(deliveries)
    .where(
        deliveries.c.endpoint_id == bindparam("b_endpoint_id"),
        deliveries.c.state == DeliveryState.PENDING.value,
    )
    .values(state=DeliveryState.DEAD.value, next_at=None, last_error=bindparam("reason"))
)
_ENQUEUE: Final = insert_into(deliveries)

_earlier = deliveries.alias("earlier")
_first_of_its_task = ~(
    select(_earlier.c.id)
    .where(
        _earlier.c.endpoint_id == deliveries.c.endpoint_id,
        _earlier.c.task_id == deliveries.c.task_id,
        _earlier.c.seq < deliveries.c.seq,
        _earlier.c.state == DeliveryState.PENDING.value,
    )
    .exists()
)
_DUE: Final = (
    select(*_DELIVERY_COLUMNS)
    .join(webhook_endpoints, webhook_endpoints.c.id == deliveries.c.endpoint_id)
    .where(
        deliveries.c.state == DeliveryState.PENDING.value,
        deliveries.c.next_at <= bindparam("now"),
        _living,
        webhook_endpoints.c.enabled.is_(True),
        _first_of_its_task,
    )
    .order_by(deliveries.c.next_at, deliveries.c.seq, deliveries.c.id)
    .limit(bindparam("limit"))
)
_NEXT_DUE: Final = (
    select(deliveries.c.next_at)
    .join(webhook_endpoints, webhook_endpoints.c.id == deliveries.c.endpoint_id)
    .where(
        deliveries.c.state == DeliveryState.PENDING.value,
        _living,
        webhook_endpoints.c.enabled.is_(True),
        _first_of_its_task,
    )
    .order_by(deliveries.c.next_at)
    .limit(1)
)
_CLAIM: Final = (
    update(deliveries)
    .where(
        deliveries.c.id == bindparam("b_id"),
        deliveries.c.state == DeliveryState.PENDING.value,
        deliveries.c.next_at <= bindparam("now"),
    )
    .values(next_at=bindparam("until"), attempts=deliveries.c.attempts + 1)
)
_pending_one = update(deliveries).where(
    deliveries.c.id == bindparam("b_id"), deliveries.c.state == DeliveryState.PENDING.value
)
_DELIVERED: Final = _pending_one.values(
    state=DeliveryState.DELIVERED.value,
    next_at=None,
    last_status=bindparam("status"),
    last_error=None,
    delivered_at=bindparam("now"),
)
_AGAIN: Final = _pending_one.values(
    next_at=bindparam("again_at"), last_status=bindparam("status"), last_error=bindparam("error")
)
_DEAD: Final = _pending_one.values(
    state=DeliveryState.DEAD.value,
    next_at=None,
    last_status=bindparam("status"),
    last_error=bindparam("error"),
)
_afresh: Final[dict[str, Any]] = {
    "state": DeliveryState.PENDING.value,
    "attempts": 0,
    "next_at": bindparam("now"),
    "delivered_at": None,
}
_REPLAY: Final = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("b_id"), deliveries.c.endpoint_id == bindparam("b_endpoint_id"))
    .values(_afresh)
)
_REPLAY_SINCE: Final = (
    update(deliveries)
    .where(
        deliveries.c.endpoint_id == bindparam("b_endpoint_id"),
        deliveries.c.created_at >= bindparam("since"),
    )
    .values(_afresh)
)
_OF_ENDPOINT: Final = (
    select(*_DELIVERY_COLUMNS)
    .where(deliveries.c.endpoint_id == bindparam("endpoint_id"))
    .order_by(deliveries.c.created_at.desc(), deliveries.c.id.desc())
    .limit(bindparam("limit"))
)
_GET_DELIVERY: Final = select(*_DELIVERY_COLUMNS).where(deliveries.c.id == bindparam("delivery_id"))


def _endpoint(row: Row[Any]) -> Endpoint:
    fields = named(_FIELDS, row)
    fields["event_types"] = _types.decode(fields["event_types"])
    fields["audience"] = Audience(fields["audience"])
    return Endpoint(**fields)


def _delivery(row: Row[Any]) -> Delivery:
    fields = named(_DELIVERY_FIELDS, row)
    fields["state"] = DeliveryState(fields["state"])
    return Delivery(**fields)


def _values(endpoint: Endpoint) -> dict[str, Any]:
    return {
        **values_of(endpoint),
        "event_types": jsontext.dump(endpoint.event_types),
        "audience": endpoint.audience.value,
    }


def insert(conn: Connection, endpoint: Endpoint) -> None:
    """Write a new endpoint."""
    conn.execute(_INSERT, {**_values(endpoint), "deleted_at": None})


def insert_once(conn: Connection, endpoint: Endpoint) -> None:
    """Write an endpoint unless one of its id is there, even when two processes do so at once."""
    _CLAIM_TASK_ENDPOINT.run(conn, {**_values(endpoint), "deleted_at": None})


def get(conn: Connection, endpoint_id: str, project_id: str) -> Endpoint | None:
    """Give an endpoint of a project; a foreign or deleted one is not there."""
    values = {"endpoint_id": endpoint_id, "project_id": project_id}
    row = conn.execute(_GET, values).first()
    return None if row is None else _endpoint(row)


def look(conn: Connection, endpoint_id: str) -> Endpoint | None:
    """Give the endpoint a delivery goes to, whoever owns it; a deleted one is not there."""
    row = conn.execute(_LOOK, {"endpoint_id": endpoint_id}).first()
    return None if row is None else _endpoint(row)


def of_project(conn: Connection, project_id: str) -> list[Endpoint]:
    """List the endpoints of a project, oldest first."""
    return [_endpoint(row) for row in conn.execute(_OF_PROJECT, {"project_id": project_id})]


def update_endpoint(conn: Connection, endpoint: Endpoint) -> bool:
    """Replace an endpoint by its new state; False when it is deleted or unknown."""
    values = {
        f"v_{name}": value for name, value in _values(endpoint).items() if name not in ("id", "created_at")
    }
    return conn.execute(_UPDATE, {**values, "b_id": endpoint.id}).rowcount == 1


def remove(conn: Connection, endpoint_id: str, project_id: str, now: int) -> bool:
    """Delete an endpoint, wipe its secrets and give up what is owed to it; False when there is none."""
    values = {"b_id": endpoint_id, "b_project_id": project_id, "now": now}
    if conn.execute(_REMOVE, values).rowcount != 1:
        return False
    conn.execute(_DROP_OWED, {"b_endpoint_id": endpoint_id, "reason": "endpoint deleted"})
    return True


def listening(conn: Connection, project_id: str, user_id: str) -> list[Endpoint]:
    """List the enabled endpoints that hear of what is this user's in this project."""
    values = {"project_id": project_id, "user_id": user_id}
    return [_endpoint(row) for row in conn.execute(_LISTENING, values)]


def enqueue(
    conn: Connection,
    event: Event,
    *,
    told_as: str,
    body: str,
    now: int,
    new_id: Callable[[], str],
) -> int:
    """Owe an event to every endpoint that hears of its task and listens to `told_as`; count them."""
    heard = [
        endpoint
        for endpoint in listening(conn, event.project_id, event.user_id)
        if told_as in endpoint.event_types
    ]
    for endpoint in heard:
        enqueue_to(conn, endpoint.id, event, body=body, now=now, delivery_id=new_id())
    return len(heard)


def notify_url(conn: Connection, task_id: str) -> str | None:
    """Give whom a task's caller wants to be told of its end."""
    return conn.execute(_NOTIFY, {"task_id": task_id}).scalar()


def enqueue_to(
    conn: Connection,
    endpoint_id: str,
    event: Event,
    *,
    body: str,
    now: int,
    delivery_id: str,
    url: str | None = None,
) -> None:
    """Owe an event to one endpoint, or to another address under its secret."""
    about = {"event_id": event.id, "task_id": event.task_id, "seq": event.seq, "url": url}
    _owe(conn, endpoint_id, about, body=body, now=now, delivery_id=delivery_id)


def enqueue_alert(
    conn: Connection, endpoint_id: str, event_id: str, *, body: str, now: int, delivery_id: str
) -> None:
    """Owe one endpoint what is about no task."""
    about = {"event_id": event_id, "task_id": None, "seq": 0, "url": None}
    _owe(conn, endpoint_id, about, body=body, now=now, delivery_id=delivery_id)


def _owe(
    conn: Connection, endpoint_id: str, about: dict[str, Any], *, body: str, now: int, delivery_id: str
) -> None:
    values = {
        "id": delivery_id,
        "endpoint_id": endpoint_id,
        **about,
        "state": DeliveryState.PENDING.value,
        "attempts": 0,
        "next_at": now,
        "last_status": None,
        "last_error": None,
        "body": body,
        "created_at": now,
        "delivered_at": None,
    }
    conn.execute(_ENQUEUE, values)


_RECOVERED: Final = (
    update(webhook_endpoints)
    .where(webhook_endpoints.c.id == bindparam("b_id"), webhook_endpoints.c.failing_since.is_not(None))
    .values(failing_since=None)
)


def recovered(conn: Connection, endpoint_id: str) -> None:
    """Note that an endpoint takes what it is sent again."""
    conn.execute(_RECOVERED, {"b_id": endpoint_id})


def due(conn: Connection, now: int, limit: int) -> list[Delivery]:
    """Give deliveries whose time has come, each the earliest still owed of its task to its endpoint."""
    return [_delivery(row) for row in conn.execute(_DUE, {"now": now, "limit": limit})]


def next_due_at(conn: Connection) -> int | None:
    """Give the time at which the next delivery is due; None when nothing is owed."""
    return conn.execute(_NEXT_DUE).scalar()


def claim(conn: Connection, delivery_id: str, *, now: int, until: int) -> bool:
    """Take a due delivery for one attempt and keep others off it until `until`; False when it is taken."""
    return conn.execute(_CLAIM, {"b_id": delivery_id, "now": now, "until": until}).rowcount == 1


def delivered(conn: Connection, delivery_id: str, *, status: int, now: int) -> bool:
    """Write down that the receiver has it; False when it was no longer owed."""
    values = {"b_id": delivery_id, "status": status, "now": now}
    return conn.execute(_DELIVERED, values).rowcount == 1


def again(conn: Connection, delivery_id: str, *, status: int | None, error: str, again_at: int) -> bool:
    """Write down a failed attempt and when to try again; False when it was no longer owed."""
    values = {"b_id": delivery_id, "status": status, "error": error, "again_at": again_at}
    return conn.execute(_AGAIN, values).rowcount == 1


def dead(conn: Connection, delivery_id: str, *, status: int | None, error: str) -> bool:
    """Give a delivery up, with the reason; False when it was no longer owed."""
    values = {"b_id": delivery_id, "status": status, "error": error}
    return conn.execute(_DEAD, values).rowcount == 1


def replay(conn: Connection, delivery_id: str, endpoint_id: str, now: int) -> bool:
    """Owe a delivery again from the start, whatever became of it; False when there is none."""
    values = {"b_id": delivery_id, "b_endpoint_id": endpoint_id, "now": now}
    return conn.execute(_REPLAY, values).rowcount == 1


def replay_since(conn: Connection, endpoint_id: str, since: int, now: int) -> int:
    """Owe again everything an endpoint was ever owed since `since`; count it."""
    values = {"b_endpoint_id": endpoint_id, "since": since, "now": now}
    return conn.execute(_REPLAY_SINCE, values).rowcount


def get_delivery(conn: Connection, delivery_id: str) -> Delivery | None:
    """Give one delivery."""
    row = conn.execute(_GET_DELIVERY, {"delivery_id": delivery_id}).first()
    return None if row is None else _delivery(row)


def deliveries_of(conn: Connection, endpoint_id: str, *, limit: int = 100) -> list[Delivery]:
    """List the newest deliveries of an endpoint."""
    values = {"endpoint_id": endpoint_id, "limit": limit}
    return [_delivery(row) for row in conn.execute(_OF_ENDPOINT, values)]
