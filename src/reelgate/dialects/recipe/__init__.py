"""Recipes: an upstream described as data, in `settings.recipe` of its channel, without code.

A recipe says which call is paid for and what goes into it, where the answer has the job's id, how the job is
asked about, and where its status, progress, clip and error are. What follows from an answer is decided by the
same rules as everywhere: only a status word ends a job, a success word needs a clip, and a submit nobody can
vouch for is never sent again. There is no list, no cancel and no way to look for a job in a recipe.

`samples` holds recipes to start from.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final, cast

import msgspec

from reelgate.core.channel_settings import Start
from reelgate.core.dialect import (
    Accepted,
    Answer,
    Call,
    Channel,
    Effect,
    File,
    Observation,
    Output,
    Phase,
    Recorded,
    Refused,
    Reply,
    Submission,
    SubmitOutcome,
    Text,
    Unclear,
)
from reelgate.core.errors import Code, Failure
from reelgate.core.job_shape import Look, conclude, good, id_in, looked, own_failure
from reelgate.core.openai_call import (
    CONTENT_TIMEOUT_S,
    SUBMIT_TIMEOUT_S,
    file_part,
    link,
    only_create,
    refusal,
    spelled,
    web_address,
    with_extra,
)
from reelgate.core.task import Request
from reelgate.core.words import (
    Said,
    as_object,
    classify_submit,
    code_of,
    error_in,
    failure_of,
    fold,
    fraction,
    job_failure,
    nothing_learned,
    percent,
    trouble_of,
)
from reelgate.dialects.recipe.schema import (
    Ok,
    Pointers,
    Progress,
    Recipe,
    Settings,
    Unusable,
    parse,
    recipe_of,
)
from reelgate.dialects.recipe.template import (
    FILES,
    SWITCHES,
    Addressed,
    NoEntry,
    fill,
    fill_path,
    placeholders,
    values_of,
)

UPLOAD_TIMEOUT_S: Final = 180.0
_MINIMAL: Final = {
    "create": {"path": "/jobs", "id": ["/id", "/task_id"], "body": {"prompt": "{{prompt}}"}},
    "poll": {"path": "/jobs/{{id}}", "status": ["/status"], "outputs": ["/url"]},
}


class Recipes:
    """Speaks whatever its channel's recipe says."""

    name = "recipe"
    settings = Settings
    recorded = Recorded(settings={"recipe": _MINIMAL})

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Put files on the upstream's host where the recipe says so, then send the paid call once."""
        recipe = recipe_of(channel.settings)
        if isinstance(recipe, Unusable):
            return Refused(failure=_unusable(recipe))
        objection = only_create(submission) or _uncarried(submission.request, recipe)
        if objection is not None:
            return Refused(failure=objection)
        addresses = yield from _upload(submission.request, channel, recipe)
        if isinstance(addresses, Refused):
            return addresses
        call = _paid_call(submission, channel, recipe, addresses)
        if isinstance(call, Failure):
            return Refused(failure=call)
        return _outcome((yield call), submission, channel, recipe)

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        recipe = recipe_of(channel.settings)
        if isinstance(recipe, Unusable):
            return nothing_learned(_unusable(recipe))
        poll, ids = recipe.poll, {"id": ref}
        answer = yield Call(
            method=poll.method,
            path=fill_path(poll.path, ids, {}),
            query=tuple((name, str(fill(text, ids, {}) or "")) for name, text in poll.query.items()),
            headers=_headers(poll.headers, ids, channel, recipe),
            json=None if poll.body is None else fill(poll.body, ids, {}),
            timeout_s=30.0,
        )
        return _observed(answer, ref, channel, recipe)

    def objection(self, settings: Mapping[str, Any]) -> str | None:
        """Say why a channel's settings cannot be used, naming the key; None when they can."""
        recipe = recipe_of(settings)
        return recipe.reason if isinstance(recipe, Unusable) else None

    def starts(self, samples: Mapping[str, str]) -> tuple[Start, ...]:
        """Give a start for each sample recipe."""
        read = [(text, parse(text)) for name, text in samples.items() if name.endswith(".toml")]
        return tuple(
            Start(name=recipe.name, about=recipe.about, settings={"recipe": text})
            for text, recipe in read
            if not isinstance(recipe, Unusable)
        )


