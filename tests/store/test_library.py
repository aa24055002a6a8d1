"""The library's statements on both databases: words, filters, orders, counts, folders and tags."""

from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import Connection

from reelgate.core.grams import terms, words
from reelgate.core.library import Shelf, Sort
from reelgate.store import library_folders as folder_rows
from reelgate.store import library_items as item_rows
from reelgate.store import library_search, library_shares
from reelgate.store.backend import Backend
from reelgate.store.library_folders import Folder, Tag
from reelgate.store.library_items import Fresh, Shape
from reelgate.store.library_search import Place, Reach, Wanted
from reelgate.store.library_shares import Preset
from reelgate.store.tables import DEFAULT_PROJECT, DEFAULT_USER

ALL = Wanted(project_id=DEFAULT_PROJECT)
PROMPTS = ("金色的海边日落，慢镜头", "一只猫在窗边", "A red kite over a café", "a RED boat 4k", "")


def fresh(number: int, prompt: str, **shape: object) -> Fresh:
    return Fresh(
        id=f"video_{number:026d}",
        project_id=DEFAULT_PROJECT,
        user_id=DEFAULT_USER,
        shape=Shape(**{"kind": "task", "status": "completed", **shape}),
        length_ms=1000 * (number % 3),
        cost=10 * number,
        created_at=1000 + number,
        words=words(prompt),
    )


@pytest.fixture
async def filled(backend: Backend) -> Backend:
    """Five items, a second apart by number."""

    def work(conn: Connection) -> None:
        models = ("veo", "veo", "wan", "wan", "wan")
        items = [fresh(n, prompt, model=models[n]) for n, prompt in enumerate(PROMPTS)]
        item_rows.write(conn, items, 1)

    await backend.write(work)
    return backend


def found(conn: Connection, wanted: Wanted = ALL, **more: object) -> list[int]:
    page = library_search.page(conn, wanted, **{"sort": Sort.CREATED, "ascending": True, "limit": 10, **more})
    return [int(item.id.partition("_")[2]) for item in item_rows.by_number(conn, [p.no for p in page.places])]


async def test_words_are_found_alike_on_both_databases(filled: Backend) -> None:
    questions = {
        "海边": [0],
        "海边日落": [0],
        "海日": [],
        "猫": [1],
        "边": [0, 1],
        "red": [2, 3],
        "RED kit": [2],
        "cafe": [2],
        "4k": [3],
        "kite boat": [],
        "'; drop table x; --": [],
        "!!!": [0, 1, 2, 3, 4],
    }

    def work(conn: Connection) -> dict[str, list[int]]:
        return {q: found(conn, msgspec.structs.replace(ALL, terms=terms(q))) for q in questions}

    assert await filled.read(work) == questions


async def test_words_follow_their_changes_and_go_with_their_item(filled: Backend) -> None:
    def work(conn: Connection) -> list[list[int]]:
        [cat] = item_rows.of_project(conn, [fresh(1, "").id], DEFAULT_PROJECT)
        item_rows.put_words(conn, cat.no, words("一条狗"))
        seen = [found(conn, msgspec.structs.replace(ALL, terms=terms(q))) for q in ("猫", "狗")]
        item_rows.forget(conn, [cat.id])
        return [*seen, found(conn, msgspec.structs.replace(ALL, terms=terms("狗"))), found(conn)]

    assert await filled.write(work) == [[], [1], [], [0, 2, 3, 4]]


async def test_bounds_shapes_and_counts_agree(filled: Backend) -> None:
    def work(conn: Connection) -> None:
        shapes = item_rows.shapes_after(conn, 0)
        [wan] = [number for number, shape in shapes.items() if shape.model == "wan"]
        only = msgspec.structs.replace(ALL, shapes=(wan,))
        assert found(conn, only) == [2, 3, 4]
        assert found(conn, msgspec.structs.replace(only, shapes=())) == []
        assert found(conn, msgspec.structs.replace(ALL, cost_from=10, cost_to=30)) == [1, 2, 3]
        assert found(conn, msgspec.structs.replace(ALL, created_from=1003)) == [3, 4]
        assert found(conn, msgspec.structs.replace(ALL, length_from=2000)) == [2]
        counts = library_search.count_shapes(conn, only)
        assert {shapes[number].model: count for number, count in counts.items()} == {"veo": 2, "wan": 3}
        kites = msgspec.structs.replace(ALL, terms=terms("red"))
        assert sum(library_search.count_shapes(conn, kites).values()) == 2
        assert item_rows.count_shapes(conn) == 2

    await filled.read(work)


async def test_orders_are_cut_at_a_place_in_both_directions(filled: Backend) -> None:
    def work(conn: Connection) -> None:
        for sort, order in (
            (Sort.CREATED, [0, 1, 2, 3, 4]),
            (Sort.COST, [0, 1, 2, 3, 4]),
            (Sort.DURATION, [0, 3, 1, 4, 2]),
        ):
            assert found(conn, sort=sort) == order
            page = library_search.page(conn, ALL, sort=sort, ascending=False, limit=2)
            assert found(conn, sort=sort, ascending=False, limit=2) == order[::-1][:2]
            last: Place = page.places[-1]
            assert found(conn, sort=sort, ascending=False, after=last) == order[::-1][2:]
            second = library_search.page(conn, ALL, sort=sort, ascending=False, limit=2, after=last)
            assert (
                found(conn, sort=sort, ascending=False, limit=2, before=second.places[0]) == order[::-1][:2]
            )

    await filled.read(work)


