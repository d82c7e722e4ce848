"""The groups that come with the product. What a group may do on one project is not here: that follows from seats."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

#: name → the permissions (app_label, codename) that its members have everywhere.
GROUPS: dict[str, tuple[tuple[str, str], ...]] = {
    "Implementations": (("projects", "add_project"),),
    "Portfolio": (("projects", "view_all_projects"),),
}


def make_groups(**_: Any) -> None:
    """Make the groups and give them their permissions; safe to run after every migration."""
    for config in apps.get_app_configs():
        create_permissions(config, verbosity=0)
    for name, wanted in GROUPS.items():
        group, _created = Group.objects.get_or_create(name=name)
        for app_label, codename in wanted:
            group.permissions.add(*Permission.objects.filter(content_type__app_label=app_label, codename=codename))
