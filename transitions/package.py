"""The life of a package for Client Services: built by the worker, then accepted or returned by who takes the project over."""

from __future__ import annotations

from typing import Any

from django.db import models
from django_fsm import transition

from transitions.machine import Machine, MoveSpec, StateField


class PackageState(models.TextChoices):
    """Where a package is in its life."""

    BUILDING = "building", "Being built"
    BUILT = "built", "Waiting for Client Services"
    ACCEPTED = "accepted", "Accepted"
    RETURNED = "returned", "Returned"
    FAILED = "failed", "Failed"


class PackageMachine(Machine):
    """building → built → accepted or returned, for good: what was lacking comes with a next package. Or building → failed."""

    MOVES = (
        MoveSpec("finish_package", "Finish the package", details=("note",)),
        MoveSpec("fail_package", "Give the package up", details=("note",), required=("note",)),
        MoveSpec("accept_package", "Accept the package", details=("note",)),
        MoveSpec("return_package", "Return the package", details=("note", "gaps"), required=("gaps",)),
    )

    state = StateField(default=PackageState.BUILDING, choices=PackageState.choices, max_length=10)

    class Meta:
        abstract = True

    @transition(field=state, source=PackageState.BUILDING, target=PackageState.BUILT)
    def finish_package(self, *, note: str = "") -> None:
        """The whole file is kept, and referred to from now on."""

    @transition(field=state, source=PackageState.BUILDING, target=PackageState.FAILED)
    def fail_package(self, *, note: str) -> None:
        """It could not be built, and why; another may be."""

    @transition(field=state, source=PackageState.BUILT, target=PackageState.ACCEPTED)
    def accept_package(self, *, note: str = "") -> None:
        """Client Services takes the project over with what is in it."""

    @transition(field=state, source=PackageState.BUILT, target=PackageState.RETURNED)
    def return_package(self, *, gaps: Any, note: str = "") -> None:
        """Client Services names what is missing: each gap is in the way of the go-live until it is settled."""
