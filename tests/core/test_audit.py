"""The chain of the audit log holds until somebody touches an entry, and then says which (003-22)."""

from __future__ import annotations

import msgspec
import pytest

from reelgate.core.audit import Break, Entry, Head, Link, Outcome, ends_at, link, verify


def entry(number: int) -> Entry:
    return Entry(
        at=number,
        actor="user_1",
        user_id="user_1",
        key_id=None,
        address="192.0.2.1",
        request_id=None,
        action="POST /api/admin/settings",
        subject=None,
        outcome=Outcome.DONE,
        details={"asked": {"values": {"prompt_max": number}}},
    )


def chain(length: int) -> list[Link]:
    head, links = Head(), []
    for number in range(length):
        links.append(link(head, entry(number)))
        head = Head(links[-1].seq, links[-1].digest)
    return links


def test_an_untouched_chain_holds_to_its_head() -> None:
    links = chain(5)
    walked = verify(links, Head())

    assert isinstance(walked, Head)
    assert walked == Head(5, links[-1].digest)
    assert ends_at(walked, Head(5, links[-1].digest)) is None


@pytest.mark.parametrize("at", range(5))
def test_a_changed_entry_is_named(at: int) -> None:
    links = chain(5)
    forged = msgspec.structs.replace(links[at].entry, actor="somebody else")
    links[at] = msgspec.structs.replace(links[at], entry=forged)

    assert verify(links, Head()) == Break(at + 1, f"entry {at + 1} was changed after it was written")


def test_an_entry_written_anew_with_a_digest_of_its_own_breaks_the_one_after_it() -> None:
    links = chain(3)
    links[1] = link(Head(1, links[0].digest), entry(99))

    assert verify(links, Head()) == Break(3, "entry 3 does not follow entry 2")


def test_a_removed_entry_is_missed() -> None:
    links = chain(4)
    del links[1]

    assert verify(links, Head()) == Break(2, "entry 2 is missing")


def test_a_cut_end_is_missed_although_what_is_left_holds() -> None:
    links = chain(4)
    walked = verify(links[:2], Head())

    assert isinstance(walked, Head)
    assert ends_at(walked, Head(4, links[-1].digest)) == Break(3, "entries 3 to 4 were cut off")


def test_an_entry_past_the_head_is_no_part_of_the_log() -> None:
    links = chain(3)
    walked = verify(links, Head())

    assert isinstance(walked, Head)
    assert ends_at(walked, Head(2, links[1].digest)) == Break(
        3, "entry 3 was added past the head of the chain"
    )
