from __future__ import annotations

import pytest

from reelgate.core.events import Alert, EventType
from reelgate.store import events as event_rows
from reelgate.store import webhooks as webhook_rows
from reelgate.store.backend import Connection
from tests.api.harness import Bench

ENDPOINT = {"name": "studio", "url": "https://93.184.216.34/hook", "event_types": ["video.completed"]}
PATH = "/v1/webhook_endpoints"


async def registered(bench: Bench) -> dict[str, str]:
    answer = await bench.post(PATH, ENDPOINT)
    assert answer.status == 200, answer.body
    return answer.json()


async def test_a_secret_is_shown_once_and_hinted_at_afterwards(bench: Bench):
    made = await registered(bench)
    got = (await bench.ask("GET", f"{PATH}/{made['id']}")).json()

    assert made["object"] == got["object"] == "webhook_endpoint"
    assert made["signing_secret"].startswith("whsec_")
    assert "signing_secret" not in got
    assert got["signing_secret_hint"].endswith(made["signing_secret"][-4:])
    assert {k: v for k, v in made.items() if k != "signing_secret"} == got


async def test_endpoints_are_listed_page_by_page(bench: Bench):
    ids = [(await registered(bench))["id"] for _ in range(3)]
    first = (await bench.ask("GET", f"{PATH}?limit=2")).json()
    second = (await bench.ask("GET", f"{PATH}?limit=2&after={first['last_id']}")).json()

    assert [e["id"] for e in first["data"] + second["data"]] == ids[::-1]
    assert (first["has_more"], second["has_more"]) == (True, False)


async def test_what_an_update_does_not_name_stays(bench: Bench):
    made = await registered(bench)
    changed = (await bench.post(f"{PATH}/{made['id']}", {"name": "other"})).json()

    assert (changed["name"], changed["url"]) == ("other", made["url"])


async def test_a_rotated_secret_is_another_one(bench: Bench):
    made = await registered(bench)
    turned = await bench.post(
        f"{PATH}/{made['id']}/rotate_secret", {"keep_old_secret_active_for_24_hours": True}
    )

    assert turned.json()["signing_secret"] != made["signing_secret"]


async def test_a_removed_endpoint_is_gone(bench: Bench):
    made = await registered(bench)
    gone = await bench.ask("DELETE", f"{PATH}/{made['id']}", headers={"content-type": "application/json"})

    assert gone.json() == {"id": made["id"], "object": "webhook_endpoint.deleted", "deleted": True}
    assert (await bench.ask("GET", f"{PATH}/{made['id']}")).status == 404
    assert (await bench.ask("DELETE", f"{PATH}/{made['id']}")).status == 404


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"url": "http://127.0.0.1/x"}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": ""}, "url"),
        ({"url": None}, "url"),
        ({"name": None}, "name"),
        ({"event_types": ["video.renamed"]}, "event_types"),
        ({"event_types": []}, "event_types"),
        ({"event_types": "video.completed"}, "event_types"),
    ],
)
async def test_a_wrong_endpoint_is_refused_by_name(bench: Bench, change: dict[str, object], param: str):
    answer = await bench.post(PATH, {**ENDPOINT, **change})

    assert (answer.status, answer.error["param"]) == (400, param)


async def test_the_event_types_are_those_of_the_contract(bench: Bench):
    answer = await bench.ask("GET", "/v1/webhook_event_types")

    data = answer.json()["data"]
    assert data[:3] == ["video.completed", "video.failed", "video.late_output"]
    assert set(data[3:]) == {alert.value for alert in Alert}


async def test_a_delivery_is_seen_and_owed_again_on_request(bench: Bench):
    made = await registered(bench)
    video_id = await bench.made()

    def owe(conn: Connection) -> None:
        event = event_rows.append(conn, video_id, EventType.COMPLETED, {}, 1, bench.ctx.ids.new("evt"))
        webhook_rows.enqueue_to(
            conn, made["id"], event, body="{}", now=1, delivery_id=bench.ctx.ids.new("dlv")
        )

    await bench.ctx.backend.write(owe)
    (found,) = (await bench.ask("GET", f"{PATH}/{made['id']}/deliveries")).json()["data"]
    await bench.ctx.backend.write(lambda conn: webhook_rows.delivered(conn, found["id"], status=200, now=2))
    again = await bench.ask("POST", f"{PATH}/{made['id']}/deliveries/{found['id']}/replay")

    assert (found["state"], found["video_id"]) == ("pending", video_id)
    assert (again.json()["state"], again.json()["attempts"]) == ("pending", 0)
    absent = await bench.ask("POST", f"{PATH}/{made['id']}/deliveries/dlv_{'0' * 26}/replay")
    assert absent.status == 404
    other = await bench.stranger()
    assert (await bench.ask("GET", f"{PATH}/{made['id']}/deliveries", key=other)).status == 404
