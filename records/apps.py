from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "records"

    def ready(self) -> None:
        from projects import demo, panels, replace
        from projects.upgrade.own import register_touches
        from records import raid, raid_demo, raid_history, raid_panels, talk, talk_demo, talk_panels

        panels.register("project-aside", raid_panels.project_panel)
        panels.register("step", raid_panels.step_panel)
        panels.register("outside-project", raid_panels.outside_panel)
        panels.register_link("RAID log", "raid")
        replace.register(replace.Part(raid.names_in_raid, raid.pass_on_items))
        register_touches(talk.steps_talked_about)
        raid_history.register_all()
        demo.register_chapter(raid_demo.chapter)
        talk_panels.register_all()
        demo.register_chapter(talk_demo.talk)
