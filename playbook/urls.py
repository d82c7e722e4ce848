from django.urls import path

from playbook import views

urlpatterns = [
    path("", views.browse, name="playbooks"),
    path("<slug:slug>/", views.show, name="playbook"),
    path("<slug:slug>/compare/", views.compare_versions, name="playbook-compare"),
    path("<slug:slug>/v<int:number>/", views.show, name="playbook-version"),
]
