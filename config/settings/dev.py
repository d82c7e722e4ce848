"""The one-command default: SQLite, tasks at once, static files straight from the tree."""

from config import env
from config.settings.base import *  # noqa: F403

env.VAR_DIR.mkdir(parents=True, exist_ok=True)
SECRET_KEY = env.SECRET_KEY or "development-only-not-a-secret"
ALLOWED_HOSTS = env.ALLOWED_HOSTS or ["127.0.0.1", "localhost", "[::1]"]
#: Browsers give passkeys to http://localhost too.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
STORAGES = STORAGES | {  # noqa: F405
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}
