"""What people say on a project: its list, what was said about one thing, and what is done to one comment."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from projects.board import SeatView
from projects.filters import has_blanks, read
from projects.forms import own_path
from projects.models import Project
from projects.outside import Outsider, holder_of, outside_seats, outsider
from projects.paging import Paging
from projects.views.conflicts import show_conflict
from projects.views.getters import get_project, get_shared_project, signed_in
from projects.views.refusals import add_errors
from records.mentions import can_be_mentioned
from records.models import Comment
from records.subjects import Subject, find, kinds
from records.talk import (
    TooOften,
    Written,
    answers_to,
    change_visibility,
    comment_url,
    delete_comment,
    edit_comment,
    mark_decision,
    may_delete,
    post_comment,
    subject_for,
    subject_of,
)
from records.talk_form import ActForm, CommentForm, EditForm, ShowForm, TalkFilter, form_for
from records.talk_page import (
    PER_PAGE,
    UP,
    Box,
    Reader,
    box_about,
    box_of_project,
    lines,
    moment,
    page_number,
    talk_list,
)
from transitions.blockers import MoveRefused, StaleRow

NO_COMMENT = "There is no such comment, or it is not for you."
NO_SUBJECT = "There is nothing of that kind to talk about here, or it is not for you."


# Getters -----------------------------------------------------------------------------------------------------------------


def get_comment(request: HttpRequest, code: str, pk: int, *, shared: bool = True) -> Comment:
    """Return a comment that the person may read; else 404. People outside read what is for both sides, on what they see."""
    project = (get_shared_project if shared else get_project)(request, code)
    row = Comment.objects.filter(project=project, pk=pk).select_related("by", "deleted_by", "decided_by").first()
    person = signed_in(request)
    if row is None or (person.is_outside and not row.visible):
        raise Http404(NO_COMMENT)
    row.project = project
    if subject_of(row, person) is None:
        raise Http404(NO_COMMENT)
    return cast(Comment, row)


def get_subject(project: Project, kind: str, pk: int, who: Outsider | None) -> Subject:
    """Return what is talked about, where whoever looks may see it; else 404."""
    subject = find(project, kind, [pk], who=who).get(pk)
    if subject is None:
        raise Http404(NO_SUBJECT)
    return subject


# Lists -------------------------------------------------------------------------------------------------------------------


@require_GET
def talk(request: HttpRequest, code: str) -> HttpResponseBase:
    """List all that was said on a project, the latest first, narrowed by the address."""
    project, person = get_project(request, code), signed_in(request)
    chosen, problems = read(form_for([(kind.name, kind.label) for kind in kinds()]), TalkFilter(), request.GET)
    if has_blanks(request.GET) and not problems:
        return redirect(f"{request.path}{chosen.query(page=chosen.page)}")
    shown = talk_list(project, person, chosen)
    subject = get_subject(project, "project", project.pk, None)
    box = box_about(subject, Reader(project, person), shape="list", size=0, next=request.path)
    context = {
        "nav": "portfolio", "project": project, "shown": shown, "chosen": chosen, "problems": problems, "box": box,
        "base": request.path, "here": request.get_full_path(), "named": True,
    }  # fmt: skip
    return render(request, "records/talk/list.html", context)


@require_http_methods(["GET", "POST"])
def about(request: HttpRequest, code: str, kind: str, subject_id: int) -> HttpResponse:
    """Show all that was said about one thing, and take another comment on it; each side in its own version."""
    project, person = get_shared_project(request, code), signed_in(request)
    who = outsider(person) if person.is_outside else None
    subject = get_subject(project, kind, subject_id, who)
    if request.method == "GET":
        return _thread(request, subject, _reader(request, project))
    form = CommentForm(request.POST)
    status = 400
    if form.is_valid():
        data = form.cleaned_data
        try:
            written = post_comment(project, kind, subject_id, data["text"], by=person, visible=data["visible"])
        except (MoveRefused, ValidationError) as refused:
            status = 429 if isinstance(refused, TooOften) else add_errors(form, refused)
            if status == 429:
                return _too_often(request, form, subject, project, refused)
        else:
            return _posted(request, project, subject, form, written)
    if _by_htmx(request):
        return _fragment(
            request, _answered(request, project, subject, form.cleaned_data.get("shape", ""), form), status
        )
    return _thread(request, subject, _reader(request, project), form=form, status=status)


@require_GET
def about_as_customer(request: HttpRequest, code: str, seat_id: int, kind: str, subject_id: int) -> HttpResponse:
    """Show what was said about one thing as whoever holds a seat of somebody outside sees it."""
    project = get_project(request, code)
    seats = outside_seats(project.board)
    identity = next((seat.role.identity for seat in project.board.seats if seat.id == seat_id), None)
    seat = next((seat for seat in seats if seat.role.identity == identity), None)
    if seat is None:
        raise Http404("This project has no such seat of somebody outside.")
    who = holder_of(project.board, seat)
    subject = get_subject(project, kind, subject_id, who)
    return _thread(request, subject, Reader(project, who=who, up=UP), seat=seat, seats=seats)


@require_GET
def comment(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Lead to a comment, on whichever page of its thread it stands."""
    row = get_comment(request, code, pk)
    subject = subject_of(row, signed_in(request))
    assert subject is not None, "the getter has found it"
    number = page_number(row, _reader(request, row.project), subject)
    path = _thread_path(row.project, subject)
    return redirect(f"{path}{f'?page={number}' if number > 1 else ''}#comment-{row.pk}")


