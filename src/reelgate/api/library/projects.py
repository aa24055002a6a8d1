"""Projects: which of them an asker gets into, and which one is meant."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from reelgate.api.answers import Json
from reelgate.api.door import Asked, Operation
from reelgate.api.library import bodies
from reelgate.api.library.schemas import LibraryName, LibraryProject, LibraryProjects
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
    if foreign or all(one.id != named for one in await order.projects(asked.ctx, asked.who)):
        raise refuse(Code.NOT_FOUND, f"There is no project `{named[:80]}`.", param="project")
    return named


async def page(asked: Asked) -> Response:
    """List the projects an asker gets into."""
    return Json(
        LibraryProjects(
            data=[
                LibraryProject(
                    id=one.id, name=one.name, team_id=one.team_id, current=one.id == asked.project_id
                )
                for one in await order.projects(asked.ctx, asked.who)
            ]
        )
    )


async def make(asked: Asked) -> Response:
    """Make a project."""
    wish = await bodies.read(asked, LibraryName)
    new = await order.add_project(asked.ctx, asked.who, wish.name)
    return Json(LibraryProject(id=new.id, name=new.name, team_id=None, current=False))


async def rename(asked: Asked) -> Response:
    """Call a project something else."""
    wish = await bodies.read(asked, LibraryName)
    project_id = asked.path("project_id")
    await order.rename_project(asked.ctx, asked.who, project_id, wish.name)
    found = next(one for one in await order.projects(asked.ctx, asked.who) if one.id == project_id)
    current = found.id == asked.project_id
    return Json(LibraryProject(id=found.id, name=found.name, team_id=found.team_id, current=current))


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/api/library/projects",
        handler=page,
        summary="List projects",
        tag="library",
        gives=LibraryProjects,
    ),
    Operation(
        method="POST",
        path="/api/library/projects",
        handler=make,
        summary="Make a project",
        tag="library",
        takes=LibraryName,
        gives=LibraryProject,
    ),
    Operation(
        method="PATCH",
        path="/api/library/projects/{project_id}",
        handler=rename,
        summary="Rename a project",
        tag="library",
        takes=LibraryName,
        gives=LibraryProject,
    ),
)
