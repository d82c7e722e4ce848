"""Addresses of this part."""

from __future__ import annotations

from django.urls import URLPattern, path

from handoff.phased.views import cases, keys, phased, review, sheets

urlpatterns: list[URLPattern] = [
    path("projects/<code:code>/phased/", phased.show, name="phased"),
    path("projects/<code:code>/phased/answer", phased.answer, name="phased-answer"),
    path("projects/<code:code>/phased/link", phased.link, name="phased-link"),
    path("projects/<code:code>/phased/unlink", phased.unlink, name="phased-unlink"),
    path("projects/<code:code>/phased/switch", phased.switch, name="phased-switch"),
    path("programs/<biller:biller>/", phased.program, name="program"),
    path("projects/<code:code>/cases/", cases.cases, name="cases"),
    path("projects/<code:code>/cases/new", cases.new, name="new-production-case"),
    path("projects/<code:code>/cases/import", sheets.import_sheet, name="cases-import"),
    path("projects/<code:code>/cases/import/empty", sheets.empty, name="cases-import-empty"),
    path("projects/<code:code>/cases/import/<int:draft_id>", sheets.import_look, name="cases-import-look"),
    path("projects/<code:code>/cases/review", review.review, name="case-review"),
    path("projects/<code:code>/cases/<int:case_id>/", cases.show, name="production-case"),
    path("projects/<code:code>/cases/<int:case_id>/move", cases.move, name="move-production-case"),
    path("projects/<code:code>/cases/<int:case_id>/note", cases.note, name="note-case"),
    path("projects/<code:code>/cases/<int:case_id>/escalate", cases.escalate, name="escalate-case"),
    path("projects/<code:code>/keys/", keys.keys, name="intake-keys"),
    path("projects/<code:code>/keys/<int:key_id>/reset", keys.reset, name="reset-intake-key"),
    path("projects/<code:code>/keys/<int:key_id>/revoke", keys.revoke, name="revoke-intake-key"),
    path("intake/<str:token>", keys.receive, name="intake"),
]
