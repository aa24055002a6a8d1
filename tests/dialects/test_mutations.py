"""Every given answer, bent one place at a time and many at once: nothing raises, and a living job lives on."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reelgate.core.dialect import Phase
from reelgate.testing.replay import Recording, Seen, Unreadable, registered, replay
from tests.dialects.damage import damaged

CONTRACTS = Path(__file__).parent.parent / "contracts"
DIALECTS = registered(io.StringIO())
LIVING = {None, Phase.QUEUED, Phase.IN_PROGRESS}
GIVEN: list[dict[str, Any]] = [
    vector
    for name in ("vectors.json", "comfyui-recorded.json")
    for vector in json.loads((CONTRACTS / name).read_text("utf-8"))
]
HUGE = "9" * 5_000
BENT: tuple[Any, ...] = (None, True, 0, -1, "", "pondering", HUGE, [], ["x"], {})
"""What any value may turn into."""


def read(vector: Mapping[str, Any]) -> Seen | None:
    """Read an answer as `replay` does; None where no method of the dialect reads this operation."""
    try:
        return replay(msgspec.convert(vector, Recording, strict=False), DIALECTS)
    except Unreadable:
        return None


READ = [vector for vector in GIVEN if read(vector) is not None]
ALIVE = [v for v in READ if v["expect"].get("status") in {"queued", "in_progress"}]


def places(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the path of every value, at any depth; of a list the first two, for the rest are read alike."""
    if path:
        yield path
    items = body.items() if isinstance(body, dict) else enumerate(body[:2]) if isinstance(body, list) else ()
    for name, value in items:
        yield from places(value, (*path, name))


def changed(body: Any, path: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:
    """Give a copy of a body with one place changed."""
    new = copy.deepcopy(body)
    inside = new
    for name in path[:-1]:
        inside = inside[name]
    change(inside, path[-1])
    return new


def remove(inside: Any, name: Any) -> None:
    del inside[name]


def put(value: Any) -> Callable[[Any, Any], None]:
    def change(inside: Any, name: Any) -> None:
        inside[name] = value

    return change


def bends(vector: Mapping[str, Any]) -> Iterator[tuple[tuple[Any, ...], Any, dict[str, Any]]]:
    """Bend a body in every one place in every way; a place in text is a line of it."""
    body = vector["body"]
    if isinstance(body, str):
        lines = body.split("\n")
        for number in range(len(lines)):
            for value in ("", "data: {", "data: null", "data: [1]", "data: " + HUGE, "\x00", "pondering"):
                yield (
                    (number,),
                    value,
                    {**vector, "body": "\n".join([*lines[:number], value, *lines[number + 1 :]])},
                )
        return
    for path in places(body):
        yield path, "gone", {**vector, "body": changed(body, path, remove)}
        for value in BENT:
            yield path, value, {**vector, "body": changed(body, path, put(value))}


def test_every_given_answer_is_of_a_dialect_there_is():
    assert [v["id"] for v in GIVEN if v["dialect"] not in DIALECTS] == []
    assert len(ALIVE) > 25


@pytest.mark.parametrize("vector", READ, ids=lambda vector: vector["id"])
def test_no_single_bend_raises_or_ends_a_living_job(vector: dict[str, Any]):
    """Shows 001-36."""

    alive = vector in ALIVE
    for path, value, bent in bends(vector):
        seen = read(bent)

        assert seen is not None
        assert seen.progress is None or 0 <= seen.progress <= 100, (path, value)
        if alive:
            assert seen.status in LIVING, (path, str(value)[:40], seen)


STATUSES = (
    200,
    201,
    202,
    204,
    302,
    400,
    401,
    403,
    404,
    408,
    409,
    410,
    418,
    422,
    425,
    429,
    500,
    502,
    503,
    504,
    520,
)
TYPES = ("application/json", "text/html", "")


@pytest.mark.parametrize("vector", ALIVE, ids=lambda vector: vector["id"])
def test_whatever_status_and_type_carry_an_answer_a_living_job_lives_on(vector: dict[str, Any]):
    for status in STATUSES:
        for kind in TYPES:
            for body in (
                vector["body"],
                None,
                "",
                {"error": {"message": "no", "code": "c"}},
                {"detail": "no"},
            ):
                seen = read(vector | {"http_status": status, "content_type": kind, "body": body})

                assert seen is not None
                # An error alone in a good answer is an error; whether it ends a job is the dialect's to say.
                assert seen.status in LIVING or (
                    status < 300 and isinstance(body, dict) and "error" in body
                ), (
                    status,
                    kind,
                    seen,
                )


SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


@pytest.mark.parametrize("vector", ALIVE, ids=lambda vector: vector["id"])
@given(data=st.data())
@settings(max_examples=8, deadline=None, suppress_health_check=SLOW)
def test_damage_of_every_kind_at_once_ends_no_living_job(vector: dict[str, Any], data: st.DataObject):
    bent = vector | {"body": data.draw(damaged(vector["body"]))}
    bent |= {
        "http_status": data.draw(st.sampled_from(STATUSES)),
        "content_type": data.draw(st.sampled_from(TYPES)),
    }

    seen = read(bent)

    assert seen is not None
    assert seen.status in LIVING, seen
