"""What templates know beside their values."""

from __future__ import annotations

import datetime as dt

import pytest
from django.template import engines
from jinja2 import UndefinedError

from config.jinja import date_long, date_short, pluralize

TODAY = dt.date(2026, 11, 21)


def rendered(source: str, **values: object) -> str:
    return str(engines["jinja2"].from_string(source).render(values))


@pytest.mark.parametrize(
    ("day", "short", "long"),
    [
        (dt.date(2026, 11, 24), "Nov 24", "Nov 24, 2026"),
        (dt.date(2026, 1, 5), "Jan 5", "Jan 5, 2026"),
        (dt.date(2027, 1, 5), "Jan 5, 2027", "Jan 5, 2027"),
        (dt.date(2025, 12, 31), "Dec 31, 2025", "Dec 31, 2025"),
        (None, "", ""),
    ],
)
def test_a_date_has_its_year_when_it_is_not_this_one(day: dt.date | None, short: str, long: str) -> None:
    assert (date_short(day, TODAY), date_long(day)) == (short, long)


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 steps"), (1, "1 step"), (2, "2 steps"), (-1, "-1 steps"), (1204, "1,204 steps")]
)
def test_a_number_agrees_with_its_noun(number: int, words: str) -> None:
    assert pluralize(number, "step") == words


def test_a_plural_of_its_own() -> None:
    assert (pluralize(1, "person", "people"), pluralize(3, "person", "people")) == ("1 person", "3 people")


def test_templates_have_the_filters_and_the_paths() -> None:
    source = "{{ day|date_short(today) }} {{ 2|pluralize('step') }} {{ url('health') }} {{ static('a.css') }}"

    assert rendered(source, day=TODAY, today=TODAY) == "Nov 21 2 steps /health /static/a.css"


def test_values_are_escaped() -> None:
    assert rendered("<p>{{ name }}</p>", name="<b>") == "<p>&lt;b&gt;</p>"


def test_a_name_that_a_page_did_not_give_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="'name' is undefined"):
        rendered("<p>{{ name }}</p>")
