#!/bin/sh
# Make .venv and install requirements-dev.lock into it, unless that very lock is installed already.
set -eu
cd "$(dirname "$0")/.."

is_311() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; }

if ! { [ -x .venv/bin/python ] && is_311 .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1; }; then
  python=""
  for candidate in python3.11 python3 python; do
    if is_311 "$candidate"; then python=$candidate; break; fi
  done
  if [ -z "$python" ]; then
    echo "Gatehouse needs Python 3.11. Neither python3.11 nor python3 on the path is that." >&2
    exit 1
  fi
  echo "== .venv: $("$python" --version)"
  rm -rf .venv
  if ! "$python" -m venv .venv; then
    rm -rf .venv
    echo "This Python cannot make virtual environments. On Debian: apt-get install python3.11-venv" >&2
    exit 1
  fi
fi

# The stamp is a copy of the lock itself: dates of files say little after a clone or a change of branch.
if ! cmp -s requirements-dev.lock .venv/installed.lock; then
  echo "== .venv: installing the $(grep -c '^[a-z0-9]' requirements-dev.lock) locked packages"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r requirements-dev.lock
  cp requirements-dev.lock .venv/installed.lock
fi
