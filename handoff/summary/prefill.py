"""What the project knows of the fields of its summary: read from its rows, and offered beside what is open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.urls import reverse

from accounts.mail import site_address
from handoff.summary.fields import LONGEST_LINK, MOST_LINKS, Field
from projects.models import CoreSystemProduct, Document, Project
from projects.models.project import IntegrationKind
from projects.models.registry import CoreSystem, Product
from records.models import RaidItem
from workbook.models import Run
from workbook.vocabulary import Kind

CUSTOM = "Built by ourselves, for this biller alone"
#: Documents that may be the scope plan, the first that has a version (the source: “scope plan (Solution Design)”).
SCOPE_PLANS = ("scope-plan", "solution-design-document")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a field could say, and where that comes from."""

    value: str
    source: str


Know = Callable[[Project], Mapping[str, Proposal]]


def proposals(project: Project, gaps: Iterable[Field]) -> dict[str, Proposal]:
    """Return what the project knows of the fields that are open, by key; in six queries at most, none where nothing is open."""
    keys = [field.key for field in gaps]
    found: dict[str, Proposal] = {}
    for about, know in SOURCES:
        if about & set(keys):
            found |= know(project)
    return {key: found[key] for key in keys if key in found}


def _core_system(project: Project) -> dict[str, Proposal]:
    """Who integrated it, the biller's software, and which products the registry has for that."""
    found: dict[str, Proposal] = {}
    if project.integration_kind == IntegrationKind.CUSTOM:
        found["integrator"] = Proposal(CUSTOM, "a custom integration")
    if project.core_system_id is None:
        return found
    system = CoreSystem.objects.select_related("vendor").get(pk=project.core_system_id)
    found["biller-software"] = Proposal(system.name, "core system")
    if system.vendor and "integrator" not in found:
        found["integrator"] = Proposal(system.vendor.name, f"partner of {system}")
    return found


def _products(project: Project) -> dict[str, Proposal]:
    """The products that the registry is certain of: what is billed and paid through them is for the IM to add."""
    if project.core_system_id is None:
        return {}
    rows = CoreSystemProduct.objects.filter(core_system=project.core_system_id, to_confirm=False)
    names = [row.get_product_display() for row in rows.exclude(product=Product.OUTBOUND).order_by("product")]
    return {"invoice-types": Proposal("\n".join(names), "products in the registry")} if names else {}


def _log(project: Project) -> dict[str, Proposal]:
    """The RAID log, whole, as a file."""
    if not RaidItem.objects.filter(project=project).exists():
        return {}
    address = f"{reverse('raid', args=[project.code])}?state=all&format=xlsx"
    return {"raid-log": Proposal(site_address(address), "export of the RAID log")}


def _pages(project: Project) -> dict[str, Proposal]:
    """The plan as it stands, and what was said of the project week by week."""
    found = {"project-schedule": Proposal(site_address(reverse("project", args=[project.code])), "plan of the project")}
    if project.health_at is not None:
        found["project-notes"] = Proposal(site_address(reverse("updates", args=[project.code])), "status updates")
    return found


def _results(project: Project) -> dict[str, Proposal]:
    """The results of every run that was closed, the newest first: a retest runs only what was not good before."""
    lines: dict[str, list[str]] = {Kind.SIT: [], Kind.UAT: []}
    closed = Run.objects.filter(project=project, state="closed").order_by("kind", "-number").values_list("pk", "kind")
    for pk, kind in closed:
        lines[kind].append(site_address(reverse("run-results", args=[project.code, pk, "xlsx"])))
    return {
        f"{kind}-results": Proposal("\n".join(found[:MOST_LINKS]), "results of the runs")
        for kind, found in lines.items()
        if found
    }


def _scope(project: Project) -> dict[str, Proposal]:
    """The newest version of the scope plan, or of the Solution Design Document; and of the project notes, where there are any."""
    rows = Document.objects.filter(project=project, slug__in=(*SCOPE_PLANS, "project-notes"))
    by_slug = {row.slug: row for row in rows.prefetch_related("versions__file")}
    found = {}
    for key, slugs in (("scope-plan", SCOPE_PLANS), ("project-notes", ("project-notes",))):
        for slug in slugs:
            row = by_slug.get(slug)
            version = row.current if row else None
            if row is None or version is None:
                continue
            address = version.path_from(project.get_absolute_url())
            address = site_address(address) if address.startswith("/") else address
            if len(address) <= LONGEST_LINK:
                found[key] = Proposal(address, f"{row.title}, version {version.number}")
                break
    return found


#: What each source knows of; a later one knows better.
SOURCES: tuple[tuple[frozenset[str], Know], ...] = (
    (frozenset({"integrator", "biller-software"}), _core_system),
    (frozenset({"invoice-types"}), _products),
    (frozenset({"raid-log"}), _log),
    (frozenset({"project-schedule", "project-notes"}), _pages),
    (frozenset({"sit-results", "uat-results"}), _results),
    (frozenset({"scope-plan", "project-notes"}), _scope),
)