@require_GET
def mentions(request: HttpRequest, code: str) -> JsonResponse:
    """Say whom one may mention on a project: for the list that helps to type."""
    found = can_be_mentioned(get_project(request, code), signed_in(request))
    return JsonResponse({"people": [{"insert": one.insert, "says": one.says} for one in found]})


# Acts --------------------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Put other words in the place of a comment’s; a stale form shows both."""
    row, person = get_comment(request, code, pk), signed_in(request)
    form = EditForm(request.POST or None, initial={"text": row.text, "revision": row.revision})
    status = 400 if request.method == "POST" else 200
    if request.method == "GET" and row.by_id != person.pk:
        raise Http404(NO_COMMENT)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            written = edit_comment(row, data["text"], by=person, revision=data["revision"])
        except (MoveRefused, ValidationError) as refused:
            status = add_errors(form, refused)
            if isinstance(refused, StaleRow):
                show_conflict(form, stored={"text": refused.row.text}, carries={"revision": refused.row.revision})
        else:
            return _done(request, written, "Your comment is changed.", data["next"])
    return _act_page(request, row, form, "records/talk/edit.html", status)


@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Ask whether a comment is to be deleted, and delete it."""
    row, person = get_comment(request, code, pk), signed_in(request)
    form = ActForm(request.POST or None, initial={"revision": row.revision})
    status = 400 if request.method == "POST" else 200
    if request.method == "GET" and not may_delete(row, person):
        raise Http404(NO_COMMENT)
    if request.method == "POST" and form.is_valid():
        try:
            gone = delete_comment(row, by=person, revision=form.cleaned_data["revision"])
        except MoveRefused as refused:
            status = add_errors(form, refused)
        else:
            return _done(request, Written(gone), "The comment is deleted.", form.cleaned_data["next"])
    return _act_page(request, get_comment(request, code, pk), form, "records/talk/delete.html", status)


@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Ask whether the customer is to read an internal comment, word for word, and let them."""
    row, person = get_comment(request, code, pk, shared=False), signed_in(request)
    form = ShowForm(request.POST or None, initial={"revision": row.revision})
    status = 400 if request.method == "POST" else 200
    if request.method == "GET" and not may_delete(row, person):
        raise Http404(NO_COMMENT)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            written = change_visibility(
                row, data["visible"] != "0", by=person, revision=data["revision"], confirmed=data["confirmed"]
            )
        except MoveRefused as refused:
            status = add_errors(form, refused)
        else:
            return _done(request, written, "The customer reads the comment from now on.", data["next"])
    return _act_page(request, get_comment(request, code, pk, shared=False), form, "records/talk/show.html", status)


