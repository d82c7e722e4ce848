"""The groups that come with the product. What a group may do on one project is not here: that follows from seats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from django.apps import AppConfig, apps
from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet

from accounts.models import Side, User

ADMINISTRATORS, EXTERNAL = "Administrators", "External"

#: name → what its members may do everywhere, as `app.codename`; `*` stands for anything. A permission that no room has yet
#: is given once it is there.
GROUPS: Mapping[str, Sequence[str]] = {
    ADMINISTRATORS: (
        "playbook.*",
        "projects.*_biller",
        "projects.*_coresystem",
        "projects.*_coresystemproduct",
        "projects.*_livecustomer",
        "projects.*_partner",
        "projects.view_billermrr",
        "projects.keep_registry",
        "meetings.*_series",
        "meetings.*_seriesattendee",
        "meetings.see_meetings",
        "meetings.run_meetings",
        "reminders.*_hook",
        "reminders.view_sweep",
        "reminders.view_bounce",
        "handoff.add_tiertable",
        "handoff.view_tiertable",
        "workbook.*_startersuite",
        "workbook.*_startercase",
        "accounts.add_user",
        "accounts.change_user",
        "accounts.view_user",
        "accounts.view_outgoingmail",
        "accounts.change_outgoingmail",
        "accounts.invite_person",
        "accounts.replace_person",
        "auth.view_group",
    ),
    "Portfolio": ("projects.view_all_projects", "meetings.see_meetings"),
    "Implementations": (
        "projects.add_project",
        "projects.keep_registry",
        "accounts.invite_person",
        "meetings.see_meetings",
    ),
    "Engineering": ("meetings.see_meetings",),  # SE, SA, INM, TC and DS: their seats say what they may do
    "Delivery": ("meetings.see_meetings",),
    # They hear of anomalies on every add-on, and so may open it.
    "Delivery managers": ("projects.view_all_projects", "meetings.see_meetings"),
    # They decide for every project and take it over, and so may open it.
    "Client Services": ("projects.decide_tier", "projects.view_all_projects", "meetings.see_meetings"),
    EXTERNAL: (),  # billers and partners
}


def make_groups(**_: Any) -> None:
    """Make the groups and bring their permissions in line with GROUPS: what is no longer there is withdrawn.

    Costs a handful of queries, and writes nothing where all is as it should be.
    """
    rows = Permission.objects.values_list("pk", "content_type__app_label", "codename")
    known = {pk: f"{app}.{codename}" for pk, app, codename in rows}
    for name, patterns in GROUPS.items():
        group, _made = Group.objects.get_or_create(name=name)
        wanted = {pk for pk, full in known.items() if any(fnmatchcase(full, pattern) for pattern in patterns)}
        given = set(group.permissions.values_list("pk", flat=True))
        if wanted - given:
            group.permissions.add(*(wanted - given))
        if given - wanted:
            group.permissions.remove(*(given - wanted))


def make_groups_last(sender: AppConfig, **_: Any) -> None:
    """Make the groups once the last app has its permissions: the signal comes for every app, after each migration and flush."""
    last = [config for config in apps.get_app_configs() if config.models_module is not None][-1]
    if sender.name == last.name:
        make_groups()


def keep_staff_in_step(instance: Any, action: str, reverse: bool, pk_set: set[int] | None, **_: Any) -> None:
    """Let those into the admin, and no others, who are superusers or in Administrators: follows each change of membership."""
    if action not in {"post_add", "post_remove", "pre_clear", "post_clear"}:
        return
    if reverse and action == "pre_clear":
        instance.leaving = list(instance.user_set.values_list("pk", flat=True))  # after the clearing nobody can tell
        return
    if reverse:
        ids = pk_set if pk_set is not None else getattr(instance, "leaving", [])
        people = User.objects.filter(pk__in=ids)
    else:
        people = User.objects.filter(pk=instance.pk)
    open_the_admin(people)
    if not reverse:
        instance.refresh_from_db(fields=["is_staff"])


def open_the_admin(people: QuerySet[User]) -> None:
    """Bring `is_staff` of these people in line: True for superusers and for who is in Administrators, else False.

    Nobody outside the company opens the admin, whatever somebody put them into.
    """
    members = set(people.filter(groups__name=ADMINISTRATORS).values_list("pk", flat=True))
    may = (Q(is_superuser=True) | Q(pk__in=members)) & Q(side=Side.INTERNAL)
    people.filter(may, is_staff=False).update(is_staff=True)
    people.filter(is_staff=True).exclude(may).update(is_staff=False)
