"""Rows of the way to Client Services, part by part."""

from handoff.models.package import GapSettlement, Package, PackageGap
from handoff.models.phased import (
    CaseEscalation,
    CaseNote,
    CaseReview,
    CriterionCode,
    IntakeKey,
    PhasedAnswer,
    PhaseLink,
    ProductionCase,
)
from handoff.models.summary import SummaryAcceptance, SummaryEntry
from handoff.models.support import SupportPeriod, SupportTurn
from handoff.models.tier import TierBand, TierDecision, TierTable
from handoff.models.watch import AnomalyWord, PaymentDay, Projection

__all__ = [
    "AnomalyWord",
    "CaseEscalation",
    "CaseNote",
    "CaseReview",
    "CriterionCode",
    "GapSettlement",
    "IntakeKey",
    "Package",
    "PackageGap",
    "PaymentDay",
    "PhaseLink",
    "PhasedAnswer",
    "ProductionCase",
    "Projection",
    "SummaryAcceptance",
    "SummaryEntry",
    "SupportPeriod",
    "SupportTurn",
    "TierBand",
    "TierDecision",
    "TierTable",
]
