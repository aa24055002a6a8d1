"""The surfaces: read a request, call the engine, map the answer.

What every surface shares lies in this room's own modules; no surface knows another.
"""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.routing import APIRoute

from reelgate import __version__
from reelgate.api import (
    admin,
    callbacks,
    compat,
    edge,
    health,
    library,
    live,
    metrics,
    native,
    openai,
    pages,
    people,
    schema,
)
from reelgate.api.door import TICK_S, Door
from reelgate.api.house import House
from reelgate.api.studio import Studio
from reelgate.auth.access import Access
from reelgate.auth.oidc import Provider
from reelgate.engine.context import Context
from reelgate.engine.readiness import Readiness


def build_app(
    ctx: Context,
    pepper: bytes,
    *,
    tick_s: float = TICK_S,
    role: str = "all",
    readers: metrics.Readers | None = None,
    access: Access | None = None,
    provider: Provider | None = None,
    house: House | None = None,
) -> FastAPI:
    """Put all surfaces together into one application."""
    door = Door(ctx, pepper, tick_s=tick_s, access=access, provider=provider, house=house)
    app = FastAPI(
        title="Reelgate",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        # Its own instrumentation reads the environment on every request; ours is in `reelgate.telemetry`.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    surfaces = [
        *openai.build(door),
        *compat.build(door),
        *native.build(door),
        *library.build(door),
        *people.build(door),
        *admin.build(door),
        *live.build(door),
        *callbacks.build(ctx),
        live.sockets(door),
    ]
    described = [*probes(ctx, role, readers), *pages.build(app)]
    edge.install(app, [*surfaces, *described], ctx.ids, Studio().answer)
    schema.install(app)
    app.state.door = door
    return app


def build_probes(ctx: Context, role: str, readers: metrics.Readers | None = None) -> FastAPI:
    """Put together what a process answers that serves nobody."""
    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    edge.install(app, probes(ctx, role, readers), ctx.ids)
    return app


def probes(ctx: Context, role: str = "all", readers: metrics.Readers | None = None) -> list[APIRoute]:
    """Give `/health`, `/ready` and `/metrics`, which a process that serves nothing else offers as well."""
    readiness = Readiness(ctx)
    return [
        *health.build(ctx, readiness, role=role),
        *metrics.build(ctx, readiness, readers or metrics.Readers()),
    ]
