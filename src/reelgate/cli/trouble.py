"""Exit codes, and how a command that cannot do its work says so.

Every refusal tells what happened, whose side it is on, what became of money, and what to do next.
"""

from __future__ import annotations

import json
from enum import IntEnum
from typing import Any

from reelgate.cli.words import advise, say
from reelgate.core.errors import CODES, Charge, Code, Entry, Failure, Side


class Exit(IntEnum):
    """What the process tells the shell; scripts may rely on these."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    DENIED = 4
    UNREACHABLE = 5
    UNKNOWN = 6
    INTERRUPTED = 130


EXIT_OF_CODE: dict[Code, Exit] = {
    Code.UNAUTHORIZED: Exit.DENIED,
    Code.PERMISSION_OR_CHANNEL: Exit.DENIED,
    Code.NOT_FOUND: Exit.NOT_FOUND,
    Code.INVALID_REQUEST: Exit.USAGE,
    Code.UNSUPPORTED_MEDIA: Exit.USAGE,
    Code.PAYLOAD_TOO_LARGE: Exit.USAGE,
    Code.BLOCKED_ADDRESS: Exit.USAGE,
    Code.SUBMISSION_UNKNOWN: Exit.UNKNOWN,
}
"""A code not named here ends the process with `FAILED`."""

KNOWN: dict[str, Code] = {code.value: code for code in Code}


class Trouble(Exception):
    """Raised when a command ends without having done its work; carries all that is shown."""

    def __init__(
        self,
        message: str,
        *,
        exit_code: Exit = Exit.FAILED,
        code: str | None = None,
        param: str | None = None,
        next_step: str | None = None,
        side: Side | None = None,
        charge: Charge | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code
        self.code = code
        self.param = param
        entry = entry_of(code)
        self.side = side or (entry.side if entry else None)
        self.charge = charge or (entry.charge if entry else None)
        self.next_step = next_step or (advise(code, entry.next_step) if code and entry else None)

    def as_json(self) -> str:
        """The same facts for a script, in the shape errors have on the API."""
        body: dict[str, Any] = {
            "message": self.message,
            "code": self.code,
            "param": self.param,
            "side": self.side.value if self.side else None,
            "charge": self.charge.value if self.charge else None,
            "next_step": self.next_step,
            "exit_code": int(self.exit_code),
        }
        return json.dumps({"error": body}, ensure_ascii=False)

    def as_text(self) -> str:
        """The same facts for a person."""
        lines = [say("trouble.what", message=self.message)]
        if self.side is not None and self.side is not Side.NOBODY:
            lines.append(say(f"side.{self.side.value}"))
        if self.charge is not None:
            lines.append(say(f"charge.{self.charge.value}"))
        if self.next_step:
            lines.append(say("trouble.next", step=self.next_step))
        if self.code:
            lines.append(say("trouble.code", code=self.code))
        return "\n".join(lines)


def entry_of(code: str | None) -> Entry | None:
    """Give what a code means; None for a code of somebody else's."""
    known = KNOWN.get(code or "")
    return CODES[known] if known else None


def of_failure(failure: Failure) -> Trouble:
    """Turn a refusal from inside into what the command shows."""
    exit_code = EXIT_OF_CODE.get(failure.code, Exit.FAILED)
    return Trouble(failure.message, exit_code=exit_code, code=failure.code.value, param=failure.param)


def exit_of(code: str | None, status: int) -> Exit:
    """Choose the exit code for an error answered over HTTP."""
    if status in (401, 403):
        return Exit.DENIED
    if status == 404:
        return Exit.NOT_FOUND
    if known := KNOWN.get(code or ""):
        return EXIT_OF_CODE.get(known, Exit.FAILED)
    return Exit.USAGE if status in (400, 413, 415, 422) else Exit.FAILED
