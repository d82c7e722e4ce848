"""The table of tiers, as domain.md has it, and the rule that reads it."""

from __future__ import annotations

import json
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from handoff.models import TierBand, TierTable
from handoff.tier.rule import Band, Integration, Support, Table, Terms, check_bands, propose
from handoff.tier.tables import current_table, issue_table, shipped, table_of
from history.final import RowIsFinal
from transitions.blockers import NotPermitted

TS, LIGHT, DESK = "Transition Success", "Transition Success Light", "Client Services Help Desk"
AT_LEAST = True

# domain.md, Transition to Client Services, Tier. The columns are the table's own; the amounts of a row are the first, one
# inside, and the last of its band.
#   | integration | MRR                              | support | length         | TSM meetings before go-live |
TABLE: list[tuple[str, tuple[str, str, str], str, int, bool, int]] = [
    ("new",      ("0", "2500", "4999.99"),              TS,    30, AT_LEAST, 1),
    ("new",      ("5000", "12500", "19999.99"),         TS,    90, False,    2),
    ("new",      ("20000", "20000.01", "9999999999.99"), TS,   90, False,    4),
    ("existing", ("0", "1800", "2999.99"),              DESK,   0, False,    0),
    ("existing", ("3000", "4200", "4999.99"),           LIGHT, 30, False,    1),
    ("existing", ("5000", "12500", "19999.99"),         TS,    90, False,    2),
    ("existing", ("20000", "20000.01", "9999999999.99"), TS,   90, False,    4),
]  # fmt: skip


@pytest.mark.parametrize(("integration", "amounts", "support", "days", "open_ended", "meetings"), TABLE)
def test_the_table_of_the_source(
    integration: str, amounts: tuple[str, ...], support: str, days: int, open_ended: bool, meetings: int
) -> None:
    for amount in amounts:
        proposal = propose(shipped(), new=integration == "new", mrr=Decimal(amount))
        assert proposal is not None
        said = proposal.as_dict()
        assert (said["tier"], said["days"], said["open_ended"], said["meetings"]) == (
            support,
            days,
            open_ended,
            meetings,
        )
        assert said["integration"] == integration


def test_the_table_has_no_other_rows() -> None:
    assert len(shipped().bands) == len(TABLE)


# What is proposed says why ------------------------------------------------------------------------------------------------


def test_the_reasons_are_in_words() -> None:
    why = "Third utility on this integration: existing."
    proposal = propose(shipped(), new=False, mrr=Decimal(3000), why=why)
    assert proposal is not None
    assert proposal.reasons == (why, "MRR $3,000: Transition Success Light, 30 days, one TSM meeting.")


def test_at_least_thirty_days_says_what_comes_then() -> None:
    proposal = propose(shipped(), new=True, mrr=Decimal("4999.99"))
    assert proposal is not None
    assert proposal.reasons[1:] == (
        "MRR $4,999.99: Transition Success, at least 30 days, one TSM meeting.",
        "After 30 days the support is evaluated, and extended if needed.",
    )


def test_the_help_desk_comes_with_its_leaflet_and_an_enterprise_biller_with_advice() -> None:
    proposal = propose(shipped(), new=False, mrr=Decimal(10), enterprise=True)
    assert proposal is not None
    assert proposal.terms.support == Support.HELP_DESK
    assert proposal.advised
    assert proposal.reasons[-2:] == (
        "Share the welcome leaflet, and show how to reach support from the Biller Portal.",
        "An enterprise biller: those usually get a TSM. The table gives none: consider one.",
    )
    assert not propose(shipped(), new=True, mrr=Decimal(10), enterprise=True).advised  # type: ignore[union-attr]


def test_without_an_mrr_nothing_is_proposed() -> None:
    assert propose(shipped(), new=True, mrr=None) is None


@pytest.mark.parametrize("amount", ["-0.01", "-3000", "NaN", "Infinity", "2999.999", "10000000000"])
def test_an_impossible_mrr_is_refused(amount: str) -> None:
    with pytest.raises(ValidationError):
        propose(shipped(), new=True, mrr=Decimal(amount))


# What a table must be -----------------------------------------------------------------------------------------------------

NEW, OLD = Integration.NEW, Integration.EXISTING
SOME = Terms(Support.TRANSITION_SUCCESS, 90, 2)
FIRST = (Band(NEW, Decimal(0), SOME), Band(OLD, Decimal(0), SOME))


