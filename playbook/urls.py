from django.urls import path

from playbook import views

urlpatterns = [
    path("", views.browse, name="playbooks"),
    path("<slug:slug>/", views.show, name="playbook"),
    path("<slug:slug>/v<int:number>/", views.show, name="playbook-version"),
]
