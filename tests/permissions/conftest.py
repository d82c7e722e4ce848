"""The site of the table, as every test of this folder finds it."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tests.permissions.kept import kept_site
from tests.permissions.site import Site


@pytest.fixture(scope="module")
def made_site(django_db_setup: None, django_db_blocker: Any) -> Iterator[Site]:
    """The site, made once for a module: with the last of its tests it is gone, as the next module has people of its own."""
    with kept_site(django_db_blocker) as site:
        yield site


@pytest.fixture
def site(made_site: Site, db: None) -> Site:
    """The site as it was made; what the test does to it is taken back."""
    return copy.deepcopy(made_site)


@pytest.fixture
def cast(site: Site) -> SimpleNamespace:
    """The people of the site."""
    return site.cast


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Write no log: each of many thousand refusals would be written with its traceback, and read by nobody."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
