from django.apps import AppConfig


class WorkbookConfig(AppConfig):
    name = "workbook"

    def ready(self) -> None:
        from projects import panels
        from projects.demo import register_chapter
        from transitions.gates import register
        from transitions.phase import Phase
        from workbook import demo, gate, history_page, outside, page

        register(Phase.SIT, gate.sit_criteria)
        panels.register("project-aside", page.project_panel)
        panels.register_link("SIT and UAT workbook", "workbook")
        history_page.register_all()
        register_chapter(demo.sit_chapter)
        register_chapter(demo.uat_chapter)
        outside.register_all()
