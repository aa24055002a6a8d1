from __future__ import annotations

from pathlib import Path

import pytest

from reelgate.api.errors import LONGEST_RETRY_AFTER_S, MAPPED, answer
from reelgate.core.errors import Code, Failure
from reelgate.engine.readiness import KEEP_S
from tests.api.harness import Bench


def test_every_code_has_an_http_form():
    assert set(MAPPED) == set(Code)


@pytest.mark.parametrize("code", Code)
def test_every_form_is_an_error_that_sdks_sort_by_status(code: Code):
    form = MAPPED[code]

    assert 400 <= form.status < 600
    assert form.type
    assert form.code


@pytest.mark.parametrize("code", Code)
def test_no_sdk_blindly_repeats_a_conflict_or_a_broken_upstream(code: Code):
    form = MAPPED[code]
    if form.status == 409 or form.status in (500, 502, 504):
        assert form.retry is False


@pytest.mark.parametrize("after", [None, 0.0, 0.2, 3.2, 1e9])
def test_a_wait_is_whole_seconds_that_sdks_honour(after: float | None):
    response = answer(Failure(code=Code.RATE_LIMITED, message="Slow down.", retry_after_s=after))

    assert 1 <= int(response.headers["retry-after"]) <= LONGEST_RETRY_AFTER_S
    assert response.headers["x-should-retry"] == "true"


async def test_an_unknown_path_is_an_envelope(bench: Bench):
    answered = await bench.ask("GET", "/v1/nothing")

    assert (answered.status, answered.error["code"]) == (404, "not_found")


async def test_an_odd_verb_is_told_what_the_address_takes(bench: Bench):
    answered = await bench.ask("PUT", "/v1/videos/video_" + "0" * 26)

    assert (answered.status, answered.error["code"]) == (405, "method_not_allowed")
    assert answered.headers["allow"] == "DELETE, GET, HEAD"


async def test_a_trailing_slash_is_an_unknown_path_and_no_redirect(bench: Bench):
    assert (await bench.ask("GET", "/v1/videos/")).status == 404


async def test_every_answer_carries_a_request_id(bench: Bench):
    answers = [
        await bench.ask("GET", "/v1/videos"),
        await bench.ask("GET", "/v1/nothing"),
        await bench.ask("GET", "/v1/videos", key=None),
        await bench.ask("GET", "/health", key=None),
    ]

    ids = [a.headers["x-request-id"] for a in answers]
    assert len(set(ids)) == len(ids)
    assert all(name.startswith("req_") for name in ids)


async def test_a_fault_of_our_own_says_nothing_but_where_to_look(bench: Bench):
    await bench.ctx.backend.close()

    answered = await bench.ask("GET", "/v1/videos")

    assert answered.status >= 500
    assert answered.error["type"] == "server_error"
    assert "sqlite" not in answered.body.decode().lower()


async def test_not_ready_without_a_database(bench: Bench):
    assert (await bench.ask("GET", "/ready", key=None)).status == 200
    await bench.ctx.backend.close()
    await bench.clock.advance(KEEP_S + 0.1)

    assert (await bench.ask("GET", "/ready", key=None)).status == 503
    assert (await bench.ask("GET", "/health", key=None)).status == 200


def test_the_reference_page_names_every_http_form():
    page = Path("docs/reference/openai-surface.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")]

    for form in MAPPED.values():
        if form.status < 500:
            assert any(f"| {form.status} " in row and f"`{form.code}`" in row for row in rows), form
