"""What holds in every environment. Values from outside come through `config.env` alone."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from csp.constants import NONE, SELF
from django_celery_beat.tzcrontab import TzAwareCrontab
from jinja2 import StrictUndefined

from config import env, logs

BASE_DIR = env.BASE_DIR
DEBUG = env.DEBUG
SECRET_KEY = env.SECRET_KEY
ALLOWED_HOSTS = env.ALLOWED_HOSTS
CSRF_TRUSTED_ORIGINS = env.CSRF_TRUSTED_ORIGINS

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_fsm",
    "guardian",
    "django_celery_beat",
    "django_htmx",
    "django_structlog",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "history.apps.HistoryConfig",
    "accounts.apps.AccountsConfig",
    "raci.apps.RaciConfig",
    "transitions.apps.TransitionsConfig",
    "playbook.apps.PlaybookConfig",
    "projects.apps.ProjectsConfig",
    "records.apps.RecordsConfig",
    "workbook.apps.WorkbookConfig",
    "reminders.apps.RemindersConfig",
    "meetings.apps.MeetingsConfig",
    "handoff.apps.HandoffConfig",
    "config.apps.ConfigConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "history.middleware.ActMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.LoggedRequests",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        # Our own screens.
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "environment": "config.jinja.environment",
            "undefined": StrictUndefined,
            "trim_blocks": True,
            "lstrip_blocks": True,
        },
    },
    {
        # Where other people's templates live: the admin, with our overrides in `templates/django/`.
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates" / "django"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": env.database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "portfolio"
LOGOUT_REDIRECT_URL = "sign-in"
ANONYMOUS_USER_NAME = None  # guardian makes no row for people who are not signed in

# -- How people sign in (docs/adr/0010) ------------------------------------------------------------

ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # whoever invites somebody knows the address; following the link proves it
ACCOUNT_PREVENT_ENUMERATION = True
#: An address that nobody has gets a mail as well: neither the wait nor a mail server that is down tells it apart.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 10 * 60
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False  # here; everywhere else the session ends with the old password
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 10 * 60
#: No window is longer than five minutes, which is what the page of the answer 429 tells people to wait.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "20/m/ip,5/5m/key",
    "request_login_code": "20/m/ip,3/5m/key",
    "reset_password": "20/m/ip,3/5m/key",
    "reset_password_from_key": "20/m/ip",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
    "manage_email": "10/m/user",
    "signup": "20/m/ip",
    "confirm_email": "1/3m/key",
}
MFA_ADAPTER = "accounts.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = False
SOCIALACCOUNT_ADAPTER = "accounts.adapter.SignOnAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX = ""
#: Our policy lets forms be sent to nobody else, and a browser holds a form's redirects to that: the way out is a link.
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": env.sign_on()}}

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    "uploads": env.uploads(),
}
#: The largest file that is taken, in bytes.
UPLOAD_LIMIT = env.UPLOAD_LIMIT
NEW_INTEGRATION_TAX = env.NEW_INTEGRATION_TAX
NEW_INTEGRATION_OTHER = env.NEW_INTEGRATION_OTHER
FILE_UPLOAD_HANDLERS = [
    "projects.uploads.WithinLimit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
DATA_UPLOAD_MAX_NUMBER_FILES = 20

#: Shared by every process, since the limits of signing in are counted in it: Redis, or else a table of the database.
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        **(
            {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": env.REDIS_URL}
            if env.REDIS_URL
            else {
                "BACKEND": "django.core.cache.backends.db.DatabaseCache",
                "LOCATION": "accounts_shared_cache",
                "OPTIONS": {"MAX_ENTRIES": 100_000},
            }
        ),
        "KEY_PREFIX": env.CACHE_PREFIX,
    }
}

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}

#: Sizes past which a request is refused before anything reads it.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000

#: Whether tasks go through a broker to workers. Without one they run at once, where they are asked for.
WITH_BROKER = bool(env.REDIS_URL)
CELERY_BROKER_URL = env.REDIS_URL or "memory://"
CELERY_TASK_ALWAYS_EAGER = not WITH_BROKER
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 600}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULER = "config.beat:Scheduler"
CELERY_TIMEZONE = "UTC"
#: Written to the database when beat starts, over what is there under the same name.
CELERY_BEAT_SCHEDULE = {
    "send-due-mail": {"task": "accounts.tasks.send_due_mail", "schedule": dt.timedelta(minutes=1)},
    "sweep-reminders": {"task": "reminders.tasks.sweep_reminders", "schedule": dt.timedelta(minutes=10)},
    "deliver-notices": {"task": "reminders.tasks.deliver_notices", "schedule": dt.timedelta(minutes=1)},
    "post-hooks": {"task": "reminders.tasks.post_hooks", "schedule": dt.timedelta(minutes=1)},
    "build-packages": {"task": "handoff.package.bell.build_due_packages", "schedule": dt.timedelta(seconds=10)},
    "close-agendas": {"task": "meetings.tasks.close_due_agendas", "schedule": dt.timedelta(minutes=10)},
    "end-support-periods": {"task": "handoff.support.tasks.end_support_periods", "schedule": dt.timedelta(hours=1)},
    "recount-projects": {
        "task": "projects.tasks.recount_projects",
        "schedule": TzAwareCrontab(minute="0", hour="3", tz=ZoneInfo("America/New_York")),
    },
}
DJANGO_STRUCTLOG_CELERY_ENABLED = True

MAIL = env.mail()
EMAIL_BACKEND = MAIL.backend
EMAIL_HOST = MAIL.host
EMAIL_PORT = MAIL.port
EMAIL_HOST_USER = MAIL.user
EMAIL_HOST_PASSWORD = MAIL.password
EMAIL_USE_TLS = MAIL.use_tls
EMAIL_USE_SSL = MAIL.use_ssl
EMAIL_FILE_PATH = MAIL.file_path
#: How long a mail server is waited for, in seconds.
EMAIL_TIMEOUT = 30
DEFAULT_FROM_EMAIL = env.DEFAULT_FROM_EMAIL
#: How long after a failed try of a mail the next one is made; after the last the mail counts as failed.
MAIL_BACKOFF = [dt.timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720, 1440)]
#: How long a sender holds a mail, and a sweep the sweeping, before another may take it up: after a crash.
MAIL_LEASE = dt.timedelta(minutes=10)
SWEEP_LEASE = dt.timedelta(minutes=5)
#: How long what is heard at once waits for more of the same project, to be one mail.
NOTICES_GATHER = dt.timedelta(minutes=2)
SITE_URL = env.site_url([])
#: Whether a proxy of ours stands in front and says in X-Forwarded-For whom it speaks for.
BEHIND_PROXY = env.BEHIND_TLS_PROXY

logs.configure()
LOGGING = logs.logging_settings(env.LOG_LEVEL, as_json=False)

#: Invented people, whose addresses and one password stand on the sign-in page.
DEMO = env.DEMO
DEMO_PASSWORD = env.DEMO_PASSWORD

#: What letters about support say (docs/running.md).
WELCOME_LEAFLET_URL = env.WELCOME_LEAFLET_URL
HELP_DESK_WORDS = env.HELP_DESK_WORDS

#: How many rows a list shows on one page.
PAGE_SIZE = 50