@require_POST
def decision(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Mark a comment as a decision, or take the mark off."""
    row, form = get_comment(request, code, pk, shared=False), ActForm(request.POST)
    status = 400
    if form.is_valid():
        data = form.cleaned_data
        try:
            marked = mark_decision(row, data["decision"], by=signed_in(request), revision=data["revision"])
        except MoveRefused as refused:
            status = add_errors(form, refused)
        else:
            if not _by_htmx(request):
                words = (
                    "It is marked as a decision." if data["decision"] else "It is not marked as a decision any more."
                )
                return _done(request, Written(marked), words, data["next"])
            (line,) = lines(Comment.objects.filter(pk=row.pk), _reader(request, row.project))
            context = {"one": line, "named": data["named"], "next": data["next"], "inside": True, "compact": False}
            return render(request, "records/talk/line.html", context)
    return _act_page(request, get_comment(request, code, pk, shared=False), form, "records/talk/refused.html", status)


@require_GET
def versions(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Show what a comment said before its edits; of a deleted one to who runs the project."""
    row, person = get_comment(request, code, pk, shared=False), signed_in(request)
    reader = _reader(request, row.project)
    if row.deleted_at is not None and not reader.runs:
        raise Http404(NO_COMMENT)
    (line,) = lines(Comment.objects.filter(pk=row.pk), reader)
    former = [(one.number, moment(one.at, person.zone), one.at.isoformat(), one.text) for one in row.versions.all()]
    context = {"nav": "portfolio", "project": row.project, "one": line, "row": row, "former": former}
    return render(request, "records/talk/versions.html", context)


# What they share -----------------------------------------------------------------------------------------------------------


def _by_htmx(request: HttpRequest) -> bool:
    return bool(request.htmx)  # type: ignore[attr-defined]


def _reader(request: HttpRequest, project: Project) -> Reader:
    person = signed_in(request)
    return Reader(project, who=outsider(person), up=UP) if person.is_outside else Reader(project, person)


def _thread_path(project: Project, subject: Subject) -> str:
    return f"{project.get_absolute_url()}talk/{subject.kind}/{subject.id}/"


def _thread(
    request: HttpRequest, subject: Subject, reader: Reader, *, form: CommentForm | None = None, status: int = 200,
    seat: SeatView | None = None, seats: list[SeatView] | None = None,
) -> HttpResponse:  # fmt: skip
    asked = request.GET.get("page", "1")
    number = int(asked) if asked.isdecimal() and 0 < len(asked) < 6 else 1
    box = box_about(subject, reader, shape="thread", size=0, form=form)
    paging = Paging.of(box.total, max(number, 1), PER_PAGE, lambda page: f"?page={page}")
    box = box_about(subject, reader, shape="thread", size=PER_PAGE, start=paging.start, form=form)
    context = {
        "nav": "portfolio", "project": reader.project, "subject": subject, "box": box, "paging": paging, "up": reader.up,
        "seat": seat, "seats": seats or [], "inside": reader.person is not None,
    }  # fmt: skip
    template = "records/talk/thread.html" if reader.person else "records/talk/thread_outside.html"
    return render(request, template, context, status=status)


def _answered(
    request: HttpRequest, project: Project, subject: Subject, shape: str, form: CommentForm | None = None,
    told: tuple[str, ...] = (),
) -> Box:  # fmt: skip
    """Return the part of the page from which something was posted."""
    person = signed_in(request)
    if shape == "aside":
        return box_of_project(project, person, form=form, told=told)
    size = {"size": PER_PAGE} if shape == "thread" else {}
    reader = _reader(request, project)
    return box_about(subject, reader, shape=shape, form=form, told=told, next=request.POST.get("next", ""), **size)


def _fragment(request: HttpRequest, box: Box, status: int = 200) -> HttpResponse:
    return render(request, "records/talk/box.html", {"box": box}, status=status)


def _posted(
    request: HttpRequest, project: Project, subject: Subject, form: CommentForm, written: Written
) -> HttpResponse:
    fresh = subject_for(project, subject.kind, subject.id, signed_in(request)) or subject
    if _by_htmx(request):
        return _fragment(request, _answered(request, project, fresh, form.cleaned_data["shape"], told=written.untold))
    outside = signed_in(request).is_outside
    fallback = f"{project.get_absolute_url()}{subject.outside}" if outside else _thread_path(project, subject)
    words = "Your comment is there." if written.comment.visible and not outside else "Your comment is kept."
    return _done(request, written, "Thank you. " + words if outside else words, form.cleaned_data["next"], fallback)


def _done(request: HttpRequest, written: Written, words: str, next: str, fallback: str = "") -> HttpResponse:
    """Lead back to where one was, at the comment, and say what was done and whom no mention reached."""
    messages.success(request, words)
    for told in written.untold:
        messages.warning(request, told)
    path = own_path(next, fallback=fallback).partition("#")[0]
    return redirect(f"{path}#comment-{written.comment.pk}" if path else comment_url(written.comment))


def _too_often(
    request: HttpRequest, form: CommentForm, subject: Subject, project: Project, refused: Any
) -> HttpResponse:
    add_errors(form, refused)
    answer = _thread(request, subject, _reader(request, project), form=form, status=429)
    answer["Retry-After"] = "60"
    return answer


def _act_page(request: HttpRequest, row: Comment, form: Any, template: str, status: int) -> HttpResponse:
    person, reader = signed_in(request), _reader(request, row.project)
    (line,) = lines(Comment.objects.filter(pk=row.pk), reader)
    subject = subject_of(row, person)
    context = {
        "nav": "portfolio", "project": row.project, "row": row, "one": line, "form": form, "subject": subject,
        "answers": answers_to(row) if not person.is_outside else 0, "inside": not person.is_outside,
        "layout": "outside/frame.html" if person.is_outside else "base.html", "seat": None, "seats": [],
        "back": own_path(str(form.data.get("next") or request.GET.get("next", "")), fallback=comment_url(row)),
        "thread": _thread_path(row.project, subject) if subject else row.project.get_absolute_url(),
    }  # fmt: skip
    return render(request, template, context, status=status)
