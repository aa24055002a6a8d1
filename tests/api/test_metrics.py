"""`/metrics`: who may read it, what it says, what it costs, and what never stands in it."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import msgspec
import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from reelgate.api import build_app
from reelgate.api.metrics import READ_SHARE, Readers, Scrape
from reelgate.core.errors import Code
from reelgate.core.events import EventType
from reelgate.engine.backups import FORMAT, MANIFEST, Manifest
from reelgate.engine.context import Context
from reelgate.engine.readiness import Readiness
from reelgate.store import events as event_rows
from reelgate.store import ledger as ledger_rows
from reelgate.store.backend import StoreError
from reelgate.store.tables import DEFAULT_PROJECT, DEFAULT_USER
from reelgate.telemetry import Meter
from tests.api.harness import PEPPER, Bench

TOKEN = "metrics-token-0123456789"


async def status_for(
    bench: Bench, readers: Readers, *, client: tuple[str, int] | None = ("127.0.0.1", 9), **headers: str
) -> int:
    """Ask for the figures as somebody at that address with those headers."""
    app = build_app(bench.ctx, PEPPER, readers=readers)
    named = {"host": "127.0.0.1:8080", **{name.replace("_", "-"): value for name, value in headers.items()}}
    sent: list[Any] = []
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "path": "/metrics", "raw_path": b"/metrics",
        "query_string": b"", "root_path": "", "scheme": "http", "client": client, "server": ("127.0.0.1", 80),
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }  # fmt: skip

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"]


HERE = Readers(who="loopback")


@pytest.mark.parametrize(
    ("client", "headers"),
    [
        (("127.0.0.1", 1), {"host": "127.0.0.1:8080"}),
        (("127.0.0.1", 1), {"host": "localhost:8080"}),
        (("::1", 1), {"host": "[::1]:8080"}),
    ],
)
async def test_by_itself_this_machine_may_read_the_figures(bench: Bench, client: Any, headers: Any) -> None:
    assert await status_for(bench, HERE, client=client, **headers) == 200


@pytest.mark.parametrize(
    ("client", "headers"),
    [
        (("10.0.0.7", 1), {}),
        (("203.0.113.9", 1), {}),
        (None, {}),
        (("127.0.0.1", 1), {"x_forwarded_for": "203.0.113.9"}),
        (("127.0.0.1", 1), {"forwarded": "for=203.0.113.9"}),
        (("127.0.0.1", 1), {"x_real_ip": "203.0.113.9"}),
        (("127.0.0.1", 1), {"via": "1.1 proxy"}),
        (("127.0.0.1", 1), {"host": "reelgate.example"}),
        (("127.0.0.1", 1), {"host": "127.0.0.1.reelgate.example"}),
        (("127.0.0.1", 1), {"host": ""}),
        (("not an address", 1), {}),
    ],
)
async def test_nobody_else_may_not_even_through_a_proxy_on_this_machine(
    bench: Bench, client: Any, headers: Any
) -> None:
    assert await status_for(bench, HERE, client=client, **headers) == 403


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"authorization": f"Bearer {TOKEN}"}, 200),
        ({"authorization": f"Bearer {TOKEN}x"}, 401),
        ({"authorization": "Bearer "}, 401),
        ({"authorization": "Bearer ünicode"}, 401),
        ({}, 401),
    ],
)
async def test_with_a_token_its_holders_may_from_anywhere(bench: Bench, given: Any, status: int) -> None:
    readers = Readers(who="token", token=TOKEN)

    assert await status_for(bench, readers, client=("203.0.113.9", 1), **given) == status


async def test_a_token_that_was_never_set_opens_nothing(bench: Bench) -> None:
    readers = Readers(who="token", token=None)

    assert await status_for(bench, readers, authorization="Bearer ") == 401


async def test_open_is_for_anybody_and_off_is_not_there(bench: Bench) -> None:
    stranger = ("203.0.113.9", 1)

    assert await status_for(bench, Readers(who="open"), client=stranger) == 200
    assert await status_for(bench, Readers(who="off"), client=("127.0.0.1", 1)) == 404


def test_the_rule_does_not_show_the_token() -> None:
    assert TOKEN not in repr(Readers(who="token", token=TOKEN))


# What it says. A scrape of its own, so that tests beside it count elsewhere.


@dataclasses.dataclass
class Figures:
    scrape: Scrape
    meter: Meter

    async def read(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        text = (await self.scrape.text()).decode()
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


@pytest.fixture
def figures(bench: Bench) -> Figures:
    return figures_of(bench.ctx)


def figures_of(ctx: Context, keep_s: float = 0.0) -> Figures:
    meter = Meter()
    return Figures(Scrape(ctx, Readiness(ctx), Readers(keep_s=keep_s), meter), meter)


def at(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


async def test_what_waits_and_what_runs_is_told_by_channel(bench: Bench, figures: Figures) -> None:
    await bench.made()
    running = await bench.made()
    await bench.run(running)
    await bench.clock.advance(30)

    found = await figures.read()

    assert found[at("reelgate_tasks", status="queued")] == 1
    assert found[at("reelgate_tasks", status="running")] == 1
    assert found[at("reelgate_queue_lag_seconds", channel="one")] == 30
    assert found[at("reelgate_lane_waiting", channel="one")] == 1
    assert found[at("reelgate_lane_busy", channel="one")] == 1
    assert found[at("reelgate_lane_size", channel="one")] == 4
    assert found[at("reelgate_unconfirmed_tasks")] == 0
    assert found[at("reelgate_ready")] == 1
    assert found[at("reelgate_database_up")] == 1


async def test_a_start_that_is_planned_for_later_is_no_lag(bench: Bench, figures: Figures) -> None:
    video_id = await bench.made()
    later = bench.clock.now_ms() + 60_000
    await bench.ctx.backend.write(
        lambda conn: conn.exec_driver_sql(f"UPDATE tasks SET start_after = {later} WHERE id = '{video_id}'")
    )

    await bench.clock.advance(30)
    before = await figures.read()
    await bench.clock.advance(40)
    after = await figures.read()

    assert before[at("reelgate_queue_lag_seconds", channel="one")] == 0
    assert after[at("reelgate_queue_lag_seconds", channel="one")] == 10


async def test_money_is_told_by_kind_in_units_of_its_currency(bench: Bench, figures: Figures) -> None:
    def deposit(conn: Any) -> None:
        ledger_rows.open_account(conn, "acct_x", DEFAULT_PROJECT, "EUR", 0)
        ledger_rows.deposit(conn, "acct_x", 2_500_000, "EUR", 0, "led_x")
        ledger_rows.hold(conn, "acct_x", held, 1_250_000, "EUR", 0, "led_y")

    held = await bench.made()
    await bench.ctx.backend.write(lambda conn: conn.exec_driver_sql("DELETE FROM ledger") and None)
    await bench.ctx.backend.write(deposit)

    found = await figures.read()

    assert found[at("reelgate_ledger_amount", kind="deposited", currency="EUR")] == 2.5
    assert found[at("reelgate_ledger_amount", kind="held", currency="EUR")] == 1.25


async def test_ends_are_counted_from_the_log_once_by_channel_and_code(bench: Bench, figures: Figures) -> None:
    await figures.read()
    done, failed = await bench.made(), await bench.made()
    await bench.complete(done)
    said = {"status": "failed", "error_code": Code.QUOTA_EXHAUSTED.value}
    await bench.ctx.backend.write(
        lambda conn: event_rows.append(conn, failed, EventType.FAILED, said, 0, bench.ctx.ids.new("evt"))
    )

    await figures.read()
    found = await figures.read()

    ended = "reelgate_tasks_ended_total"
    assert found[at(ended, channel="one", status="completed", code="")] == 1
    assert found[at(ended, channel="one", status="failed", code="quota_exhausted")] == 1
    assert found[at("reelgate_tasks_created_total")] == 2


async def test_tasks_of_removed_channels_share_one_name(bench: Bench, figures: Figures) -> None:
    await figures.read()
    for number in range(3):
        video_id = await bench.made()
        await bench.ctx.backend.write(
            lambda conn, v=video_id, n=number: conn.exec_driver_sql(
                f"UPDATE tasks SET channel_id = 'chan_gone_{n}' WHERE id = '{v}'"
            )
        )
        await bench.complete(video_id)

    found = await figures.read()

    assert found[at("reelgate_tasks_ended_total", channel="removed", status="completed", code="")] == 3


async def test_no_label_holds_an_id_a_person_or_what_a_stranger_made_up(
    bench: Bench, figures: Figures
) -> None:
    made = [await bench.made(prompt="a canary in a cage") for _ in range(5)]
    await bench.fail(made[0])
    for number in range(50):
        await bench.ask("GET", f"/made/up/{number}")
        await bench.ask(f"VERB{number}", "/v1/videos")
    app_side = build_app(bench.ctx, PEPPER, readers=Readers(who="open", keep_s=0))
    text = (await dataclasses.replace(bench, app=app_side).ask("GET", "/metrics")).body.decode()
    text += (await figures.scrape.text()).decode()

    for word in (*made, DEFAULT_USER, DEFAULT_PROJECT, bench.key, "canary", "made/up", "VERB"):
        assert word not in text
    assert 'reelgate_http_requests_total{method="GET",route="other",status="404"}' in text
    assert 'method="other"' in text


async def test_while_the_database_is_away_the_process_still_tells_of_itself(bench: Bench) -> None:
    backend = Counting(bench)
    figures = figures_of(dataclasses.replace(bench.ctx, backend=backend))
    await bench.made()
    assert at("reelgate_tasks", status="queued") in await figures.read()
    backend.away = True
    await bench.clock.advance(5)

    found = await figures.read()

    assert found[at("reelgate_database_up")] == 0
    assert found[at("reelgate_ready")] == 0
    assert at("reelgate_tasks", status="queued") not in found
    assert at("reelgate_lane_busy", channel="one") not in found
    assert at("process_start_time_seconds") in found


class Counting:
    """A backend that counts its readers, lets a clock run while they read, and can go away."""

    kind = "sqlite"

    def __init__(self, bench: Bench, takes_s: float = 0.0) -> None:
        self._bench = bench
        self._takes_s = takes_s
        self.reads = 0
        self.away = False

    async def read(self, work: Any) -> Any:
        self.reads += 1
        self._check()
        await self._bench.clock.advance(self._takes_s)
        return await self._bench.ctx.backend.read(work)

    async def write(self, work: Any) -> Any:
        self._check()
        return await self._bench.ctx.backend.write(work)

    def _check(self) -> None:
        if self.away:
            msg = "away"
            raise StoreError(msg)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bench.ctx.backend, name)


async def test_the_rows_are_read_once_however_many_ask_and_seldom_when_reading_takes_long(
    bench: Bench,
) -> None:
    backend = Counting(bench, takes_s=0.5)
    ctx = dataclasses.replace(bench.ctx, backend=backend)
    figures = figures_of(ctx, keep_s=10)

    for _ in range(5):
        await figures.read()
    first = backend.reads
    await bench.clock.advance(11)
    await figures.read()
    early = backend.reads
    await bench.clock.advance(0.5 * READ_SHARE)
    await figures.read()

    assert (first, early, backend.reads) == (1, 1, 2)


async def test_what_is_counted_beside_the_rows_is_in_the_text_too() -> None:
    meter = Meter()
    meter.requests.note({"method": "GET"}, 404, 0.02)
    meter.upstream_error("one", Code.RATE_LIMITED, "poll")
    meter.waited("one", 1_500)

    text = generate_latest(meter.registry).decode()

    assert 'reelgate_http_requests_total{method="GET",route="other",status="404"} 1.0' in text
    assert 'reelgate_upstream_errors_total{channel="one",code="rate_limited",during="poll"} 1.0' in text
    assert 'reelgate_http_request_seconds_bucket{le="0.025",method="GET",route="other"} 1.0' in text
    assert 'reelgate_http_request_seconds_bucket{le="0.01",method="GET",route="other"} 0.0' in text
    assert 'reelgate_queue_wait_seconds_sum{channel="one"} 1.5' in text


async def test_live_readers_and_long_polls_are_counted_while_they_last(bench: Bench) -> None:
    app = build_app(bench.ctx, PEPPER, readers=Readers(who="open", keep_s=0))
    asker = dataclasses.replace(bench, app=app)

    async def live(kind: str) -> float:
        text = (await asker.ask("GET", "/metrics")).body.decode()
        wanted = f'reelgate_live_connections{{kind="{kind}"}} '
        return next(
            (float(line.removeprefix(wanted)) for line in text.splitlines() if line.startswith(wanted)), 0
        )

    before = await live("sse")
    stream = bench.open("GET", "/api/events")
    await stream.next()
    await stream.until(b"retry")
    during = await live("sse")
    await stream.leave()

    assert during == before + 1
    assert await live("sse") == before


async def test_the_newest_backup_is_told_and_one_that_was_never_made_grows_old(
    bench: Bench, tmp_path: Path
) -> None:
    def of(folder: Path | None) -> Figures:
        meter = Meter()
        readers = Readers(keep_s=0, backups=folder)
        return Figures(Scrape(bench.ctx, Readiness(bench.ctx), readers, meter), meter)

    began = bench.clock.now_ms() / 1000
    made = Manifest(
        format=FORMAT, schema="0001", created_at=1_700_000_000, source="sqlite", database="", pepper="",
        files="copied", storage="", blobs=(),
    )  # fmt: skip
    empty, full = of(tmp_path / "none"), of(tmp_path / "backups")
    (tmp_path / "backups" / "one").mkdir(parents=True)
    (tmp_path / "backups" / "one" / MANIFEST).write_bytes(msgspec.json.encode(made))
    await bench.clock.advance(100)
    name = at("reelgate_backup_timestamp_seconds")

    assert (await empty.read())[name] == began
    assert (await full.read())[name] == 1_700_000_000
    assert math.isnan((await of(None).read())[name])
