"""What is tested, and what came of it."""

from workbook.models.run import Defect, Result, ResultFile, Run, RunCase, RunSignOff
from workbook.models.workbook import Case, ExitCriteria, StarterCase, StarterSuite, Suite

__all__ = [
    "Case",
    "Defect",
    "ExitCriteria",
    "Result",
    "ResultFile",
    "Run",
    "RunCase",
    "RunSignOff",
    "StarterCase",
    "StarterSuite",
    "Suite",
]
