"""Admin: a page or a sheet becomes a draft, with a report of every row.

It is read while the person waits: 200 steps take well under two seconds (benchmarks/importing_files.py), so no task stands
behind it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib.admin import AdminSite
from django.contrib.admin.models import ADDITION, LogEntry
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import RegexValidator
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts.models import User
from playbook import vocabulary as words
from playbook.importing.drift import Drift
from playbook.importing.grid import MOST_ROWS
from playbook.importing.raw import ImportRefused, Outcome, ReportRow
from playbook.importing.services import Imported, import_playbook
from playbook.models import ImportReport, Playbook, Version
from sheets.reading import LARGEST_FILE
from transitions.blockers import NotPermitted

ENDINGS = (".html", ".htm", ".xhtml", ".xml", ".xlsx", ".csv", ".tsv", ".txt", ".yaml", ".yml", ".json")
_MEGABYTES = LARGEST_FILE // 1024 // 1024
OUTCOMES: dict[Outcome, tuple[str, str]] = {
    "refused": ("Refused", "not taken, and why"),
    "guessed": ("Guessed", "taken, with something filled in or chosen"),
    "kept": ("Kept", "fits nowhere, and stays with the draft as a note"),
    "read": ("Read", "taken as it stands"),
}


class ImportForm(forms.Form):
    """A file, and the playbook that it is of."""

    file = forms.FileField(
        label="Page or sheet",
        help_text=(
            "A wiki page (HTML or its storage format, or text copied from it), XLSX, CSV, or our own YAML. At most "
            f"{_MEGABYTES} MB and {MOST_ROWS:,} rows. Formulas are not run: paste their values first."
        ),
        widget=forms.FileInput({"accept": ",".join(ENDINGS)}),
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
    )
    slug = forms.CharField(
        label="Playbook",
        required=False,
        max_length=words.LONGEST_SLUG,
        validators=[RegexValidator(rf"\A{words.SLUG_PATTERN.pattern}\Z", f"Use {words.SLUG_WORDS}.")],
        help_text="Its slug, such as integration. Left empty, it is found by the page's title.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)

    def clean_file(self) -> UploadedFile[Any]:
        """Refuse a file that is too large before any of it is read."""
        upload: UploadedFile[Any] = self.cleaned_data["file"]
        if (upload.size or 0) > LARGEST_FILE:
            raise forms.ValidationError(f"“{upload.name}” is larger than {_MEGABYTES} MB. Nothing of it was read.")
        return upload


def import_page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Ask for a file; import it, and show what became of each row. A refusal is answered at 400 with all its problems."""
    if not request.user.has_perm("playbook.change_version"):
        raise PermissionDenied
    context: dict[str, Any] = {"form": ImportForm(), "imported": None}
    status = 200
    if request.method == "POST":
        context["form"] = form = ImportForm(request.POST, request.FILES)
        context["chosen"] = getattr(form.files.get("file"), "name", "")
        imported = _imported(request, form)
        status = 200 if imported else 400
        if imported:
            context |= {"form": ImportForm(), "imported": imported}
            context |= _report(imported.rows, imported.drift, imported.since)
    context |= {
        **site.each_context(request),
        "title": "Import a page or sheet",
        "opts": Playbook._meta,
        "slugs": Playbook.objects.order_by("slug").values_list("slug", flat=True),
    }
    return TemplateResponse(request, "admin/playbook/import.html", context, status=status)


def _imported(request: HttpRequest, form: ImportForm) -> Imported | None:
    """Return what the import came to, or None with its problems on the form."""
    if not form.is_valid():
        return None
    upload: UploadedFile[Any] = form.cleaned_data["file"]
    name = str(upload.name)
    assert isinstance(request.user, User), "whoever may change versions is signed in"
    try:
        imported = import_playbook(upload.read(), name, slug=form.cleaned_data["slug"], by=request.user)
    except NotPermitted as refused:
        raise PermissionDenied from refused
    except ImportRefused as refused:
        for problem in refused.problems:
            form.add_error("file", problem)
        return None
    if imported.outcome != "unchanged":
        told = f"Imported from {name}."
        LogEntry.objects.log_actions(request.user.pk, [imported.version], ADDITION, told, single_object=True)
    return imported


def report_page(request: HttpRequest, site: AdminSite, version: Version) -> HttpResponse:
    """Show what the import that made a version said of each row; 404 for one that was made otherwise."""
    if not request.user.has_perm("playbook.change_version"):
        raise PermissionDenied
    kept = ImportReport.objects.select_related("imported_by").filter(version=version).first()
    if kept is None:
        raise Http404(f"{version} was not imported.")
    context = {
        **site.each_context(request),
        "title": "Report of the import",
        "opts": Version._meta,
        "version": version,
        "kept": kept,
        **_report([ReportRow(**row) for row in kept.rows], [Drift(**row) for row in kept.drift], kept.since),
    }
    return TemplateResponse(request, "admin/playbook/version/import.html", context)


def _report(rows: Sequence[ReportRow], drift: Sequence[Drift], since: int | None) -> dict[str, Any]:
    counts = Counter(row.outcome for row in rows)
    return {
        "drift": drift,
        "since": since,
        "rows": [(row, OUTCOMES[row.outcome][0]) for row in rows],
        "outcomes": [(outcome, label, text, counts[outcome]) for outcome, (label, text) in OUTCOMES.items()],
    }
