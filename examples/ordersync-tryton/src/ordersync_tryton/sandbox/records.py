"""What the server keeps: its records, what a person has set up, and what the seeds bring."""

from __future__ import annotations

from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from ordersync.testing import StandingOrder, seeds
from ordersync.testing.kit import Bill, Record, RestSandbox, Table

from ordersync_tryton.sandbox.models import MODELS, Shelf, UnknownName, UserError
from ordersync_tryton.sandbox.sales import amount_of, checked_line, tax_of

__all__ = ["COMPANY", "Records"]

COMPANY = 1
UNIT = 1
CORRECTION = 9999
"""Where the line stands that corrects cents."""
PRICE_STEP = Decimal("0.0001")


def _table(*by: str, unique: tuple[str, ...] = ()) -> Table:
    return Table(by=by, unique=unique, created="create_date", updated="write_date", whole_seconds=False)


class Records(RestSandbox):
    """One database of one company."""

    items = _table(unique=("code",))
    people = _table()
    orders = _table("description")
    lines = _table("sale", "product")
    identifiers = _table("party", "code")
    contacts = _table("party", "value")
    addresses = _table("party")
    companies = _table()
    currencies = _table("code")
    countries = _table("code")
    subdivisions = _table("code")
    taxes = _table("name")
    groups = _table()
    configurations = _table()
    locations = _table()

    def populate(self, orders: int) -> None:
        """What a person would have set up, then the catalogue, customers and orders of the seeds."""
        self.shelf = Shelf(
            {
                "company.company": self.companies,
                "currency.currency": self.currencies,
                "country.country": self.countries,
                "country.subdivision": self.subdivisions,
                "account.configuration": self.configurations,
                "account.tax": self.taxes,
                "account.tax.group": self.groups,
                "party.party": self.people,
                "party.identifier": self.identifiers,
                "party.contact_mechanism": self.contacts,
                "party.address": self.addresses,
                "product.product": self.items,
                "stock.location": self.locations,
                "sale.sale": self.orders,
                "sale.line": self.lines,
            },
            self.computed,
        )
        self._set_up()
        super().populate(orders)

    def _set_up(self) -> None:
        for code, digits in (("USD", 2), ("EUR", 2), ("GBP", 2), ("JPY", 0), ("KWD", 3)):
            self.add("currency.currency", code=code, digits=digits, rounding=Decimal(1).scaleb(-digits))
        self.add("company.company", rec_name="Sandbox", currency=1)
        self.add("account.configuration", tax_rounding=self.options.get("rounding", "document"))
        self.add("stock.location", code="WH", name="Warehouse", type="warehouse")
        for title, rate in {title: rate for title, rate, _, _ in seeds.TAX_RATES}.items():
            self.add("account.tax", name=title, type="percentage", rate=rate, company=COMPANY)
        if self.options.get("correction") != "no":
            self.add("account.tax", name="Correction", type="fixed", amount=Decimal("0.001"), company=COMPANY)
        places = {(one.address.country, one.address.subdivision) for one in seeds.customers()}
        for country in sorted({country for country, _ in places}):
            self.add("country.country", code=country, name=country)
        for country, part in sorted((country, part) for country, part in places if part):
            self.add(
                "country.subdivision", code=f"{country}-{part}", country=_id(self.countries, code=country)
            )

    # -- what the seeds bring ------------------------------------------------------------------------------------

    def born_item(self, product: seeds.SeedProduct) -> Record:
        """A product with its stock."""
        return {
            "code": product.sku,
            "name": product.title,
            "template": len(self.items) + 1,
            "type": "goods",
            "salable": True,
            "sale_uom": UNIT,
            "list_price": product.price,
            "on_hand": product.stock,
            "write_date": None,
        }

    def born_customer(self, person: seeds.SeedCustomer) -> Record | None:
        """Every second customer is a party already."""
        if person.id % 2:
            self._party(person.address, person.email)
        return None

    def born_order(self, seed: seeds.SeedOrder, bill: Bill) -> Record:
        """A sale that a person entered and confirmed; Tryton has no discounts, so prices are what was paid."""
        number = len(self.orders) + 1
        address = seed.customer.address if seed.customer else seed.address
        assert address is not None
        party = self._party(address, seed.email)
        home = self.addresses.find(party=party)[0]["id"]
        sold = [(line.title, line.sku, line.quantity, price) for line, price in bill.lines]
        if seed.shipping and bill.shipping:
            sold.append((seed.shipping.title, None, 1, bill.shipping))
        for place, (title, sku, quantity, price) in enumerate(sold, start=1):
            product = self.items.first(code=sku) if sku else None
            self.add(
                "sale.line",
                type="line",
                sale=number,
                sequence=place,
                description=title,
                product=product["id"] if product else None,
                unit=UNIT if product else None,
                quantity=Decimal(quantity),
                unit_price=(price.net / quantity).quantize(PRICE_STEP),
                taxes=[_id(self.taxes, name=name) for name, _, _ in price.taxes],
            )
        return blank(
            "sale.sale",
            id=number,
            number=str(number),
            company=COMPANY,
            party=party,
            invoice_address=home,
            shipment_address=home,
            currency=_id(self.currencies, code=seed.currency),
            comment=seed.note,
            state="cancelled" if seed.cancelled else "processing",
            shipment_state="waiting",
            invoice_state="paid" if seed.payment == "paid" else "awaiting payment",
            sale_date=seed.placed_at.date(),
            create_date=seed.placed_at,
            write_date=seed.updated_at,
        )

    def _party(self, address: seeds.SeedAddress, email: str | None) -> int:
        known = self.contacts.first(value=email)
        if known:
            return int(known["party"])
        country = _id(self.countries, code=address.country)
        part = self.subdivisions.first(code=f"{address.country}-{address.subdivision}")
        home = {
            "street": address.line1,
            "city": address.city,
            "postal_code": address.postcode,
            "country": country,
            "subdivision": part["id"] if part else None,
        }
        values = {
            "name": f"{address.first_name} {address.last_name}",
            "contact_mechanisms": [["create", [{"type": "email", "value": email}]]],
            "addresses": [["create", [home]]],
        }
        return int(self.make("party.party", values)["id"])

    def stands(self, order: Record) -> StandingOrder:
        """A sale in nobody's words. A line that only corrects cents is none of the order's."""
        description, reference = order["description"] or "", order["reference"] or ""
        lines = [line for line in self.lines.find(sale=order["id"]) if line["sequence"] != CORRECTION]
        net, tax, total = (
            self.computed("sale.sale", order, name, {})
            for name in ("untaxed_amount", "tax_amount", "total_amount")
        )
        return StandingOrder(
            id=str(order["id"]),
            key=description if description.startswith("os-") else None,
            number=reference.rstrip(")").rpartition(" ")[2] or None,
            currency=self.currencies.need(order["currency"])["code"],
            net=net,
            tax=tax,
            total=total,
            lines=len(lines),
            cancelled=order["state"] == "cancelled",
            customer=str(order["party"]),
            confirmed=order["state"] in ("confirmed", "processing", "done"),
            placed_at=datetime.combine(order["sale_date"], time(), UTC) if order["sale_date"] else None,
        )

    # -- records ---------------------------------------------------------------------------------------------------

    def inspect(self, model: str, values: Record) -> None:
        """What `create` looks at before it keeps anything. Raises UnknownName, UserError."""
        for name, value in values.items():
            if not MODELS[model].knows(name):
                raise UnknownName(name)
            there, back = MODELS[model].many.get(name, ("", ""))
            for _, parts in (value or ()) if back else ():
                for part in parts:
                    self.inspect(there, part)
        if model == "sale.sale" and not values.get("party"):
            raise UserError('A value is required for field "Party" in record "…" of "Sale".')
        if model == "sale.line":
            checked_line(
                {**values, "taxes": _ids(values.get("taxes"))},
                taxes=self.taxes.get,
                salable=lambda each: (self.items.get(each) or {}).get("salable"),
                whole=lambda unit: unit == UNIT,
            )

    def make(self, model: str, values: Record) -> Record:
        """A record with those that belong to it."""
        kind = MODELS[model]
        own = {name: value for name, value in values.items() if name not in kind.many}
        own |= {name: _ids(values.get(name)) for name, (_, back) in kind.many.items() if not back}
        if model == "sale.sale":
            fresh = {"state": "draft", "invoice_state": "none", "shipment_state": "none"}
            own = {**fresh, "company": COMPANY, **own}
        if model == "party.contact_mechanism":
            own["value_compact"] = own["value"]
        made = self.add(model, **own)
        for name, (there, back) in kind.many.items():
            for _, parts in (values.get(name) or ()) if back else ():
                for part in parts:
                    self.make(there, {**part, back: made["id"]})
        return made

    def add(self, model: str, **values: Any) -> Record:
        """One record; it has not been changed yet, so its `write_date` is empty."""
        return self.shelf.table(model).add(blank(model, **values))

    def computed(self, model: str, row: Record, name: str, context: Record) -> Any:
        """The fields that Tryton computes when they are read."""
        if model == "product.product":
            return self._stock(row, name, context)
        if model == "sale.line":
            return amount_of(row, self._step(self.orders.need(row["sale"])))
        step = self._step(row)
        lines = self.lines.find(sale=row["id"])
        method = next(iter(self.configurations))["tax_rounding"]
        net = sum((amount_of(line, step) for line in lines), Decimal(0))
        tax = tax_of(lines, {one["id"]: one for one in self.taxes}, step, method)
        return {"untaxed_amount": net, "tax_amount": tax, "total_amount": net + tax}[name]

    def _stock(self, item: Record, name: str, context: Record) -> float:
        if 1 not in context.get("locations", ()):
            return 0.0
        promised = sum(
            line["quantity"]
            for line in self.lines.find(product=item["id"])
            if self.orders.need(line["sale"])["state"] in ("confirmed", "processing")
        )
        return float(item["on_hand"] - (promised if name == "forecast_quantity" else 0))

    def _step(self, sale: Record) -> Decimal:
        return Decimal(self.currencies.need(sale["currency"])["rounding"])


def blank(model: str, **values: Any) -> Record:
    """A record of which every other field is empty."""
    kind = MODELS[model]
    return {**dict.fromkeys((*kind.plain, *kind.one)), "write_date": None, **values}


def _id(table: Table, **fields: str) -> int:
    return int(table.find(**fields)[0]["id"])


def _ids(commands: Any) -> list[int]:
    """The ids that a many-to-many field is given by `[["add", [1, 2]]]`."""
    return [each for command, ids in commands or () if command == "add" for each in ids]
