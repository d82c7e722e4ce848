"""Production, as it stands behind a proxy that ends TLS; only the collected static files lie elsewhere."""

from config import env
from config.settings.prod import *  # noqa: F403

STATIC_ROOT = env.VAR_DIR / "bench" / "static"
