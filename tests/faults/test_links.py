"""Where an upstream keeps its files, and what opens them, is nobody's business but this server's."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from reelgate.testing.simulators import Script, families
from tests.faults.drill import PATIENCE_S, Drill, Incident, Upstreams, zygote

EVERY = tuple(families())
UNSEEN = frozenset({"channels", "channel_keys", "models_learned", "secrets"})
"""What operators alone see: where a channel leads is part of it."""
SPOILT = "prompt LIKE '%[fault:%'"
"""Tasks one test makes to see them fail; the others, before or after it, look past them."""


@pytest.fixture(scope="module")
def drill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    folder = tmp_path_factory.mktemp("links")
    with Upstreams(folder, EVERY, Script(queue_s=0.05, run_s=0.3)) as upstreams, zygote(folder) as forks:
        made = Drill(folder, forks, upstreams)
        made.set_up()
        for number, dialect in enumerate(EVERY):
            made.create(Incident(number, dialect, "", None))
        end = time.monotonic() + PATIENCE_S
        # On a busy machine a task may end and be archived again a moment later: the clip is what is waited for.
        while made.rows("SELECT count(*) FROM tasks WHERE status <> 'completed'") != [(0,)]:
            assert time.monotonic() < end, made.rows("SELECT status, model, error FROM tasks")
            time.sleep(0.1)
        yield made


def _get(drill: Drill, path: str) -> tuple[int, str]:
    """Ask for something as its owner and give the status and everything that came, headers included."""
    split = urlsplit(drill.address)
    with closing(http.client.HTTPConnection(split.hostname or "", split.port, timeout=30)) as connection:
        connection.request("GET", path, headers={"Authorization": f"Bearer {drill.key}"})
        answer = connection.getresponse()
        return answer.status, f"{answer.headers}\n{answer.read().decode('latin-1')}"


def _tells(drill: Drill, text: str) -> list[str]:
    """List what of the upstreams is in a text: addresses, links and keys."""
    found = [d for d, s in drill.upstreams.simulators.items() if s.origin.partition("//")[2] in text]
    found += [d for d in EVERY if (key := families()[d].key) and key in text]
    return found + (["a link"] if "/simulator/files/" in text else [])


def test_a_clip_of_every_dialect_came_home(drill: Drill) -> None:
    assert (
        drill.rows(f"SELECT model, status, error FROM tasks WHERE status <> 'completed' AND NOT {SPOILT}")
        == []
    )


def test_no_answer_about_a_finished_clip_tells_where_its_upstream_keeps_it_or_what_opens_it(
    drill: Drill,
) -> None:
    seen = [_get(drill, "/v1/videos?limit=100")]
    for (task_id,) in drill.rows(f"SELECT id FROM tasks WHERE NOT {SPOILT}"):
        seen += [
            _get(drill, f"/v1/videos/{task_id}{rest}")
            for rest in ("", "/content", "/content?variant=thumbnail")
        ]

    assert {status for status, _ in seen} == {200}
    assert [_tells(drill, text) for _, text in seen if _tells(drill, text)] == []


def test_no_row_a_user_is_shown_keeps_a_link_or_a_key(drill: Drill) -> None:
    tables = {name for (name,) in drill.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert {"tasks", "events", "assets", "deliveries"} <= tables - UNSEEN

    for table in ("tasks", "events", "assets", "deliveries", "task_inputs", "lineage", "blobs"):
        kept = json.dumps(drill.rows(f"SELECT * FROM {table}"), default=str)
        assert _tells(drill, kept) == [], table


def test_no_failure_told_to_a_user_names_the_upstream(drill: Drill) -> None:
    outcomes = ("expired_link", "redirect_loop", "fails", "refuse", "garbage")
    for number, outcome in enumerate(outcomes, start=1_000):
        drill.create(Incident(number, EVERY[number % len(EVERY)], outcome, None))
    end = time.monotonic() + PATIENCE_S
    moving = f"SELECT count(*) FROM tasks WHERE {SPOILT} AND finished_at IS NULL AND status <> 'archiving'"
    while drill.rows(moving) != [(0,)]:
        assert time.monotonic() < end, drill.rows("SELECT status, prompt FROM tasks")
        time.sleep(0.1)

    told = [
        _get(drill, f"/v1/videos/{task_id}")[1]
        for (task_id,) in drill.rows(f"SELECT id FROM tasks WHERE {SPOILT}")
    ]

    assert len(told) == len(outcomes)
    assert [_tells(drill, text) for text in told if _tells(drill, text)] == []
