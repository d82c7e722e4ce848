"""The site map."""

from django.contrib import admin
from django.urls import include, path

from accounts.views.sign_in import admin_sign_in
from config.views import health

admin.site.site_header = "Gatehouse"
admin.site.site_title = "Gatehouse admin"
admin.site.index_title = "Playbooks, people and reference data"

urlpatterns = [
    path("", include("accounts.urls")),
    path("", include("projects.urls")),
    path("", include("records.urls")),
    path("", include("workbook.urls")),
    path("", include("reminders.urls")),
    path("", include("meetings.urls")),
    path("", include("handoff.urls")),
    path("playbooks/", include("playbook.urls")),
    path("admin/login/", admin_sign_in),
    path("admin/", admin.site.urls),
    path("health", health, name="health"),
]

#: allauth asks for it here; our own pages call it by its name.
handler429 = "accounts.limits.too_many"