DIALECT: Final = Recipes()


def _unusable(recipe: Unusable) -> Failure:
    message = f"This channel's recipe cannot be used: {recipe.reason}"
    return Failure(code=Code.PERMISSION_OR_CHANNEL, message=message[:400])


# Asking.


def _uncarried(request: Request, recipe: Recipe) -> Failure | None:
    """Refuse what the recipe has no place for, rather than leave it out."""
    names = recipe.names()
    for name in SWITCHES:
        if getattr(request, name) is not None and name not in names:
            return refusal(name, f"This channel does not take `{name}`.")
    roles = {role for name in names & set(FILES) for role in FILES[name]}
    for given in request.inputs:
        if given.role not in roles or given.character_id is not None:
            return refusal("input_reference", f"This channel takes no input of role {given.role.value}.")
    if not recipe.create.extra:
        for name in request.extra:
            return refusal(name, f"Unknown parameter `{name}`.")
    return None


def _headers(
    templates: Mapping[str, str], values: Mapping[str, Any], channel: Channel, recipe: Recipe
) -> dict[str, str]:
    given = {name: str(fill(text, values, recipe.tables) or "") for name, text in templates.items()}
    key = fill(recipe.auth.value, {"key": channel.secret}, {})
    # The key's header last, so that no other template stands in its place.
    return given | ({recipe.auth.header: str(key)} if channel.secret else {})


def _upload(
    request: Request, channel: Channel, recipe: Recipe
) -> Generator[Effect, Answer, dict[str, str] | Refused]:
    """Put the files that go by address on the upstream's host; nothing is paid for yet."""
    host = recipe.upload
    by_url = {found.name for found in placeholders(recipe.create.body) if "url" in found.filters}
    roles = {role for name in by_url for role in FILES.get(name, ())}
    addresses: dict[str, str] = {}
    for given in request.inputs:
        if host is None or given.role not in roles or given.sha256 in addresses:
            continue
        answer = yield Call(
            method="POST",
            path=host.path,
            headers=_headers({}, {}, channel, recipe),
            form=(file_part((host.field, given)),),
            timeout_s=UPLOAD_TIMEOUT_S,
        )
        url = web_address(_first(good(answer), host.url))
        if url is None:
            return Refused(failure=_not_taken(answer, channel))
        addresses[given.sha256] = url
    return addresses


def _not_taken(answer: Answer, channel: Channel) -> Failure:
    """Say why a file was not taken. Unlike after a paid call, doubt is harmless here: it may be sent again."""
    trouble = trouble_of(answer, secret=channel.secret)
    parsed = isinstance(answer, Reply) and 400 <= answer.status < 500 and answer.object() is not None
    if trouble is not None and parsed and trouble.code is not Code.UPSTREAM_LOST:
        return trouble
    return Failure(
        code=Code.OVERLOADED,
        message="The upstream's file host did not take the file; nothing was generated.",
        detail=None if trouble is None else trouble.detail,
    )


def _paid_call(
    submission: Submission, channel: Channel, recipe: Recipe, addresses: Mapping[str, str]
) -> Call | Failure:
    create, values = recipe.create, values_of(submission, addresses)
    try:
        path = fill_path(create.path, values, recipe.tables)
        body = cast("dict[str, Any]", fill(create.body, values, recipe.tables))
        headers = _headers(create.headers, values, channel, recipe)
    except NoEntry as missing:
        name = str(missing)
        return refusal(name, f"This channel does not take this `{name}`.")
    if create.extra:
        body = with_extra(body, submission.request)
    form = create.encoding == "form"
    return Call(
        method=create.method,
        path=path,
        headers=headers,
        json=None if form else _embedded(body),
        form=_parts(body) if form else (),
        timeout_s=SUBMIT_TIMEOUT_S,
    )


