"""The admin of people: what an administrator may do, and what they may not make of themselves."""

from __future__ import annotations

import html
import re
from types import SimpleNamespace

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.accounts.ways import by_password, signed_in_as

LIST, ADD = reverse("admin:accounts_user_changelist"), reverse("admin:accounts_user_add")


def url_of(person: User) -> str:
    return reverse("admin:accounts_user_change", args=[person.pk])


def filled(client: Client, person: User, **more: object) -> dict[str, object]:
    """The form of a person as it stands."""
    seen = re.search(r'name="seen" value="(\w+)"', client.get(url_of(person)).content.decode())
    fields: dict[str, object] = {"seen": seen[1] if seen else ""}
    fields |= {"email": person.email, "name": person.name, "side": person.side, "time_zone": person.time_zone}
    return fields | {"is_active": "on", "groups": list(person.groups.values_list("pk", flat=True))} | more


@pytest.fixture
def ivan(client: Client, cast: SimpleNamespace) -> Client:
    """Ivan, an administrator who is no superuser."""
    cast.ivan.groups.set([Group.objects.get(name="Administrators")])
    client.force_login(cast.ivan)
    return client


def test_an_administrator_manages_people_and_their_groups(ivan: Client, cast: SimpleNamespace) -> None:
    portfolio = Group.objects.get(name="Portfolio")

    assert ivan.get(LIST).status_code == 200
    assert (
        ivan.post(url_of(cast.sofia), filled(ivan, cast.sofia, name="Sofia R.", groups=[portfolio.pk])).status_code
        == 302
    )

    sofia = User.objects.get(pk=cast.sofia.pk)
    assert (sofia.name, list(sofia.groups.all())) == ("Sofia R.", [portfolio])


def test_an_administrator_makes_nobody_a_superuser(
    ivan: Client, cast: SimpleNamespace, security_log: list[dict[str, object]]
) -> None:
    wanted = {
        "is_superuser": "on", "is_staff": "on", "password": "x",
        "user_permissions": [Permission.objects.get(codename="delete_user").pk],
    }  # fmt: skip
    for person in (cast.sofia, cast.ivan):
        password = User.objects.get(pk=person.pk).password
        assert ivan.post(url_of(person), filled(ivan, person, **wanted)).status_code == 302
        after = User.objects.get(pk=person.pk)
        assert (after.is_superuser, list(after.user_permissions.all()), after.password) == (False, [], password)
    assert not User.objects.get(pk=cast.sofia.pk).is_staff

    assert [(line["event"], line["fields"]) for line in security_log] == [
        ("escalation_refused", ["is_staff", "is_superuser", "password", "user_permissions"])
    ] * 2


def test_an_administrator_may_look_at_a_superuser_and_no_more(ivan: Client, cast: SimpleNamespace) -> None:
    assert ivan.get(url_of(cast.adele)).status_code == 200
    assert ivan.post(url_of(cast.adele), filled(ivan, cast.adele, email="mine@example.org")).status_code == 403
    assert User.objects.get(pk=cast.adele.pk).email == "adele@example.org"


@pytest.mark.parametrize("first", ["sofia", "adele", "ivan"])
def test_nobody_types_a_password_for_somebody_else(ivan: Client, cast: SimpleNamespace, first: str) -> None:
    person = getattr(cast, first)
    url = reverse("admin:auth_user_password_change", args=[person.pk])
    fresh = {
        "password1": "a lantern over four rivers",
        "password2": "a lantern over four rivers",
        "usable_password": "true",
    }

    assert [ivan.get(url).status_code, ivan.post(url, fresh).status_code] == [403, 403]
    assert User.objects.get(pk=person.pk).password == person.password


def test_two_administrators_on_one_person_are_told_of_each_other(ivan: Client, cast: SimpleNamespace) -> None:
    mine = filled(ivan, cast.sofia, name="Sofia Mine")
    ivan.post(url_of(cast.sofia), filled(ivan, cast.sofia, name="Sofia Theirs"))

    answer = ivan.post(url_of(cast.sofia), mine)

    assert answer.status_code == 409
    assert "Stored meanwhile: “Sofia Theirs”. In your form: “Sofia Mine”." in html.unescape(answer.content.decode())
    assert User.objects.get(pk=cast.sofia.pk).name == "Sofia Theirs"


