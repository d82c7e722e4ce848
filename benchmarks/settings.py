"""Production, as it stands behind a proxy that ends TLS. Only static files lie elsewhere, and two thin views are added."""

from config import env
from config.settings.prod import *  # noqa: F403

STATIC_ROOT = env.VAR_DIR / "bench" / "static"
ROOT_URLCONF = "benchmarks.thin"
