"""Every rule of tools/lint.py catches what it is for, and leaves the nearest good code alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.lint import RULES, check

ENGINE = Path("src/reelgate/engine/watch.py")
MONEY = Path("src/reelgate/engine/settle.py")
JOB = Path("src/reelgate/media/jobs/clip.py")
DERIVE = Path("src/reelgate/media/derive.py")

BAD = [
    ("one-way-out", ENGINE, "import http.client"),
    ("one-way-out", ENGINE, "from urllib import request"),
    ("one-way-out", ENGINE, "from urllib.request import urlopen"),
    ("submit-once", ENGINE, "while True:\n    submit(task)"),
    ("submit-once", ENGINE, "for c in channels:\n    dialect.submit(s, c)"),
    ("submit-once", ENGINE, "async def f():\n    async for c in channels:\n        await x.submit(c)"),
    ("submit-once", ENGINE, "try:\n    pass\nexcept OSError:\n    submit(task)"),
    ("submit-once", ENGINE, "@retry(3)\ndef f():\n    submit(task)"),
    ("submit-once", ENGINE, "@stamina.retry\nasync def f():\n    await submit(task)"),
    ("whole-money", MONEY, "x = 0.5"),
    ("whole-money", MONEY, "x = float(y)"),
    ("whole-money", MONEY, "def f(x: float) -> None: ..."),
    ("whole-money", MONEY, "x = y / 2"),
    ("whole-money", MONEY, "x /= 2"),
    ("media-in-child", DERIVE, "av.open(file, options=o)"),
    ("media-in-child", ENGINE, "with Image.open(file) as i:\n    pass"),
    ("media-by-file", JOB, "def f():\n    av.open('a.mp4', options=o)"),
    ("media-by-file", JOB, "def f(name: str):\n    av.open(name, options=o)"),
    ("media-by-file", JOB, "def f(path):\n    av.open(str(path), options=o)"),
    ("media-by-file", JOB, "def f(n):\n    av.open(f'{n}.mp4', options=o)"),
    ("media-by-file", JOB, "def f(file):\n    av.open(file)"),
]
GOOD = [
    (ENGINE, "from http import HTTPStatus\nfrom urllib.parse import urlsplit"),
    (Path("src/reelgate/cli/doors.py"), "import http.client"),
    (ENGINE, "async def f():\n    return await submit(task)"),
    (ENGINE, "for task in tasks:\n    wake(task)"),
    (MONEY, "x = y // 2\nz = divmod(y, 2)"),
    (JOB, "def f(file):\n    with av.open(file, options=o) as c:\n        pass"),
    (JOB, "def f(path):\n    av.open(str(path), mode='w', format='mp4')"),
    (Path("src/reelgate/testing/upstream.py"), "av.open(file, 'w')"),
    (Path("src/reelgate/store/pool.py"), "for w in work:\n    pool.submit(w)"),
]


@pytest.mark.parametrize(("rule", "path", "text"), BAD)
def test_a_broken_rule_is_found(rule: str, path: Path, text: str):
    assert {finding.rule for finding in check(path, text)} == {rule}


@pytest.mark.parametrize(("path", "text"), GOOD)
def test_good_code_is_left_alone(path: Path, text: str):
    assert check(path, text) == []


def test_every_rule_has_code_that_breaks_it():
    assert {rule.name for rule in RULES} == {name for name, _, _ in BAD}


def test_a_finding_says_where_and_what():
    (finding,) = check(MONEY, "\nx = 0.5")

    assert str(finding).startswith("src/reelgate/engine/settle.py:2: whole-money: ")
