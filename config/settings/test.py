"""The suite: as development, with quick password hashes, mail kept in memory, and tasks at once.

With REDIS_URL the cache is Redis and the broker is there, but tasks still run at once, save in the tests marked
`services`.
"""

from config import logs
from config.settings.dev import *  # noqa: F403

DEBUG = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
ALLOWED_HOSTS = ["*"]
STORAGES = STORAGES | {"uploads": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}  # noqa: F405
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
LOGGING = logs.logging_settings("ERROR", as_json=False)
