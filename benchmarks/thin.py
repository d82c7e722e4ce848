"""Two views as thin as a view of this house can be: one statement by hand, its rows as they come, a small template.

They go through the same server, middleware, session and page frame as the product's, and so say how much of its time the
product cannot be without. Only the benchmark's server knows their addresses.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

from benchmarks.statements import STATEMENTS
from config.urls import urlpatterns as product

PAGE = """{% extends "base.html" %}
{% block main %}
<table>
  {% for row in rows %}
  <tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
  {% endfor %}
</table>
{% endblock %}"""


def portfolio(request: HttpRequest, view: int) -> HttpResponse:
    """Show fifty projects; `view` is the id of the permission to see one."""
    return _page(request, "portfolio_rows", request.user.pk, view)


def project(request: HttpRequest, project_id: int) -> HttpResponse:
    """Show the steps of a project."""
    return _page(request, "project_steps", project_id)


def _page(request: HttpRequest, name: str, *values: Any) -> HttpResponse:
    types, statement = STATEMENTS[name]
    names = [f"${number}" for number in range(1, len(values) + 1)]
    for parameter, kind in zip(names, types.split(", "), strict=True):
        statement = statement.replace(parameter, f"%({parameter[1:]})s::{kind}")
    with connection.cursor() as cursor:
        cursor.execute(statement, {parameter[1:]: value for parameter, value in zip(names, values, strict=True)})
        rows = cursor.fetchall()
    return HttpResponse(_template().render({"rows": rows, "nav": ""}, request))


@lru_cache(maxsize=1)
def _template() -> Any:
    return engines["jinja2"].from_string(PAGE)


urlpatterns = [
    path("thin/projects/<int:view>", portfolio),
    path("thin/project/<int:project_id>", project),
    *product,
]
