from django.apps import AppConfig


class RemindersConfig(AppConfig):
    name = "reminders"

    def ready(self) -> None:
        """Hang the room's parts where the rooms below have a place for them."""
        from projects.panels import register
        from reminders import bounces, due, hook_admin, panels, project_sources, still, words  # noqa: F401 - the admin registers

        due.register(project_sources.SOURCE)
        still.register_all()
        words.register_all()
        bounces.register_all()
        register("inbox", panels.address_panel)
        register("inbox-group", panels.mute_panel)
        register("project-aside", panels.project_panel)
