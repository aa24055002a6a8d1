"""The aggregates that are little more than rows."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy.exc import IntegrityError

from reelgate.core.dialect import Channel
from reelgate.core.lifecycle import Status
from reelgate.core.task import Asset, Blob, Character, Input, Role, Upload, Variant, Verb
from reelgate.store import (
    assets,
    blobs,
    channels,
    characters,
    durations,
    keys,
    lineage,
    projects,
    tasks,
    uploads,
    users,
)
from reelgate.store import settings as setting_rows
from reelgate.store.backend import Backend, Connection
from reelgate.store.durations import Duration
from reelgate.store.keys import Key
from reelgate.store.lineage import Edge
from reelgate.store.tables import DEFAULT_PROJECT, DEFAULT_USER, ParentKind
from tests.store.samples import NOW, REQUEST, a_blob, a_task

KEY = Key(
    id="key_1",
    user_id=DEFAULT_USER,
    project_id=DEFAULT_PROJECT,
    name="laptop",
    digest="d" * 64,
    hint="wxyz",
    scopes=("videos:write", "videos:read"),
    created_at=NOW,
    expires_at=NOW + 10,
    revoked_at=None,
    last_used_at=None,
)
CHANNEL = Channel(
    id="chan_1",
    name="relay",
    dialect="openai_videos",
    base_url="https://example.com/v1",
    secret="sk-上",
    models={"sora-2": "upstream-2"},
    concurrency=3,
    poll_seconds=2.5,
    self_hosted=True,
    settings={"region": {"name": "eu"}},
    priority=-1,
    weight=2,
)
UPLOAD = Upload(
    id="file_1",
    user_id=DEFAULT_USER,
    project_id=DEFAULT_PROJECT,
    filename="灯 塔.png",
    purpose="vision",
    sha256="ab" * 32,
    media_type="image/png",
    bytes=10,
    created_at=NOW,
    expires_at=None,
)


def _asset(variant: Variant = Variant.VIDEO, sha256: str = "ab" * 32, task_id: str = "video_1") -> Asset:
    return Asset(
        id=f"asset_{task_id}_{variant}",
        task_id=task_id,
        variant=variant,
        sha256=sha256,
        media_type="video/mp4",
        bytes=1_000,
        width=720,
        height=1280,
        seconds=4.04,
        created_at=NOW,
    )


async def test_a_key_is_found_by_its_digest_and_closed_for_good(backend: Backend) -> None:
    assert await backend.read(keys.count) == 0
    await backend.write(lambda conn: keys.insert(conn, KEY))
    assert await backend.point(lambda conn: keys.by_digest(conn, KEY.digest)) == KEY
    assert await backend.point(lambda conn: keys.by_digest(conn, "e" * 64)) is None
    assert (KEY.usable(NOW + 9), KEY.usable(NOW + 10)) == (True, False)
    with pytest.raises(IntegrityError):
        await backend.write(lambda conn: keys.insert(conn, replace(KEY, id="key_2")))
    await backend.write(lambda conn: keys.touch(conn, "key_1", NOW + 1))
    assert await backend.write(lambda conn: keys.revoke(conn, "key_1", NOW + 2))
    assert not await backend.write(lambda conn: keys.revoke(conn, "key_1", NOW + 3))
    closed = await backend.point(lambda conn: keys.get(conn, "key_1"))
    assert closed == replace(KEY, last_used_at=NOW + 1, revoked_at=NOW + 2)
    assert closed is not None
    assert not closed.usable(NOW)
    assert await backend.read(keys.all_keys) == [closed]
    assert await backend.read(keys.count) == 1


def test_a_key_or_a_channel_that_is_printed_shows_no_secret() -> None:
    assert KEY.digest not in repr(KEY)
    assert CHANNEL.secret not in repr(CHANNEL)


async def test_a_channel_comes_back_as_it_went_in(backend: Backend) -> None:
    """Shows 001-26."""

    await backend.write(lambda conn: channels.insert(conn, CHANNEL, NOW))
    for ask in (lambda conn: channels.get(conn, "chan_1"), lambda conn: channels.by_name(conn, "relay")):
        assert await backend.point(ask) == replace(CHANNEL, secret="")
    plain = Channel(id="chan_2", name="bare", dialect="animatic", base_url="", enabled=False)
    await backend.write(lambda conn: channels.insert(conn, plain, NOW))
    assert await backend.read(channels.all_channels) == [plain, replace(CHANNEL, secret="")]


async def test_a_channel_is_changed_as_a_whole(backend: Backend) -> None:
    await backend.write(lambda conn: channels.insert(conn, CHANNEL, NOW))
    changed = replace(CHANNEL, name="other", models={}, poll_seconds=None, enabled=False)
    assert await backend.write(lambda conn: channels.update_channel(conn, changed, NOW + 1))
    assert await backend.point(lambda conn: channels.get(conn, "chan_1")) == replace(changed, secret="")
    absent = replace(CHANNEL, id="chan_none")
    assert not await backend.write(lambda conn: channels.update_channel(conn, absent, NOW))


async def test_a_removed_channel_frees_its_name_and_loses_its_secret_but_can_be_looked_up(
    backend: Backend,
) -> None:
    await backend.write(lambda conn: channels.insert(conn, CHANNEL, NOW))
    with pytest.raises(IntegrityError):
        await backend.write(lambda conn: channels.insert(conn, replace(CHANNEL, id="chan_2"), NOW))
    assert await backend.write(lambda conn: channels.remove(conn, "chan_1", NOW))
    assert not await backend.write(lambda conn: channels.remove(conn, "chan_1", NOW))
    assert await backend.read(channels.all_channels) == []
    assert await backend.point(lambda conn: channels.by_name(conn, "relay")) is None
    gone = await backend.point(lambda conn: channels.get(conn, "chan_1"))
    assert gone == replace(CHANNEL, secret="", enabled=False)
    await backend.write(lambda conn: channels.insert(conn, replace(CHANNEL, id="chan_2"), NOW))


async def test_an_alias_stands_for_the_last_model_it_was_given(backend: Backend) -> None:
    def work(conn: Connection) -> dict[str, str]:
        channels.put_alias(conn, "sora-2", "animatic-1", NOW)
        channels.put_alias(conn, "sora-2", "other", NOW)
        channels.put_alias(conn, "sora-2-pro", "animatic-1", NOW)
        return channels.all_aliases(conn)

    assert await backend.write(work) == {"sora-2": "other", "sora-2-pro": "animatic-1"}
    assert await backend.write(lambda conn: channels.remove_alias(conn, "sora-2"))
    assert not await backend.write(lambda conn: channels.remove_alias(conn, "sora-2"))


async def test_a_setting_is_any_json_value(backend: Backend) -> None:
    def work(conn: Connection) -> list[object]:
        setting_rows.put(conn, "a", {"x": [1, None, "灯"]}, NOW)
        setting_rows.put(conn, "a", False, NOW + 1)
        return [setting_rows.get(conn, "a"), setting_rows.get(conn, "b"), setting_rows.get(conn, "b", 7)]

    assert await backend.write(work) == [False, None, 7]
    assert await backend.write(lambda conn: setting_rows.remove(conn, "a"))
    assert not await backend.write(lambda conn: setting_rows.remove(conn, "a"))


async def test_users_and_projects_are_listed_oldest_first(backend: Backend) -> None:
    def work(conn: Connection) -> None:
        users.insert(conn, users.User(id="user_2", name="Ada", created_at=2**60))
        projects.insert(conn, projects.Project(id="proj_2", user_id="user_2", name="Film", created_at=2**60))

    await backend.write(work)
    assert [user.name for user in await backend.read(users.all_users)] == ["default", "Ada"]
    assert [project.id for project in await backend.read(projects.all_projects)] == [
        DEFAULT_PROJECT,
        "proj_2",
    ]
    assert await backend.point(lambda conn: users.get(conn, "user_3")) is None
    found = await backend.point(lambda conn: projects.get(conn, "proj_2"))
    assert found is not None
    assert found.user_id == "user_2"


async def test_a_task_has_one_file_of_each_variant(backend: Backend) -> None:
    picture = a_blob("cd" * 32, media_type="image/webp")

    def work(conn: Connection) -> None:
        tasks.insert(conn, a_task(expires_at=NOW + 5))
        for blob in (a_blob(), picture):
            blobs.put(conn, blob)
        assets.insert(conn, _asset())
        assets.insert(conn, _asset(Variant.THUMBNAIL, picture.sha256))

    await backend.write(work)
    assert await backend.point(lambda conn: assets.get(conn, "video_1", Variant.VIDEO)) == _asset()
    assert await backend.point(lambda conn: assets.get(conn, "video_1", Variant.SPRITESHEET)) is None
    assert len(await backend.read(lambda conn: assets.of_task(conn, "video_1"))) == 2
    with pytest.raises(IntegrityError):
        await backend.write(lambda conn: assets.insert(conn, replace(_asset(), id="asset_2")))
    assert await backend.read(lambda conn: assets.expired_tasks(conn, NOW + 4)) == []
    assert await backend.read(lambda conn: assets.expired_tasks(conn, NOW + 5)) == ["video_1"]
    gone = await backend.write(lambda conn: assets.delete_of_task(conn, "video_1"))
    assert set(gone) == {"ab" * 32, "cd" * 32}
    assert await backend.read(lambda conn: assets.expired_tasks(conn, NOW + 5)) == []


@pytest.mark.parametrize("user", ["asset", "input", "upload", "character", "portrait"])
async def test_bytes_that_anything_needs_are_never_forgotten(backend: Backend, user: str) -> None:
    sha256, other = "ab" * 32, "cd" * 32
    reference = Input(role=Role.REFERENCE, sha256=sha256, media_type="image/png", bytes=1)
    character = Character(
        id="char_1",
        user_id=DEFAULT_USER,
        project_id=DEFAULT_PROJECT,
        name="Mara",
        sha256=sha256 if user == "character" else other,
        portrait_sha256=sha256 if user == "portrait" else other,
        media_type="video/mp4",
        seconds=2.0,
        created_at=NOW,
    )

    def work(conn: Connection) -> list[str]:
        blobs.put(conn, a_blob(sha256))
        blobs.put(conn, a_blob(other, created_at=NOW + 1_000))
        inputs = (reference,) if user == "input" else ()
        tasks.insert(conn, a_task(request=replace(REQUEST, inputs=inputs)))
        match user:
            case "asset":
                assets.insert(conn, _asset(sha256=sha256))
            case "upload":
                uploads.insert(conn, UPLOAD)
            case "character" | "portrait":
                characters.insert(conn, character)
            case _:
                pass
        return blobs.unused(conn, NOW + 100)

    assert await backend.write(work) == []
    assert not await backend.write(lambda conn: blobs.forget(conn, sha256, NOW + 100))
    assert await backend.point(lambda conn: blobs.get(conn, sha256)) is not None


async def test_bytes_that_nothing_needs_are_forgotten_after_their_grace(backend: Backend) -> None:
    blob = a_blob()
    await backend.write(lambda conn: blobs.put(conn, blob))
    await backend.write(lambda conn: blobs.put(conn, replace(blob, created_at=NOW + 50)))
    assert await backend.point(lambda conn: blobs.get(conn, blob.sha256)) == blob
    # Storing the same bytes once more starts the grace anew.
    assert await backend.read(lambda conn: blobs.unused(conn, NOW + 50)) == []
    assert not await backend.write(lambda conn: blobs.forget(conn, blob.sha256, NOW + 50))
    assert await backend.read(lambda conn: blobs.unused(conn, NOW + 51)) == [blob.sha256]
    assert await backend.write(lambda conn: blobs.forget(conn, blob.sha256, NOW + 51))
    assert await backend.read(blobs.all_blobs) == []


async def test_the_inputs_of_a_task_are_let_go_only_once_it_is_deleted_and_over(backend: Backend) -> None:
    blob = Blob(sha256="ab" * 32, bytes=1, media_type="image/png", created_at=NOW)
    reference = Input(role=Role.FIRST_FRAME, sha256=blob.sha256, media_type="image/png", bytes=1)
    request = replace(REQUEST, inputs=(reference,))

    def work(conn: Connection) -> list[int]:
        blobs.put(conn, blob)
        ended = {"status": Status.FAILED, "finished_at": NOW}
        for task_id, changes in (
            ("video_open", {"deleted_at": NOW}),
            ("video_kept", ended),
            ("video_gone", {**ended, "deleted_at": NOW}),
        ):
            tasks.insert(conn, a_task(task_id, request=request, **changes))
        return [blobs.drop_inputs(conn, task_id) for task_id in ("video_open", "video_kept", "video_gone")]

    assert await backend.write(work) == [0, 0, 1]


async def test_a_character_belongs_to_its_project(backend: Backend) -> None:
    character = Character(
        id="char_1",
        user_id=DEFAULT_USER,
        project_id=DEFAULT_PROJECT,
        name="Mara 玛拉",
        sha256="ab" * 32,
        portrait_sha256="ab" * 32,
        media_type="video/mp4",
        seconds=None,
        created_at=NOW,
    )

    def work(conn: Connection) -> None:
        blobs.put(conn, a_blob())
        characters.insert(conn, character)

    await backend.write(work)
    assert await backend.point(lambda conn: characters.get(conn, "char_1", DEFAULT_PROJECT)) == character
    assert await backend.point(lambda conn: characters.get(conn, "char_1", "proj_other")) is None
    assert await backend.point(lambda conn: characters.of_project(conn, DEFAULT_PROJECT)) == [character]


async def test_uploads_are_paged_and_removed_within_their_project(backend: Backend) -> None:
    def work(conn: Connection) -> None:
        blobs.put(conn, a_blob())
        for number in range(5):
            uploads.insert(conn, replace(UPLOAD, id=f"file_{number}", created_at=NOW + number // 2))

    await backend.write(work)

    async def page(after: str | None, *, ascending: bool) -> tuple[list[str], bool]:
        found = await backend.read(
            lambda conn: uploads.page(conn, DEFAULT_PROJECT, limit=2, after=after, ascending=ascending)
        )
        return [upload.id for upload in found.items], found.has_more

    assert await page(None, ascending=True) == (["file_0", "file_1"], True)
    assert await page("file_1", ascending=True) == (["file_2", "file_3"], True)
    assert await page("file_3", ascending=True) == (["file_4"], False)
    assert await page("file_1", ascending=False) == (["file_0"], False)
    assert await page("file_none", ascending=False) == ([], False)
    assert not await backend.write(lambda conn: uploads.remove(conn, "file_0", "proj_other"))
    assert await backend.write(lambda conn: uploads.remove(conn, "file_0", DEFAULT_PROJECT))
    assert await backend.point(lambda conn: uploads.get(conn, "file_0", DEFAULT_PROJECT)) is None


async def test_an_upload_whose_time_has_passed_is_dropped(backend: Backend) -> None:
    def work(conn: Connection) -> list[int]:
        blobs.put(conn, a_blob())
        uploads.insert(conn, UPLOAD)
        uploads.insert(conn, replace(UPLOAD, id="file_2", expires_at=NOW + 5))
        return [len(uploads.drop_expired(conn, NOW + 4)), len(uploads.drop_expired(conn, NOW + 5))]

    assert await backend.write(work) == [0, 1]


async def test_lineage_is_followed_both_ways(backend: Backend) -> None:
    """Shows 004-06."""

    edge = Edge(
        child_id="video_2",
        parent_id="video_1",
        parent_kind=ParentKind.TASK,
        verb=Verb.REMIX,
        diff={"prompt": ["a", "b"]},
        created_at=NOW,
    )
    cast = replace(edge, parent_id="char_1", parent_kind=ParentKind.CHARACTER, diff={})

    def work(conn: Connection) -> None:
        for number in (1, 2):
            tasks.insert(conn, a_task(f"video_{number}"))
        lineage.insert(conn, edge)
        lineage.insert(conn, cast)

    await backend.write(work)
    assert await backend.read(lambda conn: lineage.parents(conn, "video_2")) == [cast, edge]
    assert await backend.read(lambda conn: lineage.children(conn, "video_1")) == [edge]
    assert await backend.read(lambda conn: lineage.children(conn, "video_2")) == []


async def test_only_the_newest_durations_of_a_model_are_kept(backend: Backend) -> None:
    def work(conn: Connection) -> None:
        for number in range(durations.KEPT + 7):
            durations.add(
                conn,
                Duration(
                    model="animatic-1",
                    channel_id=None,
                    seconds_asked=4 + 4 * (number % 2),
                    took_ms=number,
                    finished_at=NOW,
                ),
            )
        durations.add(
            conn,
            Duration(model="other", channel_id="c", seconds_asked=4, took_ms=1, finished_at=NOW),
        )

    await backend.write(work)
    took = await backend.read(lambda conn: durations.took(conn, "animatic-1"))
    assert took == list(range(durations.KEPT + 6, 6, -1))
    eights = await backend.read(lambda conn: durations.took(conn, "animatic-1", seconds=8))
    assert eights == [number for number in took if number % 2]
    assert await backend.read(lambda conn: durations.took(conn, "other")) == [1]


@given(st.lists(st.integers(0, 10**9), max_size=60), st.sampled_from([0.25, 0.5, 0.9, 1.0]))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_quantile_is_a_measured_time_that_at_least_that_share_did_not_exceed(
    took: list[int], share: float
) -> None:
    found = durations.quantile(took, share)
    if not took:
        assert found is None
        return
    assert found in took
    assert found is not None
    assert sum(1 for each in took if each <= found) >= share * len(took)
