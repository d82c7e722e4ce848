"""The main job, end to end, without a browser: discovery worked, refused at the gate, cleared, advanced."""

import pytest

from tests.cast import finish_phase
from transitions.blockers import MoveRefused
from transitions.moves import perform


def test_a_partner_integration_passes_every_gate_to_its_end(make_project, cast):
    project = make_project()
    assert (project.code, project.phase, project.steps_total) == ("MRW-1", "discovery", 46)

    with pytest.raises(MoveRefused) as refused:
        perform(project, "advance", by=cast.priya)
    assert {blocker.code for blocker in refused.value.blockers} == {"step-open"}
    assert len(refused.value.blockers) == 9

    for phase in ("design", "development", "sit", "finalize", "release"):
        finish_phase(project, cast)
        assert perform(project, "advance", by=cast.priya).row.phase == phase
    finish_phase(project, cast)
    done = perform(project, "complete", by=cast.priya).row
    assert (done.standing, done.steps_done, done.steps_total) == ("complete", 46, 46)
