"""The one custom signal: rooms that must not know each other meet here."""

from django.dispatch import Signal

#: Sent on commit of every move, with `record` (TransitionRecord). `sender` is the class of the row that moved.
moved = Signal()
