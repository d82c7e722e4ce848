#!/bin/sh
# Install the programs that tests need beside Python, where that is ours to do: on Debian, as root.
#   browser   Chromium and graphviz. Without them their tests are left out, and this says which.
#   services  PostgreSQL and Redis, unless DATABASE_URL and REDIS_URL say that they are elsewhere.
set -eu

has() { command -v "$1" >/dev/null 2>&1; }
chromium_here() { has chromium || has chromium-browser || has google-chrome; }
postgres_here() { [ -n "${DATABASE_URL:-}" ] || has pg_ctlcluster; }
redis_here() { [ -n "${REDIS_URL:-}" ] || has redis-server; }
wanted=""
for kind in "$@"; do
  case $kind in
    browser)
      chromium_here || wanted="$wanted chromium fonts-noto-core"
      has dot || wanted="$wanted graphviz"
      ;;
    services)
      postgres_here || wanted="$wanted postgresql"
      redis_here || wanted="$wanted redis-server"
      ;;
    *) echo "usage: $0 [browser] [services]" >&2; exit 2 ;;
  esac
done

if [ -n "$wanted" ] && [ "$(id -u)" = 0 ] && has apt-get && [ -f /etc/debian_version ]; then
  echo "== apt-get install$wanted"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 - a list of words
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends $wanted >/dev/null; } </dev/null ||
    echo "apt-get failed; going on with what there is." >&2
fi

for kind in "$@"; do
  case $kind in
    browser)
      chromium_here || echo "Left out: tests in a browser (marker \`browser\`), since Chromium is not installed."
      has dot || echo "Left out: the test that draws the machines as SVG, since graphviz (dot) is not installed."
      ;;
    services)
      postgres_here || echo "PostgreSQL is not installed. Install it, or set DATABASE_URL to one that runs." >&2
      redis_here || echo "Redis is not installed. Install it, or set REDIS_URL to one that runs." >&2
      { postgres_here && redis_here; } || exit 1
      ;;
  esac
done
