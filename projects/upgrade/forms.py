"""What people send of an upgrade. Forms validate only; services act."""

from __future__ import annotations

from typing import Any

from django import forms

from projects.upgrade.plan import Choice, UpgradePlan
from projects.upgrade.services import MOST_AT_ONCE
from transitions.moves import NOTE_LIMIT

#: A reason for leaving one step out.
LONGEST_REASON = 1000
WORDS: dict[Choice, str] = {
    Choice.ACCEPT: "Take the new one",
    Choice.KEEP: "Keep ours",
    Choice.DO: "Add it",
    Choice.LEAVE_OUT: "Leave it out",
}
#: The buttons that choose for all lines, or only look again.
ACCEPT_ALL, KEEP_ALL, LOOK = "accept", "keep", "look"


class UpgradeForm(forms.Form):
    """One upgrade: what was decided of each step that leaves a choice, a note, and the preview that was seen.

    A step that nothing is said of has its default; one that has none is refused by the move, not here.
    """

    seen = forms.CharField(max_length=64)
    note = forms.CharField(label="Note", required=False, max_length=NOTE_LIMIT, widget=forms.Textarea({"rows": 2}))
    look = forms.ChoiceField(
        required=False, choices=[("", ""), (ACCEPT_ALL, "Take all"), (KEEP_ALL, "Keep all"), (LOOK, "Look again")]
    )

    def __init__(self, *args: Any, plan: UpgradePlan, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._keys = {line.field_name: line.key for line in plan.lines if len(line.allowed) > 1}
        for line in plan.lines:
            if line.field_name not in self._keys:
                continue
            choices = [(str(choice), WORDS[choice]) for choice in line.allowed]
            self.fields[line.field_name] = forms.ChoiceField(label=line.title, required=False, choices=choices)
            if Choice.LEAVE_OUT in line.allowed:
                reason = forms.CharField(label=f"Reason, {line.title}", required=False, max_length=LONGEST_REASON)
                self.fields[reason_field(line.key)] = reason

    @property
    def decisions(self) -> dict[str, str]:
        """What was decided, by step key; of a form that does not hold, as far as it does."""
        return {key: said for name, key in self._keys.items() if (said := self.cleaned_data.get(name))}

    @property
    def reasons(self) -> dict[str, str]:
        """The reasons that were given, by step key."""
        keys = self._keys.values()
        return {key: why for key in keys if (why := self.cleaned_data.get(reason_field(key)))}


def reason_field(key: str) -> str:
    """Return the name of the field of the reason for leaving a step out."""
    return f"why:{key}"


class ManyForm(forms.Form):
    """Projects ticked to be upgraded with one button, and a note that each record bears."""

    project = forms.MultipleChoiceField(label="Projects", error_messages={"required": "Tick a project first."})
    note = forms.CharField(label="Note", required=False, max_length=NOTE_LIMIT, widget=forms.Textarea({"rows": 2}))

    def __init__(self, *args: Any, projects: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"].choices = projects  # type: ignore[attr-defined]

    def clean_project(self) -> list[str]:
        """Refuse more than one button may upgrade."""
        ticked: list[str] = self.cleaned_data["project"]
        if len(ticked) > MOST_AT_ONCE:
            raise forms.ValidationError(f"{len(ticked)} are ticked; {MOST_AT_ONCE} at a time is the most.")
        return ticked
