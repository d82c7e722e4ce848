"""The Django admin of playbooks: drafts are edited and published here; what is published is shown and not changed."""

from playbook.admin.playbooks import PlaybookAdmin
from playbook.admin.steps import StepAdmin
from playbook.admin.versions import VersionAdmin

__all__ = ["PlaybookAdmin", "StepAdmin", "VersionAdmin"]
