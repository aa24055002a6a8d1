"""Which of the projects an asker gets into is meant."""

from __future__ import annotations

from reelgate.api.door import Asked
from reelgate.core.errors import Code, refuse
from reelgate.engine.library import order


async def project_of(asked: Asked) -> str:
    """Give the project whose library is meant: the one asked in, or another that `project` names.

    Raises CallerError `not_found` for one the asker does not get into.
    """
    named = asked.request.query_params.get("project") or asked.project_id
    if named == asked.project_id:
        return named
    # A key opens the project it was made for, and no other.
    foreign = asked.principal.key_id is not None
    if foreign or not await order.reaches(asked.ctx, asked.who, named):
        raise refuse(Code.NOT_FOUND, f"There is no project `{named[:80]}`.", param="project")
    return named
