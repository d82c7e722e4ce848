from typing import Any

from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "projects"

    def ready(self) -> None:
        from accounts.activity import activity_changed
        from projects import delegation, mails, replace
        from projects.team import register_grants, settle_activity

        def follow(*, person: Any, by: Any, **_: Any) -> None:
            settle_activity(person, by=by)

        activity_changed.connect(follow, weak=False, dispatch_uid="projects.team")
        mails.register_all()
        register_grants(delegation.grants_of_delegates)
        replace.register(replace.Part(delegation.names_in_delegations, delegation.pass_on_delegations))
