"""`seed_demo [--projects N]`: the cast and a portfolio of invented billers. Safe to run again."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone
from tqdm import tqdm

from history import commands
from playbook.models import Version
from projects.bulk_demo import bring_in_projects
from projects.demo import PEOPLE, plans, seed, seed_people
from projects.playbooks_demo import seed_newer_version
from projects.registry_demo import seed_customers_from_before, seed_registry

#: So many are lived through the services; more than that are brought in in bulk.
LIVED = 18


class Command(commands.Command):
    help = "Make the demo people and a portfolio of invented billers at every stage. Running it again adds what is missing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--projects", type=int, default=LIVED, metavar="N", help=f"how many in all (default {LIVED})"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        count = options["projects"]
        if not 0 <= count <= 10_000:
            raise CommandError("Choose from 0 to 10,000 projects.")
        if not Version.objects.published().exists():
            raise CommandError("No playbook is published: run load_playbooks first.")
        people = seed_people(settings.DEMO_PASSWORD)
        if count:
            seed_customers_from_before(people, timezone.now())
        with tqdm(total=count, unit=" projects", disable=None, file=self.stderr) as bar:
            made = seed(min(count, LIVED), people, timezone.now(), each=bar.update)
            made += bring_in_projects(list(plans(count))[LIVED:], people, timezone.now(), each=bar.update)
        seed_registry(people, timezone.now(), limit=LIVED)
        seed_newer_version(people, timezone.now())
        self.stdout.write(f"{made} projects made, {count} in the demo.")
        self.stdout.write(f"Sign in with one of these addresses and the password “{settings.DEMO_PASSWORD}”:")
        for first, last, code, side, _ in PEOPLE:
            self.stdout.write(f"  {first.lower()}@example.org  {first} {last}{f', {code}' if code else ''} ({side})")
