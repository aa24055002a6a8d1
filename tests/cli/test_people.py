"""Users, teams and what keys are granted on the command line."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from reelgate.auth.people import IN_TEAMS
from reelgate.auth.scopes import Scope
from reelgate.cli import keys, teams, users
from reelgate.core.people import BudgetWindow, Role
from tests.cli.conftest import Command


def test_people_are_added_found_changed_and_shut_out(reelgate: Command) -> None:
    made = reelgate("users", "add", "ada", "--role", "viewer", "--email", "ada@example.com", "--json").json()
    assert (made["login"], made["role"]) == ("ada", "viewer")
    assert "/reset#" in made["link"]

    reelgate("users", "role", "ada@example.com", "operator")
    reelgate("users", "disable", "ada")
    listed = {u["login"]: u for u in reelgate("users", "list", "--json").json()}
    assert listed["ada"]["role"] == "operator"
    assert listed["ada"]["disabled_at"] is not None
    assert "ada" in reelgate("users", "list").out
    reelgate("users", "enable", made["id"])

    assert "/reset#" in reelgate("users", "reset", "ada").out
    assert reelgate("users", "logout", "ada", "--json").json() == {"id": made["id"], "ended": 0}
    assert reelgate("users", "role", "nobody", "viewer").code == 3
    with closing(sqlite3.connect(reelgate.data / "reelgate.db")) as conn:
        found = conn.execute("SELECT action FROM audit ORDER BY seq").fetchall()
    assert [action.removeprefix("reelgate users ") for (action,) in found] == [
        "add",
        "role",
        "disable",
        "enable",
        "reset",
        "logout",
    ]


def test_the_first_administrator_is_made_by_a_link_or_by_a_command(reelgate: Command) -> None:
    assert "/setup#" in reelgate("users", "link").out
    (first,) = reelgate("users", "list", "--json").json()
    assert (first["login"], first["role"]) == (None, "admin")
    assert reelgate("users", "role", first["id"], "member").code != 0


def test_an_invitation_may_lead_into_a_team(reelgate: Command) -> None:
    reelgate("teams", "create", "Film")

    sent = reelgate("users", "invite", "--team", "Film", "--note", "for Ada", "--json").json()

    assert "/invite#" in sent["link"]
    assert reelgate("users", "invite", "--team", "Unheard of").code == 3


def test_a_team_is_made_filled_shared_and_dissolved(reelgate: Command) -> None:
    assert "no teams" in reelgate("teams", "list").out
    reelgate("teams", "create", "Film")
    reelgate("users", "add", "ada")

    reelgate("teams", "add", "Film", "ada", "--role", "viewer")

    (team,) = reelgate("teams", "list", "--json").json()
    assert team["members"] == ["ada:viewer"]
    assert "Film" in reelgate("teams", "list").out
    reelgate("teams", "share", team["projects"][0])
    reelgate("teams", "share", team["projects"][0], "Film")
    reelgate("teams", "remove", "Film", "ada")
    assert reelgate("teams", "remove", "Film", "ada").code == 3
    reelgate("teams", "dissolve", "Film")
    assert reelgate("teams", "list", "--json").json() == []


def test_a_key_is_granted_models_a_budget_and_a_time(reelgate: Command) -> None:
    reelgate("users", "add", "ada")
    made = reelgate(
        "keys", "create", "nightly", "--model", "sora-2", "--budget", "12.5", "--every", "day",
        "--days", "90", "--user", "ada", "--json",
    ).json()  # fmt: skip

    found = {key["id"]: key for key in reelgate("keys", "list", "--json").json()}[made["id"]]
    assert (found["models"], found["budget"], found["budget_window"]) == (["sora-2"], 12_500_000, "day")
    assert found["expires_at"] > found["created_at"]
    ada = next(u["id"] for u in reelgate("users", "list", "--json").json() if u["login"] == "ada")
    assert found["user_id"] == ada


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--budget", "a lot"), 2),
        (("--user", "nobody"), 3),
        (("--project", "proj_default", "--user", "ada"), 3),
    ],
)
def test_a_key_that_cannot_be_is_not_made(reelgate: Command, arguments: tuple[str, ...], code: int) -> None:
    reelgate("users", "add", "ada")

    assert reelgate("keys", "create", "nightly", *arguments).code == code


def test_the_commands_know_the_words_of_the_rules() -> None:
    assert set(users.ROLES) == {role.value for role in Role}
    assert set(teams.TEAM_ROLES) == {role.value for role in IN_TEAMS}
    assert set(keys.SCOPES) == {scope.value for scope in Scope}
    assert set(keys.WINDOWS) == {window.value for window in BudgetWindow}
