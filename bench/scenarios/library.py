"""Library: searching and filtering a hundred thousand items, one question after the other."""

from __future__ import annotations

import http.client
import json
import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from bench.bench import Bench
from bench.figures import Figure, Scenario
from bench.gateway import Gateway, upstream

MANY = 100_000
GOAL_MS = 50.0
STEP = 5_000
TIMES = 40
WITHIN_S = 600.0

_LATIN = (
    "a red kite over the harbour at dawn slow pan river forest city street rain neon night portrait woman man"
    " dog cat horse mountain snow desert train window coffee macro drone aerial handheld film grain pastel"
    " running dancing smiling walking falling leaves waves sunset golden hour fog storm ship lighthouse"
)
_CHINESE = (
    "海边 日落 慢镜头 城市 夜景 雨中 街道 少女 老人 小猫 骏马 雪山 沙漠 火车 窗边 咖啡 特写 航拍 胶片 奔跑 跳舞"
    " 微笑 落叶 海浪 金色 黄昏 大雾 暴风雨 灯塔 樱花"
)
_SIZES = ("1280x720", "720x1280", "1024x1024", "1024x768", "1792x1024")
_STATUSES = ("completed",) * 8 + ("failed", "cancelled")
_QUESTIONS: dict[str, str] = {
    "first page": "",
    "a word in one of twenty": "q=lighthouse",
    "a word in nearly all": "q=a",
    "two words": "q=lighthouse+neon",
    "a word begun": "q=lightho",
    "Chinese, two characters": "q=" + quote("灯塔"),
    "Chinese, one character": "q=" + quote("猫"),
    "Chinese, a phrase": "q=" + quote("海边日落"),
    "a word nobody wrote": "q=zzyzx",
    "a word and a model": "q=lighthouse&model=model-3",
    "model": "model=model-3",
    "model nobody used": "model=model-99",
    "status": "status=failed",
    "aspect": "aspect=9:16",
    "kind": "kind=clip",
    "favourite": "favourite=true",
    "rating": "rating=5",
    "folder": "folder={folder}",
    "tag": "tag={tag}",
    "duration": "seconds_from=12",
    "cost": "cost_from=2.9",
    "cost of none": "cost_from=900",
    "date": "created_to={day}",
    "everything at once": "status=completed&model=model-3&aspect=16:9&cost_from=1&seconds_to=8&favourite=true",
    "ordered by cost": "sort=cost",
    "ordered by duration": "sort=duration&order=asc",
    "a page in the middle": "after={middle}",
}
_COUNTS = {"counts": "", "counts under a model": "model=model-3", "counts under a word": "q=lighthouse"}


def measure(bench: Bench) -> Scenario:
    """Fill a library, then ask every question again and again over one connection."""
    count = bench.sized(MANY)
    with bench.place("library") as folder, upstream(folder) as up:
        gateway = Gateway(folder, up)
        with gateway.serving():
            gateway.create("a boat on a lake at dawn")
        bench.say(f"library: writing {count:,} tasks")
        seed(gateway.data / "reelgate.db", count, lambda share: bench.advance(0.2 * share))
        with gateway.serving():
            asked = Asked(gateway.url, gateway.key)
            bench.say("library: taking them in")
            took_s = _taken_in(asked, count)
            places = _marked(asked)
            bench.advance(0.6)
            bench.say("library: asking")
            times = TIMES // 4 if bench.quick else TIMES
            taken = {
                name: asked.timed(f"/api/library/items?limit=50&{query.format(**places)}", times)
                for name, query in _QUESTIONS.items()
            }
            counted = {
                name: asked.timed(f"/api/library/facets?{query}", times) for name, query in _COUNTS.items()
            }
            bench.advance(1.0)
    return _scenario(count, took_s, taken, counted)


