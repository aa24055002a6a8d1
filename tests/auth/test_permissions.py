from __future__ import annotations

import itertools

import pytest

from reelgate.auth.permissions import PERMISSIONS, Open, Whose, required, whose
from reelgate.auth.scopes import EVERYDAY, OF_ROLE, Scope, held
from reelgate.core.people import Role


def test_a_route_without_a_row_stops_the_start():
    with pytest.raises(LookupError, match="no permission row"):
        required("GET", "/v1/unheard-of")


def test_a_part_of_an_address_that_is_nobodys_stops_the_start():
    with pytest.raises(LookupError, match="`thing_id`"):
        required("GET", "/v1/things/{thing_id}")


def test_every_part_of_every_address_is_somebodys():
    for _, path in PERMISSIONS:
        assert all(isinstance(holder, Whose) for holder in whose(path).values())
    assert whose("/v1/videos/{video_id}") == {"video_id": Whose.PROJECT}
    assert whose("/api/admin/tasks/{task_id}") == {"task_id": Whose.INSTALLATION}
    assert whose("/api/account/sessions/{session_id}") == {"session_id": Whose.ACCOUNT}


OPENED = ("/health", "/ready", "/metrics", "/callbacks/", "/api/auth/", "/docs", "/api/library/shared/")
"""What anybody may call: what supervisors ask, secret addresses, signing in, and the reference."""


def test_only_what_supervisors_upstreams_and_newcomers_ask_is_open_to_anybody():
    opened = {path for (_, path), scope in PERMISSIONS.items() if isinstance(scope, Open)}

    assert [path for path in opened if not path.startswith(OPENED)] == []


def test_what_changes_something_asks_for_more_than_reading():
    for (method, path), scope in PERMISSIONS.items():
        if scope in EVERYDAY:
            assert isinstance(scope, Scope)
            assert scope.value.endswith(":read") == (method == "GET"), path


def test_what_belongs_to_the_installation_is_for_those_who_keep_it():
    for (_, path), scope in PERMISSIONS.items():
        if path.startswith("/api/admin/"):
            assert scope in (Scope.ADMIN, Scope.OPERATE), path


def test_every_everyday_scope_opens_something():
    assert {s for s in PERMISSIONS.values() if isinstance(s, Scope)} >= EVERYDAY


def test_a_weaker_role_never_may_what_a_stronger_one_may_not():

    for stronger, weaker in itertools.pairwise(Role):
        assert OF_ROLE[weaker] < OF_ROLE[stronger]


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("team_role", [None, Role.MEMBER, Role.VIEWER])
@pytest.mark.parametrize("stored", [None, '["videos:write","videos:read"]', '["admin"]'])
def test_neither_a_key_nor_a_team_adds_to_a_role(role: Role, team_role: Role | None, stored: str | None):
    got = held(role.value, team_role.value if team_role else None, stored)

    assert got <= OF_ROLE[role]
    if stored is not None:
        assert {scope.value for scope in got} <= set(stored.strip("[]").replace('"', "").split(","))
    if team_role is Role.VIEWER:
        assert not {Scope.ADMIN, Scope.VIDEOS_WRITE, Scope.FILES_WRITE, Scope.WEBHOOKS_WRITE} & got
