"""Addresses of how one hears. The converter `code` is that of projects."""

from django.urls import path

from reminders.views import failures, hooks, preferences

urlpatterns = [
    path("account/notifications", preferences.notifications, name="notifications"),
    path("account/notifications/address", preferences.try_address, name="try-address"),
    path("unsubscribe/<str:token>", preferences.way_out, name="unsubscribe"),
    path("reminders/", failures.reminders, name="reminders"),
    path("reminders/mails/<int:pk>/again", failures.mail_again, name="mail-again"),
    path("reminders/addresses/<int:pk>/again", failures.address_again, name="address-again"),
    path("projects/<code:code>/hooks", hooks.hooks, name="hooks"),
    path("projects/<code:code>/hooks/<int:hook_id>", hooks.hook, name="hook"),
    path("projects/<code:code>/hooks/<int:hook_id>/test", hooks.test, name="hook-test"),
    path("projects/<code:code>/hooks/<int:hook_id>/switch", hooks.switch_hook, name="hook-switch"),
    path("projects/<code:code>/hooks/<int:hook_id>/again", hooks.again, name="hook-again"),
    path("projects/<code:code>/mute", preferences.mute_project, name="mute-project"),
]
