from importlib import import_module

from django.apps import AppConfig

#: Each part of the room hangs its own things where the rooms below have a place for them.
PARTS = ("tier", "summary", "package", "support", "phased", "watch", "readiness")


class HandoffConfig(AppConfig):
    name = "handoff"

    def ready(self) -> None:
        for part in PARTS:
            import_module(f"handoff.{part}.hooks").register_all()
