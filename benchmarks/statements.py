"""The SQL of the work by hand, as prepared statements: as small as one would write it (`benchmarks.by_hand`)."""

# ruff: noqa: S608 - the statements are put together from what stands in this file alone

from __future__ import annotations

from collections.abc import Mapping

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
