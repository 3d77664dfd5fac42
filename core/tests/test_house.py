"""What a route's own settings do to an order on its way."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from ends import order

from ordersync.extensions import Extensions
from ordersync.model import Address, Amounts, Charge, ChargeKind, Order, Route
from ordersync.transfer.house import shapers


def shaped(given: Order, **settings: Any) -> Order:
    route = Route.model_validate({"name": "orders", "source": "shop", "target": "erp", **settings})
    return Extensions(shapers(route)).shape_order(given)


def charged(*charges: tuple[ChargeKind, str]) -> Order:
    nothing = Amounts(list_amount=Decimal(0), net=Decimal(0))
    return order(1, charges=tuple(Charge(kind=kind, title=title, amounts=nothing) for kind, title in charges))


def test_an_order_without_an_address_of_mail_gets_the_routes() -> None:
    silent, told = order(1, email=None), order(2)
    assert shaped(silent, defaults={"email": "orders@example.com"}).email == "orders@example.com"
    assert shaped(told, defaults={"email": "orders@example.com"}) is told
    assert shaped(silent) is silent


def test_an_address_without_a_country_gets_the_routes() -> None:
    given = order(1, billing=Address(city="Wien"), shipping=Address(city="Bern", country="CH"))
    after = shaped(given, defaults={"country": "AT"})
    assert after.billing is not None
    assert (after.billing.city, after.billing.country) == ("Wien", "AT")
    assert after.shipping == given.shipping


def test_shipping_without_a_name_gets_one_and_no_other_charge_does() -> None:
    given = charged((ChargeKind.SHIPPING, ""), (ChargeKind.SHIPPING, "Courier"), (ChargeKind.FEE, ""))
    assert [charge.title for charge in shaped(given).charges] == ["Shipping", "Courier", ""]
    named = shaped(given, defaults={"shipping_title": "Versand"})
    assert [charge.title for charge in named.charges] == ["Versand", "Courier", ""]


def test_aliases_rename_skus_and_an_order_that_has_none_is_left_as_it_is() -> None:
    given = order(1, sku="OLD")
    assert [line.sku for line in shaped(given, aliases={"OLD": "NEW"}).lines] == ["NEW"]
    assert shaped(given, aliases={"OTHER": "NEW"}) is given