@pytest.mark.parametrize(
    ("bands", "words"),
    [
        ((), "New: there is no band. The lowest begins at 0."),
        (FIRST[:1], "Existing: there is no band. The lowest begins at 0."),
        ((FIRST[0], Band(OLD, Decimal(5), SOME)), "Existing: the first band begins at 0, not at $5."),
        ((*FIRST, Band(NEW, Decimal(0), SOME)), "New: $0 stands twice."),
        ((*FIRST, Band(NEW, Decimal(9), SOME), Band(NEW, Decimal(5), SOME)), "New: $5 stands after $9."),
        ((*FIRST, Band(NEW, Decimal(-5), SOME)), "New from $-5: The MRR is never below 0."),
        ((*FIRST, Band(NEW, Decimal(9), Terms(Support.LIGHT, 0, 1))), "New from $9: Transition Success Light lasts from 1"),
        ((*FIRST, Band(NEW, Decimal(9), Terms(Support.LIGHT, 366, 1))), "New from $9: Transition Success Light lasts from 1"),
        ((*FIRST, Band(NEW, Decimal(9), Terms(Support.LIGHT, 30, 3))), "New from $9: There are none, 1, 2 or 4 TSM meet"),
        ((*FIRST, Band(NEW, Decimal(9), Terms(Support.HELP_DESK, 30, 0))), "New from $9: The help desk has no period"),
        ((*FIRST, Band(NEW, Decimal(9), Terms(Support.HELP_DESK, 0, 1))), "New from $9: The help desk has no TSM"),
        (FIRST * 11, "20 bands at most make a table."),
    ],
)  # fmt: skip
def test_what_makes_no_table_says_so(bands: tuple[Band, ...], words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        check_bands(bands)
    assert any(message.startswith(words) for message in refused.value.messages), refused.value.messages


def test_a_new_table_proposes_from_then_on_and_the_old_one_can_be_read(cast: Any) -> None:
    assert current_table() == shipped() == table_of(1)
    row = issue_table(FIRST, note="One band for all", by=cast.adele)
    assert (row.number, current_table()) == (2, Table(2, FIRST)) == (2, table_of(2))
    assert table_of(1) == shipped()
    with pytest.raises(LookupError, match="There is no table of tiers of version 3"):
        table_of(3)


def test_a_table_is_issued_by_an_administrator_with_something_new_and_stays(cast: Any) -> None:
    with pytest.raises(NotPermitted):
        issue_table(FIRST, note="Mine", by=cast.cora)
    with pytest.raises(ValidationError, match="Nothing is different from version 1"):
        issue_table(shipped().bands, note="The same", by=cast.adele)
    with pytest.raises(ValidationError):
        issue_table(FIRST, note=" ", by=cast.adele)
    assert not TierTable.objects.exists()
    row = issue_table(FIRST, note="One band for all", by=cast.adele)
    row.note = "Another"
    with pytest.raises(RowIsFinal):
        row.save()
    with pytest.raises(RowIsFinal):
        TierBand.objects.all().delete()


# The command --------------------------------------------------------------------------------------------------------------


def printed(*args: str) -> str:
    out = StringIO()
    call_command("support_tier", *args, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_the_command_prints_the_proposal() -> None:
    assert json.loads(printed("--existing", "--mrr", "3000", "--format", "json")) == {
        "tier": LIGHT, "days": 30, "meetings": 1, "open_ended": False, "integration": "existing", "table": 1,
        "reasons": ["Existing integration.", "MRR $3,000: Transition Success Light, 30 days, one TSM meeting."],
    }  # fmt: skip
    assert json.loads(printed("--existing", "--mrr", "2999.99", "--format", "json"))["days"] == 0
    assert json.loads(printed("--new", "--mrr", "0", "--format", "json"))["open_ended"] is True
    assert printed("--new", "--mrr", "20000").startswith(
        "Transition Success, 90 days, four TSM meetings.\n  New integration."
    )


@pytest.mark.django_db
def test_the_command_reads_the_version_that_is_asked_for(cast: Any) -> None:
    issue_table(FIRST, note="One band for all", by=cast.adele)
    assert json.loads(printed("--existing", "--mrr", "10", "--format", "json"))["tier"] == TS
    assert json.loads(printed("--existing", "--mrr", "10", "--table", "1", "--format", "json"))["tier"] == DESK


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--mrr", "3000"), "one of the arguments --new --existing is required"),
        (("--new", "--existing", "--mrr", "3000"), "not allowed with argument"),
        (("--new",), "Say the MRR, such as --mrr 3000: without it nothing is proposed."),
        (("--new", "--mrr", "-1"), "The MRR is never below 0."),
        (("--new", "--mrr", "lots"), "“lots” is no amount of US dollars."),
        (("--new", "--mrr", "nan"), "Write the MRR as an amount of US dollars"),
        (("--new", "--mrr", "1", "--table", "7"), "There is no table of tiers of version 7. The latest is 1."),
        (("--new", "--mrr", "1", "--table", "0"), "There is no table of tiers of version 0."),
    ],
)
def test_the_command_says_what_is_wrong(args: tuple[str, ...], words: str) -> None:
    with pytest.raises(CommandError, match=words.replace("(", r"\(")):
        printed(*args)
