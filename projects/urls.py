"""Addresses of live work. `path:step` is `playbook/step-key`."""

from django.urls import path, register_converter
from django.views.generic import RedirectView

from projects.converters import BillerCode, DocumentName, ProjectCode, StepPath
from projects.views import (
    billers,
    comment,
    departures,
    documents,
    gate,
    history,
    inbox,
    integrations,
    my_work,
    outside,
    people,
    portfolio,
    preview,
    project,
    signoff,
    start,
    step,
    updates,
    upgrade,
)  # fmt: skip

register_converter(BillerCode, "biller")
register_converter(ProjectCode, "code")
register_converter(StepPath, "step")
register_converter(DocumentName, "document")

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="portfolio"), name="home"),
    path("history", history.overall, name="history"),
    path("history/<slug:kind>/<int:pk>/revert", history.take_back, name="revert"),
    path("playbooks/<slug:slug>/history", history.of_playbook, name="playbook-history"),
    path("playbooks/<slug:slug>/v<int:number>/preview/", preview.preview_version, name="playbook-preview"),
    path("playbooks/<slug:slug>/v<int:number>/projects/", upgrade.many, name="upgrade-projects"),
    path("my-work", my_work.my_work, name="my-work"),
    path("inbox", inbox.inbox, name="inbox"),
    path("inbox/unread", inbox.unread, name="inbox-unread"),
    path("inbox/read", inbox.read, name="inbox-read"),
    path("inbox/snooze", inbox.put_off, name="inbox-snooze"),
    path("inbox/wake", inbox.back, name="inbox-wake"),
    path("reports/departures", departures.departures, name="departures"),
    path("reports/weekly", updates.weekly, name="weekly-report"),
    path("people/<int:pk>/replace", people.replace, name="replace-person"),
    path("projects/", portfolio.portfolio, name="portfolio"),
    path("projects/start", start.start, name="start-project"),
    path("projects/<code:code>/", project.show, name="project"),
    path("projects/<code:code>/history", history.of_project, name="project-history"),
    path("projects/<code:code>/move", project.move, name="move-project"),
    path("projects/<code:code>/upgrades", upgrade.upgrades, name="upgrades"),
    path("projects/<code:code>/upgrades/undo", upgrade.undo, name="undo-upgrade"),
    path("projects/<code:code>/upgrades/<slug:slug>/v<int:number>", upgrade.upgrade, name="upgrade-project"),
    path("projects/<code:code>/go-live", project.go_live, name="move-go-live"),
    path("projects/<code:code>/seats/<int:seat_id>", project.seat, name="fill-seat"),
    path("projects/<code:code>/gate", gate.panel, name="gate"),
    path("projects/<code:code>/gate/waive", gate.waive_criterion, name="waive"),
    path("projects/<code:code>/documents", documents.documents, name="documents"),
    path("projects/<code:code>/updates/", updates.updates, name="updates"),
    path("projects/<code:code>/updates/new", updates.post, name="post-update"),
    path("projects/<code:code>/documents/<document:document>/", documents.document, name="document"),
    path("projects/<code:code>/documents/<document:document>/move", documents.move, name="move-section"),
    path("projects/<code:code>/documents/<document:document>/visible", documents.visible, name="show-document"),
    path("projects/<code:code>/documents/<document:document>/versions", documents.add, name="add-version"),
    path(
        "projects/<code:code>/documents/<document:document>/versions/<int:number>", documents.file, name="document-file"
    ),
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
    path("projects/<code:code>/steps/<step:path>/rename", step.rename, name="rename-step"),
    path("projects/<code:code>/steps/<step:path>/customer", step.customer, name="show-to-customer"),
    path("projects/<code:code>/customer", outside.as_customer, name="view-as-customer"),
    path(
        "projects/<code:code>/customer/<int:seat_id>/documents/<document:document>/versions/<int:number>",
        outside.file_as_customer,
        name="file-as-customer",
    ),
    path("projects/<code:code>/customer/<int:seat_id>/", outside.as_customer, name="project-as-customer"),
    path(
        "projects/<code:code>/customer/<int:seat_id>/steps/<step:path>/",
        outside.step_as_customer,
        name="step-as-customer",
    ),
    path("billers/", billers.billers, name="billers"),
    path("billers/add", billers.new_biller, name="add-biller"),
    path("billers/<biller:biller>/", billers.biller, name="biller"),
    path("billers/<biller:biller>/edit", billers.edit_biller, name="edit-biller"),
    path("billers/<biller:biller>/mrr", billers.add_biller_mrr, name="add-mrr"),
    path("billers/<biller:biller>/history", billers.biller_history, name="biller-history"),
    path("integrations/", integrations.integrations, name="integrations"),
    path("integrations/<int:core_system>/", integrations.integration, name="integration"),
    path("integrations/<int:core_system>/edit", integrations.edit_integration, name="edit-integration"),
    path("integrations/<int:core_system>/history", integrations.integration_history, name="integration-history"),
    path("integrations/<int:core_system>/customers", integrations.customers, name="live-customers"),
    path("integrations/<int:core_system>/products", integrations.add_integration_product, name="add-product"),
    path("integrations/<int:core_system>/products/<int:product_id>/", integrations.product, name="integration-product"),
    path(
        "integrations/<int:core_system>/products/<int:product_id>/confirm", integrations.confirm, name="confirm-product"
    ),
]
