"""The one reader of the environment: every variable that Gatehouse knows, with its default, stands here.

Settings import the values below and read nothing else, so `grep` over this file lists all there is to configure;
docs/running.md says the same in words.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

_env = environ.Env()

#: Secret of sessions and signatures. Development has a throw-away one; production must be given its own.
SECRET_KEY: str = _env.str("SECRET_KEY", default="")
#: Debug pages. Off unless asked for, so that the demo shows what production shows.
DEBUG: bool = _env.bool("DEBUG", default=False)
#: Host names that are answered, parted by commas.
ALLOWED_HOSTS: list[str] = _env.list("ALLOWED_HOSTS", default=[])
#: Origins (`https://gatehouse.example.org`) from which forms are taken, parted by commas.
CSRF_TRUSTED_ORIGINS: list[str] = _env.list("CSRF_TRUSTED_ORIGINS", default=[])
#: Where the program writes: the SQLite database, the lease and the pulse of the clock.
VAR_DIR: Path = Path(_env.str("VAR_DIR", default=str(BASE_DIR / "var")))
#: `postgres://user:password@host:port/name`, or `sqlite:///path`; by default a SQLite file in VAR_DIR.
DATABASE_URL: str = _env.str("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'gatehouse.sqlite3'}")
#: `redis://host:port/db`: broker and cache. Without it tasks run at once, in the process that asks for them.
REDIS_URL: str = _env.str("REDIS_URL", default="")
#: How the outside reaches us: mails carry no request to take it from. No slash at the end. Without it, production takes
#: the first of ALLOWED_HOSTS, by https; development, the address that it serves on.
SITE_URL: str = _env.str("SITE_URL", default="")
#: Where uploads are kept: by default a folder of VAR_DIR. `file:///path` is another folder; `s3://bucket/prefix` a bucket, with
#: `?endpoint=https://…&region=…&addressing=path&acl=private` where it is not Amazon's own. Credentials are AWS_ACCESS_KEY_ID and
#: AWS_SECRET_ACCESS_KEY, or whatever else boto3 finds.
UPLOADS_URL: str = _env.str("UPLOADS_URL", default="")
#: The largest file that people may upload, in bytes.
UPLOAD_LIMIT: int = _env.int("UPLOAD_LIMIT", default=25 * 1024 * 1024)
#: How many customers of a trade are the first on an integration, which makes it a new one for them (domain.md, Tier): for
#: Tax “the first few”, and for verticals of which the source says nothing. Utilities are two, by the source.
NEW_INTEGRATION_TAX: int = _env.int("NEW_INTEGRATION_TAX", default=3)
NEW_INTEGRATION_OTHER: int = _env.int("NEW_INTEGRATION_OTHER", default=1)
#: What the biller is told at each turn of their support after go-live: where the welcome leaflet is (an https address; none
#: where there is no leaflet), and how they open a case.
WELCOME_LEAFLET_URL: str = _env.str("WELCOME_LEAFLET_URL", default="")
HELP_DESK_WORDS: str = _env.str(
    "HELP_DESK_WORDS", default="Open a case in the Biller Portal: choose Support, then “Open a case”."
)
#: Put before each key of the cache, where several installations share one Redis.
CACHE_PREFIX: str = _env.str("CACHE_PREFIX", default="")
#: Single sign-on by OpenID Connect, of any provider: what its button says, where it is (the address before
#: `/.well-known/openid-configuration`), and what it knows us by. Off where no address is given.
OIDC_NAME: str = _env.str("OIDC_NAME", default="single sign-on")
OIDC_SERVER_URL: str = _env.str("OIDC_SERVER_URL", default="")
OIDC_CLIENT_ID: str = _env.str("OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET: str = _env.str("OIDC_CLIENT_SECRET", default="")
#: True where TLS ends in front of us and the proxy says so in X-Forwarded-Proto.
BEHIND_TLS_PROXY: bool = _env.bool("BEHIND_TLS_PROXY", default=False)
#: True where the people are invented: the sign-in page then names them, and the one password of all of them.
DEMO: bool = _env.bool("DEMO", default=False)
#: The password that `seed_demo` gives to everybody.
DEMO_PASSWORD: str = _env.str("DEMO_PASSWORD", default="every-gate-opens")
#: DEBUG, INFO, WARNING or ERROR.
LOG_LEVEL: str = _env.str("LOG_LEVEL", default="INFO")
#: `smtp+tls://user:password@host:587`, `filemail:///folder`, or `consolemail://`, which prints each message.
EMAIL_URL: str = _env.str("EMAIL_URL", default="consolemail://")
#: Who our messages come from.
DEFAULT_FROM_EMAIL: str = _env.str("DEFAULT_FROM_EMAIL", default="Gatehouse <gatehouse@example.org>")


#: What `UPLOADS_URL` may say of a bucket, and what the storage calls it.
_BUCKET_OPTIONS = {
    "endpoint": "endpoint_url", "region": "region_name", "addressing": "addressing_style", "acl": "default_acl",
}  # fmt: skip


def uploads(url: str = "") -> dict[str, object]:
    """Return the storage of uploads for `url` (by default UPLOADS_URL): a folder that no web server hands out, or a bucket.

    No file of either is ever handed out by its own address: each goes through us, who ask whether the person may have it.

    Raises:
        ImproperlyConfigured: neither of the two, a bucket without a name, or an option that there is not.
    """
    parts = urlsplit(url or UPLOADS_URL)
    if parts.scheme == "s3":
        return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": _bucket(parts)}
    if parts.scheme not in {"", "file"} or parts.netloc or (parts.scheme == "" and parts.path):
        raise ImproperlyConfigured("UPLOADS_URL: write s3://bucket/prefix, or file:///path for a folder.")
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": parts.path or str(VAR_DIR / "uploads"),
            "base_url": None,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    }


def _bucket(parts: SplitResult) -> dict[str, object]:
    if not parts.hostname:
        raise ImproperlyConfigured("UPLOADS_URL names no bucket: write s3://bucket/prefix.")
    asked = dict(parse_qsl(parts.query))
    if unknown := sorted(asked.keys() - _BUCKET_OPTIONS.keys()):
        known = ", ".join(_BUCKET_OPTIONS)
        raise ImproperlyConfigured(f"UPLOADS_URL: there is no option {', '.join(unknown)}. There are: {known}.")
    return {
        "bucket_name": parts.netloc,
        "location": parts.path.strip("/"),
        # Without one an object is its owner's alone, and buckets that take no access lists refuse any other word.
        "default_acl": None,
        "querystring_auth": False,
        "file_overwrite": False,
        "signature_version": "s3v4",
        "object_parameters": {"ContentDisposition": "attachment", "CacheControl": "private, no-store"},
        "max_memory_size": 2 * 1024 * 1024,  # beyond that a file that is read lies on disk, not in memory
        **{_BUCKET_OPTIONS[name]: value for name, value in asked.items()},
    }


def database(url: str = "") -> dict[str, object]:
    """Return Django's database entry for `url` (by default DATABASE_URL).

    SQLite is opened in WAL mode with immediate transactions, so that a writer takes its lock at the start of the
    transaction rather than failing in the middle of it; PostgreSQL connections are kept and checked.
    """
    entry: dict[str, object] = dict(environ.Env.db_url_config(url or DATABASE_URL))
    if "sqlite" in str(entry["ENGINE"]):
        entry["ENGINE"] = "config.sqlite"
        entry["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        }
    else:
        entry["CONN_MAX_AGE"] = 600
        entry["CONN_HEALTH_CHECKS"] = True
    return entry


def site_url(hosts: list[str]) -> str:
    """Return SITE_URL, or the address of the first of `hosts` by https; development's own where there is none to name."""
    if SITE_URL:
        return SITE_URL.rstrip("/")
    named = [host.lstrip(".") for host in hosts if host != "*"]
    return f"https://{named[0]}" if named else "http://127.0.0.1:8000"


