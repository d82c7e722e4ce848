"""The rows of this room."""

from records.models.raid import RaidItem, RaidKind, RaidLink, RaidReview
from records.models.talk import Comment, CommentVersion, Mention

__all__ = ["Comment", "CommentVersion", "Mention", "RaidItem", "RaidKind", "RaidLink", "RaidReview"]
