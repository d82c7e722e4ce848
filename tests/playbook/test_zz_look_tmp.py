import pytest
from django.test import Client
from django.urls import reverse
from playbook.services import new_draft
@pytest.mark.django_db(transaction=True)
def test_look(page, cast, playbooks, live_server):
    c=Client(); c.force_login(cast.adele)
    page.context.add_cookies([{"name":"sessionid","value":c.cookies["sessionid"].value,"url":live_server.url}])
    d=new_draft(playbooks["integration"], cast.adele)
    s=d.steps.get(number=9)
    page.goto(live_server.url+d.admin_url()); page.screenshot(path="/tmp/pbk_helper/draft.png", clip={"x":0,"y":0,"width":1280,"height":1900}, full_page=True)
    print(page.evaluate("document.documentElement.scrollWidth"))
    page.goto(live_server.url+reverse("admin:playbook_step_change",args=[s.pk]))
    s.title="Theirs"; s.save()
    page.fill("#id_responsible","SE, XX"); page.fill("#id_title","Mine"); page.click("input[name=_save]")
    page.screenshot(path="/tmp/pbk_helper/stale.png", full_page=True)
    page.fill("#id_responsible","SE"); page.click("input[name=_save]"); print(page.url)
