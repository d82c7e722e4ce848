"""Inviting people, the page of who is here, and names that behave."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.invitations import invite
from accounts.models import OutgoingMail, Side, User
from tests.accounts.ways import by_password, link_of_mail, signed_in_as

PEOPLE, INVITE = reverse("people"), reverse("invite-person")
NEW = {"name": "Noor Haddad", "email": "Noor@Example.org", "side": "internal"}


@pytest.fixture
def priya(client: Client, cast: SimpleNamespace) -> Client:
    client.force_login(cast.priya)
    return client


def test_an_invitation_brings_somebody_in(priya: Client, cast: SimpleNamespace, commits: Any) -> None:
    with commits(execute=True):
        answer = priya.post(INVITE, NEW)
    assert (answer.status_code, answer["Location"]) == (302, PEOPLE)
    noor = User.objects.get(email="noor@example.org")
    assert (noor.name, noor.side, noor.has_usable_password(), noor.is_staff) == (
        "Noor Haddad",
        "internal",
        False,
        False,
    )
    assert (mail.outbox[0].to, mail.outbox[0].subject) == (["noor@example.org"], "Priya Nair invites you to Gatehouse")

    there = Client()
    assert there.post(link_of_mail())["Location"] == "/"
    assert signed_in_as(there) == noor.pk
    fresh = "a lantern over four rivers"
    assert there.post(reverse("account_set_password"), {"password1": fresh, "password2": fresh}).status_code == 302
    assert by_password(Client(), "noor@example.org", fresh).status_code == 302


@pytest.mark.parametrize("first", ["mallory", "bo", "sofia"])
def test_only_who_may_invites_and_sees_who_is_here(client: Client, cast: SimpleNamespace, first: str) -> None:
    client.force_login(getattr(cast, first))

    assert [client.get(PEOPLE).status_code, client.get(INVITE).status_code] == [403, 403]
    assert client.post(INVITE, NEW).status_code == 403
    assert client.post(reverse("invite-again", args=[cast.bo.pk])).status_code == 403
    with pytest.raises(PermissionDenied):
        invite("noor@example.org", "Noor", "internal", by=getattr(cast, first))
    assert not User.objects.filter(email="noor@example.org").exists()


def test_who_invites_gives_no_groups_that_are_not_theirs_to_give(priya: Client, cast: SimpleNamespace) -> None:
    administrators = Group.objects.get(name="Administrators")

    assert "Administrators" not in priya.get(INVITE).content.decode()
    priya.post(INVITE, NEW | {"groups": [administrators.pk], "is_superuser": "on", "is_staff": "on"})
    noor = User.objects.get(email="noor@example.org")
    assert (list(noor.groups.all()), noor.is_staff, noor.is_superuser) == ([], False, False)
    with pytest.raises(PermissionDenied):
        invite("other@example.org", "Other", "internal", by=cast.priya, groups=[administrators])


def test_an_administrator_gives_groups(client: Client, cast: SimpleNamespace) -> None:
    client.force_login(cast.adele)

    client.post(INVITE, NEW | {"groups": [Group.objects.get(name="Portfolio").pk]})

    assert [group.name for group in User.objects.get(email="noor@example.org").groups.all()] == ["Portfolio"]


@pytest.mark.parametrize("side", [Side.CUSTOMER, Side.PARTNER])
def test_who_is_not_of_the_company_is_external(cast: SimpleNamespace, side: str) -> None:
    person = invite("noor@example.org", "Noor", side, by=cast.priya)

    assert [group.name for group in person.groups.all()] == ["External"]


def test_somebody_who_is_here_keeps_what_they_are(cast: SimpleNamespace, commits: Any) -> None:
    with commits(execute=True):
        person = invite("BO@example.org", "Somebody Else", "internal", by=cast.priya, leads_to="/my-work")
        invite("bo@example.org", "Somebody Else", "internal", by=cast.priya, leads_to="/my-work")

    assert (person, person.name, person.side) == (cast.bo, "Bo Halvorsen", "customer")
    assert len(mail.outbox) == OutgoingMail.objects.count() == 1  # twice within a minute is once


def test_a_closed_account_is_opened_by_no_invitation(priya: Client, cast: SimpleNamespace) -> None:
    User.objects.filter(pk=cast.bo.pk).update(is_active=False)

    answer = priya.post(INVITE, NEW | {"email": "bo@example.org"})

    assert answer.status_code == 400
    assert "This account is closed." in answer.content.decode()


ONE_LINE = "A name is one line of letters, without control characters."


@pytest.mark.parametrize(
    "name", ["Noor\r\nBcc: all@example.org", "Noor\nHaddad", "Noor\x1b[2J", "Noor\u202eroorN", "N\u2028oor"]
)
def test_a_name_breaks_out_of_no_line(priya: Client, cast: SimpleNamespace, name: str) -> None:
    answer = priya.post(INVITE, NEW | {"name": name})

    assert answer.status_code == 400
    assert ONE_LINE in answer.content.decode()
    with pytest.raises(ValidationError):
        User.objects.create_user("noor@example.org", name)


@pytest.mark.parametrize("name", ["Noor O’Haddad", "Zoë Ångström-Łuczak", "محمد", "李 小龙", "Ana\u200dB"])
def test_names_are_as_people_have_them(cast: SimpleNamespace, name: str) -> None:
    assert User.objects.create_user("noor@example.org", name).name == name


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"name": "x" * 121}, {"email": "noor"}, {"email": "a@example.org\nBcc: b@c.d"}, {"side": "god"}],
)
def test_bad_input_is_a_400_and_makes_nobody(priya: Client, wrong: dict[str, str]) -> None:
    before = User.objects.count()

    assert priya.post(INVITE, NEW | wrong).status_code == 400
    assert User.objects.count() == before


# -- Who is here ----------------------------------------------------------------------------------


def states(page: str) -> dict[str, str]:
    rows = page.partition("<tbody>")[2].split("<tr>")[1:]
    return {
        row.partition("<b>")[2].partition("</b>")[0]: row.partition('data-l="State">')[2].partition("<")[0]
        for row in rows
    }


def test_the_list_says_how_it_stands_with_everybody(priya: Client, cast: SimpleNamespace, commits: Any) -> None:
    User.objects.filter(pk=cast.cora.pk).update(is_active=False)
    with commits(execute=True):
        invite("noor@example.org", "Noor Haddad", "internal", by=cast.priya)

    found = states(priya.get(PEOPLE).content.decode())

    assert (found["Priya Nair"], found["Noor Haddad"], found["Cora Lindqvist"], found["Pat Quinn"]) == (
        "Active", "Invited", "Deactivated", "Never signed in"
    )  # fmt: skip


def test_the_list_is_searched_and_paged(priya: Client, cast: SimpleNamespace) -> None:
    for number in range(60):
        User.objects.create_user(f"p{number}@example.net", f"Person {number:02}")

    page = priya.get(PEOPLE, {"q": "example.net"}).content.decode()
    assert len(states(page)) == 50
    assert 'href="?q=example.net&amp;page=2"' in page
    assert len(states(priya.get(PEOPLE, {"q": "example.net", "page": 2}).content.decode())) == 10
    assert list(states(priya.get(PEOPLE, {"q": "PRIYA"}).content.decode())) == ["Priya Nair"]
    assert "Nobody found" in priya.get(PEOPLE, {"q": "zzz"}).content.decode()
    assert priya.get(PEOPLE, {"q": "x" * 101}).status_code == 400


def test_the_list_costs_the_same_whatever_its_length(priya: Client, cast: SimpleNamespace) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert priya.get(PEOPLE).status_code == 200
        return len(found)

    before = queries()
    for number in range(30):
        User.objects.create_user(f"p{number}@example.net", f"Person {number}").groups.set(Group.objects.all())

    assert (before, queries()) == (7, 7)


def test_who_has_not_come_yet_is_invited_again(priya: Client, cast: SimpleNamespace, commits: Any) -> None:
    with commits(execute=True):
        answer = priya.post(reverse("invite-again", args=[cast.pat.pk]))

    assert (answer.status_code, mail.outbox[0].to) == (302, ["pat@example.org"])
    User.objects.filter(pk=cast.pat.pk).update(last_login=dt.datetime.now(dt.UTC))
    assert priya.post(reverse("invite-again", args=[cast.pat.pk])).status_code == 404
    assert priya.get(reverse("invite-again", args=[cast.pat.pk])).status_code == 405
