"""Addresses in every spelling known to have fooled somebody; none of them may ever be dialled.

The guard of these tests opens 127.0.0.1 and nothing else, so 127.0.0.1 itself stands here only in
spellings that are not its own.
"""

from __future__ import annotations

_LITERALS = (
    # loopback, this network, private use, shared space
    *("127.0.0.2", "127.1.2.3", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255"),
    *("172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255", "100.64.0.1", "100.127.255.255"),
    # metadata
    *("169.254.169.254", "169.254.170.2", "169.254.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
    # protocol assignments, documentation, benchmarks, relays, AS112, AMT
    *("192.0.0.1", "192.0.0.8", "192.0.0.170", "192.0.2.1", "198.51.100.7", "203.0.113.9", "198.18.0.1"),
    *("198.19.255.255", "192.88.99.1", "192.31.196.1", "192.52.193.1", "192.175.48.6"),
    # multicast, reserved, broadcast
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "255.255.255.254"),
)
_SIX = (
    # unspecified, loopback, mapped, compatible
    *("::", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:169.254.169.254"),
    *("::ffff:8.8.8.8", "::127.0.0.1", "::7f00:1", "::169.254.169.254", "::ffff:0:127.0.0.1"),
    # 6to4, Teredo (server and client), NAT64 well-known and local-use, ISATAP
    *("2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:808:808::1", "2001:0:7f00:1::", "2001::80ff:fffe"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1", "64:ff9b::a83f:8110"),
    *("64:ff9b:1::1", "64:ff9b:1:7f00:0:100::", "64:ff9b:1::127.0.0.1", "2a00:1450::5efe:127.0.0.1"),
    *("2a00:1450::200:5efe:10.0.0.1",),
    # link-local, site-local, unique local, metadata
    *("fe80::1", "febf::1", "fec0::1", "feff::1", "fc00::1", "fd00::1", "fd00:ec2::254", "fd20:ce::254"),
    *("fd00:c1::a9fe:a9fe",),
    # multicast, discard, dummy, documentation, ORCHID, benchmarks, SRv6, AS112, unassigned
    *("ff02::1", "ff05::2", "ff0e::1", "100::1", "100:0:0:1::1", "2001:db8::1", "3fff::1", "2001:10::1"),
    *("2001:20::1", "2001:30::1", "2001:2::1", "2001:3::1", "2001:4:112::1", "2001:1::1", "5f00::1"),
    *("2620:4f:8000::1", "4000::1", "8000::1", "1::1"),
)
_HOSTS = (
    # decimal, octal, hexadecimal, short, overflowing
    *("2130706433", "2130706434", "017700000001", "0x7f000001", "0x7F000002", "127.1", "127.0.1", "0"),
    *("0x7f.1", "0x7f.0.0.1", "0177.0.0.1", "0177.0.0.01", "127.0.0.01", "127.00.0.1", "0x0", "00", "0.0"),
    *("4294967295", "4294967296", "127.0.0.257", "256.256.256.256", "1.2.3.4.5", "0xa9fea9fe", "2852039166"),
    *("169.254.43518", "0251.0376.0251.0376", "0x7f.0x0.0x0.0x1", "foo.0x7f", "foo.1", "0x", "1e3.0"),
    # trailing dots and empty labels
    *(
        "127.0.0.1.",
        "127.0.0.2.",
        "localhost.",
        "localhost..",
        ".localhost",
        "a..b",
        "-a.example",
        "a-.example",
    ),
    # other digits, dots and letters
    *("127。0。0。2", "127．0．0．2", "１２７.0.0.2", "①②⑦.⓪.⓪.②", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "１69.254.169.254"),
    *("𝟏𝟐𝟕.𝟎.𝟎.𝟐", "١٢٧.0.0.2", "loc\u00adalhost", "local\u200bhost", "127.0.0.2\u3002", "[::１]"),
    # percent signs, zones, brackets
    *("%31%32%37.0.0.2", "127.0.0.2%00", "127.0.0.2%2e", "localhost%00.example", "[::1%25lo]", "[::1%lo]"),
    *("[fe80::1%25eth0]", "[fe80::1%eth0]", "[127.0.0.2]", "[::1", "::1", "[::1]x", "[v1.fe80::1]", "[]"),
    # names
    *("localhost", "LOCALHOST", "inner.localhost", "private.example", "mixed.example", "mixed6.example"),
    *(
        "metadata.example",
        "empty.example",
        "huge.example",
        "hugely.example",
        "weird.example",
        "unknown.example",
    ),
    *("a" * 64 + ".example", "a." * 127 + "example", "xn--", "xn--0"),
)
_WHOLE = (
    # userinfo
    *("http://user@private.example/", "http://user:pw@127.0.0.1:{port}/", "http://a@b@127.0.0.1:{port}/"),
    *("http://@127.0.0.1:{port}/", "http://:@127.0.0.1:{port}/", "http://127.0.0.1:{port}@127.0.0.2/"),
    *("http://127.0.0.2#@127.0.0.1:{port}/", "http://127.0.0.1%40127.0.0.2/"),
    # backslash, white space, control characters
    *("http://127.0.0.1:{port}\\@127.0.0.2/", "http:\\\\127.0.0.2/", "http://127.0.0.2\\x"),
    *("http://127.0.0.1:{port}/a\\b", "http://127.0.0.1:{port}/\tx", "http://127.0.0.1:{port}/\r\nX: y"),
    *(
        "http://127.0.0.1:{port}/\n",
        " http://127.0.0.1:{port}/",
        "http://127.0.0.1:{port}/ x",
        "ht\ttp://127.0.0.2",
    ),
    *("http://127.0.0.1:{port}/\x00", "http://127.0.0.1:{port}/\x7f", "http://127.0.0.1:{port}/\x85x"),
    *("http://127.0.0.1:{port}/\ud800",),
    # schemes and shapes
    *(
        "file:///etc/passwd",
        "gopher://127.0.0.2/",
        "ftp://127.0.0.2/",
        "data:text/plain,hello",
        "javascript:1",
    ),
    *("ws://127.0.0.2/", "unix:///var/run/x.sock", "http:127.0.0.2", "http:/127.0.0.2", "http:///127.0.0.2"),
    *(
        "//127.0.0.2/",
        "127.0.0.2",
        "127.0.0.2:80",
        "",
        "http://",
        "http:",
        "http://?x",
        "http://#x",
        "jar:http://127.0.0.2/",
    ),
    # ports
    *("http://public.example:0/", "http://public.example:22/", "http://public.example:25/"),
    *("http://public.example:6000/", "http://public.example:6667/", "http://public.example:65536/"),
    *("http://public.example:-1/", "http://public.example:+80/", "http://public.example:8_0/"),
    *(
        "http://public.example:８０/",
        "http://public.example: 80/",
        "http://public.example:/",
        "http://public.example:0x50/",
    ),
    # length
    "http://127.0.0.1:{port}/" + "a" * 9000,
)

BARRED: tuple[str, ...] = (
    *(f"http://{each}/" for each in _LITERALS),
    *(f"https://[{each}]/" for each in _SIX),
    *(f"http://{each}/" for each in _HOSTS),
    *_WHOLE,
)

NAMES: dict[str, list[str]] = {
    "localhost": ["127.0.0.2"],
    "localhost.": ["127.0.0.2"],
    "inner.localhost": ["127.0.0.2", "::1"],
    "private.example": ["10.0.0.1"],
    "mixed.example": ["127.0.0.1", "127.0.0.2"],
    "mixed6.example": ["127.0.0.1", "::1"],
    "metadata.example": ["169.254.169.254"],
    "empty.example": [],
    "huge.example": ["127.0.0.1"] * 10_000,
    "hugely.example": [*["127.0.0.1"] * 200, "127.0.0.2"],
    "weird.example": ["fe80::1%eth0"],
    "public.example": ["93.184.215.14"],
    "xn--0": ["127.0.0.2"],
}


async def lookup(host: str, port: int) -> list[str]:
    """Knows the names above, and answers nothing else."""
    if host not in NAMES:
        raise OSError("no such name")
    return NAMES[host]
