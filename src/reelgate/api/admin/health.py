"""How the installation is, for those who look after it: what `/health` and `/ready` say, and everything they do not."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from reelgate.api.door import Asked, Operation
from reelgate.api.envelopes import Done, done
from reelgate.engine import checkup
from reelgate.engine.checkup import Keeping, Promises, Report


async def report(asked: Asked) -> Response:
    """Tell what this is made of, how much of everything there is, and what needs somebody."""
    door, house = asked.door, asked.door.house
    keeping = None if house.desk is None else Keeping(house.desk.every_h, await house.desk.listed())
    found = await checkup.look(
        door.ctx,
        door.readiness,
        role=house.role,
        folder=house.folder,
        up_s=door.ctx.clock.monotonic() - door.began,
        keeping=keeping,
    )
    return done(found)


async def promises(asked: Asked) -> Response:
    """Walk the audit log and check every promise about rows and files; takes longer the more there is."""
    return done(await checkup.promises(asked.ctx))


def _operation(path: str, handler: Any, summary: str, gives: Any) -> Operation:
    return Operation(
        method="GET", path=f"/api/admin/{path}", handler=handler, summary=summary, tag="admin", gives=gives
    )


OPERATIONS: Final = (
    _operation("health", report, "How the installation is", Done[Report]),
    _operation("health/promises", promises, "Check every promise about rows and files", Done[Promises]),
)
