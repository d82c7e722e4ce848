"""Every address × every person × own, foreign, crossed and absent rows × every method, against one readable table.

`expected.txt` holds the project's own addresses, `expected_admin.txt` those of the admin. An address without a line fails.
To write the tables anew after a change of the site, run this file with WRITE_PERMISSIONS=1 and read the difference: each line
is a promise.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import Http404
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from projects.models import Project
from tests.own_cache import empty_cache
from tests.permissions.site import BODIES, REFUSED_BODIES, Site
from tests.permissions.table import HERE, METHODS, OTHERS, PEOPLE, Address, Key, addresses, read, write

SENT = BODIES | REFUSED_BODIES
OURS, ADMIN = HERE / "expected.txt", HERE / "expected_admin.txt"
WRITING = bool(os.environ.get("WRITE_PERMISSIONS"))
SITE_MAP = addresses()
OF_ADMIN = [address for address in SITE_MAP if address.route.startswith("admin/")]
OF_OURS = [address for address in SITE_MAP if not address.route.startswith("admin/")]
#: Parts of the table that one test goes through: as many as spread well over the processes of a run.
SHARES = 8


@pytest.fixture
def clients(cast: SimpleNamespace) -> dict[str, Client]:
    """A signed-in client for each person."""
    found = {name: Client() for name in PEOPLE}
    for name, client in found.items():
        if name != "nobody":
            client.force_login(getattr(cast, name))
    return found


def answers_of(address: Address, site: Site, clients: dict[str, Client]) -> Iterator[tuple[Key, tuple[str, ...]]]:
    """Ask an address as everybody, for every row and method. What an answer changed is taken back."""
    for of, kwargs in site.objects(address):
        path = site.path(address, kwargs)
        for method in METHODS:
            if method == "other":
                yield (address.name, method, of), tuple(others(path, clients))
                continue
            data = SENT[address.name](site, of) if address.name in SENT else {}
            answers = tuple(str(_status(clients[person], path, method, data)) for person in PEOPLE)
            yield (address.name, method, of), answers


def others(path: str, clients: dict[str, Client]) -> Iterator[str]:
    """Return for each person the one answer to all three of OTHERS; `201/405` where they differ.

    A view that refuses the three knowing neither person nor row cannot answer two people differently: what stands before it
    is asked by each person in one of the methods, and in all of them by nobody and by Priya.
    """
    sure = all(refuses(path, method) for method in OTHERS)
    for place, person in enumerate(PEOPLE):
        asked = OTHERS if not sure or person in {"nobody", "priya"} else OTHERS[place % 3 : place % 3 + 1]
        yield "/".join(str(status) for status in sorted({_status(clients[person], path, name, {}) for name in asked}))


def refuses(path: str, method: str) -> bool:
    """Return whether a view answers 405 to a request that has neither a person nor a session, without one query."""
    request = RequestFactory().generic(method, path)
    with CaptureQueriesContext(connection) as queries:
        try:
            view = resolve(path)
            status = view.func(request, *view.args, **view.kwargs).status_code
        except (AttributeError, Http404):  # it asked for the person, or for more of the path
            return False
    return status == 405 and not len(queries)


def _status(client: Client, path: str, method: str, data: dict[str, Any]) -> int:
    cookies = client.cookies.copy()
    with transaction.atomic():
        response = client.generic(method, path) if method in OTHERS else getattr(client, method.lower())(path, data)
        status = int(response.status_code)
        transaction.set_rollback(True)
    client.cookies = cookies
    empty_cache()
    return status


def share_of(found: list[Address], share: int) -> list[Address]:
    return found[share::SHARES]


@pytest.mark.parametrize("share", range(SHARES))
def test_our_addresses_answer_as_the_table_says(share: int, site: Site, clients: dict[str, Client]) -> None:
    expected = read(OURS)
    found = dict(pair for address in share_of(OF_OURS, share) for pair in answers_of(address, site, clients))

    assert found == {key: expected.get(key, ()) for key in found}


@pytest.mark.parametrize("share", range(SHARES))
def test_addresses_of_the_admin_answer_as_the_table_says(share: int, site: Site, clients: dict[str, Client]) -> None:
    expected = read(ADMIN)
    found = dict(pair for address in share_of(OF_ADMIN, share) for pair in answers_of(address, site, clients))

    assert found == {key: expected.get(key, ()) for key in found}


def test_the_tables_name_every_address_and_no_other() -> None:
    assert {name for name, _, _ in read(OURS)} == {address.name for address in OF_OURS}
    assert {name for name, _, _ in read(ADMIN)} == {address.name for address in OF_ADMIN}


#: Addresses that are a key themselves: whoever has one may read or send, signed in as whomever.
KEYS = {"calendar-feed", "intake"}


def test_what_is_foreign_answers_like_what_is_absent() -> None:
    """Nobody learns from an answer that a row is there which they may not see."""
    for table in (read(OURS), read(ADMIN)):
        for (name, method, of), answers in table.items():
            if of not in {"foreign", "crossed"} or name in KEYS:
                continue
            absent = dict(zip(PEOPLE, table[name, method, "absent"], strict=True))
            seen = dict(zip(PEOPLE, answers, strict=True))
            # Client Services see every project; a row of another project under this one's code is still none to them.
            sees_all = {"tess", "cora"} if of == "foreign" else set()
            for person in {
                "nobody",
                "bo",
                "pat",
                "mallory",
                "sofia",
                "arun",
                "ingrid",
                "tess",
                "cora",
                "dele",
            } - sees_all:
                assert (name, method, of, person, seen[person]) == (name, method, of, person, absent[person])


@pytest.mark.skipif(not WRITING, reason="writes the tables; asked for with WRITE_PERMISSIONS=1")
def test_write_the_tables(site: Site, clients: dict[str, Client]) -> None:
    head = (
        "Who gets which answer. One line for an address, a method and a row; one answer for each person.\n"
        "Priya (PM) and Ivan (IM) run the own project; Sofia (SE), Arun (SA), Ingrid (INM), Tess (TSM), Cora (CSM),\n"
        "Dele (IS) have seats on it; Bo is its biller, Pat its partner; Adele administers; Mallory is on nothing.\n"
        "302 of `nobody` leads to the sign-in. POST sends what a person who may would send."
    )
    write(OURS, dict(pair for address in OF_OURS for pair in answers_of(address, site, clients)), head)
    write(ADMIN, dict(pair for address in OF_ADMIN for pair in answers_of(address, site, clients)), head)
    assert Project.objects.count() == 2
