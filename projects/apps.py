from typing import Any

from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "projects"

    def ready(self) -> None:
        from accounts.activity import activity_changed
        from playbook import panels as playbook_panels
        from playbook import use
        from projects import (
            comments,
            delegation,
            demo,
            demo_documents,
            departures_page,
            history_page,
            inbox,
            mails,
            panels,
            pins,
            replace,
            updates_page,
            weekly_mail,
        )
        from projects.models import Document, DocumentSection
        from projects.models.project import register_act
        from projects.models.step import follow_with
        from projects.team import register_grants, settle_activity
        from projects.upgrade import act as upgrading
        from projects.upgrade import page as upgrade_page

        def follow(*, person: Any, by: Any, **_: Any) -> None:
            settle_activity(person, by=by)

        activity_changed.connect(follow, weak=False, dispatch_uid="projects.team")
        register_act(upgrading.UPGRADE, upgrading.UpgradeAct())
        register_act(upgrading.UNDO, upgrading.UndoAct())
        follow_with(comments.ask_with_move)
        follow_with(inbox.tell_of_move)
        use.count_with(pins.live_projects_on)
        use.list_with(pins.listed)
        mails.register_all()
        weekly_mail.register_mail()
        playbook_panels.register(departures_page.of_version)
        panels.register("project", updates_page.card)
        panels.register("project", upgrade_page.note)
        panels.register_link("Upgrades", "upgrades")
        panels.register("outside-project", updates_page.told_outside)
        for name, title, model, namer in (
            ("document", "Document", Document, history_page.documents_by_key),
            ("section", "Section of a document", DocumentSection, history_page.sections_by_key),
        ):
            history_page.register(name, title, model, history_page.document_label, namer=namer)
        demo.register_chapter(demo_documents.write)
        register_grants(delegation.grants_of_delegates)
        replace.register(replace.Part(delegation.names_in_delegations, delegation.pass_on_delegations))
