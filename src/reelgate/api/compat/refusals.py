"""How relays say no: their own envelopes, their own names of fields, and when to try again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.responses import Response

from reelgate.api import errors, limits
from reelgate.api.answers import Json
from reelgate.api.door import ENVELOPE, Asked, Handler, Manner
from reelgate.core.errors import Code, Failure, ReelgateError
from reelgate.engine.limits import Limited

Envelope = Callable[[Failure, errors.Mapped], dict[str, Any]]
"""Writes the body of a refusal."""

_FLAT: Final = {
    "type": "object",
    "required": ["code", "message", "data", "param"],
    "properties": {
        "code": {"type": "string"},
        "message": {"type": "string"},
        "data": {"type": "null"},
        "param": {"type": ["string", "null"]},
    },
}
RELAY: Final = Manner("compat", refused={"anyOf": [ENVELOPE, _FLAT]})
"""How relays say no: most of them flatly, and before anybody asked them as the original service does."""

_CHINESE: Final[Mapping[int, str]] = {
    400: "请求参数有误",
    401: "无效的令牌",
    402: "额度不足",
    403: "没有权限",
    404: "未找到",
    409: "任务仍在进行中",
    413: "内容过大",
    429: "请求过于频繁，请稍后重试",
    503: "服务暂时不可用，请稍后重试",
    504: "等待超时",
}


def bilingual(failure: Failure, form: errors.Mapped) -> dict[str, Any]:
    """Write `{error: {message, message_zh, type, param, code}}`."""
    return {
        "error": {
            "message": failure.message,
            "message_zh": f"{_CHINESE.get(form.status, '上游服务出错')}：{failure.message}",
            "type": form.type,
            "param": failure.param,
            "code": form.code,
        }
    }


def of_task(failure: Failure, form: errors.Mapped) -> dict[str, Any]:
    """Write `{code, message, data}`; a task nobody knows is `task_not_exist`."""
    code = "task_not_exist" if failure.code is Code.NOT_FOUND and failure.param is None else form.code
    return {"code": code, "message": failure.message, "data": None, "param": failure.param}


def plain(failure: Failure, form: errors.Mapped) -> dict[str, Any]:
    """Write `{error: {message, type, param, code}}`."""
    return {
        "error": {
            "message": failure.message,
            "type": form.type,
            "param": failure.param,
            "code": form.code,
        }
    }


def said(handler: Handler, envelope: Envelope) -> Handler:
    """Let a handler refuse as its relay does."""

    async def answered(asked: Asked) -> Response:
        try:
            return await handler(asked)
        except Limited as over:
            return limits.put_on(refusal(over.failure, envelope), over.standing)
        except ReelgateError as error:
            return refusal(error.failure, envelope)

    return answered


def refusal(failure: Failure, envelope: Envelope) -> Response:
    """Answer with a refusal."""
    form = errors.MAPPED[failure.code]
    headers = errors.retry_headers(form, failure.retry_after_s)
    return Json(envelope(failure, form), form.status, headers)
