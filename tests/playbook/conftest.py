"""Small playbooks to break, as values and as text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.core.management import call_command

from playbook.data import PlaybookData, RoleData, StepData
from playbook.lint import lint, warning_ids
from playbook.models import Playbook, Version
from playbook.services import publish_version, write_draft
from raci.letters import Raci

ROLES = (
    RoleData("PM", "Project Manager", "Implementations", "internal", manages=True),
    RoleData("SE", "Solution Engineer", "Integrations", "internal"),
    RoleData("INM", "Integrations Manager", "Integrations", "internal"),
    RoleData("B", "Biller", "Customer", "customer"),
)
HEALTHY = Raci(R=("SE",), A=("INM",), C=("PM",), I=("B",))


def a_step(number: int, /, **changes: Any) -> StepData:
    """A healthy step, unless told otherwise."""
    step = StepData(key=f"design.step-{number}", number=number, phase="design", title=f"Step {number}", raci=HEALTHY)
    return replace(step, **changes)


def a_playbook(*steps: StepData, **changes: Any) -> PlaybookData:
    """A healthy playbook of three steps, unless told otherwise."""
    data = PlaybookData("sample", "Sample", roles=ROLES, steps=steps or (a_step(1), a_step(2), a_step(3)))
    return replace(data, **changes)


@pytest.fixture
def make_step() -> Callable[..., StepData]:
    """Return the maker of steps."""
    return a_step


@pytest.fixture
def make_playbook() -> Callable[..., PlaybookData]:
    """Return the maker of playbooks."""
    return a_playbook


@pytest.fixture
def make_draft(db: None) -> Callable[..., Version]:
    """Return a function that writes a draft of the playbook `sample`, made of the steps given."""

    def make(*steps: StepData, **changes: Any) -> Version:
        data = a_playbook(*steps, **changes)
        playbook, _ = Playbook.objects.get_or_create(
            slug=data.playbook, defaults={"title": data.title, "kind": data.kind}
        )
        return write_draft(data, playbook=playbook)

    return make


@pytest.fixture
def draft(make_draft: Callable[..., Version]) -> Version:
    """A healthy draft of three steps."""
    return make_draft()


@pytest.fixture
def published(make_draft: Callable[..., Version]) -> Version:
    """A healthy published version of three steps."""
    version = make_draft()
    confirmed = warning_ids(lint(version.as_data()))
    return publish_version(version, by=None, note="First edition", confirmed=confirmed).row


@pytest.fixture
def loaded(db: None) -> None:
    """The five playbooks of the product, loaded as `make run` loads them."""
    call_command("load_playbooks", verbosity=0)
