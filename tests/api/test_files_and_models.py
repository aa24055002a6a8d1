from __future__ import annotations

import pytest

from tests.api.harness import Bench, png

PART = ("file", '../kite "1".png', "image/png", png())


async def uploaded(bench: Bench, *more: object) -> dict[str, object]:
    answer = await bench.form("/v1/files", [("purpose", "vision"), PART, *more])
    assert answer.status == 200, answer.body
    return answer.json()


async def test_a_file_has_every_field_sdks_check(bench: Bench):
    shown = await uploaded(bench)

    assert {
        "id",
        "object",
        "bytes",
        "created_at",
        "expires_at",
        "filename",
        "purpose",
        "status",
        "status_details",
    } == set(shown)
    assert (shown["object"], shown["purpose"], shown["status"]) == ("file", "vision", "processed")
    assert (await bench.ask("GET", f"/v1/files/{shown['id']}")).json() == shown
    assert (await bench.ask("GET", "/v1/files")).json()["data"] == [shown]


async def test_a_file_is_given_back_as_a_download(bench: Bench):
    shown = await uploaded(bench)
    got = await bench.ask("GET", f"/v1/files/{shown['id']}/content")

    assert len(got.body) == shown["bytes"]
    assert got.headers["content-disposition"].startswith("attachment;")


async def test_a_file_is_named_by_its_id_in_a_create(bench: Bench):
    file_id = (await uploaded(bench))["id"]
    by_json = await bench.post(
        "/v1/videos", {"prompt": "x", "size": "64x64", "input_reference": {"file_id": file_id}}
    )
    by_form = await bench.form(
        "/v1/videos", [("prompt", "x"), ("size", "64x64"), ("input_reference[file_id]", file_id)]
    )

    assert (by_json.status, by_form.status) == (200, 200), by_json.body + by_form.body


async def test_a_deleted_file_is_gone(bench: Bench):
    file_id = (await uploaded(bench))["id"]

    gone = await bench.ask("DELETE", f"/v1/files/{file_id}")
    assert gone.json() == {"id": file_id, "object": "file", "deleted": True}
    assert (await bench.ask("DELETE", f"/v1/files/{file_id}")).status == 404
    assert (await bench.ask("GET", f"/v1/files/{file_id}/content")).status == 404


async def test_a_file_with_a_lifetime_is_gone_when_it_is_over(bench: Bench):
    shown = await uploaded(bench, ("expires_after[anchor]", "created_at"), ("expires_after[seconds]", "3600"))
    await bench.clock.advance(3_601)

    assert (await bench.ask("GET", f"/v1/files/{shown['id']}")).status == 404


@pytest.mark.parametrize(
    ("parts", "param"),
    [
        ([("purpose", "vision")], "file"),
        ([("purpose", "theft"), PART], "purpose"),
        ([("purpose", "vision"), ("file", "x", "image/png", b"no picture")], "file"),
        ([PART, ("expires_after[anchor]", "now")], "expires_after"),
        (
            [PART, ("expires_after[anchor]", "created_at"), ("expires_after[seconds]", "1")],
            "expires_after.seconds",
        ),
    ],
)
async def test_a_refused_file_names_the_field(bench: Bench, parts, param: str):
    answer = await bench.form("/v1/files", parts)

    assert (answer.status, answer.error["param"]) == (400, param)


async def test_models_say_what_serves_them_and_what_they_can_do(bench: Bench):
    listed = (await bench.ask("GET", "/v1/models")).json()
    cards = {model["id"]: model for model in listed["data"]}

    assert listed["object"] == "list"
    assert {name: card["alias_of"] for name, card in cards.items()} == {"demo": None, "sora-2": "demo"}
    one = cards["demo"]
    assert (one["object"], one["owned_by"]) == ("model", "test")
    assert one["video"]["seconds"] == {"min": 1, "max": 60}
    assert (await bench.ask("GET", "/v1/models/demo")).json() == one


@pytest.mark.parametrize("name", ["nobody", "a/b", "x" * 300])
async def test_an_unknown_model_is_not_found(bench: Bench, name: str):
    answer = await bench.ask("GET", f"/v1/models/{name}")

    assert (answer.status, answer.error["code"]) == (404, "model_not_found")
