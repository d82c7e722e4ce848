"""Groups: what each may do everywhere, and who may open the admin."""

from __future__ import annotations

from fnmatch import fnmatchcase
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.groups import GROUPS, make_groups
from accounts.models import User
from tests.cast import GROUPS as CAST_GROUPS


def permissions(name: str) -> set[str]:
    rows = Permission.objects.filter(group__name=name).values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in rows}


def test_what_each_group_may_do(db: None) -> None:
    administrators = permissions("Administrators")
    rows = ("biller", "coresystem", "coresystemproduct", "livecustomer", "partner")
    reference = {f"projects.{verb}_{row}" for verb in ("add", "change", "delete", "view") for row in rows}
    reference |= {"projects.view_billermrr", "projects.keep_registry"}
    people = {
        f"accounts.{name}" for name in ("add_user", "change_user", "view_user", "invite_person", "replace_person")
    }

    starter_sets = {
        f"workbook.{verb}_{row}"
        for verb in ("add", "change", "delete", "view")
        for row in ("startersuite", "startercase")
    }

    meetings = {
        f"meetings.{verb}_{row}" for verb in ("add", "change", "delete", "view") for row in ("series", "seriesattendee")
    }
    meetings |= {"meetings.see_meetings", "meetings.run_meetings"}
    reminders = {f"reminders.{verb}_hook" for verb in ("add", "change", "delete", "view")}
    reminders |= {"reminders.view_sweep", "reminders.view_bounce"}
    reminders |= {"accounts.view_outgoingmail", "accounts.change_outgoingmail"}
    tiers = {"handoff.add_tiertable", "handoff.view_tiertable"}  # a table that was issued stays

    assert {name for name in administrators if not name.startswith("playbook.")} == (
        reference | people | starter_sets | meetings | reminders | tiers | {"auth.view_group"}
    )
    assert {
        f"playbook.{name}"
        for name in Permission.objects.filter(content_type__app_label="playbook").values_list("codename", flat=True)
    } <= administrators
    assert permissions("Implementations") == {
        "projects.add_project", "projects.keep_registry", "accounts.invite_person", "meetings.see_meetings"
    }  # fmt: skip
    sees_all = {"projects.view_all_projects", "meetings.see_meetings"}
    assert permissions("Client Services") == {"projects.decide_tier"} | sees_all
    assert permissions("Delivery managers") == sees_all
    assert permissions("Portfolio") == {"projects.view_all_projects", "meetings.see_meetings"}
    assert {name: permissions(name) for name in ("Engineering", "Delivery", "External")} == {
        "Engineering": {"meetings.see_meetings"}, "Delivery": {"meetings.see_meetings"}, "External": set()
    }  # fmt: skip
    assert set(Group.objects.values_list("name", flat=True)) == set(GROUPS)


def test_every_permission_of_the_table_is_there_or_known_to_come(db: None) -> None:
    there = {
        f"{app}.{codename}" for app, codename in Permission.objects.values_list("content_type__app_label", "codename")
    }
    absent = {
        pattern
        for patterns in GROUPS.values()
        for pattern in patterns
        if not any(fnmatchcase(name, pattern) for name in there)
    }

    assert absent <= {"projects.decide_tier"}


def test_what_is_not_in_the_table_is_withdrawn_and_the_rest_left_alone(db: None) -> None:
    extra = Permission.objects.get(codename="delete_user")
    Group.objects.get(name="Portfolio").permissions.set([extra])
    own = Group.objects.create(name="Our own")
    own.permissions.set([extra])

    make_groups()

    sees_all = {"projects.view_all_projects", "meetings.see_meetings"}
    assert permissions("Client Services") == {"projects.decide_tier"} | sees_all
    assert permissions("Delivery managers") == sees_all
    assert permissions("Portfolio") == {"projects.view_all_projects", "meetings.see_meetings"}
    assert permissions("Our own") == {"accounts.delete_user"}


def test_making_them_again_writes_nothing(db: None) -> None:
    with CaptureQueriesContext(connection) as queries:
        make_groups()

    assert {query["sql"].split()[0] for query in queries} == {"SELECT"}
    assert len(queries) == 1 + 2 * len(GROUPS)


@pytest.mark.django_db(transaction=True)
def test_a_flush_leaves_the_groups_as_they_should_be() -> None:
    sees_all = {"projects.view_all_projects", "meetings.see_meetings"}
    assert permissions("Client Services") == {"projects.decide_tier"} | sees_all
    assert permissions("Delivery managers") == sees_all
    assert permissions("Portfolio") == {"projects.view_all_projects", "meetings.see_meetings"}


def test_the_cast_is_in_its_groups(cast: SimpleNamespace) -> None:
    found = {first: set(person.groups.values_list("name", flat=True)) for first, person in vars(cast).items()}

    assert found == {first: set(CAST_GROUPS.get(first, ())) for first in vars(cast)}


# -- The admin ------------------------------------------------------------------------------------


def may_open_the_admin(person: User) -> bool:
    return User.objects.get(pk=person.pk).is_staff


def test_the_admin_is_open_to_administrators_and_superusers(cast: SimpleNamespace) -> None:
    administrators = Group.objects.get(name="Administrators")
    assert {first for first, person in vars(cast).items() if may_open_the_admin(person)} == {"adele"}

    cast.ivan.groups.add(administrators)
    assert (may_open_the_admin(cast.ivan), cast.ivan.is_staff) == (True, True)
    cast.ivan.groups.remove(administrators)
    assert (may_open_the_admin(cast.ivan), cast.ivan.is_staff) == (False, False)

    administrators.user_set.add(cast.priya, cast.ivan)
    assert may_open_the_admin(cast.priya)
    cast.priya.groups.set([])
    assert not may_open_the_admin(cast.priya)
    administrators.user_set.clear()
    assert not may_open_the_admin(cast.ivan)
    cast.adele.groups.clear()
    assert may_open_the_admin(cast.adele)  # a superuser
