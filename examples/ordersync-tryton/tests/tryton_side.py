"""What a person does in Tryton, done by proteus, Tryton's own client: run with the server's Python, never imported.

tryton_side.py DATABASE set-up      reads what to set up as JSON from stdin
tryton_side.py ADDRESS sell         reads sales as JSON from stdin, enters and confirms them
tryton_side.py ADDRESS rounding     reads "document" or "line" as JSON from stdin
"""

# mypy: disable-error-code="import-not-found,import-untyped"
# proteus and trytond are the server's

import datetime
import json
import sys
from decimal import Decimal
from functools import cache
from typing import Any

from proteus import Model, config
from trytond.modules.account.tests.tools import create_chart, create_fiscalyear, get_accounts
from trytond.modules.account_invoice.tests.tools import set_fiscalyear_invoice_sequences
from trytond.modules.company.tests.tools import create_company, get_company


def record(model: str, **values: Any) -> Any:
    """A record that is not saved yet."""
    made = Model.get(model)()
    for name, value in values.items():
        setattr(made, name, value)
    return made


@cache
def find(model: str, **values: str) -> Any:
    """The record with these values."""
    (found,) = Model.get(model).find([(name, "=", value) for name, value in values.items()])
    return found


def set_up(wanted: dict[str, Any]) -> None:
    """A company with its books, taxes, countries, products and their stock, and a user for ordersync."""
    for code, digits, rate in wanted["currencies"]:
        currency = record(
            "currency.currency", name=code, code=code, digits=digits, rounding=Decimal(1).scaleb(-digits)
        )
        rates = currency.rates.new()
        rates.date, rates.rate = datetime.date(2020, 1, 1), Decimal(rate)
        currency.save()
    create_company(currency=find("currency.currency", code="USD"))
    company = get_company()
    years = datetime.date(2026, 1, 1), datetime.date(2026, 12, 31)
    year = set_fiscalyear_invoice_sequences(create_fiscalyear(company, today=years))
    year.click("create_period")
    create_chart(company)
    accounts = get_accounts(company)
    for name, rate in wanted["taxes"]:
        tax(name, accounts, type="percentage", rate=Decimal(rate)).save()
    tax("Correction", accounts, type="fixed", amount=Decimal("0.001")).save()
    for country, parts in wanted["countries"].items():
        land = record("country.country", name=country, code=country)
        for part in parts:
            division = land.subdivisions.new()
            division.code, division.name, division.type = f"{country}-{part}", part, "state"
        land.save()
    term = record("account.invoice.payment_term", name="Direct")
    term.lines.new(type="remainder")
    term.save()
    goods(wanted["products"], accounts)
    user(company)


def tax(name: str, accounts: dict[str, Any], **values: Any) -> Any:
    """A tax that is booked."""
    booked = {"invoice_account": accounts["tax"], "credit_note_account": accounts["tax"]}
    return record("account.tax", name=name, description=name, **booked, **values)


def goods(products: list[list[Any]], accounts: dict[str, Any]) -> None:
    """Products that can be sold, and how many there are."""
    books = {"account_expense": accounts["expense"], "account_revenue": accounts["revenue"]}
    category = record("product.category", name="Goods", accounting=True, **books)
    category.save()
    unit = find("product.uom", name="Unit")
    counted = record("stock.inventory", location=find("stock.location", code="STO"))
    for sku, title, price, stock in products:
        template = record(
            "product.template",
            name=title,
            default_uom=unit,
            type="goods",
            salable=True,
            list_price=Decimal(price),
            account_category=category,
        )
        (product,) = template.products
        product.suffix_code = sku
        template.save()
        (product,) = template.products
        line = counted.lines.new()
        line.product, line.quantity = product, stock
    counted.click("confirm")


def user(company: Any) -> None:
    """A user with no more rights than ordersync needs."""
    made = record("res.user", name="ordersync", login="ordersync", password="ordersync-pass-1")
    made.companies.append(company)
    made.company = company
    for name in ("Sales",):
        made.groups.append(find("res.group", name=name))
    made.save()


def sell(sales: list[dict[str, Any]]) -> None:
    """Sales that were not made by ordersync; entered all at once, then their buttons are pressed."""
    context = config.get_config().context
    parties = config.get_config().get_proxy("party.party").create([buyer(one) for one in sales], context)
    addresses = [Model.get("party.party")(party).addresses[0].id for party in parties]
    values = [sale(*each) for each in zip(sales, parties, addresses, strict=True)]
    desk = config.get_config().get_proxy("sale.sale")
    made = dict(zip(desk.create(values, context), sales, strict=True))
    for button in ("cancel", "quote", "confirm"):
        getattr(desk, button)([number for number, one in made.items() if button in one["buttons"]], context)


def buyer(wanted: dict[str, Any]) -> dict[str, Any]:
    """A party with an address and an e-mail address."""
    home = {
        "street": wanted["street"],
        "city": wanted["city"],
        "postal_code": wanted["postcode"],
        "country": find("country.country", code=wanted["country"]).id,
    }
    mail = {"type": "email", "value": wanted["email"]}
    return {
        "name": wanted["buyer"],
        "addresses": [("create", [home])],
        "contact_mechanisms": [("create", [mail])],
    }


def sale(wanted: dict[str, Any], party: int, address: int) -> dict[str, Any]:
    """A sale with its lines."""
    lines = [
        {
            "type": "line",
            "product": find("product.product", code=sku).id,
            "unit": find("product.uom", name="Unit").id,
            "quantity": quantity,
            "unit_price": Decimal(price),
            "taxes": [("add", [find("account.tax", name=name).id for name in taxes])],
        }
        for sku, quantity, price, taxes in wanted["lines"]
    ]
    return {
        "party": party,
        "invoice_address": address,
        "shipment_address": address,
        "currency": find("currency.currency", code="USD").id,
        "reference": wanted["reference"],
        "lines": [("create", lines)],
    }


def unbookable(sku: str) -> None:
    """A product that can be sold, and whose category has no accounts, so that no invoice can be made of it."""
    category = record("product.category", name="Without accounts", accounting=True)
    category.save()
    template = record(
        "product.template",
        name="Unbookable",
        default_uom=find("product.uom", name="Unit"),
        type="goods",
        salable=True,
        list_price=Decimal(25),
        account_category=category,
    )
    template.products[0].suffix_code = sku
    template.save()


def rounding(method: str) -> None:
    """How the company rounds taxes from now on."""
    setup = Model.get("account.configuration")(1)
    setup.tax_rounding = method
    setup.save()


place, what = sys.argv[1:]
asked = json.load(sys.stdin)
if what == "set-up":
    config.set_trytond(place, user="admin")
    set_up(asked)
else:
    config.set_xmlrpc(place)
    if what == "sell":
        sell(asked)
    elif what == "unbookable":
        unbookable(asked)
    else:
        rounding(asked)
