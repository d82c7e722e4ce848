"""The phase of a project: one chain, and no way round it (domain.md, Phases)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models
from django_fsm import GET_STATE, transition

from transitions.machine import Machine, MoveSpec, StateField


class Phase(models.TextChoices):
    """The seven phases, in their order."""

    DISCOVERY = "discovery", "Discovery"
    DESIGN = "design", "Design"
    DEVELOPMENT = "development", "Development"
    SIT = "sit", "SIT"
    FINALIZE = "finalize", "Finalize"
    RELEASE = "release", "Release"
    POST_LIVE = "post_live", "Post-Live"

    @property
    def rank(self) -> int:
        """0 for Discovery to 6 for Post-Live."""
        return PHASE_ORDER[self.value]


PHASE_ORDER: dict[str, int] = {phase.value: rank for rank, phase in enumerate(Phase)}
_CHAIN = list(Phase)


def _next(machine: PhaseMachine, **_: Any) -> str:
    following = machine.next_phase()
    assert following is not None, "the gate refuses to leave the last phase"
    return following


def _named(machine: PhaseMachine, *, phase: str, **_: Any) -> str:
    return phase


def _later(phase: Phase) -> GET_STATE:
    return GET_STATE(_next, states=_CHAIN[phase.rank + 1 :])


def _earlier(phase: Phase) -> GET_STATE:
    return GET_STATE(_named, states=_CHAIN[: phase.rank])


class PhaseMachine(Machine):
    """Where a project stands on the chain. It moves to the next phase it visits, or back to an earlier one."""

    PHASE_MOVES = (
        MoveSpec("advance", "Advance"),
        MoveSpec("return_to", "Return to an earlier phase", details=("phase", "note"), required=("phase", "note")),
    )

    phase = StateField(default=Phase.DISCOVERY, choices=Phase.choices, max_length=12)

    class Meta:
        abstract = True

    def visited_phases(self) -> Sequence[str]:
        """Return the phases in which this project's playbooks have a step, in order."""
        raise NotImplementedError

    def next_phase(self) -> str | None:
        """Return the phase that `advance` leads to, or None at the end of the chain."""
        later = [phase for phase in self.visited_phases() if PHASE_ORDER[phase] > PHASE_ORDER[self.phase]]
        return later[0] if later else None

    @transition(field=phase, source=Phase.DISCOVERY, target=_later(Phase.DISCOVERY))
    @transition(field=phase, source=Phase.DESIGN, target=_later(Phase.DESIGN))
    @transition(field=phase, source=Phase.DEVELOPMENT, target=_later(Phase.DEVELOPMENT))
    @transition(field=phase, source=Phase.SIT, target=_later(Phase.SIT))
    @transition(field=phase, source=Phase.FINALIZE, target=_later(Phase.FINALIZE))
    @transition(field=phase, source=Phase.RELEASE, target=_later(Phase.RELEASE))
    def advance(self) -> None:
        """Go to the next phase that the project visits."""

    @transition(field=phase, source=Phase.DESIGN, target=_earlier(Phase.DESIGN))
    @transition(field=phase, source=Phase.DEVELOPMENT, target=_earlier(Phase.DEVELOPMENT))
    @transition(field=phase, source=Phase.SIT, target=_earlier(Phase.SIT))
    @transition(field=phase, source=Phase.FINALIZE, target=_earlier(Phase.FINALIZE))
    @transition(field=phase, source=Phase.RELEASE, target=_earlier(Phase.RELEASE))
    @transition(field=phase, source=Phase.POST_LIVE, target=_earlier(Phase.POST_LIVE))
    def return_to(self, *, phase: str, note: str) -> None:
        """Go back to an earlier phase, with a reason."""
