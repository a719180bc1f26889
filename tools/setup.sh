#!/usr/bin/env bash
# Make .venv with the locked dependencies and the project itself; called by `make setup`.
# Checks what pip cannot install and names the package that would.
set -euo pipefail
cd "$(dirname "$0")/.."
VENV="${VENV:-.venv}"

fail() { printf '\nsetup: %s\n  next: %s\n' "$1" "$2" >&2; exit 2; }

# An explicit PYTHON wins; otherwise the newest of the interpreters that the tests cover.
find_python() {
  if [ -n "${PYTHON:-}" ]; then echo "$PYTHON"; return; fi
  for candidate in python3 python3.13 python3.12 python3.11 python; do
    if command -v "$candidate" >/dev/null 2>&1 &&
       "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"; return
    fi
  done
}

PY="$(find_python)"
[ -n "$PY" ] || fail "no Python 3.11 or newer was found" \
  "install Python 3.11+ (Debian: apt-get install python3) or name one: make setup PYTHON=/path/to/python3"
"$PY" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  fail "$PY is $("$PY" -V 2>&1), and this project needs Python 3.11 or newer" "name a newer one: make setup PYTHON=/path/to/python3"
"$PY" -c 'import venv, ensurepip' 2>/dev/null ||
  fail "this Python has no 'venv' module (Debian splits it off)" "apt-get install python3-venv"
if [ "$(uname -s)" = Linux ] && ! "$PY" -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null; then
  fail "the system library libgomp.so.1, which LightGBM needs, is missing" \
    "apt-get install libgomp1 (Fedora: dnf install libgomp)"
fi

echo "setup: making $VENV with the locked dependencies (2-4 minutes the first time)"
[ -x "$VENV/bin/python" ] || "$PY" -m venv "$VENV"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
# PySpark comes as source alone: what builds it is installed first, so that nothing is fetched without its hash.
awk '/^[a-z0-9]/ { keep = /^setuptools==/ } keep' requirements.lock > "$VENV/setuptools.lock"
"$VENV/bin/python" -m pip install -q --require-hashes -r "$VENV/setuptools.lock"
"$VENV/bin/python" -m pip install -q --require-hashes --no-build-isolation -r requirements.lock
"$VENV/bin/python" -m pip install -q --no-deps --no-build-isolation -e .
echo "setup: compiling the kernels once (about a minute)"
"$VENV/bin/python" -m forecast.synthetic.warm
touch "$VENV/.stamp"
echo "setup: done"
