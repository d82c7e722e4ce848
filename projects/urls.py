"""Addresses of live work. `path:step` is `playbook/step-key`."""

from django.urls import path, register_converter
from django.views.generic import RedirectView

from projects.views import (
    comment,
    documents,
    gate,
    history,
    inbox,
    my_work,
    outside,
    people,
    portfolio,
    project,
    signoff,
    start,
    step,
)  # fmt: skip


class ProjectCode:
    """MRW-1, in either case."""

    regex = "[A-Za-z]{2,6}-[0-9]{1,4}"

    def to_python(self, value: str) -> str:
        return value.upper()

    def to_url(self, value: str) -> str:
        return value


class StepPath:
    """playbook/step-key."""

    regex = "[a-z0-9-]+/[a-z0-9-]+[.][a-z0-9-]+"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(ProjectCode, "code")
register_converter(StepPath, "step")

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="portfolio"), name="home"),
    path("history", history.overall, name="history"),
    path("history/<slug:kind>/<int:pk>/revert", history.take_back, name="revert"),
    path("playbooks/<slug:slug>/history", history.of_playbook, name="playbook-history"),
    path("my-work", my_work.my_work, name="my-work"),
    path("inbox", inbox.inbox, name="inbox"),
    path("inbox/unread", inbox.unread, name="inbox-unread"),
    path("inbox/read", inbox.read, name="inbox-read"),
    path("people/<int:pk>/replace", people.replace, name="replace-person"),
    path("projects/", portfolio.portfolio, name="portfolio"),
    path("projects/start", start.start, name="start-project"),
    path("projects/<code:code>/", project.show, name="project"),
    path("projects/<code:code>/history", history.of_project, name="project-history"),
    path("projects/<code:code>/move", project.move, name="move-project"),
    path("projects/<code:code>/go-live", project.go_live, name="move-go-live"),
    path("projects/<code:code>/seats/<int:seat_id>", project.seat, name="fill-seat"),
    path("projects/<code:code>/gate", gate.panel, name="gate"),
    path("projects/<code:code>/gate/waive", gate.waive_criterion, name="waive"),
    path("projects/<code:code>/documents", documents.documents, name="documents"),
    path("projects/<code:code>/sign-offs", signoff.sign_offs, name="sign-offs"),
    path("projects/<code:code>/sign-offs/<int:decision_id>", signoff.evidence, name="sign-off"),
    path("projects/<code:code>/steps/<step:path>/decide", signoff.decide, name="decide"),
    path("projects/<code:code>/steps/<step:path>/delegate", signoff.delegate_decision, name="delegate"),
    path("projects/<code:code>/steps/<step:path>/", step.show, name="step"),
    path("projects/<code:code>/steps/<step:path>/menu", step.menu, name="step-menu"),
    path("projects/<code:code>/steps/<step:path>/move", step.move, name="move-step"),
    path("projects/<code:code>/steps/<step:path>/due", step.due, name="move-due"),
    path("projects/<code:code>/steps/<step:path>/history", history.of_step, name="step-history"),
    path("projects/<code:code>/steps/<step:path>/comment", comment.comment, name="comment"),
    path("projects/<code:code>/steps/<step:path>/name", step.name_person, name="name-on-step"),
    path("projects/<code:code>/steps/<step:path>/customer", step.customer, name="show-to-customer"),
    path("projects/<code:code>/customer", outside.as_customer, name="view-as-customer"),
    path("projects/<code:code>/customer/<int:seat_id>/", outside.as_customer, name="project-as-customer"),
    path(
        "projects/<code:code>/customer/<int:seat_id>/steps/<step:path>/",
        outside.step_as_customer,
        name="step-as-customer",
    ),
]
