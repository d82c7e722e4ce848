"""Addresses of what is kept beside the plan. The converter `code` is that of projects."""

from django.urls import path, register_converter

from projects.converters import AnyCase
from records.views import raid, raid_import, raid_item, talk


class RaidCode(AnyCase):
    """R-1, A-2, I-3 or D-4."""

    regex = "[RAIDraid]-[0-9]{1,5}"


register_converter(RaidCode, "raid")

urlpatterns = [
    path("projects/<code:code>/raid/", raid.log, name="raid"),
    path("projects/<code:code>/raid/new", raid.new, name="raid-new"),
    path("projects/<code:code>/raid/reviewed", raid.log_reviewed, name="raid-log-reviewed"),
    path("projects/<code:code>/raid/import", raid_import.import_sheet, name="raid-import"),
    path("projects/<code:code>/raid/import/empty", raid_import.empty, name="raid-import-empty"),
    path("projects/<code:code>/raid/import/<int:draft_id>", raid_import.import_look, name="raid-import-look"),
    path("projects/<code:code>/raid/<raid:item>/", raid_item.show, name="raid-item"),
    path("projects/<code:code>/raid/<raid:item>/move", raid_item.move, name="raid-move"),
    path("projects/<code:code>/raid/<raid:item>/reviewed", raid_item.reviewed, name="raid-reviewed"),
    path("projects/<code:code>/raid/<raid:item>/issue", raid_item.issue, name="raid-issue"),
    path("projects/<code:code>/raid/<raid:item>/customer", raid_item.customer, name="raid-customer"),
    path("projects/<code:code>/raid/<raid:item>/links", raid_item.links, name="raid-links"),
    path("projects/<code:code>/talk/", talk.talk, name="talk"),
    path("projects/<code:code>/talk/mentions", talk.mentions, name="talk-mentions"),
    path("projects/<code:code>/talk/<int:pk>", talk.comment, name="talk-comment"),
    path("projects/<code:code>/talk/<int:pk>/edit", talk.edit, name="talk-edit"),
    path("projects/<code:code>/talk/<int:pk>/delete", talk.delete, name="talk-delete"),
    path("projects/<code:code>/talk/<int:pk>/show", talk.show, name="talk-show"),
    path("projects/<code:code>/talk/<int:pk>/decision", talk.decision, name="talk-decision"),
    path("projects/<code:code>/talk/<int:pk>/versions", talk.versions, name="talk-versions"),
    path("projects/<code:code>/talk/<slug:kind>/<int:subject_id>/", talk.about, name="talk-about"),
    path(
        "projects/<code:code>/customer/<int:seat_id>/talk/<slug:kind>/<int:subject_id>/",
        talk.about_as_customer,
        name="talk-as-customer",
    ),
]