def sign_on() -> list[dict[str, object]]:
    """Return the providers of single sign-on as allauth takes them: one, or none."""
    if not OIDC_SERVER_URL:
        return []
    return [
        {
            "provider_id": "oidc",
            "name": OIDC_NAME,
            "client_id": OIDC_CLIENT_ID,
            "secret": OIDC_CLIENT_SECRET,
            "settings": {"server_url": OIDC_SERVER_URL.rstrip("/"), "oauth_pkce_enabled": True},
        }
    ]


@dataclass(frozen=True, slots=True)
class Mail:
    """How mail leaves the house: the values of Django's EMAIL_* settings."""

    backend: str
    host: str
    port: int
    user: str
    password: str
    use_tls: bool
    use_ssl: bool
    file_path: str | None


def mail(url: str = "") -> Mail:
    """Return the mail settings for `url` (by default EMAIL_URL)."""
    entry = environ.Env.email_url_config(url or EMAIL_URL)
    return Mail(
        backend=str(entry["EMAIL_BACKEND"]),
        host=str(entry["EMAIL_HOST"] or "localhost"),
        port=int(entry["EMAIL_PORT"] or 25),
        user=str(entry["EMAIL_HOST_USER"] or ""),
        password=str(entry["EMAIL_HOST_PASSWORD"] or ""),
        use_tls=bool(entry.get("EMAIL_USE_TLS", False)),
        use_ssl=bool(entry.get("EMAIL_USE_SSL", False)),
        file_path=str(entry["EMAIL_FILE_PATH"]) or None,
    )
