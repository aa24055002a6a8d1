"""Log lines: redacted last, one line each, with the request and the task they belong to (rows 002-06, 002-20, X30)."""

from __future__ import annotations

import asyncio
import contextvars
import io
import json
import logging
from typing import Any

import pytest
import structlog

from reelgate.telemetry import about_request, about_task, hide, redact
from reelgate.telemetry.logs import processors
from reelgate.telemetry.requests import Requests


class Paper:
    """A log of its own, written to memory in one of the two forms."""

    def __init__(self, *, human: bool) -> None:
        self.out = io.StringIO()
        self.log: Any = structlog.wrap_logger(
            structlog.PrintLogger(self.out),
            processors=processors(human=human, colours=False),
            wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
            cache_logger_on_first_use=False,
        )

    @property
    def lines(self) -> list[str]:
        return self.out.getvalue().splitlines()

    def last(self) -> dict[str, Any]:
        return json.loads(self.lines[-1])


@pytest.fixture
def paper() -> Paper:
    return Paper(human=False)


@pytest.fixture
def shown() -> Paper:
    return Paper(human=True)


def alone(work: Any) -> None:
    """Do something in a context of its own, so that nothing stays on the next test's lines."""
    contextvars.Context().run(work)


CANARIES = [
    "sk-canary-0123456789abcdef",
    "sk_live_canary0123456789",
    "rg_1x8yq4jd_0ejbrrd29bvavh2qtzq5nrem2tzp",
    "whsec_Y2FuYXJ5LWNhbmFyeS1jYW5hcnk=",
    "eyJhbGciOiJIUzI1NiJ9.eyJjYW5hcnkiOjF9.c2lnbmF0dXJlY2FuYXJ5",
    "r8_canaryCANARYcanary0123456789",
]
SENTENCES = [
    "the upstream said {}",
    "Authorization: Bearer {}",
    "https://api.example/v1/jobs?key={}&x=1",
    "https://api.example/v1/jobs?api_key={}",
    "HTTPError: 401 for https://user:{}@api.example/",
    "{{'secret': '{}'}}",
    "X-Signature={}",
]


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_secret_is_not_in_a_line_whatever_sentence_it_stands_in(
    paper: Paper, sentence: str, canary: str
) -> None:
    paper.log.debug(
        sentence.format(canary), detail=sentence.format(canary), nested={"a": [canary, (canary,)]}
    )

    assert canary not in paper.out.getvalue()
    assert paper.out.getvalue().count("[hidden]") >= 4


@pytest.mark.parametrize(
    "name", ["authorization", "api_key", "Api-Key", "client_secret", "password", "set-cookie", "access_token"]
)
def test_what_is_called_a_secret_is_hidden_whatever_it_is(paper: Paper, name: str) -> None:
    paper.log.info("x", **{"headers": {name: "plain words"}, name: 7})

    assert "plain words" not in paper.out.getvalue()
    assert paper.last()["headers"][name] == "[hidden]"


def test_a_secret_of_a_channel_is_hidden_though_it_looks_like_nothing_and_in_its_parts(paper: Paper) -> None:
    hide(["accesskeyXYZ:plainwordsOnly", "short", ""])

    paper.log.info("it said accesskeyXYZ and plainwordsOnly", url="/x/plainwordsOnly/y", kept="short")

    text = paper.out.getvalue()
    assert "accesskeyXYZ" not in text
    assert "plainwordsOnly" not in text
    assert paper.last()["kept"] == "short"


def test_a_secret_in_a_traceback_is_hidden(paper: Paper) -> None:
    try:
        raise ValueError(f"refused: {CANARIES[0]}")
    except ValueError:
        paper.log.exception("it_broke")

    assert CANARIES[0] not in paper.out.getvalue()
    assert "ValueError" in paper.last()["exception"]


def test_bytes_objects_and_sets_do_not_smuggle_a_secret_past(paper: Paper) -> None:
    class Thing:
        def __str__(self) -> str:
            return f"Thing({CANARIES[0]})"

    paper.log.info("x", raw=CANARIES[0].encode(), thing=Thing(), many={CANARIES[0]})

    assert CANARIES[0] not in paper.out.getvalue()


