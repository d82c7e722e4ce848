"""The same work in SQL written by hand, over psycopg2 and one connection, as small as one would make it.

Reads are prepared statements, each without a transaction around it; their rows are fetched into tuples and left there. They
are told who asks and what today is. What a published version says (letters, needs) never changes, so both sides know it
beforehand; its titles are read with the rows. A write is one transaction with the same locks, checks, inserts and updates as
the product's, to the end of COMMIT; the dates of a start are given.

Each piece of work says how long each of its parts took, in seconds, the first being the page's rows alone.
"""

# ruff: noqa: S608 - the statements are put together from what stands in this file alone

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

Parts = dict[str, float]
Row = tuple[Any, ...]

_OPEN = "('not_started', 'in_progress', 'waiting_on_customer', 'blocked', 'in_review')"
_RANK = "strpos('discovery design development sit finalize release post_live', {})"
_REACHED = f"{_RANK.format('t.phase')} <= {_RANK.format('p.phase')}"
_SEEN = "p.id IN (SELECT content_object_id FROM projects_projectgrant WHERE user_id = $1 AND permission_id = $2)"
_ALL_OPEN = f"(SELECT * FROM projects_projectstep WHERE status IN {_OPEN} OFFSET 0)"
_OPEN_OF_SEATS = _ALL_OPEN.replace(" OFFSET", " AND project_id IN (SELECT project_id FROM seats) OFFSET")
_WORST_FIRST = "next_due NULLS LAST, steps_blocked DESC, code"
#: The person $1's open steps with their letters. Whoever sits on most projects is better served by reading all open steps
#: once, anybody else by looking up those of their own: the one thing to choose is where the open steps are from.
_WORK = f"""
    WITH letters AS MATERIALIZED (
        SELECT l.role_id, l.step_id, l.letter, t.number, {_RANK.format("t.phase")} AS rank
        FROM playbook_steprole l JOIN playbook_step t ON t.id = l.step_id WHERE l.letter IN ('R', 'A')),
    seats AS MATERIALIZED (
        SELECT seat.project_id, seat.role_id, p.code, {_RANK.format("p.phase")} AS rank
        FROM projects_seat seat JOIN projects_project p ON p.id = seat.project_id AND p.standing = 'active'
        WHERE seat.person_id = $1),
    held AS MATERIALIZED (
        SELECT project_id, step_id, bool_or(letter = 'R') AS r, bool_or(letter = 'A') AS a, code, number
        FROM seats JOIN letters USING (role_id) WHERE letters.rank <= seats.rank GROUP BY project_id, step_id, code, number),
    by_letter AS (
        SELECT s.id, r AND s.responsible_id IS NULL AS r, a AND s.accountable_id IS NULL AS a, s.due, s.status, code, number
        FROM held JOIN {{open}} s ON s.project_id = held.project_id AND s.template_id = held.step_id
        WHERE r AND s.responsible_id IS NULL OR a AND s.accountable_id IS NULL
        UNION ALL
        SELECT s.id, s.responsible_id = $1, s.accountable_id = $1, s.due, s.status, p.code, t.number
        FROM projects_projectstep s JOIN projects_project p ON p.id = s.project_id AND p.standing = 'active'
        JOIN playbook_step t ON t.id = s.template_id
        WHERE (s.responsible_id = $1 OR s.accountable_id = $1) AND s.status IN {_OPEN} AND {_REACHED}),
    mine AS MATERIALIZED (
        SELECT id, bool_or(r) AS r, bool_or(a) AS a, due, status, code, number, CASE
            WHEN status = 'in_review' AND bool_or(a) THEN 0
            WHEN due IS NULL THEN 4 WHEN due < $2 THEN 1 WHEN due = $2 THEN 2 WHEN due <= $2 + 7 THEN 3 ELSE 4 END AS bucket
        FROM by_letter GROUP BY id, due, status, code, number),
    counts AS (
        SELECT json_object_agg(bucket, number) AS of FROM (SELECT bucket, count(*) AS number FROM mine GROUP BY bucket) each)
    SELECT m.*, s.project_id, s.template_id, s.revision, s.reason, s.until, o.name, t.title, t.key, t.version_id,
           t.approval, p.name, p.phase, counts.of
    FROM (SELECT * FROM mine ORDER BY bucket, due, code, number LIMIT $3) m
    JOIN projects_projectstep s ON s.id = m.id JOIN projects_project p ON p.id = s.project_id
    JOIN playbook_step t ON t.id = s.template_id LEFT JOIN accounts_user o ON o.id = s.owner_id, counts
    ORDER BY bucket, m.due, m.code, m.number
"""

