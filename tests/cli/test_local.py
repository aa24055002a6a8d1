"""Keys, channels, settings, checks and backups: commands on the data folder itself."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import Command, Ran


def _error(ran: Ran) -> dict[str, object]:
    return json.loads(ran.err.strip().splitlines()[-1])["error"]


# Keys


def test_a_key_is_made_without_a_server_and_shown_once(reelgate: Command) -> None:
    made = reelgate("keys", "create", "laptop", "--json")
    assert made.code == 0, made.err
    assert set(made.json()) == {"id", "key"}
    listed = reelgate("keys", "list", "--json")
    names = {key["name"]: key for key in listed.json()}
    assert names["laptop"]["id"] == made.json()["id"]
    assert made.json()["key"] not in listed.out
    assert "admin" not in names["laptop"]["scopes"]


def test_the_first_use_of_a_data_folder_gives_the_administrator_key_once(reelgate: Command) -> None:
    """Shows 000-48."""

    first = reelgate("keys", "create", "one")
    assert "administrator" in first.err
    assert first.out.strip().startswith("rg_")
    assert "administrator" not in reelgate("keys", "create", "two").err
    assert "admin" in {s for key in reelgate("keys", "list", "--json").json() for s in key["scopes"]}


def test_a_revoked_key_is_gone_and_an_unknown_one_is_not_found(reelgate: Command) -> None:
    made = reelgate("keys", "create", "laptop", "--json").json()
    assert reelgate("keys", "revoke", "laptop", "--json").json() == {"id": made["id"], "revoked": True}
    again = reelgate("keys", "revoke", made["id"])
    assert again.code == 3
    assert "Error:" in again.err


def test_two_keys_of_one_name_are_told_apart_by_id(reelgate: Command) -> None:
    ids = [reelgate("keys", "create", "twin", "--json").json()["id"] for _ in range(2)]
    ran = reelgate("keys", "revoke", "twin", "--json")
    assert ran.code == 2
    assert all(key_id in str(_error(ran)["message"]) for key_id in ids)
    assert reelgate("keys", "revoke", ids[0]).code == 0


def test_a_key_clients_already_use_is_imported_and_never_printed(reelgate: Command) -> None:
    ran = reelgate("keys", "import", "old relay", "--json", stdin="sk-My Own Key 123\n")
    assert ran.code == 0, ran.err
    assert "My Own" not in ran.out + ran.err
    twice = reelgate("keys", "import", "again", "--json", stdin="sk-My Own Key 123\n")
    assert (twice.code, _error(twice)["code"]) == (2, "invalid_request")
    assert reelgate("keys", "import", "empty", stdin="\n").code == 1


def test_a_key_takes_only_known_scopes(reelgate: Command) -> None:
    made = reelgate("keys", "create", "reader", "--scope", "videos:read", "--json")
    assert made.code == 0
    assert reelgate("keys", "create", "wrong", "--scope", "everything").code == 2
    (reader,) = [k for k in reelgate("keys", "list", "--json").json() if k["name"] == "reader"]
    assert reader["scopes"] == ["videos:read"]


# Channels

ADD = ("channels", "add", "mine", "--dialect", "openai_videos", "--model", "sora-2=wan-2", "--model", "wan-2")


def test_a_channel_is_added_listed_switched_and_removed(reelgate: Command) -> None:
    secret = reelgate.home / "secret"
    secret.write_text("sk-upstream-secret\n")
    added = reelgate(
        *ADD,
        *("--base-url", "https://upstream.example/v1", "--secret-file", str(secret)),
        *("--concurrency", "7", "--poll-seconds", "2.5", "--json"),
    )
    assert added.code == 0, added.err
    channel = added.json()
    assert channel["models"] == {"sora-2": "wan-2", "wan-2": "wan-2"}
    assert (channel["concurrency"], channel["poll_seconds"], channel["has_secret"]) == (7, 2.5, True)
    listed = reelgate("channels", "list")
    assert "upstream.example" in listed.out
    assert "sk-upstream" not in listed.out + added.out
    assert reelgate("channels", "disable", "mine", "--json").json()["enabled"] is False
    assert reelgate("channels", "enable", channel["id"], "--json").json()["enabled"] is True
    assert reelgate("channels", "remove", "mine", "--json").json() == {"id": channel["id"], "removed": True}
    assert "mine" not in reelgate("channels", "list").out
    assert reelgate("channels", "disable", "mine").code == 3


def test_the_secret_of_a_channel_comes_from_standard_input_too(reelgate: Command) -> None:
    """Shows 000-32."""

    given = ("--base-url", "https://upstream.example", "--secret-file", "-", "--json")
    assert reelgate(*ADD, *given, stdin="sk-1\n").json()["has_secret"] is True


@pytest.mark.parametrize(
    "base_url", ["http://127.0.0.1:9000", "http://10.0.0.5", "http://169.254.169.254", "http://0x7f.1"]
)
def test_a_private_address_is_refused_before_anything_is_stored(reelgate: Command, base_url: str) -> None:
    ran = reelgate(*ADD, "--base-url", base_url, "--json")
    assert (ran.code, _error(ran)["code"]) == (2, "blocked_address")
    assert "mine" not in reelgate("channels", "list").out


def test_a_self_hosted_channel_may_be_private_but_never_a_metadata_address(reelgate: Command) -> None:
    assert reelgate(*ADD, "--base-url", "http://127.0.0.1:9000", "--self-hosted").code == 0
    assert reelgate(*ADD, "--base-url", "http://169.254.169.254", "--self-hosted").code == 2


@pytest.mark.parametrize(
    "args",
    [
        ("--base-url", "upstream.example"),
        ("--base-url", "ftp://upstream.example"),
        ("--base-url", "https://user:pass@upstream.example"),
        ("--base-url", "https://upstream.example/?key=1"),
        (),
        ("--base-url", "https://upstream.example", "--dialect", "nobody"),
        ("--base-url", "https://upstream.example", "--model", "=x"),
        ("--base-url", "https://upstream.example", "--concurrency", "0"),
        ("--base-url", "https://upstream.example", "--dialect", "animatic", "--model", "unheard-of"),
    ],
)
def test_a_channel_that_makes_no_sense_is_refused_as_usage(reelgate: Command, args: tuple[str, ...]) -> None:
    ran = reelgate(*ADD, *args)
    assert ran.code == 2, ran.err
    assert "Traceback" not in ran.err


def test_a_second_channel_of_one_name_is_refused(reelgate: Command) -> None:
    assert reelgate(*ADD, "--base-url", "https://upstream.example").code == 0
    again = reelgate(*ADD, "--base-url", "https://other.example")
    assert again.code == 2
    assert "channels remove mine" in again.err


# Settings


def test_settings_are_shown_with_where_they_come_from(reelgate: Command) -> None:
    (reelgate.home / "reelgate.toml").write_text("port = 9009\n")
    env = {"REELGATE_DATABASE": "postgresql://rg:hush@db.example/rg", "REELGATE_HOST": "::1"}
    found = reelgate.process("config", "--json", env=env).json()
    assert (found["port"]["value"], found["port"]["from"]) == (9009, "reelgate.toml")
    assert (found["host"]["value"], found["host"]["from"]) == ("::1", "REELGATE_HOST")
    assert found["database"]["value"] == "postgresql://rg:***@db.example/rg"
    assert found["log_level"]["from"] == "default"
    assert reelgate("config", "--data", "elsewhere", "--json").json()["data"]["from"] == "command line"
    assert "9009" in reelgate("config").out


def test_the_data_folder_may_be_named_before_or_after_the_command(reelgate: Command) -> None:
    for args in (("--data", "here", "config"), ("config", "--data", "here")):
        assert reelgate(*args, "--json").json()["data"]["value"] == "here"
    assert reelgate("config", "--json").json()["data"]["value"] == str(reelgate.data)


@pytest.mark.parametrize("toml", ["port = 'many'", "unheard_of = 1", "port ="])
def test_a_wrong_setting_is_named_and_is_no_traceback(reelgate: Command, toml: str) -> None:
    (reelgate.home / "reelgate.toml").write_text(toml)
    ran = reelgate("keys", "list")
    assert ran.code == 2
    assert "Traceback" not in ran.err
    assert "reelgate.toml" in ran.err


# Doctor


def test_the_doctor_finds_a_new_installation_well(reelgate: Command) -> None:
    before = reelgate("doctor", "--json")
    assert before.code == 0, before.out
    assert not reelgate.data.exists()
    assert reelgate("keys", "create", "x").code == 0
    found = {check["check"]: check for check in reelgate("doctor", "--json").json()}
    assert {name for name, check in found.items() if check["state"] == "fail"} == set()
    assert {"python", "codecs", "fonts", "database", "schema", "folder", "disk", "clock", "guard"} <= set(
        found
    )
    assert "ok" in reelgate("doctor").out


def test_the_doctor_fails_on_a_damaged_database_and_says_what_to_do(reelgate: Command) -> None:
    """Shows 000-49."""

    assert reelgate("keys", "create", "x").code == 0
    database = reelgate.data / "reelgate.db"
    content = bytearray(database.read_bytes())
    content[4096:16384] = b"\xa5" * 12288
    database.write_bytes(bytes(content))
    ran = reelgate("doctor", "--json")
    assert ran.code == 1
    found = {check["check"]: check for check in ran.json()}
    assert found["database"]["state"] == "fail"
    assert "restore" in found["database"]["next_step"]


def test_the_doctor_warns_of_a_data_folder_others_can_read(reelgate: Command) -> None:
    assert reelgate("keys", "create", "x").code == 0
    reelgate.data.chmod(0o755)
    found = {check["check"]: check for check in reelgate("doctor", "--json").json()}
    assert found["folder"]["state"] == "warn"


def test_the_doctor_names_a_wrong_allow_list(reelgate: Command) -> None:
    ran = reelgate.process("doctor", "--json", env={"REELGATE_NET_ALLOW": "not an address"})
    assert ran.code == 1
    assert [check["check"] for check in ran.json() if check["state"] == "fail"] == ["guard"]


def test_invariants_hold_on_a_new_installation_and_a_stray_file_breaks_them(reelgate: Command) -> None:
    assert reelgate("doctor", "--invariants").code == 1
    assert reelgate("keys", "create", "x").code == 0
    assert reelgate("doctor", "--invariants", "--json").json() == {"violations": []}
    stray = reelgate.data / "spool" / "left-over"
    stray.write_bytes(b"x")
    os.utime(stray, (0, 0))
    ran = reelgate("doctor", "--invariants")
    assert ran.code == 1
    assert "left-over" in ran.out


# Data


def test_an_unusable_data_folder_is_said_in_words(reelgate: Command) -> None:
    (reelgate.home / "file").write_text("not a folder")
    ran = reelgate("keys", "create", "x", "--data", str(reelgate.home / "file" / "below"))
    assert ran.code == 1
    assert "Traceback" not in ran.err


def test_upgrading_is_repeatable(reelgate: Command) -> None:
    first, second = (reelgate("db", "upgrade", "--json") for _ in range(2))
    assert first.code == second.code == 0
    assert first.json() == second.json()


def _backed_up(reelgate: Command) -> tuple[dict[str, str], Path]:
    key = reelgate("keys", "create", "kept", "--json").json()
    ran = reelgate("db", "backup", "--json")
    assert ran.code == 0, ran.err
    return key, Path(ran.json()["path"])


def test_a_backup_goes_into_a_clean_folder_and_keeps_the_keys(reelgate: Command, tmp_path: Path) -> None:
    key, backup = _backed_up(reelgate)
    assert stat.S_IMODE(backup.stat().st_mode) == 0o700
    restored = tmp_path / "restored"
    ran = reelgate("db", "restore", str(backup), "--data", str(restored))
    assert ran.code == 0, ran.err
    other = Command(restored, reelgate.home)
    assert key["id"] in {k["id"] for k in other("keys", "list", "--json").json()}
    assert other("doctor", "--invariants").code == 0
    # A key that is there already was recognised under the same pepper.
    assert other("keys", "import", "again", stdin=key["key"]).code == 2


def test_a_restore_never_touches_a_folder_that_holds_something(reelgate: Command) -> None:
    _, backup = _backed_up(reelgate)
    before = (reelgate.data / "reelgate.db").read_bytes()
    assert reelgate("db", "restore", str(backup)).code == 1
    assert (reelgate.data / "reelgate.db").read_bytes() == before


@pytest.mark.parametrize(
    "damage", ["flip", "cut", "no pepper", "no manifest", "bad manifest", "strange name", "empty"]
)
def test_a_damaged_backup_is_refused_and_nothing_is_applied(
    reelgate: Command, tmp_path: Path, damage: str
) -> None:
    _, backup = _backed_up(reelgate)
    database, manifest = backup / "reelgate.db", backup / "manifest.json"
    match damage:
        case "flip":
            content = bytearray(database.read_bytes())
            content[-1] ^= 1
            database.write_bytes(bytes(content))
        case "cut":
            database.write_bytes(database.read_bytes()[:-4096])
        case "no pepper":
            (backup / "key-pepper").unlink()
        case "no manifest":
            manifest.unlink()
        case "bad manifest":
            manifest.write_text("{")
        case "strange name":
            said = json.loads(manifest.read_text())
            said["blobs"] = [{"sha256": "../../../../etc/passwd", "bytes": 1}]
            manifest.write_text(json.dumps(said))
        case _:
            shutil.rmtree(backup)
    target = tmp_path / "restored"
    ran = reelgate("db", "restore", str(backup), "--data", str(target), "--json")
    assert ran.code == 1
    assert "Nothing was changed" in str(_error(ran)["message"])
    assert not target.exists()


def test_a_backup_is_never_written_over_another(reelgate: Command) -> None:
    _, backup = _backed_up(reelgate)
    assert reelgate("db", "backup", str(backup)).code == 1


def test_there_is_nothing_to_back_up_before_the_first_start(reelgate: Command) -> None:
    ran = reelgate("db", "backup")
    assert ran.code == 1
    assert "Next:" in ran.err


def test_rows_of_a_server_are_not_backed_up_without_the_key_file_they_need(reelgate: Command) -> None:
    ran = reelgate.process("db", "backup", env={"REELGATE_DATABASE": "postgresql://db.example/rg"})
    assert ran.code == 1
    assert "key-pepper" in ran.err


def test_backups_are_listed_and_a_damaged_one_is_told_by_reading_it(reelgate: Command) -> None:
    _, backup = _backed_up(reelgate)
    assert [one["state"] for one in reelgate("db", "backups", "--json").json()] == ["unread"]
    ran = reelgate("db", "backups", "--verify", "--json")
    assert (ran.code, [one["state"] for one in ran.json()]) == (0, ["whole"])
    assert backup.name in reelgate("db", "backups").out

    with (backup / "reelgate.db").open("r+b") as file:
        file.truncate(4096)

    ran = reelgate("db", "backups", "--verify")
    assert ran.code == 1
    assert "cannot be used" in ran.err


def test_a_worker_of_its_own_needs_postgresql(reelgate: Command) -> None:
    ran = reelgate("worker")
    assert ran.code == 1
    assert "PostgreSQL" in ran.err
