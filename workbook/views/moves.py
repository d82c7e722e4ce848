"""A move that somebody sent from a page: of a run, or of a defect."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from projects.views.getters import signed_in
from projects.views.refusals import add_errors
from transitions.blockers import MoveRefused
from transitions.moves import perform
from workbook.forms import MoveForm


def sent_move(request: HttpRequest, row: Any) -> tuple[Any, MoveForm, int]:
    """Move a row as its page asked for.

    Returns: the row as it is after the move, or None where it was refused; the form, with why; the status of the answer to that.
    """
    form = MoveForm(request.POST, moves=row.MOVES)
    if not form.is_valid():
        return None, form, 400
    data = form.cleaned_data
    try:
        moved = perform(row, data["move"], by=signed_in(request), note=data["note"], revision=data["revision"])
    except MoveRefused as refused:
        return None, form, add_errors(form, refused)
    return moved.row, form, 200
