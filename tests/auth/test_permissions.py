from __future__ import annotations

import pytest

from reelgate.auth.permissions import PERMISSIONS, Open, required
from reelgate.auth.scopes import EVERYDAY, Scope


def test_a_route_without_a_row_stops_the_start():
    with pytest.raises(LookupError, match="no permission row"):
        required("GET", "/v1/unheard-of")


def test_only_what_supervisors_and_upstreams_ask_is_open_to_anybody():
    opened = {path for (_, path), scope in PERMISSIONS.items() if isinstance(scope, Open)}

    assert opened == {
        "/health",
        "/ready",
        "/metrics",
        # Whoever calls back shows a secret in the address.
        "/callbacks/{channel_id}/{secret}",
        "/callbacks/{channel_id}/{secret}/{attempt_id}",
    }


def test_what_changes_something_asks_for_more_than_reading():
    for (method, path), scope in PERMISSIONS.items():
        if not isinstance(scope, Open) and scope is not Scope.ADMIN:
            assert scope.value.endswith(":read") == (method == "GET"), path


def test_every_scope_but_the_administrators_opens_something():
    assert {s for s in PERMISSIONS.values() if isinstance(s, Scope)} == EVERYDAY | {Scope.ADMIN}