def _embedded(value: Any) -> Any:
    """Write the files that are left in a body as data URLs."""
    if isinstance(value, dict):
        return {name: _embedded(each) for name, each in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_embedded(each) for each in cast("list[Any]", value)]
    return value.embedded if isinstance(value, Addressed) else value


def _parts(body: Mapping[str, Any]) -> list[Text | File]:
    parts: list[Text | File] = []
    for name, value in body.items():
        items = cast("list[Any]", value) if isinstance(value, list) else [value]
        files = [item for item in items if isinstance(item, Addressed)]
        if files:
            parts += [file_part((name, file.given)) for file in files]
        elif items:
            parts += spelled({name: value})
    return parts


# Places in answers.


def _at(body: Any, pointer: str) -> Any:
    """Give what is at a place; None when there is nothing."""
    value: Any = body
    for part in pointer.split("/")[1:]:
        value = _item(cast("list[Any]", value), part) if isinstance(value, list) else _field(value, part)
    return value


def _item(items: list[Any], part: str) -> Any:
    index = int(part) if part.isascii() and part.isdigit() and len(part) < 6 else len(items)
    return items[index] if index < len(items) else None


def _field(value: Any, part: str) -> Any:
    return (as_object(value) or {}).get(part.replace("~1", "/").replace("~0", "~"))


def _first(body: Any, pointers: Sequence[str]) -> Any:
    found = (_at(body, pointer) for pointer in pointers)
    return next((value for value in found if value not in (None, "", [], {})), None)


def _said(body: Mapping[str, Any], recipe: Recipe) -> Said | None:
    """Give what the places of the recipe say of an error; None when they say nothing."""
    code, message = _first(body, recipe.errors.code), _message(body, recipe.errors.message)
    return error_in({"error": {"code": code, "message": message}})


def _message(body: Mapping[str, Any], pointers: Pointers) -> str:
    texts = (_at(body, pointer) for pointer in pointers)
    return next((text for text in texts if isinstance(text, str) and text.strip()), "")


def _broken(body: Mapping[str, Any], ok: Ok | None) -> bool:
    value = _at(body, ok.path) if ok is not None else None
    return (
        ok is not None
        and value is not None
        and not any(value == fine and isinstance(value, bool) == isinstance(fine, bool) for fine in ok.values)
    )


def _own(said: Said | None, recipe: Recipe, secret: str) -> Failure | None:
    """Translate an error by the recipe's own tables."""
    errors = recipe.errors
    by_code = own_failure(said, {fold(code): to for code, to in errors.codes.items()}, secret)
    if by_code is not None or said is None:
        return by_code
    text = said.message.casefold()
    code = next((to for words, to in errors.texts.items() if words.casefold() in text), None)
    return None if code is None else failure_of(said, code, secret=secret)


# The answer to the paid call.


def _outcome(answer: Answer, submission: Submission, channel: Channel, recipe: Recipe) -> SubmitOutcome:
    body = good(answer)
    if (
        body is not None
        and not _broken(body, recipe.errors.ok)
        and not error_in({"error": body.get("error")})
    ):
        ref = next((found for p in recipe.create.id if (found := id_in(_at(body, p)))), None)
        if ref is not None:
            seen = _look(body, ref, channel, recipe)
            return Accepted(ref=ref, observation=seen if seen is not None and seen.phase else None)
    verdict = classify_submit(answer, now_ms=submission.submitted_at_ms, secret=channel.secret)
    told = answer.object() if isinstance(answer, Reply) else None
    own = _own(_said(told, recipe), recipe, channel.secret) if told is not None else None
    if own is not None and (isinstance(verdict, Refused) or body is not None):
        wait = verdict.failure.retry_after_s if isinstance(verdict, Refused) else None
        return Refused(failure=msgspec.structs.replace(own, retry_after_s=wait))
    return verdict or Unclear(reason="The upstream answered without an id.")


# The answer to a question.


