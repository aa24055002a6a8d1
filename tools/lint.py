"""Rules of this project that no general linter knows. `python -m tools.lint` says where they are broken.

Each rule reads the syntax tree of one file. What a rule cannot see is written in its docstring.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = Path("src/reelgate")


@dataclass(frozen=True)
class Finding:
    """One broken rule at one place."""

    path: Path
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


@dataclass(frozen=True)
class Rule:
    """A rule, the files it is for and how it looks at one of them."""

    name: str
    applies: Callable[[Path], bool]
    look: Callable[[ast.Module], Iterator[tuple[int, str]]]


def _name(node: ast.expr) -> str:
    """Write a dotted name; empty for anything else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            inner = _name(value)
            return f"{inner}.{attr}" if inner else attr
        case _:
            return ""


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


# media-in-child: whatever decodes a stranger's bytes does so in the limited child process.

CHILD = (SOURCE / "media" / "jobs", SOURCE / "media" / "drawing")
_OPENERS = {"av.open", "Image.open", "PIL.Image.open"}


def _outside_the_child(path: Path) -> bool:
    testing = SOURCE / "testing"
    return path.is_relative_to(SOURCE) and not any(path.is_relative_to(p) for p in (*CHILD, testing))


def media_outside_child(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Find decoders opened outside the folders whose code runs in the child process.

    Sees `av.open` and `Image.open` by these names; not a decoder bound to another name.
    """
    for call in _calls(tree):
        if _name(call.func) in _OPENERS:
            yield call.lineno, f"`{_name(call.func)}` belongs in media/jobs, which runs in the limited child"


# media-by-file: FFmpeg opens addresses, playlists and other files when it is given text.


def media_by_name(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Find `av.open` reading from text instead of an open file, or without its option whitelist.

    Text is a literal, an f-string, `str(…)`, `os.fspath(…)` or a value annotated `str` in the same function.
    """
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            texts = {
                a.arg
                for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
                if a.annotation is not None and ast.unparse(a.annotation) in {"str", "Path"}
            }
            yield from _opened_badly(function, texts)


def _opened_badly(function: ast.AST, texts: set[str]) -> Iterator[tuple[int, str]]:
    for call in _calls(function):
        if _name(call.func) != "av.open" or not call.args:
            continue
        if _writes(call):
            continue
        if _is_text(call.args[0], texts):
            yield call.lineno, "give `av.open` an open file, never a name or an address"
        if not any(k.arg == "options" for k in call.keywords):
            yield call.lineno, "give `av.open` its `options` with the whitelist of formats"


def _is_text(node: ast.expr, texts: set[str]) -> bool:
    match node:
        case ast.JoinedStr() | ast.Constant(value=str()):
            return True
        case ast.Call(func=func):
            return _name(func) in {"str", "os.fspath"}
        case ast.Name(id=name):
            return name in texts
        case _:
            return False


def _writes(call: ast.Call) -> bool:
    mode = (
        call.args[1]
        if len(call.args) > 1
        else next((k.value for k in call.keywords if k.arg == "mode"), None)
    )
    return isinstance(mode, ast.Constant) and mode.value == "w"


# whole-money: an amount is an integer number of millionths from end to end.

MONEY = (SOURCE / "core" / "money.py", SOURCE / "store" / "ledger.py", SOURCE / "engine" / "settle.py")


def float_money(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Find floats in the files that count money: the type, a literal, or a true division.

    Does not follow a value that was a float before it came in; the `Micro` type does that.
    """
    for node in ast.walk(tree):
        match node:
            case ast.Name(id="float", lineno=line):
                yield line, "`float` has no place in money"
            case ast.Constant(value=float() as value, lineno=line):
                yield line, f"`{value}` is a float; amounts are whole micro-units"
            case ast.BinOp(op=ast.Div(), lineno=line) | ast.AugAssign(op=ast.Div(), lineno=line):
                yield line, "`/` makes a float; use `//` or `divmod`"
            case _:
                pass


# submit-once: a paid call is never sent again by a loop or by an error handler.

_PAID = {"submit"}
_RETRY = {"retry", "retrying", "backoff", "on_exception"}


def repeated_submit(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Find a call of `….submit(…)` or `submit(…)` inside a loop, an `except` or a retry decorator.

    Looks at one file at a time: a loop that calls a function which submits is seen only when that function
    is called `submit` as well. The engine's tests count bills for the rest.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.AsyncFor | ast.While | ast.ExceptHandler):
            where = "an `except`" if isinstance(node, ast.ExceptHandler) else "a loop"
            yield from ((c.lineno, f"a paid submit inside {where}") for c in _paid(node))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _retried(node):
            yield from ((c.lineno, "a paid submit under a retry decorator") for c in _paid(node))


def _paid(node: ast.AST) -> Iterator[ast.Call]:
    return (c for c in _calls(node) if _name(c.func).rpartition(".")[2] in _PAID)


def _retried(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    names = (_name(d.func if isinstance(d, ast.Call) else d) for d in function.decorator_list)
    return any(part in _RETRY for name in names for part in name.split("."))


def _moves_tasks(path: Path) -> bool:
    rooms = (SOURCE / "engine", SOURCE / "net", SOURCE / "worker")
    return any(path.is_relative_to(room) for room in rooms)


# one-way-out: connections are made by net, which judges where they go; import-linter sees packages, this sees modules.

_CLIENTS = {"http.client", "urllib.request", "ftplib", "smtplib"}


def other_ways_out(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Find imports of the standard library's own clients. Does not see a bare socket; `net` is where those belong too."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found = {alias.name for alias in names} & _CLIENTS
            case ast.ImportFrom(module=str() as module, names=names):
                found = ({module} | {f"{module}.{alias.name}" for alias in names}) & _CLIENTS
            case _:
                continue
        yield from ((node.lineno, f"`{name}` is another way out; use reelgate.net") for name in sorted(found))


def _serves(path: Path) -> bool:
    """The command line speaks to its own server, and doubles are no part of a server."""
    return path.is_relative_to(SOURCE) and not any(
        path.is_relative_to(SOURCE / p) for p in ("cli", "testing")
    )


RULES = (
    Rule("one-way-out", _serves, other_ways_out),
    Rule("media-in-child", _outside_the_child, media_outside_child),
    Rule("media-by-file", lambda path: path.is_relative_to(SOURCE / "media"), media_by_name),
    Rule("whole-money", lambda path: path in MONEY, float_money),
    Rule("submit-once", _moves_tasks, repeated_submit),
)


def check(path: Path, text: str) -> list[Finding]:
    """List what is wrong with one file; `path` is relative to the repository."""
    tree = ast.parse(text)
    found = (
        Finding(path, line, rule.name, message)
        for rule in RULES
        if rule.applies(path)
        for line, message in rule.look(tree)
    )
    return sorted(set(found), key=lambda f: (f.line, f.rule))


def check_tree(root: Path) -> list[Finding]:
    """List what is wrong in every source file below `root`."""
    files = sorted((root / SOURCE).rglob("*.py"))
    return [finding for file in files for finding in check(file.relative_to(root), file.read_text("utf-8"))]


def main() -> int:
    """Print every finding; 1 when there is one."""
    findings = check_tree(ROOT)
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
