from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from reelgate.api.fields import LONG
from reelgate.engine.context import Limits
from reelgate.store import tasks as task_rows
from tests.api.harness import Bench, multipart, png

SIZE = ("size", "64x64")
FORM = [("prompt", "a red kite"), SIZE]


def spooled(bench: Bench) -> list[Path]:
    return list(bench.ctx.blobs.spool().parent.iterdir())


async def inputs(bench: Bench, video_id: str) -> list[tuple[str, str]]:
    task = await bench.ctx.backend.point(lambda conn: task_rows.get(conn, video_id))
    assert task is not None
    return [(i.role.value, i.media_type) for i in task.request.inputs]


@pytest.mark.parametrize("chunk", [1, 7, 10_000])
async def test_a_form_is_read_however_it_is_cut(bench: Bench, chunk: int):
    answer = await bench.form("/v1/videos", [*FORM, ("seconds", "8")], chunk=chunk)

    assert answer.status == 200, answer.body
    assert (answer.json()["prompt"], answer.json()["seconds"]) == ("a red kite", "8")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("upload", "application/octet-stream"), ("x.png", "image/png"), ("x.jpg", "image/jpeg"), ("", "")],
)
async def test_a_picture_is_taken_for_what_its_bytes_are(bench: Bench, name: str, kind: str):
    answer = await bench.form("/v1/videos", [*FORM, ("input_reference", name, kind, png())])

    assert answer.status == 200, answer.body
    (found,) = await inputs(bench, answer.json()["id"])
    assert found[0] == "first_frame"
    assert found[1].startswith("image/")
    assert spooled(bench) == []


async def test_a_picture_arrives_in_pieces(bench: Bench):
    answer = await bench.form("/v1/videos", [*FORM, ("input_reference", "a", "b/c", png(400, 300))], chunk=37)

    assert answer.status == 200, answer.body


def data_url(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


@pytest.mark.parametrize(
    "value",
    [
        {"image_url": data_url(png())},
        {"image_url": {"url": data_url(png())}},
        data_url(png()),
        [data_url(png())],
        json.dumps({"image_url": data_url(png())}),
    ],
)
async def test_every_way_to_write_a_picture_in_json_is_read(bench: Bench, value: object):
    answer = await bench.post("/v1/videos", {"prompt": "x", "size": "64x64", "input_reference": value})

    assert answer.status == 200, answer.body
    assert len(await inputs(bench, answer.json()["id"])) == 1
    assert spooled(bench) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("input_reference[image_url]", data_url(png())),
        ("input_reference", data_url(png())),
        ("input_reference", json.dumps({"image_url": data_url(png())})),
        ("input_reference[]", data_url(png())),
    ],
)
async def test_every_way_to_write_a_picture_in_a_form_is_read(bench: Bench, name: str, text: str):
    answer = await bench.form("/v1/videos", [*FORM, (name, text)])

    assert answer.status == 200, answer.body
    assert len(await inputs(bench, answer.json()["id"])) == 1


async def test_several_pictures_are_references_in_order(bench: Bench):
    part = ("input_reference[]", "a.png", "image/png", png())
    answer = await bench.form("/v1/videos", [*FORM, part, part])

    assert [role for role, _ in await inputs(bench, answer.json()["id"])] == ["reference", "reference"]


def noisy(size: int) -> bytes:
    """A picture with `size` bytes behind its end, which is where a large data URL gets its length here."""
    return png() + b"\x00" * size


@pytest.mark.parametrize("escaped", [False, True])
async def test_a_long_data_url_is_decoded_without_a_copy_of_it(bench: Bench, escaped: bool):
    """Shows 001-07."""

    text = data_url(noisy(2_000_000))
    body = json.dumps({"prompt": "é" * 10, "size": "64x64", "input_reference": {"image_url": text}})
    if escaped:
        body = body.replace("/", "\\/")
    assert len(body) > LONG

    answer = await bench.ask(
        "POST", "/v1/videos", body=body.encode(), headers={"content-type": "application/json"}
    )

    assert answer.status == 200, answer.body
    assert answer.json()["prompt"] == "é" * 10


async def test_a_text_part_of_fifteen_mebibytes_is_taken(bench: Bench):
    text = data_url(noisy(11_000_000))
    answer = await bench.form("/v1/videos", [*FORM, ("input_reference[image_url]", text)], chunk=65_536)

    assert answer.status == 200, answer.body


async def test_an_image_url_beyond_the_schema_is_refused_by_name(bench: Bench):
    url = "data:image/png;base64," + "A" * (20 * 1024 * 1024)
    answer = await bench.post("/v1/videos", {"prompt": "x", "input_reference": {"image_url": url}})

    assert (answer.status, answer.error["param"]) == (413, "input_reference.image_url")


@pytest.mark.parametrize("bad", ["A", "AAA=A", "????", "AAAA\x00"])
async def test_damaged_base64_is_refused_by_name(bench: Bench, bad: str):
    url = "data:image/png;base64," + bad
    answer = await bench.post("/v1/videos", {"prompt": "x", "input_reference": url})

    assert (answer.status, answer.error["param"]) == (400, "input_reference")
    assert spooled(bench) == []


async def test_bytes_that_are_no_picture_are_refused_by_name(bench: Bench):
    answer = await bench.form("/v1/videos", [*FORM, ("input_reference", "x.png", "image/png", b"<svg/>")])

    assert (answer.status, answer.error["param"], answer.error["code"]) == (
        400,
        "input_reference",
        "unsupported_media",
    )
    assert spooled(bench) == []


