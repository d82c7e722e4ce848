"""The closed lists and the sizes of a workbook: what models, forms and files all hold to."""

from __future__ import annotations

from django.db import models


class Kind(models.TextChoices):
    """Which testing: SIT is by testers, before UAT; UAT is by the users (domain.md, Words)."""

    SIT = "sit", "SIT"
    UAT = "uat", "UAT"


class Outcome(models.TextChoices):
    """What a case came to in a run. Untested is what has no result yet, and is never written."""

    UNTESTED = "untested", "Untested"
    PASSED = "passed", "Passed"
    FAILED = "failed", "Failed"
    BLOCKED = "blocked", "Blocked"
    RETEST = "retest", "Retest"
    NOT_APPLICABLE = "not_applicable", "N/A"
    WAIVED = "waived", "Waived"


#: Outcomes that are said with a reason: a waiver is somebody's word, N/A takes the case out of what is counted.
REASONED = frozenset({Outcome.FAILED, Outcome.BLOCKED, Outcome.NOT_APPLICABLE, Outcome.WAIVED})
#: Outcomes after which a case has been run. N/A is not among them: a mandatory case is run, or waived by name. Nor is blocked:
#: something kept the tester from running it.
RUN = frozenset({Outcome.PASSED, Outcome.FAILED, Outcome.WAIVED})
#: Outcomes that count as good.
GOOD = frozenset({Outcome.PASSED, Outcome.WAIVED})


class Severity(models.IntegerChoices):
    """How bad a defect is. 1 and 2 hold the gate."""

    CRITICAL = 1, "1 Critical"
    MAJOR = 2, "2 Major"
    MINOR = 3, "3 Minor"
    COSMETIC = 4, "4 Cosmetic"


#: Severities of which none may be open at the gate.
HOLDING = (Severity.CRITICAL, Severity.MAJOR)

LONGEST_TITLE = 200
LONGEST_TEXT = 8_000  # of preconditions, steps, what is expected
LONGEST_REASON = 2_000
LONGEST_LINK = 500
MOST_CASES = 10_000  # of one project and kind
MOST_SUITES = 200
MOST_FILES = 5  # of evidence with one result
