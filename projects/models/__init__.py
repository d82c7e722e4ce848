"""Live rows: billers, projects, their steps and seats, and what was decided about them."""

from projects.models.comment_request import CommentAnswer, CommentRequest
from projects.models.decision import Approval, DateChange, Decision, Waiver
from projects.models.delegation import Delegation
from projects.models.document import Document, DocumentSection, DocumentVersion
from projects.models.file import StoredFile
from projects.models.notice import IN_SUMMARY, Notice, NoticeKind
from projects.models.project import IntegrationKind, Project, ProjectGrant, ProjectPlaybook
from projects.models.registry import (
    Biller,
    BillerMrr,
    CoreSystem,
    CoreSystemProduct,
    LiveCustomer,
    Partner,
    Product,
    Stage,
    State,
    Vertical,
)  # fmt: skip
from projects.models.seat import Seat
from projects.models.sheet_draft import SheetDraft
from projects.models.status_update import StatusUpdate
from projects.models.step import ProjectStep
from projects.models.upgrade import Upgrade

__all__ = [
    "IN_SUMMARY",
    "Approval",
    "Biller",
    "BillerMrr",
    "CommentAnswer",
    "CommentRequest",
    "CoreSystem",
    "CoreSystemProduct",
    "DateChange",
    "Decision",
    "Delegation",
    "Document",
    "DocumentSection",
    "DocumentVersion",
    "IntegrationKind",
    "LiveCustomer",
    "Notice",
    "NoticeKind",
    "Partner",
    "Product",
    "Project",
    "ProjectGrant",
    "ProjectPlaybook",
    "ProjectStep",
    "Seat",
    "SheetDraft",
    "Stage",
    "State",
    "StatusUpdate",
    "StoredFile",
    "Upgrade",
    "Vertical",
    "Waiver",
]
