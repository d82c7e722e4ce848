from typing import Any

from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "projects"

    def ready(self) -> None:
        from accounts.activity import activity_changed
        from projects import mails
        from projects.team import settle_activity

        def follow(*, person: Any, by: Any, **_: Any) -> None:
            settle_activity(person, by=by)

        activity_changed.connect(follow, weak=False, dispatch_uid="projects.team")
        mails.register_all()
