from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts.groups import make_groups

        post_migrate.connect(make_groups, dispatch_uid="accounts.groups")
