"""Integrations: core systems, their products and who is live on them, for everybody inside."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from projects.customers import counts_live, customers_of
from projects.filters import LARGEST_NUMBER, has_blanks, read
from projects.history_page import registry_source
from projects.models import Biller, CoreSystem, CoreSystemProduct, LiveCustomer, Partner, Product
from projects.registry import (
    add_live_customer,
    add_product,
    change_core_system,
    change_product,
    confirm_product,
    may_confirm,
    may_keep,
    remove_live_customer,
)  # fmt: skip
from projects.registry_form import (
    ConfirmForm,
    CoreSystemForm,
    IntegrationFilter,
    IntegrationListForm,
    LiveCustomerForm,
    ProductForm,
    RemoveForm,
)  # fmt: skip
from projects.registry_page import (
    CUSTOMER_HEADER,
    INTEGRATION_HEADER,
    customer_cells,
    integration_export,
    integration_page,
    integration_rows,
    product_cell,
    products_of,
)  # fmt: skip
from projects.views.getters import signed_in
from projects.views.history import page as history_page
from projects.views.registry import (
    INTEGRATIONS,
    OFFERED,
    PORTFOLIO,
    about,
    edit_page,
    history_values,
    insider,
    keeper,
    list_values,
    paging_of,
    submit,
)  # fmt: skip
from sheets.writing import Sheet, xlsx_response
from transitions.clock import business_day


def get_core_system(request: HttpRequest, core_system: int) -> CoreSystem:
    """Return the core system for whoever is inside; else 404."""
    insider(request)
    if core_system > LARGEST_NUMBER:
        raise Http404
    return get_object_or_404(CoreSystem.objects.select_related("vendor"), pk=core_system)


def get_product(request: HttpRequest, core_system: int, product_id: int) -> CoreSystemProduct:
    """Return the product on that core system for whoever is inside; else 404."""
    insider(request)
    if max(core_system, product_id) > LARGEST_NUMBER:
        raise Http404
    rows = CoreSystemProduct.objects.select_related("core_system", "confirmed_by")
    return get_object_or_404(rows, pk=product_id, core_system=core_system)


@require_safe
def integrations(request: HttpRequest) -> HttpResponseBase:
    """Show the core systems asked for by their products, or all of them and their customers as a file (`format=xlsx`)."""
    insider(request)
    chosen, problems = read(IntegrationListForm, IntegrationFilter(), request.GET)
    if has_blanks(request.GET) and not problems:
        return redirect(request.path + chosen.query(page=chosen.page))
    found = CoreSystem.objects.filter(chosen.condition()).select_related("vendor").order_by("name", "pk")
    if "format" in request.GET and not problems:
        return _integrations_file(request, list(found))
    paging = paging_of(request, chosen, found.count())
    rows = list(found[paging.start : paging.stop])
    keys = [row.pk for row in rows]
    context = list_values(request, chosen, problems, paging) | {
        "products": Product.labels,
        "rows": integration_rows(rows, products_of(keys), counts_live(keys)),
        "any": paging.total or (chosen.narrowed and CoreSystem.objects.exists()),
        "waiting": CoreSystemProduct.objects.filter(to_confirm=True).count(),
    }
    return render(request, "registry/integrations.html", context, status=400 if problems else 200)


def _integrations_file(request: HttpRequest, rows: list[CoreSystem]) -> HttpResponse:
    keys = [row.pk for row in rows]
    customers = customers_of(keys)
    live = {key: sum(one.core_system_id == key for one in customers) for key in keys}
    sheets = [
        Sheet("Integrations", INTEGRATION_HEADER, integration_export(rows, products_of(keys), live)),
        Sheet("Customers live", CUSTOMER_HEADER, customer_cells(customers)),
    ]
    return xlsx_response(f"integrations_{business_day()}.xlsx", sheets, about=about(request, "Integrations"))


@require_safe
def integration(request: HttpRequest, core_system: int) -> HttpResponse:
    """Show a core system: its products, who is live on it, and what the next customer of each trade would be."""
    return _integration_page(request, get_core_system(request, core_system))


def _integration_page(
    request: HttpRequest,
    row: CoreSystem,
    *,
    product_form: ProductForm | None = None,
    customer_form: LiveCustomerForm | None = None,
    refused: forms.Form | None = None,
    status: int = 200,
) -> HttpResponse:
    person = signed_in(request)
    confirms = may_confirm(person)
    context = integration_page(row, person) | {
        "nav": "portfolio", "core_system": row, "crumbs": [PORTFOLIO, INTEGRATIONS, (row.name, "")],
        "keeps": may_keep(person), "confirms": confirms, "refused": refused,
        "product_form": product_form or ProductForm(auto_id="product_%s"),
        "customer_form": customer_form or LiveCustomerForm(auto_id="customer_%s"),
        "billers": Biller.objects.order_by("name").values_list("name", flat=True)[:OFFERED] if confirms else [],
    }  # fmt: skip
    return render(request, "registry/integration.html", context, status=status)


@require_http_methods(["GET", "POST"])
def edit_integration(request: HttpRequest, core_system: int) -> HttpResponse:
    """Change a core system's name and partner; one that changed meanwhile is shown with both values."""
    row = get_core_system(request, core_system)
    person = keeper(request)
    form = CoreSystemForm(request.POST or None, initial=CoreSystemForm.filled(row))
    facts = ("name", "partner")
    status = submit(request, form, lambda: change_core_system(row, **form.cleaned_data, by=person), compared=facts)
    if status is None:
        messages.success(request, f"{form.cleaned_data['name']} is changed.")
        return redirect(row)
    crumbs = [PORTFOLIO, INTEGRATIONS, (row.name, row.get_absolute_url()), ("Edit", "")]
    partners = Partner.objects.values_list("name", flat=True)[:OFFERED]
    return edit_page(request, form, f"Edit {row.name}", crumbs, status=status, partners=partners)


