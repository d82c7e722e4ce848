"""The Integration Summary: every field filled, or N/A by a named person."""
