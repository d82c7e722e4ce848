"""Reference data in the admin: two who edit one biller."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Biller


@pytest.fixture
def adele(cast: SimpleNamespace) -> Client:
    client = Client()
    client.force_login(cast.adele)
    return client


def seen(client: Client, address: str) -> str:
    return str(client.get(address).context["adminform"].form.initial["seen"])


def test_the_second_of_two_sees_both_values_and_may_send_again(adele: Client) -> None:
    biller = Biller.objects.create(name="Marrow County Tax", code="MRW", vertical="tax")
    address = reverse("admin:projects_biller_change", args=[biller.pk])
    mine = {"name": "Marrow Tax Office", "code": "MRW", "vertical": "tax", "seen": seen(adele, address)}
    Biller.objects.update(name="County of Marrow")

    refused = adele.post(address, mine)
    assert refused.status_code == 409
    assert "Stored meanwhile: “County of Marrow”. In your form: “Marrow Tax Office”." in refused.content.decode()
    assert Biller.objects.get().name == "County of Marrow"

    again = mine | {"seen": refused.context["adminform"].form["seen"].value()}
    assert (adele.post(address, again).status_code, Biller.objects.get().name) == (302, "Marrow Tax Office")


def test_a_form_that_nobody_overtook_is_saved(adele: Client) -> None:
    address = reverse("admin:projects_coresystem_add")
    added = adele.post(address, {"name": "Ledgerline", "partner": "Quillon"})
    wrong = adele.post(address, {"name": "", "partner": "Quillon"})

    assert (added.status_code, wrong.status_code) == (302, 400)
