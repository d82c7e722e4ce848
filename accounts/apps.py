from django.apps import AppConfig
from django.db.models.signals import m2m_changed, post_migrate, post_save


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import letters, mail
        from accounts.addresses import forget_earlier_addresses
        from accounts.groups import keep_staff_in_step, make_groups_last
        from accounts.models import User

        post_migrate.connect(make_groups_last, dispatch_uid="accounts.groups")
        m2m_changed.connect(keep_staff_in_step, sender=User.groups.through, dispatch_uid="accounts.staff")
        post_save.connect(forget_earlier_addresses, sender=User, dispatch_uid="accounts.addresses")
        mail.register("invitation", letters.invitation)
        mail.register("link-again", letters.link_again)
