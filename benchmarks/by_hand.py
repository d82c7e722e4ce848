"""The same work in SQL written by hand, over psycopg2 and one connection, as small as one would make it.

Reads are prepared statements, each without a transaction around it; their rows are fetched into tuples and left there. They
are told who asks and what today is. What a published version says (letters, needs) never changes, so both sides know it
beforehand; its titles are read with the rows. A write is one transaction with the same locks, checks, inserts and updates as
the product's, to the end of COMMIT; the dates of a start are given.

Each piece of work says how long each of its parts took, in seconds, the first being the page's rows alone.
"""

# ruff: noqa: S608 - names of tables and of prepared statements stand in these files alone

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg2
from psycopg2.extras import Json, execute_values, register_default_jsonb, register_uuid

from benchmarks.scripts import CYCLE, NOTES, biller_code
from benchmarks.statements import STATEMENTS

Parts = dict[str, float]
Row = tuple[Any, ...]


@dataclass
class Clock:
    """Times the parts of a piece of work."""

    parts: Parts = field(default_factory=dict)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Add the time that the block takes to the part called `name`."""
        began = time.perf_counter()
        yield
        self.parts[name] = self.parts.get(name, 0.0) + time.perf_counter() - began


class ByHand:
    """The connection, with every statement prepared. It knows what never changes: ids of types and permissions, needs."""

    def __init__(self, address: str) -> None:
        self.connection = psycopg2.connect(address)
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self.cursor.execute("SET plan_cache_mode = force_generic_plan")  # each statement is planned once
        register_uuid(conn_or_curs=self.connection)
        register_default_jsonb(self.connection)
        for name, (types, statement) in STATEMENTS.items():
            declared = f"({types})" if types else ""
            self.cursor.execute(f"PREPARE {name}{declared} AS {statement}")
        self.view: int = self._one("SELECT id FROM auth_permission WHERE codename = 'view_project'")
        self.types = {
            model: self._one("SELECT id FROM django_content_type WHERE app_label = 'projects' AND model = %s", model)
            for model in ("project", "projectstep")
        }
        self.cursor.execute(
            "SELECT id FROM playbook_step EXCEPT SELECT step_id FROM playbook_steprole WHERE letter = 'A'"
        )
        self.nameless: list[int] = [pk for (pk,) in self.cursor.fetchall()]
        self.cursor.execute("SELECT id, version_id, key, needs FROM playbook_step")
        steps = self.cursor.fetchall()
        ids = {(version, key): pk for pk, version, key, _ in steps}
        self.needs = {pk: [ids[version, key] for key in needs] for pk, version, _, needs in steps}

    def _one(self, statement: str, *values: Any) -> Any:
        self.cursor.execute(statement, values)
        return self.cursor.fetchone()[0]

    def rows(self, name: str, *values: Any) -> list[Row]:
        """Return the rows of a prepared statement."""
        self._execute(name, values)
        found: list[Row] = self.cursor.fetchall()
        return found

    def _execute(self, name: str, values: Sequence[Any]) -> None:
        marks = f"({', '.join(['%s'] * len(values))})" if values else ""
        self.cursor.execute(f"EXECUTE {name}{marks}", values)

    # Pages.

    def portfolio(self, who: int, today: dt.date) -> Parts:
        """Read the first fifty projects, worst first, and what stands above them."""
        clock = Clock()
        with clock.part("rows"):
            found = self.rows("portfolio_rows", who, self.view)
        with clock.part("counts"):
            self.rows("portfolio_counts", who, self.view, today)
        with clock.part("overdue and nameless"):
            self.rows("portfolio_overdue", who, self.view, today)
            if settled := [row[0] for row in found if row[14] is None]:
                self.rows("portfolio_nameless", settled, self.nameless)
        with clock.part("managers and rights"):
            self.rows("portfolio_managers", who, self.view)
            self.rows("rights", who, "add_project,view_all_projects")
        assert found
        return clock.parts

    def project(self, who: int, code: str) -> Parts:
        """Read a project with its steps, seats, latest moves and waivers."""
        clock = Clock()
        with clock.part("project and rights"):
            (project,) = self.rows("project", code, who, self.view)
            self.rows("rights", who, "view_all_projects")
        with clock.part("rows"):
            found = self.rows("project_steps", project[0])
        with clock.part("seats"):
            self.rows("project_seats", project[0])
        with clock.part("moves and waivers"):
            self.rows("project_moves", self.types["project"], project[0])
            self.rows("project_waivers", project[0])
        assert found
        return {"rows": clock.parts.pop("rows")} | clock.parts

    def work(self, who: int, today: dt.date, size: int, *, many: bool = False) -> Parts:
        """Read a person's first open steps, how many there are in each bucket, what they wait for, and the projects.

        `many`: whether the person is on most projects, which asks for another plan.
        """
        clock = Clock()
        with clock.part("rows"):
            found = self.rows(f"work_rows_of_{'many' if many else 'few'}", who, today, size)
        with clock.part("what they wait for"):
            needed = {need for row in found for need in self.needs[row[9]]}
            self.rows("work_needs", list({row[8] for row in found}), list(needed))
        with clock.part("projects"):
            self.rows("work_projects", who)
        assert found
        return clock.parts

    # Moves.

    moved = 0

    def move(self, who: int, code: str, path: str, until: dt.date) -> Parts:
        """Make the next move of a step's cycle."""
        clock = Clock()
        slug, _, key = path.partition("/")
        with clock.part("transaction"):
            ((step, project, template),) = self.rows("move_step", code, slug, key, who, self.view)
            self.cursor.execute("BEGIN")
            ((standing,),) = self.rows("move_lock", project)
            ((status, revision, _, title, _, permitted, waits),) = self.rows(
                "move_checks", step, who, self.needs[template]
            )
            move = CYCLE[self.moved % len(CYCLE)]
            self.moved += 1
            if waits or not permitted or standing != "active":
                raise RuntimeError(f"{move} is refused")
            target = {"complete": "done", "reopen": "in_progress", "block": "blocked", "resume": "in_progress"}[move]
            owner, day, reason = (who, until, NOTES["block"]) if move == "block" else (None, None, "")
            if owner:
                self.rows("move_owner", owner)
            now = dt.datetime.now(dt.UTC)
            self._execute("move_update", (step, revision, target, reason, owner, day, now))
            assert self.cursor.rowcount == 1
            self._execute("move_totals", (project,))
            self._record(step, project, title, move, status, target, who, NOTES.get(move, ""), now)
            self.cursor.execute("COMMIT")
        with clock.part("answer"):
            freed = [pk for pk, needs in self.needs.items() if template in needs]
            self.rows("move_answer", project, [template, *freed])
        return clock.parts

    def _record(
        self,
        step: int,
        project: int,
        title: str,
        move: str,
        source: str,
        target: str,
        who: int,
        note: str,
        now: dt.datetime,
    ) -> None:
        self.insert(
            "transitions_transitionrecord",
            self.sample_record
            | {
                "object_type_id": self.types["projectstep"], "object_id": step, "root_type_id": self.types["project"],
                "root_id": project, "subject": title, "machine": "status", "move": move, "source": source, "target": target,
                "by_id": who, "note": note, "at": now, "facts": Json({}),
            },
        )  # fmt: skip

    # Starts. The rows of one that the product made say which columns there are and what is in them.

    sample_record: dict[str, Any]
    sample: dict[str, list[dict[str, Any]]]
    started = 0

    def take_samples(self, project: int) -> None:
        """Read the rows that the product wrote for a project, to write the like."""
        of = {
            "projects_biller": "id = (SELECT biller_id FROM projects_project WHERE id = %(id)s)",
            "projects_project": "id = %(id)s",
            "projects_projectplaybook": "project_id = %(id)s",
            "projects_projectstep": "project_id = %(id)s",
            "projects_seat": "project_id = %(id)s",
            "projects_projectgrant": "content_object_id = %(id)s",
            "transitions_transitionrecord": "root_id = %(id)s AND root_type_id = %(type)s",
        }
        self.sample = {}
        for table, condition in of.items():
            values = {"id": project, "type": self.types["project"]}
            self.cursor.execute(f"SELECT * FROM {table} WHERE {condition} ORDER BY id", values)
            names = [column.name for column in self.cursor.description]
            self.sample[table] = [
                {
                    name: Json(value) if isinstance(value, dict | list) else value
                    for name, value in zip(names, row, strict=True)
                }
                for row in self.cursor.fetchall()
            ]
            for row in self.sample[table]:
                del row["id"]
        self.sample_record = self.sample["transitions_transitionrecord"][0]

    def insert(self, table: str, *rows: Mapping[str, Any], returning: bool = False) -> int:
        """Insert rows in one statement; return the id of the first, if that is asked for."""
        names = ", ".join(f'"{name}"' for name in rows[0])
        end = " RETURNING id" if returning else ""
        statement = f"INSERT INTO {table} ({names}) VALUES %s{end}"
        found = execute_values(
            self.cursor, statement, [tuple(row.values()) for row in rows], page_size=1000, fetch=returning
        )
        return int(found[0][0]) if found else 0

    def start(self, who: int, system: str) -> Parts:
        """Start a project like the sample, for a new biller."""
        clock = Clock()
        self.started += 1
        code = biller_code(25, self.started)
        sample = self.sample
        with clock.part("rights, versions, people"):
            self.rows("rights", who, "add_project")
            self.rows("start_versions")
            self.rows("start_people")
        with clock.part("transaction"):
            self.cursor.execute("BEGIN")
            assert not self.rows("start_biller", f"Started {code}")
            biller = self.insert(
                "projects_biller",
                sample["projects_biller"][0] | {"name": f"Started {code}", "code": code},
                returning=True,
            )
            self.rows("start_system", system)
            project = self.insert(
                "projects_project",
                sample["projects_project"][0]
                | {"biller_id": biller, "code": f"{code}-1", "name": f"Started {code}", "start_key": uuid.uuid4()},
                returning=True,
            )
            for table in ("projects_projectplaybook", "projects_projectstep", "projects_seat"):
                self.insert(table, *(row | {"project_id": project} for row in sample[table]))
            self.insert(
                "projects_projectgrant",
                *(row | {"content_object_id": project} for row in sample["projects_projectgrant"]),
            )
            self.insert("transitions_transitionrecord", self.sample_record | {"object_id": project, "root_id": project})
            self.cursor.execute("COMMIT")
        return {"transaction": clock.parts.pop("transaction")} | clock.parts
