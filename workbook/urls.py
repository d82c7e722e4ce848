"""Addresses of SIT and UAT. The converter `code` is that of projects."""

from django.urls import path

from workbook.views import defects, portal, runs, sheet, sign_off, workbook

BOOK = "projects/<code:code>/workbook"

urlpatterns = [
    path(f"{BOOK}/", workbook.workbook, name="workbook"),
    path(f"{BOOK}/starter", workbook.starter, name="take-starter-set"),
    path(f"{BOOK}/criteria/<slug:kind>", workbook.criteria, name="exit-criteria"),
    path(f"{BOOK}/suites/<slug:kind>/new", workbook.new_suite, name="new-suite"),
    path(f"{BOOK}/suites/<int:suite_id>", workbook.suite, name="suite"),
    path(f"{BOOK}/suites/<int:suite_id>/move", workbook.order_suite, name="move-suite"),
    path(f"{BOOK}/cases/<slug:kind>/new", workbook.new_case, name="new-case"),
    path(f"{BOOK}/cases/<int:number>", workbook.case, name="case"),
    path(f"{BOOK}/cases/<int:number>/move", workbook.order_case, name="move-case"),
    path(f"{BOOK}/template.xlsx", sheet.template, name="cases-template"),
    path(f"{BOOK}/export/<slug:kind>.<slug:form>", sheet.export, name="export-cases"),
    path(f"{BOOK}/import/<slug:kind>", sheet.preview, name="import-cases"),
    path(f"{BOOK}/import/<slug:kind>/apply", sheet.take, name="apply-import"),
    path(f"{BOOK}/runs/<slug:kind>/start", runs.start, name="start-run"),
    path(f"{BOOK}/runs/<int:run_id>/", runs.show, name="run"),
    path(f"{BOOK}/runs/<int:run_id>/move", runs.move, name="move-run"),
    path(f"{BOOK}/runs/<int:run_id>/results.<slug:form>", runs.results, name="run-results"),
    path(f"{BOOK}/runs/<int:run_id>/cases/<int:place>", runs.case, name="run-case"),
    path(f"{BOOK}/files/<int:file_id>", portal.file, name="run-file"),
    path(f"{BOOK}/defects", defects.listed, name="defects"),
    path(f"{BOOK}/defects/<int:defect_id>", defects.defect, name="defect"),
    path(f"{BOOK}/defects/<int:defect_id>/move", defects.move, name="move-defect"),
    path("projects/<code:code>/uat/", portal.uat, name="uat"),
    path("projects/<code:code>/uat/<int:number>/", portal.run, name="uat-run"),
    path("projects/<code:code>/uat/<int:number>/sign", sign_off.sign, name="uat-sign"),
    path("projects/<code:code>/uat/<int:number>/<int:position>/", portal.case, name="uat-case"),
    path("projects/<code:code>/uat/sign-offs/<int:sign_off_id>", sign_off.receipt, name="run-sign-off"),
    path("projects/<code:code>/customer/<int:seat_id>/uat/", portal.as_customer, name="uat-as-customer"),
    path(
        "projects/<code:code>/customer/<int:seat_id>/uat/<path:rest>", portal.as_customer, name="uat-page-as-customer"
    ),
]