def test_our_own_ids_and_plain_words_stay(paper: Paper) -> None:
    kept = {
        "task": "video_01m80z2ba6bt2ang2wbaazhkfm",
        "request": "req_01m80z2b9f2f3ywr18xw2y349z",
        "user": "user_default",
        "model": "sora-2-pro",
        "path": "/v1/videos/video_01m80z2ba6bt2ang2wbaazhkfm",
        "risk": "risk-free task_created",
    }

    assert redact(kept) == kept


def test_a_line_says_which_request_it_belongs_to(paper: Paper) -> None:
    def work() -> None:
        about_request("req_1")
        paper.log.info("something")

    alone(work)
    paper.log.info("nothing")

    assert json.loads(paper.lines[0])["request_id"] == "req_1"
    assert "request_id" not in paper.last()


async def test_a_task_that_is_moved_for_another_request_is_not_logged_as_this_one(paper: Paper) -> None:
    async def moved() -> None:
        about_task("video_2", "req_2")
        paper.log.info("task_sent")

    async def asked() -> None:
        about_request("req_1")
        await asyncio.create_task(moved())
        paper.log.info("answered")

    await asyncio.create_task(asked())

    sent, answered = (json.loads(line) for line in paper.lines)
    assert (sent["task"], sent["request_id"]) == ("video_2", "req_2")
    assert answered["request_id"] == "req_1"
    assert "task" not in answered


def test_people_see_a_frame_for_each_request(shown: Paper) -> None:
    shown.log.info(
        "request", method="POST", path="/v1/videos", status=200, ms=12,
        agent="OpenAI/Python 2.3.0", auth="Bearer [hidden]", request_id="req_1",
    )  # fmt: skip

    assert shown.lines == [
        "┌ → POST /v1/videos  req_1",
        "│   agent  OpenAI/Python 2.3.0",
        "│   auth   Bearer [hidden]",
        "└ ← 200  12 ms",
    ]


def test_people_see_what_the_api_and_what_the_background_did(shown: Paper) -> None:
    def api() -> None:
        about_request("req_1")
        shown.log.info("task_created", task="video_1", user="ann", prompt=None)

    def background() -> None:
        about_task("video_1", "req_1")
        shown.log.info("task_progress", percent=40)
        shown.log.warning("task_unconfirmed", channel="one")

    alone(api)
    alone(background)

    without_clock = [line[9:] for line in shown.lines]
    assert without_clock == [
        "[API] task created  task=video_1  user=ann",
        "[Background] task progress  percent=40  task=video_1",
        "[Background] warning task unconfirmed  channel=one  task=video_1",
    ]


def test_nothing_a_stranger_sends_moves_the_cursor_or_forges_a_line(shown: Paper) -> None:
    shown.log.info(
        "request", method="GET", path="/\x1b[2J\nroot", status=404, ms=0, agent="a\r\nb\u202e", auth=None
    )
    shown.log.info("x", word="a\nb\x07")

    text = shown.out.getvalue()
    assert not {"\x1b", "\r", "\x07", "\u202e"} & set(text)
    assert len(shown.lines) == 5


def test_a_line_for_machines_is_one_line_whatever_is_in_it(paper: Paper) -> None:
    paper.log.info("a\nb", word="c\nd", odd=object())

    assert len(paper.lines) == 1
    assert paper.last()["word"] == "c\nd"


@pytest.mark.parametrize(
    ("header", "shown_as"),
    [
        ((b"authorization", b"Bearer sk-canary-0123456789"), "Bearer [hidden]"),
        ((b"authorization", b"sk-canary-0123456789"), "[hidden]"),
        ((b"authorization", b"Basic dXNlcjpjYW5hcnk="), "[hidden]"),
        ((b"api-key", b"sk-canary-0123456789"), "api-key [hidden]"),
        ((b"cookie", b"session=canary"), "cookie [hidden]"),
        ((b"accept", b"*/*"), None),
    ],
)
def test_a_request_shows_how_somebody_was_recognised_and_nothing_of_it(
    header: tuple[bytes, bytes], shown_as: str | None
) -> None:
    said = Requests.told({"method": "GET", "path": "/", "headers": [header]}, 200, 0.001)

    assert said["auth"] == shown_as
    assert "canary" not in str(said)


def test_a_long_agent_is_shortened() -> None:
    said = Requests.told({"method": "GET", "path": "/", "headers": [(b"user-agent", b"x" * 500)]}, 200, 0.001)

    assert said["agent"] == "x" * 60 + "…"
