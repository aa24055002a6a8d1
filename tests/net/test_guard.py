"""Which addresses are open, judged on paper."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from reelgate.core.errors import Code, Failure, OperatorError
from reelgate.net.addresses import Standing, embedded, faces, read_address, standing
from reelgate.net.guard import Guard, port_is_open

PUBLIC = ("8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.128.0.1", "198.20.0.1", "168.63.129.17")
PUBLIC6 = ("2606:4700:4700::1111", "2a00:1450:4001::200e", "64:ff9b::8.8.8.8")


@pytest.mark.parametrize("address", [*PUBLIC, *PUBLIC6])
def test_a_public_address_is_open_at_the_ports_of_the_web(address: str) -> None:
    guard = Guard()

    assert guard.objection("", address, 443) is None
    assert guard.objection("", address, 9000) is None
    assert guard.objection("", address, 22) is not None
    assert guard.objection("", address, 0) is not None
    assert guard.objection("", address, 65536) is not None


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", Standing.PUBLIC),
        ("127.0.0.1", Standing.PRIVATE),
        ("100.64.0.1", Standing.PRIVATE),
        ("fd12::1", Standing.PRIVATE),
        ("::1", Standing.PRIVATE),
        ("224.0.0.1", Standing.CLOSED),
        ("::", Standing.CLOSED),
        ("fe80::1", Standing.CLOSED),
        ("169.254.1.1", Standing.METADATA),
        ("100.100.100.200", Standing.METADATA),
        ("168.63.129.16", Standing.METADATA),
        ("fd00:ec2::254", Standing.METADATA),
    ],
)
def test_each_address_has_its_standing(address: str, expected: Standing) -> None:
    assert standing(ip_address(address)) is expected


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("10.0.0.1", ()),
        ("2606:4700::1", ()),
        ("::1", ()),
        ("::", ()),
        ("::ffff:10.0.0.1", ("10.0.0.1",)),
        ("::10.0.0.1", ("10.0.0.1",)),
        ("64:ff9b::10.0.0.1", ("10.0.0.1",)),
        ("2002:a00:1::", ("10.0.0.1",)),
        ("2001:0:a00:1::f5ff:fffe", ("10.0.0.1", "10.0.0.1")),
        ("64:ff9b:1:a00:0:100::", ("10.0.0.1", "0.0.0.0")),
        ("64:ff9b:1::10.0.0.1", ("0.0.0.0", "10.0.0.1")),
        ("2a00::5efe:a00:1", ("10.0.0.1",)),
        ("2a00::200:5efe:a00:1", ("10.0.0.1",)),
    ],
)
def test_an_address_inside_an_address_is_found(address: str, inside: tuple[str, ...]) -> None:
    assert [str(each) for each in embedded(ip_address(address))] == list(inside)


def test_what_is_not_an_address_has_no_face() -> None:
    assert faces("host.example") == ()
    assert Guard().objection("", "host.example", 80) is not None
    assert read_address("fe80::1%eth0") == ip_address("fe80::1")


@given(st.integers(0, 2**32 - 1))
def test_nat64_is_exactly_as_open_as_the_address_inside(number: int) -> None:
    inner = IPv4Address(number)
    outer = f"64:ff9b::{number >> 16:x}:{number & 0xFFFF:x}"

    assert (Guard().objection("", outer, 443) is None) == (Guard().objection("", str(inner), 443) is None)


@given(st.integers(0, 2**128 - 1))
def test_every_address_is_judged_and_a_closed_one_names_its_reason(number: int) -> None:
    address = str(ip_address(number.to_bytes(16, "big")))

    reason = Guard().objection("", address, 443)

    assert reason is None or "is closed" in reason


def test_a_network_on_the_list_opens_exactly_itself_at_every_port() -> None:
    guard = Guard(allow=("10.1.0.0/16", "fd12::/16"))

    assert guard.objection("", "10.1.2.3", 22) is None
    assert guard.objection("", "fd12::9", 5432) is None
    assert guard.objection("", "10.2.0.1", 80) is not None
    assert guard.objection("", "::ffff:10.1.2.3", 80) is not None
    assert guard.objection("", "64:ff9b::10.1.2.3", 80) is not None


def test_a_port_on_the_list_opens_that_port_alone() -> None:
    guard = Guard(allow=("10.1.2.3:9000", "[::1]:9000", "[fd12::]", "inner.example:9000"))

    assert guard.objection("", "10.1.2.3", 9000) is None
    assert guard.objection("", "10.1.2.3", 80) is not None
    assert guard.objection("", "::1", 9000) is None
    assert guard.objection("", "::1", 80) is not None
    assert guard.objection("", "fd12::", 1) is None
    assert guard.objection("inner.example", "10.9.9.9", 9000) is None
    assert guard.objection("inner.example", "10.9.9.9", 9001) is not None


def test_a_name_on_the_list_opens_private_addresses_but_never_metadata() -> None:
    guard = Guard(allow=("Inner.Example",))

    assert guard.objection("inner.example", "10.0.0.1", 22) is None
    assert guard.objection("inner.example", "8.8.8.8", 22) is None
    assert guard.objection("other.example", "10.0.0.1", 80) is not None
    assert guard.objection("inner.example", "169.254.169.254", 80) is not None
    assert guard.objection("inner.example", "240.0.0.1", 80) is not None
    assert guard.objection("inner.example", "64:ff9b::10.0.0.1", 80) is not None


def test_metadata_opens_only_when_it_is_named_alone() -> None:
    assert Guard(allow=("0.0.0.0/0",)).objection("", "169.254.169.254", 80) is not None
    assert Guard(allow=("169.254.169.254",)).objection("", "169.254.169.254", 80) is None


def test_a_self_hosted_channel_reaches_private_addresses_but_never_metadata() -> None:
    guard = Guard().with_private()

    assert guard.objection("", "192.168.1.9", 7860) is None
    assert guard.objection("", "127.0.0.1", 1) is None
    assert guard.objection("", "169.254.169.254", 80) is not None
    assert guard.objection("", "fd00:ec2::254", 80) is not None
    assert guard.objection("", "0.0.0.0", 80) is not None


@pytest.mark.parametrize(
    "entry", ["", "*", "*.example", "10.0.0.1/8", "127.1", "http://x", "a b", "h:port", "[::1"]
)
def test_an_entry_nobody_can_read_is_refused_by_name(entry: str) -> None:
    with pytest.raises(OperatorError) as caught:
        Guard(allow=(entry,))

    assert entry in caught.value.failure.message


@pytest.mark.parametrize(
    ("text", "dialled"),
    [
        ("http://Host.Example", "http://host.example/"),
        ("HTTPS://host.example:443/a", "https://host.example/a"),
        ("http://host.example:8080/x#frag", "http://host.example:8080/x"),
        ("http://bücher.example/ü", "http://xn--bcher-kva.example/%C3%BC"),
        ("https://[2606:4700::1111]/x", "https://[2606:4700::1111]/x"),
        ("http://8.8.8.8/", "http://8.8.8.8/"),
        ("http://_x.under_score.example/", "http://_x.under_score.example/"),
    ],
)
def test_an_ordinary_address_is_dialled_as_it_reads(text: str, dialled: str) -> None:
    url = Guard().parse(text)

    assert isinstance(url, URL)
    assert str(url) == dialled


def test_a_signed_link_keeps_every_byte_of_its_path_and_query() -> None:
    text = "https://cdn.example/a%2fb/%7Ec/../d?sig=a%2Bb%3d%3D&e=1:2+3&k"

    url = Guard().parse(text)

    assert str(url) == text


@pytest.mark.parametrize(
    "text", ["http://h\\x/", "http://a@b/", "ftp://x/", "http://xn--/", "http://h:99999/"]
)
def test_a_refusal_has_words_for_people_and_detail_for_operators_only(text: str) -> None:
    refusal = Guard().parse(text)

    assert isinstance(refusal, Failure)
    assert refusal.code is Code.INVALID_REQUEST
    assert text not in refusal.message


def test_a_private_address_is_refused_without_naming_it_to_the_caller() -> None:
    refusal = Guard().parse("http://10.1.2.3/")

    assert isinstance(refusal, Failure)
    assert refusal.code is Code.BLOCKED_ADDRESS
    assert "10.1.2.3" not in refusal.message
    assert "10.1.2.3" in (refusal.detail or "")


def test_ports_of_the_web_are_open_and_those_of_other_services_are_not() -> None:
    assert all(port_is_open(port) for port in (80, 443, 1024, 8080, 8443, 65535))
    assert not any(port_is_open(port) for port in (0, 1, 22, 25, 81, 1023, 2049, 6000, 6667, 65536))
