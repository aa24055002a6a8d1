"""Every route of the application's own OpenAPI document is asked what its author did not think of (004-12).

No question may break the server, and every refusal is written as the surface it came by promises.
New routes are covered by being in the document.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode

from reelgate.auth.permissions import PERMISSIONS
from reelgate.auth.scopes import Scope
from reelgate.engine.context import Limits
from tests.api.harness import Answer, Bench, open_bench

QUICK, LONG = 2, 20
"""Questions of either sort for every operation. The long run takes some three minutes on a quiet machine."""
SLOW = (
    HealthCheck.too_slow,
    HealthCheck.filter_too_much,
    HealthCheck.data_too_large,
    HealthCheck.large_base_example,
)
STREAMS = ("text/event-stream",)
ENDLESS = {"wait", "stream"}
"""Query parameters that ask the server to hold an answer back."""


@dataclass
class Ground:
    """One application with a video of ours, one of somebody else's, and a loop to ask it on."""

    runner: asyncio.Runner
    bench: Bench
    document: dict[str, Any]
    schema: Any
    admin: str
    ids: list[str]

    def ask(self, method: str, target: str, body: bytes, headers: dict[str, str], key: str) -> Answer:
        return self.runner.run(self._ask(method, target, body, headers, key))

    async def _ask(self, method: str, target: str, body: bytes, headers: dict[str, str], key: str) -> Answer:
        async with asyncio.timeout(60):
            stream = self.bench.open(method, target, body=body, headers=headers, key=key)
            start = await asyncio.wait_for(stream.sent.get(), 60)
            named = {k.decode(): v.decode("latin-1") for k, v in start["headers"]}
            if named.get("content-type", "").startswith(STREAMS):
                await stream.leave()
                return Answer(start["status"], named, b"")
            answer = Answer(start["status"], named, await stream.rest())
            await stream.task
            return answer


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("fuzz")
    with asyncio.Runner() as runner:
        opening = open_bench(folder, empty, Limits())
        bench = runner.run(opening.__aenter__())
        try:
            yield runner.run(_furnished(runner, bench))
        finally:
            runner.run(opening.__aexit__(None, None, None))


async def _furnished(runner: asyncio.Runner, bench: Bench) -> Ground:
    admin = await bench.new_key(scopes=frozenset({Scope.ADMIN}))
    stranger = await bench.stranger()
    body = json.dumps({"prompt": "theirs", "size": "64x64"}).encode()
    headers = {"content-type": "application/json"}
    theirs = await bench.ask("POST", "/v1/videos", body=body, headers=headers, key=stranger)
    ours = await bench.made()
    document = bench.app.openapi()
    schema = schemathesis.openapi.from_dict(document)
    return Ground(runner, bench, document, schema, admin, [ours, theirs.json()["id"], "chan_one"])


def operations(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (verb.upper(), path)
        for path, verbs in sorted(document["paths"].items())
        for verb in sorted(verbs)
        if verb in ("get", "post", "put", "patch", "delete")
    ]