def test_nobody_is_deleted_and_groups_are_as_the_code_has_them(
    ivan: Client, client: Client, cast: SimpleNamespace
) -> None:
    client.force_login(cast.adele)
    group = Group.objects.get(name="Portfolio")

    assert client.post(reverse("admin:accounts_user_delete", args=[cast.bo.pk]), {"post": "yes"}).status_code == 403
    assert client.get(reverse("admin:auth_group_changelist")).status_code == 200
    assert client.post(reverse("admin:auth_group_change", args=[group.pk]), {"name": "x"}).status_code == 403
    assert client.get(reverse("admin:auth_group_add")).status_code == 403


def test_a_superuser_makes_another_who_may_open_the_admin_at_once(client: Client, cast: SimpleNamespace) -> None:
    client.force_login(cast.adele)

    client.post(url_of(cast.sofia), filled(client, cast.sofia, is_superuser="on"))
    sofia = User.objects.get(pk=cast.sofia.pk)
    assert (sofia.is_superuser, sofia.is_staff) == (True, True)
    client.post(url_of(cast.sofia), filled(client, cast.sofia))
    sofia = User.objects.get(pk=cast.sofia.pk)
    assert (sofia.is_superuser, sofia.is_staff) == (False, False)


def new(**more: object) -> dict[str, object]:
    return {"email": "Noor@Example.org", "name": "Noor Haddad", "side": "internal", "time_zone": "UTC", **more}


@pytest.mark.parametrize(("ticked", "mails"), [({"send_invitation": "on"}, [["noor@example.org"]]), ({}, [])])
def test_who_is_made_here_has_no_password_and_may_be_invited(
    ivan: Client, cast: SimpleNamespace, ticked: dict[str, str], mails: list[list[str]],
    django_capture_on_commit_callbacks: object,
) -> None:  # fmt: skip
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        assert ivan.post(ADD, new(**ticked)).status_code == 302

    noor = User.objects.get(email="noor@example.org")
    assert (noor.has_usable_password(), noor.is_staff) == (False, False)
    assert [message.to for message in mail.outbox] == mails


@pytest.mark.parametrize(
    "wrong", [{"email": "PRIYA@example.org"}, {"name": "a\nb"}, {"time_zone": "Mars"}, {"side": "god"}]
)
def test_what_is_wrong_makes_nobody(ivan: Client, cast: SimpleNamespace, wrong: dict[str, str]) -> None:
    before = User.objects.count()

    assert ivan.post(ADD, new(**wrong)).status_code == 400
    assert User.objects.count() == before


def test_deactivation_keeps_the_person_and_ends_their_sessions(ivan: Client, cast: SimpleNamespace) -> None:
    there = Client()
    by_password(there, "sofia@example.org")

    fields = filled(ivan, cast.sofia)
    del fields["is_active"]
    ivan.post(url_of(cast.sofia), fields)

    assert not User.objects.get(pk=cast.sofia.pk).is_active
    assert there.get("/my-work").status_code == 302
    assert there.post("/account/password/set/").status_code == 302
    assert signed_in_as(ivan) == cast.ivan.pk


def test_nobody_signs_in_by_the_address_they_had_before(ivan: Client, cast: SimpleNamespace) -> None:
    EmailAddress.objects.create(user=cast.sofia, email="sofia@example.org", verified=True, primary=True)

    ivan.post(url_of(cast.sofia), filled(ivan, cast.sofia, email="sofia.reyes@example.org"))

    assert by_password(Client(), "sofia@example.org").status_code == 400
    assert by_password(Client(), "sofia.reyes@example.org").status_code == 302


def test_providers_and_addresses_have_no_second_place(client: Client, cast: SimpleNamespace) -> None:
    client.force_login(cast.adele)

    for path in ("socialaccount/socialapp/", "socialaccount/socialtoken/", "account/emailaddress/"):
        assert client.get(f"/admin/{path}").status_code == 404