def _observed(answer: Answer, ref: str, channel: Channel, recipe: Recipe) -> Observation:
    body = good(answer)
    seen = _look(body, ref, channel, recipe) if body is not None else None
    failed = seen is not None and seen.phase is Phase.FAILED
    if body is not None and not failed and _broken(body, recipe.errors.ok):
        said = _said(body, recipe) or Said(message="The upstream reported an error.")
        own = _own(said, recipe, channel.secret)
        return nothing_learned(own or failure_of(said, code_of(said, 500), secret=channel.secret))
    return seen or nothing_learned(trouble_of(answer, secret=channel.secret))


_ENVELOPE_WORDS: Final = frozenset({"error", "fail", "failed", "failure", "success", "ok", "done"})
"""Words that many servers also use for the answer itself; they speak of a job only in an answer about one."""


def _look(body: dict[str, Any], ref: str, channel: Channel, recipe: Recipe) -> Observation | None:
    """Read what a good answer says about the job; None when it says nothing about one."""
    outputs = _outputs(body, ref, channel, recipe)
    word = _word(body, recipe, has_output=bool(outputs))
    if word is None:
        return None
    phase, said = looked(word, _words(recipe)), _said(body, recipe)
    failure = None
    if phase is Phase.FAILED or (phase is Phase.COMPLETED and _is_error(body, said)):
        own = _own(said, recipe, channel.secret)
        failure = own or job_failure(said, word=word, secret=channel.secret)
    progress = next((n for p in recipe.poll.progress if (n := _progress(body, p)) is not None), None)
    return conclude(Look(word=word, phase=phase, outputs=outputs, failure=failure, progress=progress))


_FINE: Final = frozenset({"", "0", "200", "success", "ok"})


def _is_error(body: Mapping[str, Any], said: Said | None) -> bool:
    """Tell an error beside a success word from a message that only says the same once more."""
    return said is not None and (
        fold(said.code) not in _FINE or error_in({"error": body.get("error")}) is not None
    )


def _words(recipe: Recipe) -> Mapping[str, Phase]:
    return {fold(word): phase for word, phase in recipe.words().items()}


def _word(body: dict[str, Any], recipe: Recipe, *, has_output: bool) -> str | None:
    """Pick the status word: the first known one, unless another place says that the job has ended."""
    about_a_job = _first(body, recipe.poll.job or recipe.create.id) is not None
    found = [_at(body, pointer) for pointer in recipe.poll.status]
    words = [w for w in found if isinstance(w, str) and w.strip()]
    words = [w for w in words if about_a_job or fold(w) not in _ENVELOPE_WORDS]
    own = _words(recipe)
    known = [(w, phase) for w in words if (phase := looked(w, own)) is not None]
    ends = (Phase.FAILED, Phase.CANCELLED, *([Phase.COMPLETED] if has_output else []))
    ended = [w for w, phase in known if phase in ends]
    return next(iter([*ended[:1], *(w for w, _ in known), *words]), None)


def _progress(body: Mapping[str, Any], place: Progress) -> int | None:
    value = _at(body, place.path)
    match place.kind:
        case "fraction":
            return fraction(value)
        case "percent_string":
            return percent(value) if isinstance(value, str) else None
        case "percent":
            return percent(value)


def _outputs(body: Mapping[str, Any], ref: str, channel: Channel, recipe: Recipe) -> tuple[Output, ...]:
    poll, headers = recipe.poll, _headers({}, {}, channel, recipe)
    if any(_first(body, (place,)) is None for place in poll.requires):
        return ()
    for pointer in poll.outputs:
        value = _at(body, pointer)
        items = cast("list[Any]", value) if isinstance(value, list) else [value]
        links = (link((as_object(item) or {}).get("url", item), channel, headers) for item in items[:64])
        found = tuple(output for output in links if output is not None)
        if found:
            return found
    if poll.content is None:
        return ()
    path = fill_path(poll.content, {"id": ref}, {})
    return (Output(call=Call(method="GET", path=path, headers=headers, timeout_s=CONTENT_TIMEOUT_S)),)
