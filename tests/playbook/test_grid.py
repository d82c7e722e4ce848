"""The grid of letters in the admin: 200 steps by ten roles are one form; what is wrong is told at its cell; nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from playbook.data import RoleData, StepData
from playbook.models import Role, Step, StepRole, Version
from raci.letters import Raci

pytestmark = pytest.mark.django_db
MakeDraft = Callable[..., Version]
MakeStep = Callable[..., StepData]
HEALTHY = "SE:R, INM:A, PM:C, B:I"


@pytest.fixture
def adele(client: Client, cast: SimpleNamespace) -> Client:
    client.force_login(cast.adele)
    return client


def grid_url(version: Version) -> str:
    return reverse("admin:playbook_version_grid", args=[version.pk])


def filled(client: Client, version: Version, **lines: str) -> dict[str, str]:
    """What a browser would send from the page, with the lines of some steps, by number (`_2`), changed."""
    context = client.get(grid_url(version)).context
    sent = {"seen": context["seen"], **{f"letters-{row.pk}": row.line for row in context["rows"]}}
    of_number = {f"_{row.number}": row.pk for row in context["rows"]}
    return sent | {f"letters-{of_number[number]}": line for number, line in lines.items()}


def text_of(response: Any) -> str:
    return unescape(response.content.decode())


def racis(version: Version) -> list[Raci]:
    return [step.raci for step in version.as_data().steps]


def test_the_page_shows_each_cell_the_gaps_and_the_totals(
    adele: Client, make_draft: MakeDraft, make_step: MakeStep
) -> None:
    draft = make_draft(
        make_step(1), make_step(2, raci=Raci(R=("PM",), A=("PM", "SE"), C=("B",))), make_step(3, raci=Raci(C=("B",)))
    )
    context = adele.get(grid_url(draft)).context

    cells = [[cell.text for cell in row.cells] for row in context["rows"]]
    assert [role.code for role in context["roles"]] == ["PM", "SE", "INM", "B"]
    assert cells == [["C", "R", "A", "I"], ["R/A", "A", "", "C"], ["", "", "", "C"]]
    assert [[code for code, _ in row.marks] for row in context["rows"]] == [
        [],
        ["several-accountable"],
        ["nobody-responsible", "no-accountable"],
    ]
    assert context["totals"] == [("R", [1, 1, 0, 0]), ("A", [1, 1, 1, 0]), ("C", [1, 0, 0, 2]), ("I", [0, 0, 0, 1])]


def test_200_steps_of_ten_roles_save_within_the_limit_of_fields(
    adele: Client, make_draft: MakeDraft, make_step: MakeStep
) -> None:
    roles = tuple(RoleData(f"R{number}", f"Role {number}") for number in range(10))
    raci = Raci(R=tuple(role.code for role in roles[:5]), A=("R5",), C=("R6", "R7"), I=("R8", "R9"))
    draft = make_draft(*(make_step(number, raci=raci) for number in range(1, 201)), roles=roles)
    sent = {**filled(adele, draft), "csrfmiddlewaretoken": "x"}
    changed = {name: f"{line}, R5:A/R" if name.startswith("letters-") else line for name, line in sent.items()}
    changed = {name: line.replace("R5:A, ", "") for name, line in changed.items()}
    changed["seen"] = sent["seen"]

    assert len(sent) < 1_000
    assert adele.post(grid_url(draft), changed).status_code == 302
    assert {raci.R for raci in racis(draft)} == {("R0", "R1", "R2", "R3", "R4", "R5")}


def test_the_page_and_its_save_cost_the_same_for_2_steps_and_for_60(
    adele: Client, make_draft: MakeDraft, make_step: MakeStep
) -> None:
    shown, saved = [], []
    adele.get(grid_url(make_draft(playbook="warm-up")))
    for slug, size in (("small", 2), ("large", 60)):
        draft = make_draft(*(make_step(number) for number in range(1, size + 1)), playbook=slug)
        sent = filled(adele, draft)
        sent |= {name: f"{line}, PM:C/R".replace("PM:C, ", "") for name, line in sent.items() if name != "seen"}
        with CaptureQueriesContext(connection) as queries:
            adele.get(grid_url(draft))
        shown.append(len(queries))
        with CaptureQueriesContext(connection) as queries:
            assert adele.post(grid_url(draft), sent).status_code == 302
        saved.append(len(queries))
        assert racis(draft)[-1].R == ("SE", "PM")

    assert shown[0] == shown[1] <= 15
    assert saved[0] == saved[1] <= 45


def test_only_steps_that_changed_are_written(adele: Client, make_draft: MakeDraft, make_step: MakeStep) -> None:
    draft = make_draft(make_step(1, derived=("A",)), make_step(2, derived=("A", "C")), make_step(3))
    kept = list(StepRole.objects.filter(step__number__in=(1, 3)).order_by("pk").values_list("pk", flat=True))
    at = StepRole.history.count()
    response = adele.post(
        grid_url(draft), filled(adele, draft, _1="SE:R , INM:A,PM:C, B:I", _2="SE:R, INM:A, PM:CI, B:I")
    )

    assert response.status_code == 302
    assert racis(draft)[1] == Raci(R=("SE",), A=("INM",), C=("PM",), I=("B", "PM"))
    assert list(StepRole.objects.filter(step__number__in=(1, 3)).order_by("pk").values_list("pk", flat=True)) == kept
    assert StepRole.history.count() == at + 1
    assert list(draft.steps.values_list("derived", flat=True)) == [["A"], ["A", "C"], []]


def test_a_letter_that_changes_is_no_longer_derived(
    adele: Client, make_draft: MakeDraft, make_step: MakeStep, cast: SimpleNamespace
) -> None:
    draft = make_draft(make_step(1, derived=("A", "C")))
    assert adele.post(grid_url(draft), filled(adele, draft, _1="SE:R/A, PM:C")).status_code == 302

    assert draft.steps.get().derived == ["C"]
    assert {row.history_user for row in StepRole.history.filter(history_type="-")} == {cast.adele}


def test_a_wrong_letter_is_told_at_its_cell_and_all_that_was_typed_is_kept(adele: Client, draft: Version) -> None:
    response = adele.post(grid_url(draft), filled(adele, draft, _1="SE:RX, INM:A", _2="PM:R/A", _3="SE:R, ZZ:A"))
    first, second, third = response.context["rows"]

    assert response.status_code == 400
    assert [cell.wrong for cell in first.cells] == ["", "SE: “X” is no letter; R, A, C and I are.", "", ""]
    assert [cell.text for cell in first.cells] == ["", "RX", "A", ""]
    assert third.problems == ("“ZZ” is not in this version’s role list.",)
    assert [row.line for row in (first, second, third)] == ["SE:RX, INM:A", "PM:R/A", "SE:R, ZZ:A"]
    assert set(racis(draft)) == {Raci(R=("SE",), A=("INM",), C=("PM",), I=("B",))}

    mended = {"seen": response.context["seen"], **{f"letters-{row.pk}": row.line for row in (first, second, third)}}
    mended |= {f"letters-{first.pk}": "SE:R, INM:A", f"letters-{third.pk}": HEALTHY}
    assert adele.post(grid_url(draft), mended).status_code == 302
    assert racis(draft)[:2] == [Raci(R=("SE",), A=("INM",)), Raci(R=("PM",), A=("PM",))]


def test_a_wrong_letter_does_not_hide_what_somebody_else_typed_meanwhile(adele: Client, draft: Version) -> None:
    mine = filled(adele, draft, _1="SE:R, INM:X")
    adele.post(grid_url(draft), filled(adele, draft, _1="PM:R"))
    first = adele.post(grid_url(draft), mine)
    assert first.status_code == 400

    mended = {**mine, "seen": first.context["seen"], f"letters-{first.context['rows'][0].pk}": "SE:R, INM:A"}
    assert adele.post(grid_url(draft), mended).status_code == 409
    assert racis(draft)[0] == Raci(R=("PM",))


def test_what_somebody_else_typed_meanwhile_is_shown_and_not_written_over(adele: Client, draft: Version) -> None:
    mine = filled(adele, draft, _1="PM:R/A", _2="B:R/A")
    adele.post(grid_url(draft), filled(adele, draft, _2="PM:R, INM:A", _3="PM:R"))
    before = racis(draft)
    response = adele.post(grid_url(draft), mine)

    assert response.status_code == 409
    assert "Stored meanwhile: “PM:R, INM:A”. In your form: “B:R/A”." in text_of(response)
    assert [(clash.step, clash.by) for clash in response.context["clashes"]] == [("2. Step 2", "Adele Novak")]
    # What I typed is kept, and what I left alone is shown as it is now.
    assert [row.line for row in response.context["rows"]] == ["PM:R/A", "B:R/A", "PM:R"]
    assert racis(draft) == before

    again = {"seen": response.context["seen"], **{f"letters-{row.pk}": row.line for row in response.context["rows"]}}
    assert adele.post(grid_url(draft), again).status_code == 302
    assert racis(draft) == [Raci(R=("PM",), A=("PM",)), Raci(R=("B",), A=("B",)), Raci(R=("PM",))]


def test_steps_that_others_changed_and_i_did_not_are_left_as_they_are(adele: Client, draft: Version) -> None:
    mine = filled(adele, draft, _1="PM:R/A")
    adele.post(grid_url(draft), filled(adele, draft, _3="PM:R"))

    assert adele.post(grid_url(draft), mine).status_code == 302
    assert racis(draft)[2] == Raci(R=("PM",))


def test_what_was_typed_on_a_step_that_is_gone_is_told(adele: Client, draft: Version) -> None:
    mine = filled(adele, draft, _2="PM:R/A")
    Step.objects.get(version=draft, number=2).delete()
    response = adele.post(grid_url(draft), mine)

    assert response.status_code == 409
    assert "You typed on a step that is gone: <code>PM:R/A</code>" in text_of(response)


def test_a_form_that_says_not_what_it_saw_changes_nothing(adele: Client, draft: Version) -> None:
    sent = filled(adele, draft, _1="PM:R/A")
    del sent["seen"]
    before = racis(draft)
    adele.post(grid_url(draft), sent)

    assert racis(draft) == before


def test_a_version_without_steps_says_so(adele: Client, draft: Version) -> None:
    Step.objects.filter(version=draft).delete()
    assert "This version has no step yet." in text_of(adele.get(grid_url(draft)))


def test_a_version_without_roles_says_so(adele: Client, make_draft: MakeDraft, make_step: MakeStep) -> None:
    draft = make_draft(make_step(1, raci=Raci()))
    Role.objects.filter(version=draft).delete()
    assert "This version has no role yet." in text_of(adele.get(grid_url(draft)))


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_grid_of_a_published_version_answers_409_with_the_way_out(
    adele: Client, published: Version, method: str
) -> None:
    response = getattr(adele, method)(grid_url(published))

    assert response.status_code == 409
    assert "New draft from this version" in text_of(response)
