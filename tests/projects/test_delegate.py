"""A decision passed on: to whom, by whom, how far, and back."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import OutgoingMail, User
from projects.delegation import delegate, take_back
from projects.models import Approval, Delegation, Notice, Project
from projects.team import fill_seat
from tests.cast import move
from tests.projects.signing import KEY, decide, in_review, the_step
from transitions.blockers import MoveRefused, NotPermitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(cast) -> Project:
    return in_review(cast)


def sees(person: User, project: Project) -> bool:
    return Project.objects.visible_to(person).filter(pk=project.pk).exists()


def beth(project: Project, cast, **details: str) -> User:
    """Bo passes his decision on to Beth, who has no account yet."""
    given = {"email": "Beth@Example.org", "name": "Beth Aldin", "reason": "On leave", **details}
    delegate(the_step(project), by=cast.bo, **given)
    return User.objects.get(email="beth@example.org")


def test_outside_a_colleague_gets_it_by_address(project, cast):
    person = beth(project, cast)

    assert (person.name, person.side, person.has_usable_password()) == ("Beth Aldin", "customer", False)
    assert sees(person, project)
    assert decide(project, "approve", person).status == "in_review"
    row = Approval.objects.get()
    assert (row.by, row.delegated_from, row.party, row.recorded) == (person, cast.bo, "biller", False)


def test_an_existing_colleague_and_a_new_one_are_the_same_to_the_one_who_asks(project, cast):
    known = User.objects.create_user("beth@example.org", "Elisabeth Aldin", side="customer")

    assert beth(project, cast) == known
    assert Delegation.objects.get().to == known
    assert User.objects.get(email="beth@example.org").name == "Elisabeth Aldin"


@pytest.mark.parametrize(
    "email",
    [
        "beth@elsewhere.example",
        "beth@sub.example.org",
        "beth@example.org.evil.example",
        "bo@example.org",  # himself
        "priya@example.org",  # inside
        "pat@example.org",  # of the partner's side
        "gone@example.org",  # deactivated
    ],
)
def test_outside_nobody_else_gets_it_and_one_answer_says_so(project, cast, email):
    User.objects.create_user("gone@example.org", "Gone", side="customer", is_active=False)
    people = User.objects.count()

    with pytest.raises(ValidationError) as refused, transaction.atomic():
        delegate(the_step(project), by=cast.bo, email=email, name="X", reason="x")
    assert refused.value.message_dict == {"email": ["Give the address of a colleague of yours, at example.org."]}
    assert (Delegation.objects.count(), User.objects.count()) == (0, people)


def test_inside_an_active_person_of_the_company_gets_it(cast):
    project = in_review(cast, "architect_review")
    cast.tess.is_active = False
    cast.tess.save()

    for wrong in (cast.bo, cast.tess, cast.ingrid, None):
        with pytest.raises(ValidationError), transaction.atomic():
            delegate(the_step(project), by=cast.ingrid, to=wrong, reason="x")
    delegate(the_step(project), by=cast.ingrid, to=cast.mallory, reason="On leave")
    assert sees(cast.mallory, project)
    assert decide(project, "approve", cast.mallory).status == "done"
    assert Approval.objects.get().delegated_from == cast.ingrid


def test_a_reason_is_due(project, cast):
    with pytest.raises(ValidationError), transaction.atomic():
        beth(project, cast, reason=" ")
    assert not User.objects.filter(email="beth@example.org").exists()


@pytest.mark.parametrize("who", ["priya", "sofia", "adele", "mallory", "ingrid"])
def test_only_who_holds_a_decision_passes_it_on(project, cast, who):
    by = getattr(cast, who)
    with pytest.raises(NotPermitted), transaction.atomic():
        delegate(the_step(project), by=by, to=cast.dele, reason="x")
    with pytest.raises(NotPermitted), transaction.atomic():
        take_back(the_step(project), by=by)


def test_a_delegate_passes_nothing_on(project, cast):
    person = beth(project, cast)

    with pytest.raises(NotPermitted), transaction.atomic():
        delegate(the_step(project), by=person, email="cleo@example.org", name="Cleo", reason="x")


def test_a_later_one_takes_the_place_of_the_first(project, cast):
    first = beth(project, cast)
    delegate(the_step(project), by=cast.bo, email="cleo@example.org", name="Cleo", reason="Better")
    second = User.objects.get(email="cleo@example.org")

    assert (sees(first, project), sees(second, project)) == (False, True)
    with pytest.raises(NotPermitted), transaction.atomic():
        decide(project, "approve", first)
    assert decide(project, "approve", second).status == "in_review"


def test_it_is_taken_back_until_it_is_used(project, cast):
    person = beth(project, cast)
    take_back(the_step(project), by=cast.bo)

    assert not sees(person, project)
    with pytest.raises(NotPermitted), transaction.atomic():
        decide(project, "approve", person)
    with pytest.raises(MoveRefused) as refused, transaction.atomic():
        take_back(the_step(project), by=cast.bo)
    assert [blocker.code for blocker in refused.value.blockers] == ["not-delegated"]
    beth(project, cast)
    decide(project, "approve", person)
    with pytest.raises(NotPermitted), transaction.atomic():
        take_back(the_step(project), by=cast.bo)
    assert Delegation.objects.count() == 3


def test_whoever_passed_it_on_may_still_decide(project, cast):
    person = beth(project, cast)

    decide(project, "approve", cast.bo)
    with pytest.raises(MoveRefused) as refused, transaction.atomic():
        decide(project, "approve", person)
    assert [blocker.code for blocker in refused.value.blockers] == ["not-your-decision"]


def test_it_falls_with_the_seat_of_whoever_passed_it_on(project, cast):
    person = beth(project, cast)
    fill_seat(project, project.seats.get(role__code="B").pk, cast.pat, by=cast.priya)

    with pytest.raises(NotPermitted), transaction.atomic():
        decide(project, "approve", person)


def test_it_is_for_one_round(project, cast):
    person = beth(project, cast)
    decide(project, "reject", person, note="No")
    move(project, KEY, "submit", cast.sofia)

    with pytest.raises(NotPermitted), transaction.atomic():
        decide(project, "approve", person)


def test_a_deactivated_delegate_decides_nothing(project, cast):
    person = beth(project, cast)
    person.is_active = False
    person.save()

    with pytest.raises(NotPermitted), transaction.atomic():
        decide(project, "approve", person)


def test_nothing_is_passed_on_outside_a_review(project, cast):
    decide(project, "reject", cast.bo, note="No")

    with pytest.raises(MoveRefused), transaction.atomic():
        beth(project, cast)
    assert Delegation.objects.count() == 0


def test_the_delegate_is_told(project, cast):
    person = beth(project, cast)

    notice = Notice.objects.get(person=person)
    assert (notice.kind, notice.project, notice.by) == ("delegated", project, cast.bo)
    assert OutgoingMail.objects.filter(kind="delegated").values_list("person__name").get() == ("Beth Aldin",)


def test_other_changes_of_seats_leave_a_delegate_their_view(project, cast):
    person = beth(project, cast)
    fill_seat(project, project.seats.get(role__code="P").pk, person, by=cast.priya)
    fill_seat(project, project.seats.get(role__code="P").pk, None, by=cast.priya)

    assert sees(person, project)


def test_nobody_makes_accounts_without_end(project, cast):
    for number in range(10):
        delegate(the_step(project), by=cast.bo, email=f"beth{number}@example.org", name="Beth", reason="Away")

    with pytest.raises(MoveRefused) as refused, transaction.atomic():
        delegate(the_step(project), by=cast.bo, email="more@example.org", name="Beth", reason="Away")
    assert [blocker.code for blocker in refused.value.blockers] == ["too-often"]
    assert not User.objects.filter(email="more@example.org").exists()
