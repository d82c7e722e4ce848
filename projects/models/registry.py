"""Whom we implement for, and the systems that we integrate with: billers, vendors, core systems and who is live on them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from history.final import FinalRow, FinalRowsQuerySet, RowIsFinal
from history.stamps import Stamped
from history.tracking import HistoryOf, Tracked, TrackedQuerySet

#: Who keeps the registry: held by administrators and the Implementations group (`accounts.groups`).
KEEP_REGISTRY = "keep_registry"


class Vertical(models.TextChoices):
    """The trade of a biller; the tier rule of Transition to Client Services reads it."""

    UTILITY = "utility", "Utility"
    TAX = "tax", "Tax office"
    INSURANCE = "insurance", "Insurance"
    OTHER = "other", "Other"


class State(models.TextChoices):
    """The states of the US and the District of Columbia, by their postal letters."""

    AL = "AL", "Alabama"
    AK = "AK", "Alaska"
    AZ = "AZ", "Arizona"
    AR = "AR", "Arkansas"
    CA = "CA", "California"
    CO = "CO", "Colorado"
    CT = "CT", "Connecticut"
    DE = "DE", "Delaware"
    DC = "DC", "District of Columbia"
    FL = "FL", "Florida"
    GA = "GA", "Georgia"
    HI = "HI", "Hawaii"
    ID = "ID", "Idaho"
    IL = "IL", "Illinois"
    IN = "IN", "Indiana"
    IA = "IA", "Iowa"
    KS = "KS", "Kansas"
    KY = "KY", "Kentucky"
    LA = "LA", "Louisiana"
    ME = "ME", "Maine"
    MD = "MD", "Maryland"
    MA = "MA", "Massachusetts"
    MI = "MI", "Michigan"
    MN = "MN", "Minnesota"
    MS = "MS", "Mississippi"
    MO = "MO", "Missouri"
    MT = "MT", "Montana"
    NE = "NE", "Nebraska"
    NV = "NV", "Nevada"
    NH = "NH", "New Hampshire"
    NJ = "NJ", "New Jersey"
    NM = "NM", "New Mexico"
    NY = "NY", "New York"
    NC = "NC", "North Carolina"
    ND = "ND", "North Dakota"
    OH = "OH", "Ohio"
    OK = "OK", "Oklahoma"
    OR = "OR", "Oregon"
    PA = "PA", "Pennsylvania"
    RI = "RI", "Rhode Island"
    SC = "SC", "South Carolina"
    SD = "SD", "South Dakota"
    TN = "TN", "Tennessee"
    TX = "TX", "Texas"
    UT = "UT", "Utah"
    VT = "VT", "Vermont"
    VA = "VA", "Virginia"
    WA = "WA", "Washington"
    WV = "WV", "West Virginia"
    WI = "WI", "Wisconsin"
    WY = "WY", "Wyoming"


class Biller(Tracked):
    """A customer whose bills are paid through us. `code` begins the codes of its projects."""

    name = models.CharField(max_length=120)
    code = models.CharField(
        max_length=6, unique=True, validators=[RegexValidator(r"^[A-Z]{2,6}$", "Use two to six capital letters.")]
    )
    vertical = models.CharField(max_length=10, choices=Vertical.choices, default=Vertical.UTILITY)
    state = models.CharField(
        max_length=2,
        choices=State.choices,
        blank=True,
        help_text="For Tax, a customer in a new state is a new integration",
    )
    enterprise = models.BooleanField(default=False, help_text="Enterprise billers usually get a TSM")

    objects = TrackedQuerySet.as_manager()
    history = HistoryOf()

    class Meta:
        base_manager_name = "objects"
        ordering = ("name",)
        permissions = ((KEEP_REGISTRY, "Can keep the registry of billers and integrations"),)
        constraints = (
            models.UniqueConstraint(Lower("name"), name="biller_name_any_case"),
            models.CheckConstraint(condition=Q(state__in=["", *State.values]), name="biller_state_known"),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("biller", args=[self.code])


class MrrIsFinal(RowIsFinal):
    """Somebody tried to change or delete what a biller's MRR was."""


class BillerMrr(FinalRow, Stamped):
    """What a biller brings a month from a day on, in US dollars. A wrong row is put right by another of the same day.

    This is the whole biller, over time. A project's own `mrr` is what that one project was sold for: the tier rule reads it, and
    `projects.facts.change_project` is its service. Neither is computed from the other.
    """

    biller = models.ForeignKey(Biller, on_delete=models.PROTECT, related_name="mrr_rows")
    as_of = models.DateField("as of")
    amount = models.DecimalField(
        "MRR, US dollars", max_digits=12, decimal_places=2, validators=[MinValueValidator(0, "MRR is never below 0.")]
    )
    note = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    refusal = MrrIsFinal
    objects: ClassVar[Any] = FinalRowsQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        ordering = ("-as_of", "-at", "-pk")
        constraints = (models.CheckConstraint(condition=Q(amount__gte=0), name="biller_mrr_not_below_zero"),)
        indexes = (models.Index(fields=("biller", "-as_of", "-at"), name="biller_mrr_latest"),)

    def __str__(self) -> str:
        return f"{self.biller}: {self.amount} from {self.as_of}"


