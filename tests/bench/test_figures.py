"""The bench's arithmetic and what it prints; how long anything takes is no business of a test."""

from __future__ import annotations

import io
import sqlite3
from pathlib import Path

import pytest
from rich.console import Console

from bench.clients import masked
from bench.figures import Figure, Results, Scenario, number, page, ratio, table
from bench.processes import cpu_seconds
from bench.scenarios.content import padded
from bench.scenarios.listing import seed
from bench.scenarios.live import latencies
from bench.scenarios.watching import lateness, quantile
from bench.upstream import Log, Upstream


def figure(value: float, sense: str | None, goal: float | None) -> Figure:
    return Figure(scenario="s", what="w", value=value, unit="×", sense=sense, goal=goal)  # type: ignore[arg-type]


def results(*figures: Figure) -> Results:
    found = Scenario(name="s", figures=list(figures), raw={"ours": {"per_second": 12.5}, "count": 3})
    return Results(machine={"processor": "one, 2 cores"}, scenarios=[found])


@pytest.mark.parametrize(
    ("value", "sense", "goal", "verdict"),
    [
        (15, "at least", 15, "pass"),
        (14.9, "at least", 15, "fail"),
        (3, "at most", 3, "pass"),
        (3.1, "at most", 3, "fail"),
        (0, "at most", 0, "pass"),
        (7, None, None, ""),
    ],
)
def test_a_goal_is_met_at_its_edge_and_missed_beyond_it(
    value: float, sense: str | None, goal: float | None, verdict: str
) -> None:
    assert figure(value, sense, goal).verdict == verdict


def test_a_ratio_to_nothing_is_no_figure() -> None:
    assert ratio(6, 2) == 3
    with pytest.raises(ValueError, match="compare"):
        ratio(6, 0)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.0012, "0.0012"), (1.5, "1.5"), (3.14159, "3.14"), (42.42, "42.4"), (12345.6, "12,346")],
)
def test_a_number_shows_the_digits_that_count(value: float, text: str) -> None:
    assert number(value) == text


def test_the_table_shows_measured_goal_and_word() -> None:
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(table(results(figure(20, "at least", 15), figure(9, "at most", 3), figure(1, None, None))))
    text = console.export_text()
    assert "20 ×" in text
    assert "≥ 15 ×" in text
    assert all(word in text for word in ("pass", "fail", "told"))


def test_the_page_names_machine_figures_and_what_they_came_from() -> None:
    text = page(results(figure(9, "at most", 3)))
    assert "- processor: one, 2 cores" in text
    assert "| s | w | 9 × | ≤ 3 × | fail |" in text
    assert "- ours: per_second 12.5" in text


def test_missed_goals_are_found_again() -> None:
    good, bad = figure(20, "at least", 15), figure(9, "at most", 3)
    assert results(good, bad).missed == [bad]


def test_processor_time_is_read_past_a_name_with_spaces_and_brackets() -> None:
    line = "7 (a (b) c) S 1 1 1 0 -1 4194560 10 0 0 0 150 50 0 0 20 0 1 0 100 0 0"
    assert cpu_seconds(line, 100) == 2.0


def test_lateness_counts_only_what_came_between_two_readings() -> None:
    name = "reelgate_poll_lateness_seconds_bucket"
    before = lateness(f'{name}{{le="1.0"}} 100\n{name}{{le="2.0"}} 100\n{name}{{le="+Inf"}} 500\n')
    after = lateness(f'{name}{{le="1.0"}} 190\n{name}{{le="2.0"}} 199.0\n{name}{{le="+Inf"}} 600.0\n')
    assert quantile(before, after, 0.9) == 1.0
    assert quantile(before, after, 0.99) == 2.0
    assert quantile(before, after, 1.0) == float("inf")


def test_the_upstream_counts_one_gap_for_two_looks_and_none_across_a_mark() -> None:
    log = Log()
    log.note(["a"], 2)
    log.mark()
    log.note(["a"], 2)
    assert (len(log.gaps), log.complete_at) == (0, None)
    log.note(["a", "b"], 2)
    assert len(log.gaps) == 1
    assert log.complete_at is not None


def test_the_upstream_bills_lists_and_pages_newest_first() -> None:
    upstream = Upstream(1e9, b"", lists=True)
    for _ in range(3):
        upstream.answer("POST", "/v1/videos", {b"content-type": b"application/json"}, b'{"prompt":"p"}')
    listed = upstream.answer("GET", "/v1/videos?limit=2&after=video_up00000002", {}, b"")
    unknown = upstream.answer("GET", "/v1/videos/nobody", {}, b"")
    assert listed is not None
    assert unknown is not None
    body = listed[2]
    assert body.index(b"video_up00000001") < body.index(b"video_up00000000")
    assert b'"has_more":false' in body
    assert unknown[0] == 404


def test_a_clip_is_padded_to_the_byte_by_a_box_that_says_its_length() -> None:
    data = padded(b"x" * 100, 4096)
    assert len(data) == 4096
    assert int.from_bytes(data[100:104], "big") == 3996
    assert data[104:108] == b"free"


def test_seeding_copies_the_one_task_until_there_are_enough(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE tasks (id PRIMARY KEY, created_at, status, finished_at, attempt_id, prompt)")
    db.execute("INSERT INTO tasks VALUES ('video_real', 5000000, 'running', NULL, 'att', 'a boat')")
    db.commit()
    shares: list[float] = []
    seed(path, 50, shares.append)
    assert db.execute("SELECT count(*), count(DISTINCT created_at) FROM tasks").fetchone() == (50, 50)
    assert db.execute(
        "SELECT count(*) FROM tasks WHERE status = 'failed' AND prompt = 'a boat'"
    ).fetchone() == (49,)
    assert shares[-1] == 1.0
    db.close()


def test_a_telling_is_as_late_as_it_came_after_its_commit_and_strangers_do_not_count():
    sent, came = [(7, 10.0), (8, 10.5)], [(8, 10.75), (7, 10.25), (7, 9.0), (99, 11.0)]

    assert latencies(sent, came) == [0.0, 0.25, 0.25]


@pytest.mark.parametrize("text", ["", "subscribe", "x" * 125, "x" * 126, "x" * 600])
def test_a_client_masks_what_it_says_as_servers_demand(text: str):
    frame = masked(text)

    long = frame[1] == 0x80 | 126
    size = int.from_bytes(frame[2:4]) if long else frame[1] & 0x7F
    key, body = frame[4:8] if long else frame[2:6], frame[8:] if long else frame[6:]
    assert frame[0] == 0x81
    assert size == len(text)
    assert bytes(byte ^ key[n % 4] for n, byte in enumerate(body)).decode() == text
