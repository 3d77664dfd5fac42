"""What a new stand-in is born with: one company, a catalogue, taxes, contacts, and orders of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from ordersync.testing import seeds

from .env import Env
from .geography import CURRENCIES, countries, states
from .lines import tax_field

if TYPE_CHECKING:
    from .server import Sandbox

__all__ = ["populate"]

_CASE_RATES = "0.375 1 1.25 2.25 4 4.5 5 6.25 7 7.25 8 8.875 9.975 10 19 20".split()
"""Percentages that orders with exact totals use besides those of the sample orders."""
_CASE_COUNTRIES = {"5": "CA", "9.975": "CA", "7": "DE", "19": "DE", "20": "GB", "8": "JP", "10": "JP"}
_CASE_SKUS = 60
_LISTS = (*seeds.CURRENCIES, "CAD")


@dataclass
class _House:
    """Ids that later steps need."""

    env: Env
    countries: dict[str, int] = field(default_factory=dict)
    states: dict[tuple[str, str], int] = field(default_factory=dict)
    currencies: dict[str, int] = field(default_factory=dict)
    pricelists: dict[str, int] = field(default_factory=dict)
    taxes: dict[tuple[Decimal, bool], int] = field(default_factory=dict)
    products: dict[str, int] = field(default_factory=dict)
    partners: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    stocks: list[int] = field(default_factory=list)

    def make(self, model: str, **values: Any) -> int:
        return self.env.table(model).make([values])[0]


def populate(env: Env, sandbox: Sandbox, orders: int) -> tuple[int, int]:
    """Fill the store; answers the ids of the administrator and of the interface's user."""
    house = _House(env)
    _places(house)
    users = _company(house, sandbox.rounding)
    _warehouses(house)
    _taxes(house)
    if sandbox.options.get("setup", "full") == "full":
        _set_up(house)
    _goods(house)
    for person in seeds.customers()[: (len(seeds.customers()) + 1) // 2]:
        _partner(house, person.email, person.address, person.phone, company=person.company)
    for order in seeds.sample_orders(sandbox.seed, orders):
        _order(house, order)
    return users


def _places(house: _House) -> None:
    for code, name, symbol, rounding, active, rate in CURRENCIES:
        house.currencies[code] = house.make(
            "res.currency",
            name=code,
            full_name=name,
            symbol=symbol,
            rounding=Decimal(rounding),
            active=active,
            rate=Decimal(rate),
        )
    for code, name, currency, phone in countries():
        house.countries[code] = house.make(
            "res.country",
            name=name,
            code=code,
            currency_id=house.currencies.get(currency, False),
            phone_code=phone,
            state_required=code in ("US", "CA"),
            zip_required=True,
        )
    for country, code, name in states(house.env.version):
        house.states[country, code] = house.make(
            "res.country.state", name=name, code=code, country_id=house.countries[country]
        )
    for code, name, active in (
        ("en_US", "English (US)", True),
        ("de_DE", "German / Deutsch", False),
        ("fr_FR", "French / Français", False),
    ):
        house.make("res.lang", code=code, name=name, iso_code=code[:2], active=active)


def _company(house: _House, rounding: str) -> tuple[int, int]:
    store = house.env.store
    us = house.countries["US"]
    partner = house.make("res.partner", name="My Company", is_company=True, country_id=us)
    basis: dict[str, Any] = {"account_price_include": "tax_excluded"} if house.env.version == "19" else {}
    house.make(
        "res.company",
        name="My Company",
        partner_id=partner,
        currency_id=house.currencies["USD"],
        country_id=us,
        account_fiscal_country_id=us,
        tax_calculation_rounding_method=rounding,
        **basis,
    )
    uids = []
    for login, name, active in (
        ("__system__", "System", False),
        ("admin", "Administrator", True),
        ("ordersync", "Order Sync", True),
    ):
        own = house.make("res.partner", name=name, email=f"{login}@example.com", active=active)
        uids.append(
            house.make(
                "res.users",
                login=login,
                partner_id=own,
                company_id=1,
                company_ids=[[6, 0, [1]]],
                active=active,
            )
        )
    house.make("crm.team", name="Sales", company_id=1)
    house.make("uom.uom", name="Units", factor=1)
    house.make("uom.uom", name="Dozens", factor=Decimal("0.0833333333"))
    house.make("account.payment.term", name="Immediate Payment")
    if house.env.version == "19":
        house.make("account.fiscal.position", name="Domestic", auto_apply=True, company_id=1, country_id=us)
    group = house.make("account.tax.group", name="Tax 15%", country_id=us)
    default = house.make("account.tax", name="15%", amount=15, tax_group_id=group, invoice_label="15%")
    house.make("account.tax", name="15%", amount=15, type_tax_use="purchase")
    house.make("account.tax", name="0% Exports", amount=0)
    store.update("res.company", 1, {"account_sale_tax_id": default})
    return uids[1], uids[2]


def _warehouses(house: _House) -> None:
    store = house.env.store
    virtual = house.make("stock.location", name="Partners", usage="view")
    house.make("stock.location", name="Customers", usage="customer", location_id=virtual)
    for name, code in (("My Company", "WH"), ("Second Warehouse", "WH2")):
        view = house.make("stock.location", name=code, usage="view", company_id=1)
        stock = house.make("stock.location", name="Stock", usage="internal", location_id=view, company_id=1)
        warehouse = house.make(
            "stock.warehouse", name=name, code=code, company_id=1, lot_stock_id=stock, view_location_id=view
        )
        store.update("stock.location", view, {"complete_name": code, "warehouse_id": warehouse})
        store.update("stock.location", stock, {"complete_name": f"{code}/Stock", "warehouse_id": warehouse})
        house.stocks.append(stock)
    store.update("stock.location", virtual, {"complete_name": "Partners"})
    store.update("stock.location", virtual + 1, {"complete_name": "Partners/Customers"})


def _tax(house: _House, title: str, percent: Decimal, included: bool, country: str, **more: Any) -> int:
    name = f"{title} {format(percent.normalize(), 'f')}%{' incl.' if included else ''}"
    if house.env.version == "17":
        basis: dict[str, Any] = {"price_include": included}
    else:
        basis = {"price_include_override": "tax_included" if included else "tax_excluded"}
    return house.make(
        "account.tax", name=name, amount=percent, country_id=house.countries[country], **basis, **more
    )


def _taxes(house: _House) -> None:
    for title, rate, included, country in seeds.TAX_RATES:
        percent = rate * 100
        for basis in (included, not included):
            if (percent, basis) not in house.taxes:
                house.taxes[percent, basis] = _tax(house, title, percent, basis, country)
    for text in _CASE_RATES:
        percent = Decimal(text)
        for basis in (False, True):
            if (percent, basis) not in house.taxes:
                country = _CASE_COUNTRIES.get(text, "US")
                house.taxes[percent, basis] = _tax(house, "Tax", percent, basis, country)
    _tax(house, "MwSt", Decimal(19), False, "DE", type_tax_use="purchase")
    _tax(house, "Old MwSt", Decimal(19), True, "DE", active=False)


def _set_up(house: _House) -> None:
    for code, title in (
        ("OS-SHIPPING", "Shipping"),
        ("OS-FEE", "Fees and discounts"),
        ("OS-ROUNDING", "Rounding"),
    ):
        house.products[code] = _product(house, code, title, Decimal(0), service=True)
    for amount in ("0.01", "-0.01", "1", "-1", "0.001", "-0.001"):
        sign = "" if amount.startswith("-") else "+"
        house.make(
            "account.tax", name=f"Rounding {sign}{amount}", amount=Decimal(amount), amount_type="fixed"
        )
    for code in _LISTS:
        house.pricelists[code] = house.make(
            "product.pricelist", name=f"Shop {code}", currency_id=house.currencies[code]
        )


def _product(
    house: _House, code: str | None, title: str, price: Decimal, *, service: bool = False, **more: Any
) -> int:
    if service:
        kind: dict[str, Any] = {"type": "service", "taxes_id": [[5]]}
    elif house.env.version == "17":
        kind = {"detailed_type": "product"}
    else:
        kind = {"type": "consu", "is_storable": True}
    return house.make("product.product", name=title, default_code=code, list_price=price, **kind, **more)


def _stock(house: _House, product: int, quantity: int) -> None:
    first = quantity * 3 // 5
    for location, amount in zip(house.stocks, (first, quantity - first), strict=True):
        house.make("stock.quant", product_id=product, location_id=location, quantity=amount)


def _goods(house: _House) -> None:
    templates: dict[str, int] = {}
    store = house.env.store
    for item in seeds.catalogue():
        more: dict[str, Any] = {}
        if item.variant:
            family = templates.get(item.family)
            if family:
                more["product_tmpl_id"] = family
        if "product_tmpl_id" in more:
            product = house.make(
                "product.product",
                default_code=item.sku,
                barcode=item.barcode,
                product_tmpl_id=more["product_tmpl_id"],
            )
        else:
            product = _product(house, item.sku, item.title, item.price, barcode=item.barcode)
            templates[item.family] = store.rows["product.product"][product]["product_tmpl_id"]
        if item.variant:
            option = house.make(
                "product.template.attribute.value", name=item.variant, product_tmpl_id=templates[item.family]
            )
            store.update("product.product", product, {"product_template_attribute_value_ids": [option]})
        house.products[item.sku] = product
        _stock(house, product, item.stock)
    for number in range(1, _CASE_SKUS + 1):
        sku = f"SKU-{number:03d}"
        price = Decimal(495 + 737 * number % 9500) / 100
        house.products[sku] = _product(house, sku, f"Item {number}", price)
        _stock(house, house.products[sku], 100_000)
    for title in ("Twin, left", "Twin, right"):
        _stock(house, _product(house, "TWIN-01", title, Decimal(10)), 50)
    _product(house, "OLD-01", "Retired vase", Decimal(25), active=False)
    house.products[seeds.UNKNOWN_SKU] = _product(house, None, "Discontinued clock", Decimal(15))
    if "OS-SHIPPING" not in house.products:
        for code in ("OS-SHIPPING", "OS-FEE"):
            house.products[code] = _product(house, None, "Service", Decimal(0), service=True)


def _partner(
    house: _House, email: str, address: seeds.SeedAddress, phone: str | None, *, company: str | None = None
) -> tuple[int, int, int]:
    if email in house.partners:
        return house.partners[email]
    state: int | None = None
    if address.subdivision:
        for code in (address.subdivision, f"{address.country}-{address.subdivision}"):
            state = state or house.states.get((address.country, code))
    place = {
        "street": address.line1,
        "street2": address.line2,
        "zip": address.postcode,
        "city": address.city,
        "country_id": house.countries[address.country],
        "state_id": state,
    }
    person = f"{address.first_name} {address.last_name}"
    made = house.make(
        "res.partner",
        name=company or person,
        is_company=bool(company),
        email=email,
        phone=phone,
        customer_rank=1,
        child_ids=[
            [0, 0, {"type": "invoice", "name": person, "email": email, **place}],
            [0, 0, {"type": "delivery", "name": person, "phone": address.phone, **place}],
        ],
        **place,
    )
    invoice, delivery = house.env.store.find("res.partner", "parent_id", made)
    house.partners[email] = (made, invoice, delivery)
    return house.partners[email]


def _percent(part: Decimal, whole: Decimal) -> Decimal:
    if not whole:
        return Decimal(0)
    return (100 * part / whole).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def _order(house: _House, order: seeds.SeedOrder) -> None:
    """One sale as its salesperson would have entered it: confirmed, some of it delivered, one in twenty cancelled."""
    assert order.address
    assert order.email
    env = house.env
    company = order.customer.company if order.customer else None
    partner, invoice, delivery = _partner(
        house, order.email, order.address, order.address.phone, company=company
    )
    goods = sum((line.unit_price * line.quantity - line.discount for line in order.lines), Decimal(0))
    shared = _percent(order.order_discount, goods)
    lines: list[Mapping[str, Any]] = []
    for line in order.lines:
        sku = line.sku or "OS-FEE"
        lines.append(
            {
                "product_id": house.products[sku],
                **({} if line.sku else {"name": line.title}),
                "product_uom_qty": line.quantity,
                "price_unit": line.unit_price,
                "discount": shared or _percent(line.discount, line.unit_price * line.quantity),
                **_line_taxes(house, line.taxes, order.taxes_included),
            }
        )
    if order.shipping:
        lines.append(
            {
                "product_id": house.products["OS-SHIPPING"],
                "name": f"{order.shipping.title} shipping",
                "product_uom_qty": 1,
                "price_unit": order.shipping.price,
                **_line_taxes(house, order.shipping.taxes, order.taxes_included),
            }
        )
    at = env.now
    env.now = order.placed_at
    values: dict[str, Any] = {
        "partner_id": partner,
        "partner_invoice_id": invoice,
        "partner_shipping_id": delivery,
        "client_order_ref": f"PO-{7000 + order.index}" if order.index % 3 == 0 else False,
        "date_order": order.placed_at.strftime("%Y-%m-%d %H:%M:%S"),
        "note": order.note,
        "tag_ids": [[6, 0, [_tag(house, tag) for tag in order.tags]]],
    }
    if house.pricelists:
        values["pricelist_id"] = house.pricelists[order.currency]
    orders = env.table("sale.order")
    made = orders.make([values])[0]
    if not house.pricelists:
        orders.write([made], {"currency_id": house.currencies[order.currency]})
    orders.write([made], {"order_line": [[0, 0, line] for line in lines]})
    env.now = order.updated_at
    orders.action_confirm([made])  # type: ignore[attr-defined]
    env.store.update("sale.order", made, {"date_order": order.placed_at})
    if order.cancelled:
        orders.cancel(orders.rows_of([made]))  # type: ignore[attr-defined]
    elif order.index % 3 == 1:
        _deliver(house, made, partly=order.index % 2 == 0)
    env.now = at


def _tag(house: _House, name: str) -> int:
    found = [row["id"] for row in house.env.store.rows["crm.tag"].values() if row["name"] == name]
    return int(found[0]) if found else house.make("crm.tag", name=name)


def _line_taxes(house: _House, taxes: tuple[tuple[str, Decimal], ...], included: bool) -> dict[str, Any]:
    ids = [house.taxes[rate * 100, included] for _, rate in taxes]
    return {tax_field(house.env.version): [[6, 0, ids]]}


def _deliver(house: _House, order: int, *, partly: bool) -> None:
    env = house.env
    pickings = env.table("stock.picking")
    for picking in pickings.rows_of(env.store.find("stock.picking", "sale_id", order)):
        moves = env.table("stock.move").rows_of(env.store.find("stock.move", "picking_id", picking["id"]))
        if partly and moves and moves[0]["quantity"] > 1:
            env.store.update("stock.move", moves[0]["id"], {"quantity": Decimal(1)})
        pickings.finish(picking, backorder=True)  # type: ignore[attr-defined]
