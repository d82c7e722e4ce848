"""How the program logs: structlog through the standard library, as lines for people or as JSON for machines."""

from __future__ import annotations

import logging
from typing import Any

import structlog

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.StackInfoRenderer(),
]


class WithoutSecrets(logging.Filter):
    """Django's own lines on refused requests name the path: those whose token is the secret are written without it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every line pass, its paths made harmless."""
        from accounts.middleware import without_secrets  # needs the settings, which are being made when this is named

        if isinstance(record.args, tuple):
            record.args = tuple(without_secrets(said) if isinstance(said, str) else said for said in record.args)
        return True


def configure() -> None:
    """Make structlog write through `logging`, so that one level and one handler rule both. Safe to call again."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def logging_settings(level: str, *, as_json: bool) -> dict[str, Any]:
    """Return Django's LOGGING: everything to standard error from `level` up, one line each.

    Lines carry the request's id and the person's, in the tasks that the request sends off too.
    """
    renderer: Any = structlog.processors.JSONRenderer()
    if not as_json:
        renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    last: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if as_json:
        last.append(structlog.processors.format_exc_info)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [*last, renderer],
                "foreign_pre_chain": _SHARED,
            }
        },
        "filters": {"secrets": {"()": WithoutSecrets}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["secrets"]}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # One line for each request that began and one for each that ended is too much to read by the side of it.
            "django_structlog": {"level": "INFO" if as_json else "WARNING"},
            # It warns of every HEAD request, which Django answers like a GET and leaves to the server to cut short.
            "gunicorn.http.wsgi": {"level": "ERROR"},
        },
    }
