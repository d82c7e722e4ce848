"""The slide's values, the four facts of the runbook, and the Integration Summary as a topic."""

from __future__ import annotations

import datetime as dt
import io
import json

import openpyxl
import pytest
from django.core.management import call_command
from django.utils import timezone

from handoff.package.build import read_at_one_instant
from handoff.package.contents import register_part, titles
from handoff.package.runbook import follows_runbook, runbook_facts
from handoff.package.slide import slide_of
from handoff.package.topics import summary_sections
from projects.documents import add_version, move_section
from projects.models import Project
from tests.handoff.package_scene import PLAYBOOKS, built, fewer_topics, opened

RUNBOOK = ("integration", "new-integration-participation", "transition-to-cs")
NOW = dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC)


def test_the_slide_tells_the_flows_with_state_and_link(make_project, cast):
    project = make_project(playbooks=RUNBOOK)
    add_version(
        project, "discovery-page", section="invoices", link="https://wiki.example.org/invoices", by=cast.priya, seen=0
    )
    slide = slide_of(Project.objects.select_related("biller", "core_system__vendor").get(pk=project.pk), NOW)
    flows = {flow.title: (flow.state, flow.link) for flow in slide.flows}
    assert flows["Invoices"] == ("Drafting", "https://wiki.example.org/invoices")
    assert flows["Payments"] == ("Empty", "")
    assert (slide.biller, slide.partner, slide.core_system) == ("Marrow County Tax", "Pat Quinn", "None named")
    assert dict(slide.dates)["Kickoff"] == project.kickoff
    assert slide.asked, "sign-offs ask for the customer's word"


def test_the_slide_costs_the_same_whatever_it_tells(make_project, cast, django_assert_num_queries):
    project = make_project(playbooks=RUNBOOK)

    def read() -> Project:
        found = Project.objects.select_related("biller", "core_system__vendor").get(pk=project.pk)
        assert found.board.steps
        return found

    for section in ("", "invoices", "payments"):
        if section:
            move_section(project, "discovery-page", section, "draft_section", by=cast.priya)
            add_version(
                project, "discovery-page", section=section, link="https://wiki.example.org/x", by=cast.priya, seen=0
            )
        fresh = read()
        with django_assert_num_queries(1 + bool(section)):
            slide_of(fresh, NOW)


def test_the_runbook_of_a_project_where_nothing_is_done_yet(make_project, cast):
    project = make_project(playbooks=RUNBOOK, people={"PM": cast.priya, "IM": cast.ivan})
    assert [(fact.title, fact.met, fact.words) for fact in runbook_facts(project)] == [
        ("Technical contact", False, "Nobody named"),
        ("Three discovery sessions", False, "0 of 3 held"),
        ("Design reviews", False, "BDR open, TDR open"),
        ("Integration Overview slide", True, "Made of the project’s facts"),
    ]
    assert not follows_runbook(make_project(biller="Other", code="OTH", playbooks=PLAYBOOKS))


def test_a_technical_contact_is_who_sits_for_the_core_system(make_project, cast):
    contact = runbook_facts(make_project(playbooks=RUNBOOK))[0]
    assert (contact.met, contact.words) == (True, "Pat Quinn")


def test_another_part_adds_the_integration_summary(make_project, cast, monkeypatch):
    fewer_topics(monkeypatch)
    rows = [
        ("Invoices", "Format", "CSV", "Ivan", NOW),
        ("IVR", "Number", "N/A", "", None),
        ("Invoices", "Days", 3, "", None),
    ]
    register_part(20, "integration-summary", "Integration Summary", lambda project, now: (summary_sections(rows), ()))
    assert titles() == ["The project", "Integration Summary", "RAID log"]
    packed = opened(built(make_project(playbooks=PLAYBOOKS), cast.priya))
    book = openpyxl.load_workbook(io.BytesIO(packed.read("integration-summary.xlsx")))
    assert book.sheetnames == ["Invoices", "IVR", "About"]
    assert [row[1] for row in book["Invoices"].iter_rows(values_only=True)] == ["Value", "CSV", 3]
    assert summary_sections([])[0].empty == "The Integration Summary was not begun."


def test_the_command_knows_the_packages_that_were_built_here(make_project, cast, monkeypatch, tmp_path, capsys):
    fewer_topics(monkeypatch)
    package = built(make_project(playbooks=PLAYBOOKS), cast.priya)
    kept = tmp_path / "package.zip"
    kept.write_bytes(package.file.file.open("rb").read())
    call_command("verify_package", str(kept), "--format", "json")
    told = json.loads(capsys.readouterr().out)
    assert (told["valid"], told["known"]) == (True, "It is package 1 of MRW-1, as it was built.")
    # Made anew, with a manifest to go with it, it verifies by itself; what is known here tells it apart.
    from handoff.package.archive import write_archive

    with kept.open("w+b") as out:
        write_archive(read_at_one_instant(package.project, timezone.now()), out, number=1, by="Somebody")
    with pytest.raises(SystemExit):
        call_command("verify_package", str(kept))
    assert "not-the-one-built" in capsys.readouterr().out