class Partner(Tracked):
    """The vendor of core systems. A partner integration is built once with it, and reused by its billers."""

    name = models.CharField(max_length=120)

    objects = TrackedQuerySet.as_manager()
    history = HistoryOf()

    class Meta:
        base_manager_name = "objects"
        ordering = ("name",)
        constraints = (models.UniqueConstraint(Lower("name"), name="partner_name_any_case"),)

    def __str__(self) -> str:
        return self.name


class CoreSystem(Tracked):
    """The biller's own system: a CIS for utilities, a policy or claims system for insurers.

    `vendor` is the row to read. `partner` is what was typed before there were partners: kept with its history, and shown in the
    admin alone (docs/adr/0015).
    """

    name = models.CharField(max_length=120, unique=True)
    partner = models.CharField("vendor as once typed", max_length=120, blank=True)
    vendor = models.ForeignKey(
        Partner, null=True, blank=True, on_delete=models.PROTECT, related_name="core_systems", verbose_name="partner"
    )

    objects = TrackedQuerySet.as_manager()
    history = HistoryOf()

    class Meta:
        base_manager_name = "objects"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("integration", args=[self.pk])


class Product(models.TextChoices):
    """What is integrated with a core system, as the table of Outbound and the playbooks call it."""

    PAYMENTS = "payments", "Payments"
    PRESENTMENT = "presentment", "Bill presentment"
    AGENT_COMMISSION = "agent_commission", "Agent commission"
    PREMIUM_REFUND = "premium_refund", "Premium refund"
    CLAIMS = "claims", "Claims"
    OUTBOUND = "outbound", "Outbound, not told apart"


class Stage(models.TextChoices):
    """How far a product on a core system is, in the words of Outbound's table. Not known is an empty one."""

    INITIATED = "initiated", "Initiated"
    IN_PROGRESS = "in_progress", "In progress"
    RELEASED = "released", "Released"


class CoreSystemProduct(Tracked):
    """How far one product is on one core system. `to_confirm` marks what the source lost: somebody has to look, and say so."""

    core_system = models.ForeignKey(CoreSystem, on_delete=models.PROTECT, related_name="products")
    product = models.CharField(max_length=20, choices=Product.choices)
    stage = models.CharField(max_length=12, choices=Stage.choices, blank=True)
    details = models.CharField(max_length=300, blank=True, help_text="For whom, and what is particular")
    to_confirm = models.BooleanField("to be confirmed", default=False)
    doubt = models.CharField(max_length=300, blank=True, help_text="What is not certain")
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = TrackedQuerySet.as_manager()
    history = HistoryOf()

    class Meta:
        base_manager_name = "objects"
        ordering = ("core_system__name", "product")
        verbose_name = "product on a core system"
        verbose_name_plural = "products on core systems"
        constraints = (
            models.UniqueConstraint(
                fields=("core_system", "product"), name="core_system_product_once",
                violation_error_message="This product is there already for this core system. Change that one.",
            ),
            models.CheckConstraint(
                condition=Q(product__in=Product.values) & Q(stage__in=["", *Stage.values]), name="product_stage_known"
            ),
            models.CheckConstraint(
                condition=Q(to_confirm=False) | Q(confirmed_at=None), name="product_confirmed_is_not_to_confirm"
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_product_display()} on {self.core_system}"


class LiveCustomer(Tracked):
    """A biller that was live on a core system's shared integration before Gatehouse knew of it, or beside its projects.

    What happens in Gatehouse is counted from projects (`projects.registry`); here an administrator enters the rest, so that a
    registry that starts today counts right. `since` is empty where nobody knows any more: before everything else, then.
    """

    core_system = models.ForeignKey(CoreSystem, on_delete=models.PROTECT, related_name="live_customers")
    biller = models.ForeignKey(Biller, on_delete=models.PROTECT, related_name="live_on")
    since = models.DateField("live since", null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)

    objects = TrackedQuerySet.as_manager()
    history = HistoryOf()

    class Meta:
        base_manager_name = "objects"
        ordering = ("core_system__name", "biller__name")
        constraints = (
            models.UniqueConstraint(
                fields=("core_system", "biller"), name="live_customer_once",
                violation_error_message="This biller is entered already as live on this core system.",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.biller} on {self.core_system}"
