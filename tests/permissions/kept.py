"""The site made once for many tests: it takes a second, and each of them begins with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from tests.cast import make_cast, put_playbooks, starter
from tests.permissions.site import Site, make_site


@contextmanager
def kept_site(blocker: Any) -> Iterator[Site]:
    """Make the site in a transaction that is taken back in the end. What a test does within, its own savepoint takes back.

    Args:
        blocker: pytest-django's `django_db_blocker`. For fixtures of a module or package, which ask for `django_db_setup` too.

    A test is to work on a copy (`copy.deepcopy`): a row that was read and changed stays changed.
    """
    with blocker.unblock(), transaction.atomic():
        cast = make_cast()
        yield make_site(starter(cast, put_playbooks()), cast)
        transaction.set_rollback(True)
