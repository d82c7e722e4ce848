"""What the method says: playbooks, their versions, roles and steps."""

from playbook.models.draft_only import DraftOnly, RowStays
from playbook.models.import_report import ImportReport
from playbook.models.step import Role, Step, StepRole
from playbook.models.version import Playbook, PublishedIsFinal, Version, refuse_final

__all__ = [
    "DraftOnly",
    "ImportReport",
    "Playbook",
    "PublishedIsFinal",
    "Role",
    "RowStays",
    "Step",
    "StepRole",
    "Version",
    "refuse_final",
]
