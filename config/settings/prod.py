"""Behind gunicorn and TLS, on PostgreSQL and Redis. Refuses to start without its secret."""

from django.core.exceptions import ImproperlyConfigured
from jinja2 import Undefined

from config import env, logs
from config.settings.base import *  # noqa: F403
from config.settings.base import TEMPLATES

if not env.SECRET_KEY:
    raise ImproperlyConfigured("Set SECRET_KEY: production has no default.")

DEBUG = False
SITE_URL = env.site_url(env.ALLOWED_HOSTS)
TEMPLATES[0]["OPTIONS"]["undefined"] = Undefined
SECURE_SSL_REDIRECT = True
#: The container's own health check asks without TLS.
SECURE_REDIRECT_EXEMPT = [r"^health$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
if env.BEHIND_TLS_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
LOGGING = logs.logging_settings(env.LOG_LEVEL, as_json=True)
