"""Live rows: billers, projects, their steps and seats, and what was decided about them."""

from projects.models.comment_request import CommentAnswer, CommentRequest
from projects.models.decision import Approval, DateChange, Decision, Waiver
from projects.models.delegation import Delegation
from projects.models.document import Document, DocumentVersion
from projects.models.notice import IN_SUMMARY, Notice, NoticeKind
from projects.models.project import IntegrationKind, Project, ProjectGrant, ProjectPlaybook
from projects.models.registry import Biller, CoreSystem, Vertical
from projects.models.seat import Seat
from projects.models.step import ProjectStep

__all__ = [
    "IN_SUMMARY",
    "Approval",
    "Biller",
    "CommentAnswer",
    "CommentRequest",
    "CoreSystem",
    "DateChange",
    "Decision",
    "Delegation",
    "Document",
    "DocumentVersion",
    "IntegrationKind",
    "Notice",
    "NoticeKind",
    "Project",
    "ProjectGrant",
    "ProjectPlaybook",
    "ProjectStep",
    "Seat",
    "Vertical",
    "Waiver",
]