#: Name, types of the parameters, statement.
STATEMENTS: Mapping[str, tuple[str, str]] = {
    # Who may what.
    "rights": (
        "int, text",
        """SELECT codename FROM auth_permission JOIN django_content_type c ON c.id = content_type_id
           WHERE c.app_label = 'projects' AND codename = ANY (string_to_array($2, ',')) AND auth_permission.id IN (
             SELECT permission_id FROM accounts_user_user_permissions WHERE user_id = $1
             UNION ALL SELECT permission_id FROM auth_group_permissions JOIN accounts_user_groups USING (group_id)
             WHERE user_id = $1)""",
    ),
    # The portfolio.
    "portfolio_rows": (
        "int, int",
        f"""SELECT p.id, p.code, p.name, p.integration_kind, c.name, p.standing, p.phase, p.phases, p.phase_done, p.phase_total,
                   p.steps_done, p.steps_total, p.steps_blocked, p.next_due, t.title, t.key, b.slug, p.target_go_live,
                   p.baseline_go_live, p.actual_go_live, p.manager_id, m.name
            FROM (SELECT * FROM projects_project p WHERE p.standing = 'active' AND {_SEEN}
                  ORDER BY {_WORST_FIRST} LIMIT 50) p
            LEFT JOIN projects_coresystem c ON c.id = p.core_system_id
            LEFT JOIN accounts_user m ON m.id = p.manager_id
            LEFT JOIN playbook_step t ON t.id = p.next_template_id
            LEFT JOIN playbook_version v ON v.id = t.version_id LEFT JOIN playbook_playbook b ON b.id = v.playbook_id
            ORDER BY {", ".join(f"p.{each}" for each in _WORST_FIRST.split(", "))}""",
    ),
    "portfolio_counts": (
        "int, int, date",
        f"""SELECT count(*), count(*) FILTER (WHERE active), coalesce(sum(steps_blocked) FILTER (WHERE active), 0),
                   count(*) FILTER (WHERE active AND steps_blocked > 0), coalesce(sum(steps_waiting) FILTER (WHERE active), 0),
                   count(*) FILTER (WHERE waits AND target_go_live BETWEEN $3 AND $3 + 30),
                   count(*) FILTER (WHERE waits AND target_go_live < $3),
                   count(*) FILTER (WHERE active AND next_template_id IS NULL)
            FROM (SELECT p.*, p.standing = 'active' AS active, p.standing = 'active' AND p.actual_go_live IS NULL AS waits
                  FROM projects_project p WHERE {_SEEN}) p""",
    ),
    "portfolio_nameless": (
        "bigint[], bigint[]",
        f"""SELECT DISTINCT s.project_id FROM projects_projectstep s JOIN playbook_step t ON t.id = s.template_id
            JOIN projects_project p ON p.id = s.project_id
            WHERE s.project_id = ANY ($1) AND s.template_id = ANY ($2) AND s.accountable_id IS NULL
              AND s.status <> 'not_applicable' AND {_REACHED}""",
    ),
    "portfolio_overdue": (
        "int, int, date",
        f"""WITH late AS MATERIALIZED (
                SELECT project_id, template_id FROM projects_projectstep WHERE status IN {_OPEN} AND due < $3)
            SELECT s.project_id, count(*) FROM late s
            JOIN projects_project p ON p.id = s.project_id JOIN playbook_step t ON t.id = s.template_id
            WHERE p.standing = 'active' AND {_SEEN} AND {_REACHED} GROUP BY s.project_id""",
    ),
    "portfolio_managers": (
        "int, int",
        f"""SELECT id, name FROM accounts_user WHERE id IN (SELECT manager_id FROM projects_project p WHERE {_SEEN})
            ORDER BY name, id""",
    ),
    # A project.
    "project": (
        "text, int, int",
        """SELECT p.*, c.name, m.name FROM projects_project p LEFT JOIN projects_coresystem c ON c.id = p.core_system_id
           LEFT JOIN accounts_user m ON m.id = p.manager_id
           WHERE p.code = $1 AND EXISTS (
             SELECT FROM projects_projectgrant WHERE content_object_id = p.id AND user_id = $2 AND permission_id = $3)""",
    ),
    "project_steps": (
        "int",
        f"""SELECT s.id, s.template_id, t.version_id, t.key, t.number, t.phase, t.category, t.title, t.approval, s.status, s.due,
                  s.baseline_due, s.reason, s.until, s.status_since, s.revision, s.owner_id, o.name, s.responsible_id, r.name,
                  s.accountable_id, a.name
           FROM projects_projectstep s JOIN playbook_step t ON t.id = s.template_id
           LEFT JOIN accounts_user o ON o.id = s.owner_id LEFT JOIN accounts_user r ON r.id = s.responsible_id
           LEFT JOIN accounts_user a ON a.id = s.accountable_id
           WHERE s.project_id = $1 ORDER BY {_RANK.format('t.phase')}, t.version_id, t.number""",
    ),
    "project_seats": (
        "int",
        """SELECT s.id, s.role_id, r.code, r.name, r.manages, s.person_id, u.name, u.is_active FROM projects_seat s
           JOIN playbook_role r ON r.id = s.role_id LEFT JOIN accounts_user u ON u.id = s.person_id
           WHERE s.project_id = $1 ORDER BY s.id""",
    ),
    "project_moves": (
        "int, int",
        """SELECT r.*, u.name FROM transitions_transitionrecord r LEFT JOIN accounts_user u ON u.id = r.by_id
           WHERE root_type_id = $1 AND root_id = $2 ORDER BY at DESC, r.id DESC LIMIT 8""",
    ),
    "project_waivers": (
        "int",
        """SELECT code, subject, text, u.name, reason, expires FROM projects_waiver w JOIN accounts_user u ON u.id = w.by_id
           WHERE project_id = $1 ORDER BY at, w.id""",
    ),
    # My work.
    "work_rows_of_few": ("int, date, int", _WORK.format(open=_OPEN_OF_SEATS)),
    "work_rows_of_many": ("int, date, int", _WORK.format(open=_ALL_OPEN)),
    "work_needs": (
        "bigint[], bigint[]",
        f"""SELECT project_id, template_id FROM projects_projectstep
            WHERE project_id = ANY ($1) AND template_id = ANY ($2) AND status IN {_OPEN}""",
    ),
    "work_projects": (
        "int",
        """SELECT code, name FROM projects_project WHERE standing = 'active' AND id IN (
             SELECT project_id FROM projects_seat WHERE person_id = $1
             UNION ALL SELECT project_id FROM projects_projectstep WHERE responsible_id = $1
             UNION ALL SELECT project_id FROM projects_projectstep WHERE accountable_id = $1)
           ORDER BY name, code LIMIT 51""",
    ),
    # The move of a step.
    "move_step": (
        "text, text, text, int, int",
        """SELECT s.id, s.project_id, s.template_id FROM projects_projectstep s
           JOIN projects_project p ON p.id = s.project_id JOIN playbook_step t ON t.id = s.template_id
           JOIN playbook_version v ON v.id = t.version_id JOIN playbook_playbook b ON b.id = v.playbook_id
           WHERE p.code = $1 AND b.slug = $2 AND t.key = $3 AND EXISTS (
             SELECT FROM projects_projectgrant WHERE content_object_id = p.id AND user_id = $4 AND permission_id = $5)""",
    ),
    "move_lock": ("int", "SELECT standing FROM projects_project WHERE id = $1 FOR UPDATE"),
    "move_checks": (
        "int, int, bigint[]",
        f"""SELECT s.status, s.revision, t.phase, t.title, t.approval,
                   EXISTS (SELECT FROM projects_seat seat JOIN playbook_role r ON r.id = seat.role_id
                           LEFT JOIN playbook_steprole l ON l.role_id = r.id AND l.step_id = t.id AND l.letter IN ('R', 'A')
                           WHERE seat.project_id = s.project_id AND seat.person_id = $2 AND (r.manages OR l.id IS NOT NULL))
                     OR $2 IN (s.responsible_id, s.accountable_id),
                   EXISTS (SELECT FROM projects_projectstep n WHERE n.project_id = s.project_id AND n.template_id = ANY ($3)
                           AND n.status IN {_OPEN})
            FROM projects_projectstep s JOIN playbook_step t ON t.id = s.template_id WHERE s.id = $1""",
    ),
    "move_owner": ("int", "SELECT name FROM accounts_user WHERE id = $1 AND is_active"),
    "move_update": (
        "int, int, text, text, int, date, timestamptz",
        """UPDATE projects_projectstep SET status = $3, reason = $4, owner_id = $5, until = $6, status_since = $7,
             revision = revision + 1 WHERE id = $1 AND revision = $2""",
    ),
    "move_totals": (
        "int",
        f"""UPDATE projects_project SET (steps_total, steps_done, steps_blocked, steps_waiting, phase_total, phase_done) = (
              SELECT count(*), count(*) FILTER (WHERE s.status = 'done'), count(*) FILTER (WHERE s.status = 'blocked'),
                     count(*) FILTER (WHERE s.status = 'waiting_on_customer'), count(*) FILTER (WHERE t.phase = p.phase),
                     count(*) FILTER (WHERE t.phase = p.phase AND s.status = 'done')
              FROM projects_projectstep s JOIN playbook_step t ON t.id = s.template_id
              WHERE s.project_id = p.id AND s.status <> 'not_applicable'),
            (next_due, next_template_id) = (
              SELECT s.due, s.template_id FROM projects_projectstep s JOIN playbook_step t ON t.id = s.template_id
              WHERE s.project_id = p.id AND s.status IN {_OPEN} AND {_REACHED}
              ORDER BY s.due, {_RANK.format('t.phase')}, t.number LIMIT 1)
            FROM projects_project p WHERE p.id = $1 AND projects_project.id = p.id""",
    ),
    "move_answer": (
        "int, bigint[]",
        """SELECT s.id, s.template_id, s.status, s.due, s.baseline_due, s.reason, s.until, s.revision, o.name, r.name, a.name
           FROM projects_projectstep s LEFT JOIN accounts_user o ON o.id = s.owner_id
           LEFT JOIN accounts_user r ON r.id = s.responsible_id LEFT JOIN accounts_user a ON a.id = s.accountable_id
           WHERE s.project_id = $1 AND s.template_id = ANY ($2)""",
    ),
    # The start of a project.
    "start_versions": (
        "",
        """SELECT DISTINCT ON (v.playbook_id) v.id, b.slug
           FROM playbook_version v JOIN playbook_playbook b ON b.id = v.playbook_id
           WHERE v.status = 'published' ORDER BY v.playbook_id, v.number DESC""",
    ),
    "start_people": ("", "SELECT id, name FROM accounts_user WHERE is_active ORDER BY name"),
    "start_biller": (
        "text",
        """SELECT b.id, b.code, (SELECT max(number) FROM projects_project WHERE biller_id = b.id)
           FROM projects_biller b WHERE lower(name) = lower($1) FOR UPDATE""",
    ),
    "start_system": ("text", "SELECT id FROM projects_coresystem WHERE name = $1"),
}  # fmt: skip


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
