"""The closed lists and the sizes of a playbook: what the format, the models and the forms all hold to."""

from __future__ import annotations

import re

from django.db import models


class PlaybookKind(models.TextChoices):
    """How a playbook is used."""

    PHASED = "phased", "Phased"
    CHECKLIST = "checklist", "Checklist"
    SUPPORT = "support", "Support"


class Applies(models.TextChoices):
    """To which projects a step applies."""

    ALWAYS = "always", "Always"
    IF_APPLICABLE = "if_applicable", "If applicable"
    PARTNER_ONLY = "partner_only", "Partner integrations only"
    PHASED_ONLY = "phased_only", "Phased go-lives only"


class ApprovalKind(models.TextChoices):
    """The decisions that a step may ask for (domain.md, Steps)."""

    BUSINESS_DESIGN_REVIEW = "business_design_review", "Business design review"
    TECHNICAL_DESIGN_REVIEW = "technical_design_review", "Technical design review"
    CUSTOMER_DESIGN_REVIEW = "customer_design_review", "Customer design review"
    SIT_VERIFICATION = "sit_verification", "SIT verification"
    ARCHITECT_REVIEW = "architect_review", "Architect review"
    FINAL_SIGN_OFF = "final_sign_off", "Final sign-off"


class SignsAs(models.TextChoices):
    """Whose word a role gives on a sign-off of the customer's (domain.md, Steps: "biller and core system")."""

    BILLER = "biller", "Biller"
    CORE_SYSTEM = "core_system", "Core system"


SLUG_PATTERN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
SLUG_WORDS = "lower-case letters, digits and hyphens"
KEY_PATTERN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\.[a-z0-9]+(-[a-z0-9]+)*")
KEY_WORDS = "phase.short-name in lower-case letters, digits and hyphens"

# Sizes in characters unless said otherwise. Those of columns are the columns' own.
LONGEST_FILE = 2 * 1024 * 1024  # bytes
MOST_STEPS = 500
MOST_ROLES = 50
MOST_LISTED = 100  # entries of any short list: needs, documents, questions, changes
LARGEST_NUMBER = 9_999
LONGEST_DURATION = 400  # working days
LONGEST_SLUG = 60
LONGEST_PLAYBOOK_TITLE = 120
LONGEST_KEY = 80
LONGEST_TITLE = 200
LONGEST_NAME = 80  # of a role, its team, a category
LONGEST_CODE = 10
LONGEST_CELL = 200
LONGEST_MEETING = 60
LONGEST_DOCUMENT = 120
LONGEST_QUESTION = 1_000
LONGEST_GUIDANCE = 20_000
