"""The wire of Example, a service that exists in the example alone."""

from __future__ import annotations

from collections.abc import Generator

from reelgate.core.dialect import (
    Accepted,
    Answer,
    Call,
    Channel,
    Effect,
    Observation,
    Output,
    Phase,
    Reply,
    Submission,
    SubmitOutcome,
    Unclear,
)
from reelgate.core.words import (
    classify_submit,
    error_in,
    job_failure,
    nothing_learned,
    path_segment,
    percent,
    phase_of,
    raw_word,
    trouble_of,
)


class Example:
    name = "example"

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        answer = yield Call(
            method="POST",
            path="/jobs",
            headers={"Authorization": f"Bearer {channel.secret}"},
            json={"model": submission.upstream_model, "prompt": submission.request.prompt},
            timeout_s=300.0,
        )
        body = answer.object() if isinstance(answer, Reply) and answer.status < 300 else None
        if body is not None and isinstance(body.get("id"), str) and error_in(body) is None:
            return Accepted(ref=body["id"])
        verdict = classify_submit(answer, now_ms=submission.submitted_at_ms, secret=channel.secret)
        return verdict or Unclear(reason="The upstream answered without an id.")

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        headers = {"Authorization": f"Bearer {channel.secret}"}
        answer = yield Call(method="GET", path=f"/jobs/{path_segment(ref)}", headers=headers)
        job = answer.object() if isinstance(answer, Reply) and answer.status < 300 else None
        word = job.get("status") if job is not None else None
        if job is None or not isinstance(word, str):
            return nothing_learned(trouble_of(answer, secret=channel.secret))
        url = job.get("url")
        match phase_of(word):
            case Phase.COMPLETED:
                outputs = (Output(url=url),) if isinstance(url, str) else ()
                return Observation(phase=Phase.COMPLETED, outputs=outputs, word=raw_word(word))
            case Phase.FAILED:
                failure = job_failure(error_in(job, 400), word=word, secret=channel.secret)
                return Observation(phase=Phase.FAILED, error=failure, word=raw_word(word))
            case phase:
                return Observation(phase=phase, progress=percent(job.get("progress")), word=raw_word(word))


DIALECT = Example()