class Asked:
    """One connection to the library."""

    def __init__(self, url: str, key: str) -> None:
        host = urlsplit(url)
        self._connection = http.client.HTTPConnection(host.hostname or "", host.port, timeout=WITHIN_S)
        self._headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask, and give the answer.

        Raises AssertionError for a refusal.
        """
        sent = None if body is None else json.dumps(body)
        self._connection.request(method, path, sent, self._headers)
        answer = self._connection.getresponse()
        read = answer.read()
        assert answer.status == 200, (path, read)
        return json.loads(read)

    def timed(self, path: str, times: int) -> list[float]:
        """Ask the same again and again; gives how many milliseconds each took, in order of length."""
        self.ask("GET", path)
        taken: list[float] = []
        for _ in range(times):
            began = time.perf_counter()
            self.ask("GET", path)
            taken.append(1000 * (time.perf_counter() - began))
        return sorted(taken)


def seed(path: Path, count: int, tell: Callable[[float], None]) -> None:
    """Fill the task table by copies of its one row, each with a prompt, a model, a size and an end of its own."""
    db = sqlite3.connect(path, isolation_level=None)
    db.row_factory = sqlite3.Row
    original = dict(db.execute("SELECT * FROM tasks").fetchone())
    drawn = random.Random(7)
    names = list(original)
    statement = f"INSERT INTO tasks ({', '.join(names)}) VALUES ({', '.join('?' for _ in names)})"  # noqa: S608
    for first in range(1, count, STEP):
        rows = [_copy(original, number, drawn) for number in range(first, min(count, first + STEP))]
        db.execute("BEGIN")
        db.executemany(statement, [[row[name] for name in names] for row in rows])
        db.execute("COMMIT")
        tell(min(1.0, (first + STEP) / count))
    # What is there is taken in as what was there before there was a library.
    db.execute("DELETE FROM library_state")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def _copy(original: dict[str, Any], number: int, drawn: random.Random) -> dict[str, Any]:
    words = drawn.sample(_LATIN.split(), 12) if number % 2 else drawn.sample(_CHINESE.split(), 8)
    return {
        **original,
        "id": f"video_{number:026d}",
        "created_at": original["created_at"] - 60_000 * number,
        "status": drawn.choice(_STATUSES),
        "finished_at": original["created_at"],
        "attempt_id": None,
        "attempts": 0,
        "surface": "import" if number % 20 == 0 else "openai",
        "model": f"model-{drawn.randrange(20)}",
        "size": drawn.choice(_SIZES),
        "seconds_total": drawn.choice((4, 5, 8, 10, 12)),
        "quote": drawn.randrange(3_000_000),
        "prompt": (" a " if number % 2 else "，").join((" ".join(words[:6]), " ".join(words[6:]))),
    }


def _taken_in(asked: Asked, count: int) -> float:
    began = time.perf_counter()
    while asked.ask("GET", "/api/library/facets?kind=task,clip")["total"] < count:
        assert time.perf_counter() - began < WITHIN_S, "the library does not catch up"
    return time.perf_counter() - began


def _marked(asked: Asked) -> dict[str, str]:
    """Put marks on a tenth of the items, and give the places the questions name."""
    folder = asked.ask("POST", "/api/library/folders", {"name": "trailer"})["id"]
    tag = asked.ask("POST", "/api/library/tags", {"name": "keep"})["id"]
    place, middle, first = "", "", ""
    for turn in range(50):
        page = asked.ask("GET", f"/api/library/items?limit=200{place}")
        ids = [one["id"] for one in page["data"]]
        for action, value in (
            ("favourite", None),
            ("rate", turn % 5 + 1),
            ("folder", folder),
            ("add_tags", ["keep"]),
        ):
            asked.ask("POST", "/api/library/bulk", {"action": action, "ids": ids, "value": value})
        if page["next"] is None:
            break
        place, middle = f"&after={page['next']}", page["next"]
        first = first or str(page["data"][0]["created_at"])
    return {"folder": folder, "tag": tag, "middle": middle, "day": str(int(first) - 86_400_000)}


def _scenario(
    count: int, took_s: float, taken: dict[str, list[float]], counted: dict[str, list[float]]
) -> Scenario:
    worst = max(taken, key=lambda name: _share(taken[name], 0.95))
    searches = [name for name, query in _QUESTIONS.items() if query.startswith("q=")]
    filters = [name for name in taken if name not in searches]
    slowest = {
        "search": max(_share(taken[name], 0.95) for name in searches),
        "filter or order": max(_share(taken[name], 0.95) for name in filters),
    }
    figures = [
        Figure(
            scenario="library",
            what=f"{what} over {count:,} items, p95 of the slowest",
            value=value,
            unit="ms",
            sense="at most",
            goal=GOAL_MS,
        )
        for what, value in slowest.items()
    ]
    figures.append(
        Figure(
            scenario="library",
            what=f"counts of every filter over {count:,} items, p95",
            value=max(_share(times, 0.95) for times in counted.values()),
            unit="ms",
        )
    )
    raw: dict[str, Any] = {"slowest": worst, "taken in": {"seconds": round(took_s, 1)}}
    for name, times in {**taken, **counted}.items():
        raw[name] = {f"p{share}_ms": round(_share(times, share / 100), 2) for share in (50, 95, 99)}
    return Scenario(name="library", figures=figures, raw=raw)


def _share(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
