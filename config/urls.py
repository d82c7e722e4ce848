"""The site map."""

from django.contrib import admin
from django.urls import include, path

from config.views import health

admin.site.site_header = "Gatehouse"
admin.site.site_title = "Gatehouse admin"
admin.site.index_title = "Playbooks, people and reference data"

urlpatterns = [
    path("", include("accounts.urls")),
    path("", include("projects.urls")),
    path("playbooks/", include("playbook.urls")),
    path("admin/", admin.site.urls),
    path("health", health, name="health"),
]
