"""Core systems out of a YAML file, `fixtures/registry/core_systems.yaml` among them: added where missing, never written over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from django.core.exceptions import ValidationError
from django.db import transaction

from projects.models import CoreSystem, CoreSystemProduct
from projects.registry import partner_called

KEYS = {"core_systems": {"name", "partner", "products"}, "products": {"product", "stage", "details", "doubt"}}


class FixtureError(Exception):
    """The file does not say what a registry says; the message names the place."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load added, and how many products wait to be confirmed among all that the file names."""

    core_systems: int
    products: int
    to_confirm: int


def load_core_systems(text: str) -> Loaded:
    """Add the core systems and products that the file names and the registry has not; all of them, or none.

    What is there already stays as people have made it, so that a second load changes nothing.

    Raises:
        FixtureError: no YAML, an unknown key, product or stage, or no name.
    """
    try:
        said = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise FixtureError(f"This is no YAML: {error}") from error
    systems = products = to_confirm = 0
    with transaction.atomic():
        for entry in _entries(said, "core_systems", "the file"):
            core_system, made = _core_system(entry)
            systems += made
            for item in _entries(entry, "products", core_system.name):
                row, made = _product(core_system, item)
                products += made
                to_confirm += row.to_confirm
    return Loaded(systems, products, to_confirm)


def _entries(said: Any, key: str, where: str) -> list[Mapping[str, Any]]:
    found = said.get(key, []) if isinstance(said, Mapping) else None
    if not isinstance(found, list):
        raise FixtureError(f"{where}: “{key}” is to be a list.")
    for entry in found:
        if not isinstance(entry, Mapping) or not set(entry) <= KEYS[key]:
            raise FixtureError(f"{where}: an entry of “{key}” has {', '.join(sorted(KEYS[key]))} and nothing else.")
    return found


def _core_system(entry: Mapping[str, Any]) -> tuple[CoreSystem, bool]:
    name = str(entry.get("name") or "").strip()
    found = CoreSystem.objects.filter(name__iexact=name).first() if name else None
    if found is not None:
        return found, False
    row = CoreSystem(name=name)
    _clean(row, name or "a core system without a name")
    row.vendor = partner_called(str(entry.get("partner") or ""))
    row.save()
    return row, True


def _product(core_system: CoreSystem, item: Mapping[str, Any]) -> tuple[CoreSystemProduct, bool]:
    product, doubt = str(item.get("product") or ""), str(item.get("doubt") or "")
    found = core_system.products.filter(product=product).first()
    if found is not None:
        return found, False
    row = CoreSystemProduct(
        core_system=core_system, product=product, stage=str(item.get("stage") or ""),
        details=str(item.get("details") or ""), doubt=doubt, to_confirm=bool(doubt),
    )  # fmt: skip
    _clean(row, f"{core_system.name}, product “{product}”")
    row.save()
    return row, True


def _clean(row: CoreSystem | CoreSystemProduct, where: str) -> None:
    try:
        row.full_clean()
    except ValidationError as invalid:
        raise FixtureError(f"{where}: {' '.join(invalid.messages)}") from invalid