async def test_a_file_nobody_asked_for_is_refused_by_name(bench: Bench):
    answer = await bench.form("/v1/videos", [*FORM, ("other", "x", "a/b", b"1")])

    assert (answer.status, answer.error["param"]) == (400, "other")


async def test_an_empty_file_field_of_a_browser_counts_as_absent(bench: Bench):
    answer = await bench.form("/v1/videos", [*FORM, ("input_reference", "", "application/octet-stream", b"")])

    assert answer.status == 200, answer.body


async def test_options_of_a_form_get_back_the_type_they_spell(bench: Bench):
    answer = await bench.form("/v1/videos", [*FORM, ("seed", "7")])
    task = await bench.ctx.backend.point(lambda conn: task_rows.get(conn, answer.json()["id"]))

    assert task is not None
    assert task.request.seed == 7


async def test_a_form_in_the_address_encoding_is_folded_too(bench: Bench):
    answer = await bench.ask(
        "POST",
        "/v1/videos",
        body=b"prompt=a+kite&size=64x64",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )

    assert answer.json()["prompt"] == "a kite"


@pytest.mark.parametrize(
    "kind", [None, "application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded"]
)
async def test_json_is_json_whatever_its_label(bench: Bench, kind: str | None):
    headers = {} if kind is None else {"content-type": kind}
    answer = await bench.ask("POST", "/v1/videos", body=b' {"prompt":"x","size":"64x64"}', headers=headers)

    assert answer.status == 200, answer.body


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"null", b"\xff\xfe", b'{"a":NaN}', b"[" * 5_000])
async def test_what_is_not_a_json_object_is_refused(bench: Bench, body: bytes):
    answer = await bench.ask("POST", "/v1/videos", body=body, headers={"content-type": "application/json"})

    assert answer.status == 400
    assert answer.error["type"] == "invalid_request_error"


async def test_a_deep_and_long_json_body_is_refused_and_not_followed_down(bench: Bench):
    body = b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    answer = await bench.ask("POST", "/v1/videos", body=body, headers={"content-type": "application/json"})

    assert answer.status == 400
    assert answer.error["param"] is None


@pytest.mark.parametrize(
    ("headers", "param"),
    [
        ({"content-type": "application/xml"}, "Content-Type"),
        ({"content-encoding": "gzip"}, "Content-Encoding"),
        ({"content-type": "multipart/form-data"}, "Content-Type"),
    ],
)
async def test_an_unknown_kind_of_body_is_refused_by_header(
    bench: Bench, headers: dict[str, str], param: str
):
    answer = await bench.ask("POST", "/v1/videos", body=b"<x/>", headers=headers)

    assert (answer.status, answer.error["param"]) == (400, param)


async def test_a_form_that_is_cut_off_is_refused_and_leaves_nothing(bench: Bench):
    body, kind = multipart([*FORM, ("input_reference", "x", "image/png", png())])
    answer = await bench.ask("POST", "/v1/videos", body=body[:-30], headers={"content-type": kind})

    assert answer.status == 400
    assert spooled(bench) == []


async def test_a_form_of_countless_parts_is_refused(bench: Bench):
    answer = await bench.form("/v1/videos", [(f"p{n}", "x") for n in range(500)])

    assert answer.status == 400
    assert "parts" in answer.error["message"]


async def test_a_part_with_an_endless_header_is_refused(bench: Bench):
    body = (
        b'--e\r\nContent-Disposition: form-data; name="a"\r\nX: ' + b"y" * 100_000 + b"\r\n\r\n1\r\n--e--\r\n"
    )
    answer = await bench.ask(
        "POST", "/v1/videos", body=body, headers={"content-type": "multipart/form-data; boundary=e"}
    )

    assert answer.status == 400


class TestSmallLimits:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(
            picture_max_bytes=1_000, json_max_bytes=2_000, body_max_bytes=5_000, inflight_bytes=6_000
        )

    async def test_a_picture_over_its_limit_is_refused_by_name(self, bench: Bench):
        """Shows 001-19."""

        answer = await bench.form("/v1/videos", [*FORM, ("input_reference", "x", "image/png", noisy(1_000))])

        assert (answer.status, answer.error["param"]) == (413, "input_reference")
        assert spooled(bench) == []

    async def test_texts_over_their_limit_are_refused_by_name(self, bench: Bench):
        answer = await bench.form("/v1/videos", [("prompt", "x" * 2_100)])

        assert (answer.status, answer.error["param"]) == (413, "prompt")

    @pytest.mark.parametrize("announced", [True, False])
    async def test_a_body_over_its_limit_is_refused_with_or_without_a_length(
        self, bench: Bench, announced: bool
    ):
        body = b'{"prompt":"' + b"x" * 2_000 + b'"}'
        headers = {"content-type": "application/json"}
        if announced:
            headers["content-length"] = str(len(body))
        answer = await bench.ask("POST", "/v1/videos", body=[body[:50], body[50:]], headers=headers)

        assert (answer.status, answer.error["code"]) == (413, "payload_too_large")

    async def test_over_the_budget_a_body_is_asked_to_come_back(self, bench: Bench):
        held = bench.app.state.door.budget
        with held.share() as share:
            share.take(5_900)
            refused = await bench.form("/v1/videos", FORM)
        again = await bench.form("/v1/videos", FORM)

        assert refused.status == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert again.status == 200
        assert held.held == 0
