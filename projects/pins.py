"""Which live projects run on a version: the count that the playbook room shows beside it, and the way to them."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Count, Q
from django.urls import reverse

from playbook.models import Version
from projects.filters import PortfolioFilter
from projects.models import ProjectPlaybook
from transitions.standing import Standing

#: A project that is cancelled or complete keeps its version and is no reason to keep it alive.
LIVE = (Standing.ACTIVE, Standing.ON_HOLD)


def live_projects_on(versions: Collection[int]) -> dict[int, int]:
    """Return how many live projects run on each of the versions that any runs on, in one query."""
    pins = ProjectPlaybook.objects.filter(version__in=versions, project__standing__in=LIVE).order_by()
    return dict(pins.values_list("version").annotate(Count("project", distinct=True)))


def listed(version: Version) -> str:
    """Return the address of the portfolio with the live projects on `version`: those of them that its reader may see."""
    return reverse("portfolio") + PortfolioFilter(version=_name(version), standing="live").query()


def runs_on(named: str) -> Q:
    """Return what asks of a project that it is pinned to the version `named` so by `listed`; none is to one that is unknown."""
    slug, _, number = named.rpartition("-v")
    pins = ProjectPlaybook.objects.filter(version__playbook__slug=slug, version__number=int(number))
    return Q(pk__in=pins.values("project"))


def _name(version: Version) -> str:
    return f"{version.playbook.slug}-v{version.number}"
