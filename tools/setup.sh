#!/bin/sh
# Make .venv hold what one lock file names: `tools/setup.sh runtime|demo|dev`.
# Asks nothing of the machine but Python 3.11 or newer; a second run finds its stamp and does nothing.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "==> $*"; }
stop() { printf '%s\n' "reelgate: $*" >&2; exit 1; }

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

version_of() {
    "$1" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null || echo "no Python at all"
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        new_enough "$PYTHON" || stop "PYTHON=$PYTHON is $(version_of "$PYTHON"); Reelgate needs Python 3.11 or newer."
        echo "$PYTHON"
        return
    fi
    for name in python3 python3.11 python3.12 python3.13 python3.14 python; do
        if new_enough "$name"; then
            echo "$name"
            return
        fi
    done
    stop "no Python 3.11 or newer was found on the PATH. Install one, or name it: make ${MAKE_TARGET:-start} PYTHON=/path/to/python3.11"
}

hash_of() {
    .venv/bin/python -c 'import hashlib, sys; print(hashlib.sha256(b"".join(open(n, "rb").read() for n in sys.argv[1:])).hexdigest()[:16])' "$@"
}

make_venv() {
    python=$(find_python)
    say "Creating .venv with $python ($(version_of "$python"))"
    rm -rf .venv
    "$python" -m venv .venv || stop "$python cannot create a virtual environment. On Debian and Ubuntu: apt install python3-venv"
}

install_uv() {
    mark=.venv/.stamps/bootstrap-$(hash_of requirements/bootstrap.lock)
    if [ ! -e "$mark" ] || [ ! -x .venv/bin/uv ]; then
        say "Installing uv, the installer, from requirements/bootstrap.lock"
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/bootstrap.lock
        mkdir -p .venv/.stamps
        : >"$mark"
    fi
    if [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
        # Whoever told pip where packages come from has told uv as well.
        index=$(.venv/bin/python -m pip config get global.index-url 2>/dev/null || true)
        index=${PIP_INDEX_URL:-$index}
        if [ -n "$index" ]; then
            UV_DEFAULT_INDEX=$index
            export UV_DEFAULT_INDEX
        fi
    fi
}

install_lock() {
    # What a lock holds beside its own name: dev has all of demo, demo all of runtime.
    case "$1" in
        runtime) covers="runtime" ;;
        demo) covers="runtime demo" ;;
        dev) covers="runtime demo dev" ;;
        *) stop "unknown lock \`$1\`; there are runtime, demo and dev." ;;
    esac
    if [ -e ".venv/.stamps/$(stamp_of "$1")" ]; then
        return
    fi
    install_uv
    say "Installing the locked packages of requirements/$1.lock (every one checked against its hash)"
    .venv/bin/uv pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes --no-deps -r requirements/build.lock -r "requirements/$1.lock"
    say "Installing reelgate itself from this folder"
    .venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
    for name in $covers; do
        : >".venv/.stamps/$(stamp_of "$name")"
    done
}

stamp_of() {
    echo "$1-$(hash_of "requirements/$1.lock" requirements/build.lock pyproject.toml)"
}

if [ -x .venv/bin/python ] && ! new_enough .venv/bin/python; then
    stop ".venv holds $(version_of .venv/bin/python); remove the folder and run this again."
fi
[ -x .venv/bin/python ] || make_venv
install_lock "$1"
