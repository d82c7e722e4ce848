"""Starter sets: what ships is loaded once, edited after that, and taken onto a project where it is not there yet."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from transitions.blockers import NotPermitted
from workbook.cases import CaseRefused
from workbook.models import Case, StarterCase, StarterSuite, Suite
from workbook.starter import StarterSetRefused, load_set, shipped, starter_cases, take_starter_set


def load(*files: str) -> str:
    out = io.StringIO()
    call_command("load_starter_sets", *files, stdout=out)
    return out.getvalue()


def test_what_ships_is_loaded_once(playbooks):
    assert [line.split(":")[0] for line in load().splitlines()] == ["integration", "outbound"]
    cases, suites = StarterCase.objects.count(), StarterSuite.objects.count()
    assert (suites, StarterCase.objects.filter(steps="").count(), StarterCase.objects.filter(expected="").count()) == (
        18,
        0,
        0,
    )
    assert cases >= 65
    StarterSuite.objects.filter(title="Invoices").update(title="Bills")
    StarterCase.objects.filter(suite__title="Refunds").delete()
    assert load().count("unchanged") == 2
    assert (StarterSuite.objects.filter(title="Invoices").exists(), StarterCase.objects.count()) == (False, cases - 3)


def test_they_cover_the_data_flows_of_both_playbooks(playbooks):
    load()
    titles = {slug: set() for slug in ("integration", "outbound")}
    for slug, kind, title in StarterSuite.objects.values_list("playbook__slug", "kind", "title"):
        titles[slug] |= {(kind, title)}
    assert {title for kind, title in titles["integration"] if kind == "sit"} == {
        "Invoices", "Balances", "Adjustments", "Payments", "ACH rejects", "Chargebacks", "Voids and credits",
        "Account changes", "Bill presentment",
    }  # fmt: skip
    assert {title for kind, title in titles["outbound"] if kind == "sit"} == {
        "Claims", "Checks", "Commissions", "Refunds", "Onboarding",
    }  # fmt: skip
    assert {kind for kinds in titles.values() for kind, _ in kinds} == {"sit", "uat"}


def test_without_its_playbook_a_set_waits(db):
    assert load().count("there is no such playbook") == 2
    assert StarterSuite.objects.count() == 0


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "playbook: integration", "playbook: integration\nsuites: [{kind: sit}]", "a: [",
        "playbook: integration\nsuites: [{kind: both, title: x, cases: []}]",
        "playbook: integration\nsuites: [{kind: sit, title: x, cases: [{title: y, steps: z}]}]",
    ],
)  # fmt: skip
def test_what_is_no_set_is_refused(playbooks, text):
    with pytest.raises(StarterSetRefused):
        load_set(text)
    assert StarterSuite.objects.count() == 0


def test_a_file_that_cannot_be_read_loads_nothing(playbooks, tmp_path: Path):
    bad = tmp_path / "bad.yaml"
    bad.write_bytes(b"\xff\xfe\xff")
    for file in (str(bad), str(tmp_path / "none.yaml")):
        with pytest.raises(CommandError, match="Nothing was loaded"):
            load(str(shipped()[0]), file)
    assert StarterSuite.objects.count() == 0


def test_a_project_takes_what_it_has_not(project, cast, write):
    load()
    offered = starter_cases(project, "sit")
    assert take_starter_set(project, "sit", by=cast.priya) == len(offered) == 31
    assert list(Suite.objects.order_by("position").values_list("title", flat=True))[:3] == [
        "Invoices",
        "Balances",
        "Adjustments",
    ]
    with pytest.raises(CaseRefused):
        take_starter_set(project, "sit", by=cast.priya)

    Case.objects.filter(number=1).update(title="My own words")
    assert [case.title for case in starter_cases(project, "sit")] == ["A new invoice arrives"]
    StarterCase.objects.update(steps="Changed in the admin")
    assert not Case.objects.filter(steps="Changed in the admin").exists()


def test_two_playbooks_give_both_sets(make_project, cast):
    load()
    both = make_project(playbooks=("integration", "outbound"), biller="Copperline Mutual")
    assert len(starter_cases(both, "sit")) == 31 + 19


def test_who_does_not_lead_takes_nothing(project, cast):
    load()
    for who in (cast.tess, cast.bo, cast.mallory):
        with pytest.raises(NotPermitted):
            take_starter_set(project, "sit", by=who)


def test_one_button(project, cast):
    load()
    client = Client()
    client.force_login(cast.priya)
    book = reverse("workbook", args=[project.code])
    assert "Start with the playbook’s set (31)" in client.get(book).content.decode()
    assert client.post(reverse("take-starter-set", args=[project.code]), {"kind": "sit"}).status_code == 302
    assert Case.objects.count() == 31
    assert client.post(reverse("take-starter-set", args=[project.code]), {"kind": "sit"}).status_code == 409


def test_sets_are_edited_in_the_admin(playbooks, cast):
    load()
    client = Client()
    client.force_login(cast.adele)
    case = StarterCase.objects.first()
    page = reverse("admin:workbook_startercase_change", args=[case.pk])
    form = client.get(page).context["adminform"].form
    sent = {**form.initial, "title": "Better words", "mandatory": "on"}
    assert client.post(page, sent).status_code == 302
    assert StarterCase.objects.get(pk=case.pk).title == "Better words"
    assert client.post(page, sent | {"title": "Late"}).status_code == 409
    assert client.get(reverse("admin:workbook_startersuite_changelist")).status_code == 200
