"""Lists as files: JSON lines and CSV, written row by row as they are read."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from typing import Any, Final, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import StreamingResponse

from reelgate.core.errors import Code, refuse

Form = Literal["json", "jsonl", "csv"]
_FORMS: Final[tuple[Form, ...]] = ("json", "jsonl", "csv")
_RISKY: Final = ("=", "+", "-", "@", "\t", "\r")
_encoder: Final = msgspec.json.Encoder()


def form_of(request: Request) -> Form:
    """Read `?format=`.

    Raises CallerError naming it when there is no such form.
    """
    wanted = request.query_params.get("format") or "json"
    for form in _FORMS:
        if wanted == form:
            return form
    raise refuse(Code.INVALID_REQUEST, f"`format` is one of {', '.join(_FORMS)}.", param="format")


def exported(
    rows: AsyncIterable[dict[str, Any]], columns: Sequence[str], form: Literal["jsonl", "csv"], name: str
) -> StreamingResponse:
    """Answer with a file of rows."""
    lines = _jsonl(rows) if form == "jsonl" else _csv(rows, columns)
    kind = "application/x-ndjson" if form == "jsonl" else "text/csv; charset=utf-8"
    headers = {"content-disposition": f'attachment; filename="{name}.{form}"', "cache-control": "no-store"}
    return StreamingResponse(lines, media_type=kind, headers=headers)


async def _jsonl(rows: AsyncIterable[dict[str, Any]]) -> AsyncGenerator[bytes, None]:
    async for row in rows:
        yield _encoder.encode(row) + b"\n"


async def _csv(rows: AsyncIterable[dict[str, Any]], columns: Sequence[str]) -> AsyncGenerator[bytes, None]:
    yield _line(list(columns))
    async for row in rows:
        yield _line([_cell(row.get(name)) for name in columns])


def _line(cells: list[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue().encode()


def _cell(value: Any) -> str:
    """Write a value so that no spreadsheet takes it for a formula."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return str(value)
    text = value if isinstance(value, str) else _encoder.encode(value).decode()
    return "'" + text if text.startswith(_RISKY) else text