def refusal_of(document: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    """Give the schema that an operation promises for its refusals, with what it refers to."""
    answers = document["paths"][path][method.lower()]["responses"]
    schema = answers["4XX"]["content"]["application/json"]["schema"]
    return {**schema, "components": document.get("components", {})}


def request_of(case: Any) -> tuple[str, bytes, dict[str, str]]:
    """Put a case into bytes as an HTTP library does."""
    kwargs = case.as_transport_kwargs(base_url="http://fuzz.test")
    kwargs.pop("timeout", None)
    ready = requests.Request(
        **{
            k: v
            for k, v in kwargs.items()
            if k in ("method", "url", "headers", "params", "data", "json", "files")
        }
    ).prepare()
    parts = urlsplit(ready.url or "/")
    query = "&".join(p for p in parts.query.split("&") if p and p.partition("=")[0] not in ENDLESS)
    body = ready.body or b""
    assert isinstance(body, str | bytes)
    body = body.encode() if isinstance(body, str) else body
    latin = {k: v for k, v in ready.headers.items() if isinstance(v, str) and v.isascii()}
    return parts.path + (f"?{query}" if query else ""), body, {k.lower(): v for k, v in latin.items()}


def put_in(path: str, target: str, chosen: str) -> str:
    """Put an id that exists into the place of the first parameter."""
    shape, _, query = path, *target.partition("?")[1:]
    before, brace, rest = shape.partition("{")
    if not brace:
        return target
    whole = before + quote(chosen, safe="") + rest.partition("}")[2]
    while "{" in whole:
        before, _, rest = whole.partition("{")
        whole = before + "x" + rest.partition("}")[2]
    return whole + (f"?{query}" if query else "")


def fuzz(ground: Ground, method: str, path: str, examples: int, *, seeded: bool) -> list[str]:
    """Ask one operation many things; gives what was answered wrongly, and that nothing could be asked."""
    operation = ground.schema[path][method]
    refusal = Draft202012Validator(refusal_of(ground.document, method, path))
    wrong: list[str] = []
    asked = 0

    def judge(case: Any, chosen: str | None, admin: bool) -> None:
        nonlocal asked
        asked += 1
        target, body, headers = request_of(case)
        if chosen is not None:
            target = put_in(path, target, chosen)
        answer = ground.ask(method, target, body, headers, ground.admin if admin else ground.bench.key)
        if not right(answer, refusal):
            wrong.append(f"{method} {target} {body[:200]!r} {headers}: {answer.status} {answer.body[:300]!r}")

    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        try:
            cases = operation.as_strategy(generation_mode=mode)
            run = given(cases, st.none() | st.sampled_from(ground.ids), st.booleans())(judge)
            of(examples, seeded=seeded)(run)()
        except Unsatisfiable:
            # There is nothing that would be wrong to ask.
            continue
    return wrong or ([] if asked else [f"{method} {path} was not asked at all"])


def of(examples: int, *, seeded: bool) -> settings:
    """Say how much is tried; a seeded run asks the same every time."""
    return settings(
        max_examples=examples,
        derandomize=seeded,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=SLOW,
    )


def right(answer: Answer, refusal: Draft202012Validator) -> bool:
    """Tell whether an answer is none of a broken server, and a refusal in its envelope."""
    if answer.status < 400:
        return True
    if answer.status >= 500 or not answer.headers["content-type"].startswith("application/json"):
        return False
    # An address or a verb that is none of ours is answered the same for every surface.
    shapes = (refusal, NOWHERE) if answer.status in (404, 405) else (refusal,)
    return any(shape.is_valid(answer.json()) for shape in shapes)


NOWHERE = Draft202012Validator(
    {"type": "object", "required": ["error"], "properties": {"error": {"type": "object"}}}
)


def test_the_document_shows_every_route_that_is_ours_to_fuzz(ground: Ground) -> None:
    shown = {(m, p.replace(":path", "")) for m, p in operations(ground.document)}
    ours = {(m, p.replace(":path", "")) for m, p in PERMISSIONS if not p.startswith("/callbacks/")}

    beside = {(m, p) for m, p in ours - shown if not p.startswith("/docs")}
    assert beside <= {("GET", "/health"), ("GET", "/ready"), ("GET", "/metrics")}


def test_no_question_breaks_a_route_and_every_refusal_is_in_its_envelope(ground: Ground) -> None:
    wrong = [
        said
        for method, path in operations(ground.document)
        if fuzzed(path)
        for said in fuzz(ground, method, path, QUICK, seeded=True)
    ]

    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
def test_many_more_questions_break_nothing_either(ground: Ground) -> None:
    wrong = [
        said
        for method, path in operations(ground.document)
        if fuzzed(path)
        for said in fuzz(ground, method, path, LONG, seeded=False)
    ]

    assert not wrong, "\n".join(wrong)


def fuzzed(path: str) -> bool:
    """Probes and callbacks have no surface of their own and are tried elsewhere."""
    return path not in ("/health", "/ready", "/metrics") and not path.startswith("/callbacks/")


async def test_sixty_four_equal_creates_with_one_key_are_one_task(bench: Bench) -> None:
    """A double click, many times over (004-12)."""
    fields = {"prompt": "once", "size": "64x64"}
    answers = await asyncio.gather(
        *(bench.post("/v1/videos", fields, headers={"idempotency-key": "one"}) for _ in range(64))
    )

    assert {answer.status for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len((await bench.ask("GET", "/v1/videos?limit=100")).json()["data"]) == 1