@require_POST
def add_integration_product(request: HttpRequest, core_system: int) -> HttpResponse:
    """Say how far a product is on a core system for the first time."""
    row = get_core_system(request, core_system)
    person, form = keeper(request), ProductForm(request.POST, auto_id="product_%s")

    def add() -> None:
        said = {name: form.cleaned_data[name] for name in ("product", "stage", "details")}
        add_product(row, **said, by=person)

    status = submit(request, form, add)
    if status is None:
        messages.success(request, f"{Product(form.cleaned_data['product']).label} is added.")
        return redirect(row)
    return _integration_page(request, row, product_form=form, refused=form, status=status)


@require_http_methods(["GET", "POST"])
def product(request: HttpRequest, core_system: int, product_id: int) -> HttpResponse:
    """Say anew how far a product is; one that changed meanwhile is shown with both values."""
    row = get_product(request, core_system, product_id)
    person = keeper(request)
    form = ProductForm(request.POST or None, initial=ProductForm.filled(row))
    facts = ("product", "stage", "details")
    status = submit(request, form, lambda: change_product(row, **form.cleaned_data, by=person), compared=facts)
    if status is None:
        messages.success(request, f"{Product(form.cleaned_data['product']).label} is changed.")
        return redirect(row.core_system)
    back = row.core_system.get_absolute_url()
    crumbs = [PORTFOLIO, INTEGRATIONS, (row.core_system.name, back), (row.get_product_display(), "")]
    return edit_page(request, form, str(row), crumbs, status=status, cell=product_cell(row))


@require_POST
def confirm(request: HttpRequest, core_system: int, product_id: int) -> HttpResponse:
    """Confirm what the source left open about a product."""
    row, person, form = get_product(request, core_system, product_id), insider(request), ConfirmForm(request.POST)
    status = submit(request, form, lambda: confirm_product(row, seen=form.cleaned_data["seen"], by=person))
    if status is None:
        messages.success(request, f"{row} is confirmed.")
        return redirect(row.core_system)
    return _integration_page(request, get_core_system(request, core_system), refused=form, status=status)


@require_POST
def customers(request: HttpRequest, core_system: int) -> HttpResponse:
    """Enter a biller that was live before Gatehouse, or take one back (`act=remove`)."""
    row, person = get_core_system(request, core_system), insider(request)
    if request.POST.get("act") == "remove":
        return _remove(request, row, person)
    form = LiveCustomerForm(request.POST, auto_id="customer_%s")
    status = submit(request, form, lambda: add_live_customer(row, **form.cleaned_data, by=person))
    if status is None:
        messages.success(request, f"{form.cleaned_data['biller']} is entered as live on {row}.")
        return redirect(row)
    return _integration_page(request, row, customer_form=form, refused=form, status=status)


def _remove(request: HttpRequest, row: CoreSystem, person: User) -> HttpResponse:
    form = RemoveForm(request.POST)

    def remove() -> None:
        gone = get_object_or_404(LiveCustomer, pk=form.cleaned_data["customer"], core_system=row)
        remove_live_customer(gone, by=person)
        messages.success(request, f"{gone.biller} is no longer entered here.")

    status = submit(request, form, remove)
    return redirect(row) if status is None else _integration_page(request, row, refused=form, status=status)


@require_safe
def integration_history(request: HttpRequest, core_system: int) -> HttpResponseBase:
    """Show all that ever changed in a core system, its products and its customers from before."""
    row, zone = get_core_system(request, core_system), signed_in(request).zone
    sources = [
        registry_source("core-system", zone, id=row.pk),
        registry_source("core-system-product", zone, core_system=row.pk),
        registry_source("live-customer", zone, core_system=row.pk),
    ]
    return history_page(
        request, sources, history_values(row.name, row.get_absolute_url(), INTEGRATIONS), filename=f"history_{row.pk}"
    )
