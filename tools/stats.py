"""The tail of the code base: its ten largest files and ten longest functions. `python -m tools.stats`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ("src", "tools", "bench", "tests", "web/src")


def files(root: Path) -> Iterator[tuple[int, Path]]:
    """Give every source file with its number of lines."""
    for folder in FOLDERS:
        for pattern in ("*.py", "*.ts", "*.tsx"):
            for path in (root / folder).rglob(pattern):
                if "node_modules" not in path.parts:
                    yield len(path.read_text("utf-8").splitlines()), path.relative_to(root)


def functions(root: Path) -> Iterator[tuple[int, str]]:
    """Give every Python function with its number of lines, its docstring included."""
    for _, path in files(root):
        if path.suffix != ".py":
            continue
        for node in ast.walk(ast.parse((root / path).read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                yield lines, f"{path}:{node.lineno} {node.name}"


def main() -> None:
    """Print both lists and the sums they come from."""
    by_size = sorted(files(ROOT), reverse=True)
    longest = sorted(functions(ROOT), reverse=True)
    print("Ten largest files")
    for lines, path in by_size[:10]:
        print(f"  {lines:5}  {path}")
    print("Ten longest functions")
    for lines, name in longest[:10]:
        print(f"  {lines:5}  {name}")
    print(f"{len(by_size)} files, {sum(n for n, _ in by_size)} lines, {len(longest)} functions")


if __name__ == "__main__":
    main()
