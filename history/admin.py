"""Admin: “History” leads to ours, which has what was changed, and by every door; the admin's own knows of the admin alone."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse


class HistoryOnItsPage:
    """For an admin of a tracked model. `history_kind` is what the pages of history call it."""

    history_kind = ""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Go to the history of the object, where there is one that the person may see in the admin."""
        admin: Any = self
        found = admin.get_object(request, unquote(object_id))
        if found is None or not admin.has_view_or_change_permission(request, found):
            return super().history_view(request, object_id, extra_context)  # type: ignore[misc]
        return HttpResponseRedirect(
            f"{reverse('history')}?{urlencode({'what': self.history_kind, 'object': found.pk})}"
        )