async def test_words_that_many_hold_are_found_whatever_is_looked_through_first(backend: Backend) -> None:
    """Any reach gives the same pages: all at once, one stretch after another, or each item by itself."""
    prompts = [f"{'red' if n % 3 else 'blue'} kite {n}" for n in range(40)]
    items = [fresh(n, prompt, model="veo" if n % 2 else "wan") for n, prompt in enumerate(prompts)]
    await backend.write(lambda conn: item_rows.write(conn, items, 1))
    reaches = (
        Reach(),
        Reach(few=0, windows=()),
        Reach(few=0, windows=(1, 2, 3)),
        Reach(few=0, windows=(7, 90)),
    )

    def work(conn: Connection) -> list[list[list[int]]]:
        wanted = msgspec.structs.replace(ALL, terms=terms("red kite"), cost_from=30, cost_to=370)
        seen: list[list[list[int]]] = []
        for reach in reaches:
            pages: list[list[int]] = []
            for sort in Sort:
                for ascending in (False, True):
                    first = library_search.page(
                        conn, wanted, sort=sort, ascending=ascending, limit=9, reach=reach
                    )
                    turn = {"sort": sort, "ascending": ascending, "limit": 9, "reach": reach}
                    pages.append([p.no for p in first.places])
                    pages.append(found(conn, wanted, **turn, after=first.places[-1]))
                    pages.append(found(conn, wanted, **turn, before=first.places[4]))
            seen.append(pages)
        return seen

    first, *others = await backend.read(work)
    assert all(one == first for one in others)
    assert first[0] == [n + 1 for n in range(37, 2, -1) if n % 3][:9]


async def test_folders_tags_trash_and_presets_stay_with_their_project(filled: Backend) -> None:
    def work(conn: Connection) -> None:
        item = item_rows.of_project(conn, [fresh(2, "").id], DEFAULT_PROJECT)[0]
        folder = Folder(id="fold_1", project_id=DEFAULT_PROJECT, name="a", created_at=1, updated_at=1)
        assert folder_rows.add_folder(conn, folder)
        assert not folder_rows.add_folder(conn, msgspec.structs.replace(folder, id="fold_2"))
        tag = folder_rows.add_tag(
            conn, Tag(id="tag_1", project_id=DEFAULT_PROJECT, name="keep", created_at=1)
        )
        assert folder_rows.add_tag(conn, msgspec.structs.replace(tag, id="tag_2")).id == tag.id
        item_rows.change(conn, item.no, {"folder_id": folder.id}, 2)
        folder_rows.put_tags(conn, item.no, [tag.id, tag.id])
        item_rows.mark(conn, item, 3, favourite=True, rating=5)
        assert found(conn, msgspec.structs.replace(ALL, folder_id=folder.id)) == [2]
        assert found(conn, msgspec.structs.replace(ALL, no_folder=True, tag_ids=(tag.id,))) == []
        assert found(conn, msgspec.structs.replace(ALL, tag_ids=(tag.id,))) == [2]
        assert library_search.count_folders(conn, ALL, [folder.id]) == {folder.id: 1}
        assert library_search.count_tags(conn, [tag.id]) == {tag.id: 1}
        marked = item_rows.shape_of(conn, item_rows.of_project(conn, [item.id], DEFAULT_PROJECT)[0].shape)
        assert (marked.favourite, marked.rating) == (True, 5)
        item_rows.write(conn, [fresh(2, PROMPTS[2], model="wan", status="failed")], 4)
        again = item_rows.shape_of(conn, item_rows.of_project(conn, [item.id], DEFAULT_PROJECT)[0].shape)
        assert (again.status, again.favourite, again.rating) == ("failed", True, 5)
        item_rows.change(conn, item.no, {"shelf": int(Shelf.TRASH), "trashed_at": 5}, 5)
        assert found(conn) == [0, 1, 3, 4]
        assert found(conn, msgspec.structs.replace(ALL, shelf=Shelf.TRASH)) == [2]
        assert [one.id for one in item_rows.trashed_before(conn, 5, 10)] == [item.id]
        preset = Preset(
            id="preset_1",
            project_id=DEFAULT_PROJECT,
            user_id=DEFAULT_USER,
            name="p",
            shared=False,
            body={"seconds": 8},
            created_at=1,
            updated_at=1,
        )
        library_shares.put_preset(conn, preset)
        library_shares.put_preset(conn, msgspec.structs.replace(preset, name="q"))
        assert [one.name for one in library_shares.presets(conn, DEFAULT_PROJECT, DEFAULT_USER)] == ["q"]
        assert library_shares.presets(conn, DEFAULT_PROJECT, "user_other") == []
        assert item_rows.get(conn, item.id, "proj_other") is None

    await filled.write(work)
