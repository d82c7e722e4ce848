"""A second version of Integration in the demo: published after its projects began, taken by one, offered to the others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from django.db import transaction

from accounts.models import User
from history.context import acting
from playbook.data import PlaybookData, StepData
from playbook.lint import lint, warning_ids
from playbook.models import Playbook, Version
from playbook.services import publish_version, write_draft
from projects.models import Project
from projects.upgrade.services import on_older_versions, upgrade_project
from raci.letters import Raci
from transitions.phase import Phase
from transitions.standing import Standing

SLUG = "integration"
NOTE = (
    "Success of single sign-on is defined; the test account is asked for before anything is coded; SIT has a day more."
)
SUCCESS = (
    "Agree with the biller which of single sign-on, web integration and multi-user access this project builds. Done when one "
    "test person has signed in on the biller's own page and landed on their bill without a second password."
)
ACCOUNT = StepData(
    key="development.test-account",
    number=1,
    phase=Phase.DEVELOPMENT.value,
    category="Biller Coding",
    title="Test Account and Sample Files in Place",
    guidance="Ask the biller for an account on their test system and three sample files of each type, before anything is coded.",
    raci=Raci(R=("SE",), A=("INM",), C=("TC",), I=("PM", "IM")),
    duration_days=2,
)


def second_version(data: PlaybookData) -> PlaybookData:
    """Return what the second version of Integration says: a step more, one clearer, one longer."""
    steps: list[StepData] = []
    for step in data.steps:
        if step.phase == ACCOUNT.phase and not any(one.key == ACCOUNT.key for one in steps):
            steps.append(ACCOUNT)
        if step.key == "discovery.identity-management":
            step = replace(step, guidance=SUCCESS, open_questions=())
        elif step.phase == Phase.SIT and step.duration_days > 1 and steps[-1].phase != Phase.SIT:
            step = replace(step, duration_days=step.duration_days + 1)
        steps.append(step)
    numbered = tuple(replace(step, number=number) for number, step in enumerate(steps, 1))
    return replace(data, version=2, steps=numbered)


@transaction.atomic
def seed_newer_version(people: Mapping[str, User], now: dt.datetime) -> None:
    """Publish the second version of Integration, and take one project in Discovery to it; a second time changes nothing.

    Args:
        people: by first name. now: the instant the demo looks back from.
    """
    playbook = Playbook.objects.filter(slug=SLUG).first()
    if playbook is None or playbook.next_number() != 2 or not Project.objects.exists():
        return
    first = playbook.versions.select_related("playbook").get()
    with acting(by=people["Adele"]):
        draft = write_draft(second_version(first.as_data()), playbook=playbook)
    confirmed = warning_ids(lint(draft.as_data()))
    target: Version = publish_version(draft, by=people["Adele"], note=NOTE, confirmed=confirmed).row
    early = on_older_versions(target, people["Adele"]).filter(phase=Phase.DISCOVERY, standing=Standing.ACTIVE).first()
    if early is not None:
        upgrade_project(early, target, by=people["Adele"], note="Still in Discovery: nothing is lost.")
