from django.apps import AppConfig


class MeetingsConfig(AppConfig):
    name = "meetings"

    def ready(self) -> None:
        """Hang the room's parts where the rooms below have a place for them."""
        from meetings import (
            agenda_demo,
            agenda_history,
            agenda_panel,
            changes,
            deciding,
            demo,
            holding,
            invitations,
            minutes,
            notices,
            project_page,
            reminding,
            series,
            series_history,
        )
        from meetings.models.series import after_move
        from projects import panels
        from projects.demo import register_chapter
        from projects.models.step import follow_with

        # Series and single meetings
        after_move(series.tell_of_moves)
        changes.follow_with(notices.tell_of_change)
        panels.register("project-aside", project_page.project_panel)
        panels.register("step", project_page.step_panel)
        panels.register("outside-project", project_page.outside_panel)
        panels.register_link("Meetings", "project-meetings")
        series_history.register_all()
        register_chapter(demo.chapter)

        # Agendas, the meeting while it runs
        after_move(holding.follow)
        follow_with(deciding.settle_decided)
        minutes.register_all()
        reminding.register_all()
        agenda_history.register_all()
        panels.register("project-aside", agenda_panel.project_panel)
        panels.register("go-live", agenda_panel.go_live_panel)
        register_chapter(agenda_demo.held_review)

        # Calendars and invitations
        invitations.register_all()
