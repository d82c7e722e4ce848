"""What people send about calendars and invitations. Forms validate only; services act."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.models import User
from meetings.models import CalendarFeed, Series
from meetings.rights import may_see
from meetings.vocabulary import Answer
from projects.models import Project
from projects.my_work import projects_of

#: The value of what concerns the person themselves; else `project:CODE` or `series:ID`.
ME = "me"
NONE_SUCH = "Choose one of the calendars in the list."
#: The answers that somebody gives; `NEEDS-ACTION` is that they gave none.
ANSWERS = [(answer.value, answer.label) for answer in (Answer.ACCEPTED, Answer.TENTATIVE, Answer.DECLINED)]


class FeedForm(forms.Form):
    """Which calendar is to have an address: of all that concerns the person, one project, or one series.

    Offered are the projects on which they sit and the series to which they belong; others that they may see are asked for by name
    (`also`), as a link from their page does.
    """

    what = forms.ChoiceField(label="Calendar of")

    def __init__(self, *args: Any, person: User, feeds: list[CalendarFeed], also: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        there = {key_of(feed) for feed in feeds}
        wanted = also or str(self.data.get("what", ""))
        projects = {f"project:{code}": name for code, name in projects_of(person)}
        series = {f"series:{one.pk}": str(one) for one in _series_of(person)}
        kind, _, value = wanted.partition(":")
        found = self.named(kind, value) if wanted not in projects | series else None
        if isinstance(found, Project):
            projects[wanted] = found.name
        elif isinstance(found, Series):
            series[wanted] = str(found)
        groups: list[tuple[str, list[tuple[str, str]]]] = [
            ("Mine", [(ME, "All that concerns me")]),
            ("Projects", list(projects.items())),
            ("Series of meetings", list(series.items())),
        ]
        groups = [(label, [one for one in each if one[0] not in there]) for label, each in groups]
        field: Any = self.fields["what"]
        field.choices = [(label, each) for label, each in groups if each]
        field.error_messages = {"required": NONE_SUCH, "invalid_choice": NONE_SUCH}
        if wanted in {value for _, each in groups for value, _ in each}:
            self.initial["what"] = wanted

    @property
    def offers(self) -> bool:
        """Whether there is anything left to make."""
        return bool(self.fields["what"].choices)  # type: ignore[attr-defined]

    def chosen(self) -> dict[str, Any]:
        """Return what was chosen, as `make_feed` takes it."""
        kind, _, value = self.cleaned_data["what"].partition(":")
        return {} if kind == ME else {kind: self.named(kind, value)}

    def named(self, kind: str, value: str) -> Project | Series | None:
        """Return the project or series of a choice if the person may see it."""
        if kind == "project":
            return Project.objects.visible_to(self.person).filter(code=value).first()
        if kind == "series" and value.isdecimal() and len(value) < 10:
            one = Series.objects.select_related("project").filter(pk=int(value)).first()
            return one if one is not None and may_see(one, self.person) else None
        return None


class AnswerForm(forms.Form):
    """What somebody answers to an invitation."""

    answer = forms.ChoiceField(
        choices=ANSWERS, error_messages={"required": "Choose an answer.", "invalid_choice": "Choose an answer."}
    )


class ReplyForm(forms.Form):
    """A reply that arrived by mail: the mail, or the .ics file in it."""

    reply = forms.FileField(label="Reply", help_text="The mail as a file (.eml), or the .ics file attached to it")


def key_of(feed: CalendarFeed) -> str:
    """Return the choice that a feed is of."""
    if feed.project is not None:
        return f"project:{feed.project.code}"
    return f"series:{feed.series_id}" if feed.series_id else ME


def _series_of(person: User) -> list[Series]:
    found = Series.objects.filter(attendees__person=person) | Series.objects.filter(host=person)
    rows = found.filter(ended_on=None).select_related("project").distinct().order_by("title", "pk")[:100]
    return [one for one in rows if person.is_outside is False or one.project_id is not None]
