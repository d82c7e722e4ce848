"""The life of a section: every state, every move."""

from __future__ import annotations

import pytest

from projects.models import DocumentSection
from transitions.machine import StateGuarded
from transitions.section import SectionState

#: State → move → the states it may lead to.
EDGES = {
    "empty": {"draft_section": {"drafting"}, "skip_section": {"not_applicable"}},
    "drafting": {"hand_in_section": {"in_review"}, "skip_section": {"not_applicable"}},
    "in_review": {"approve_section": {"approved"}, "send_back_section": {"drafting"}},
    "approved": {"reopen_section": {"drafting"}},
    "not_applicable": {"reopen_section": {"empty", "drafting"}},
}


def test_these_are_the_edges_and_no_others() -> None:
    field = DocumentSection.state_field("state")
    found: dict[str, dict[str, set[str]]] = {state: {} for state in SectionState.values}
    for edge in field.get_all_transitions(DocumentSection):
        targets = getattr(edge.target, "allowed_states", None) or [edge.target]
        found[str(edge.source)].setdefault(edge.name, set()).update(map(str, targets))
    assert found == EDGES


def test_what_is_taken_back_or_does_not_apply_needs_a_reason() -> None:
    asked = {spec.name: spec.required for spec in DocumentSection.MOVES}

    assert asked == {
        "draft_section": (),
        "hand_in_section": (),
        "approve_section": (),
        "send_back_section": ("note",),
        "skip_section": ("note",),
        "reopen_section": ("note",),
    }


@pytest.mark.parametrize("state", [state for state in SectionState.values if state != "empty"])
def test_no_section_is_made_in_a_state_of_ones_choice(state: str) -> None:
    with pytest.raises(StateGuarded):
        DocumentSection(state=state)
