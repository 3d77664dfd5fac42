"""Against a real Tryton: whole journeys with a real SIGKILL in the middle, compared without the connector.

It takes some minutes: what a killed process may have sent is looked for only after the settle time.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import stranger as strangers
import tryton_server
from conftest import KEY, draft_of, line
from ordersync import Address, Confirm, Customer, UpdateAsk, only
from ordersync.testing import seeds
from ordersync.web import Access
from stranger import Shop, Stranger
from tryton_server import Server

from ordersync_tryton import TrytonConnector
from ordersync_tryton.arithmetic import Endless, Priced, Rounding, half_even, tax_total
from ordersync_tryton.rpc import Tryton
from ordersync_tryton.settings import TrytonSettings
from ordersync_tryton.wire import PLACED_FIELDS, TAX_FIELDS, PlacedRow, TaxRow

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")

ORDERS = 12
DONE = {"done", "skipped", "parked"}
SALES: list[dict[str, Any]] = [
    {
        "buyer": f"Buyer {word}",
        "email": f"sale.{number}@example.com",
        "street": f"{number} Water Street\nUnit 4",
        "city": "New York",
        "postcode": "10001",
        "country": "US",
        "reference": f"PO-{number}",
        "lines": [
            ["MUG-01", number, "12.50", ["Sales tax"]],
            ["LAMP-01", 1, "49.9950", ["Sales tax"]],
            ["PEN-01", 7, "3.3333", ["State tax", "District tax"]],
        ],
        "buttons": ["quote", "confirm"],
    }
    for number, word in enumerate(("Amber", "Birch", "Cedar", "Dune", "Ember", "Fjord"), start=1)
]
SALES += [
    {**SALES[0], "buyer": "Draft Only", "buttons": []},
    {**SALES[0], "buyer": "Changed Mind", "buttons": ["cancel"]},
]


def wanted() -> dict[str, Any]:
    """What a company must have to take the orders of the seeds."""
    places = sorted({(one.address.country, one.address.subdivision or "") for one in seeds.customers()})
    return {
        "currencies": [
            ["USD", 2, "1"],
            ["EUR", 2, "0.9"],
            ["GBP", 2, "0.8"],
            ["JPY", 0, "150"],
            ["KWD", 3, "0.31"],
        ],
        "taxes": sorted({title: str(rate) for title, rate, _, _ in seeds.TAX_RATES}.items()),
        "countries": {
            country: [part for each, part in places if each == country and part] for country, _ in places
        },
        "products": [[one.sku, one.title, str(one.price), one.stock] for one in seeds.catalogue()],
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    python = tryton_server.installed()
    database = tryton_server.prepared(python, wanted())
    with tryton_server.running(python, database, tmp_path_factory.mktemp("tryton")) as here:
        yield here


@pytest.fixture(scope="module")
def stranger(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Stranger:
    return strangers.made(tmp_path_factory.mktemp("stranger"), server.python)


def write_settings(place: Path, **sections: dict[str, str]) -> None:
    """A settings file with these connections, and a route each way if there are two."""
    text = ""
    for name, section in sections.items():
        pairs = "\n".join(f'{key} = "{value}"' for key, value in section.items())
        text += f"[connections.{name}]\n{pairs}\n"
    if len(sections) == 2:
        policies = '[routes.orders.policies]\nmoney = "presentment"\nunknown_sku = "custom_line"\n'
        text += f'[routes.orders]\nsource = "shop"\ntarget = "erp"\n{policies}'
        text += '[routes.back]\nsource = "erp"\ntarget = "shop"\n'
    place.write_text(text, "utf-8")


def kill_when(process: subprocess.Popen[str], stands: Callable[[], int], many: int) -> None:
    """SIGKILL the process as soon as so many orders stand on the other side."""
    until = time.monotonic() + 300
    while stands() < many and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    process.kill()
    said, _ = process.communicate(timeout=30)
    assert process.returncode == -9, f"it ended before it could be killed: {said}"


def sync_to_the_end(stranger: Stranger, *routes: str) -> None:
    """Sync again until nothing is left undone. What may have been sent is waited for, so this takes minutes."""
    until = time.monotonic() + 900
    while time.monotonic() < until:
        for route in routes:
            stranger.run("sync", route)
        if recorded(stranger, *routes):
            return
        time.sleep(10)
    raise AssertionError(f"still undone: {stranger.run('status')}")


def recorded(stranger: Stranger, *routes: str) -> bool:
    """Whether the ledger has an outcome for every order of these routes."""
    counts = {one["route"]: one["counts"] for one in stranger.run("status") if one["route"] in routes}
    assert sorted(counts) == sorted(routes)
    return all(set(each) <= DONE for each in counts.values())


def test_killed_in_the_middle_every_order_stands_once_and_to_the_cent(
    server: Server, stranger: Stranger
) -> None:
    server.sell(SALES)
    with strangers.shop(stranger, ORDERS) as shop:
        write_settings(stranger.folder / "ordersync.toml", shop=shop.settings, erp=server.settings())
        born = {one["id"] for one in shop.standing()}
        kill_when(stranger.start("sync", "orders", "--all"), lambda: len(confirmed(server)), 1)
        assert not recorded(stranger, "orders"), "killed while the others were being confirmed"
        kill_when(stranger.start("sync", "back", "--all"), lambda: len(shop.standing()) - len(born), 2)
        sync_to_the_end(stranger, "orders", "back")
        assert stranger.run("sync", "orders")["created"] == 0
        assert stranger.run("sync", "back")["created"] == 0
        compare_forth(server, shop, born)
        compare_back(server, shop, born)


def ours(server: Server) -> list[tryton_server.Sale]:
    """The sales that ordersync made."""
    return [sale for sale in server.sales() if (sale.key or "").startswith("os-")]


def confirmed(server: Server) -> list[tryton_server.Sale]:
    """Those of them that are more than drafts."""
    return [sale for sale in ours(server) if sale.state == "processing"]


def compare_forth(server: Server, shop: Shop, born: set[str]) -> None:
    """Every order of the shop stands in Tryton's database, confirmed, with the shop's own amounts."""
    there = ours(server)
    assert [key for key, count in Counter(sale.key for sale in there).items() if count > 1] == []
    found = {sale.reference: sale for sale in there}
    orders = [one for one in shop.standing() if one["id"] in born and not one["cancelled"]]
    assert len(there) == len(orders)
    for one in orders:
        sale = found[f"shopify {one['number']}"]
        amounts = tuple(Decimal(one[name]) for name in ("net", "tax", "total"))
        assert (sale.net, sale.tax, sale.total, sale.state) == (*amounts, "processing"), one["number"]
        assert sale.lines - one["lines"] in (0, 1), "shipping is a line in Tryton, and none in the shop"


def compare_back(server: Server, shop: Shop, born: set[str]) -> None:
    """Every sale that a person entered and confirmed stands in the shop, with the database's amounts; no other does."""
    made = [one for one in shop.standing() if one["id"] not in born]
    assert [key for key, count in Counter(one["key"] for one in made).items() if count > 1] == []
    sold = [sale for sale in server.sales() if not sale.key and sale.state == "processing"]
    assert len(made) == len(sold) == 6
    amounts = Counter((Decimal(one["net"]), Decimal(one["tax"]), Decimal(one["total"])) for one in made)
    assert amounts == Counter((sale.net, sale.tax, sale.total) for sale in sold)
    assert min(one["lines"] for one in made) >= 3, (
        "a line may be split in the shop, where prices have two digits"
    )


@pytest.mark.parametrize("rounding", ["line", "document"])
def test_the_taxes_that_are_foreseen_are_the_servers(server: Server, rounding: Rounding) -> None:
    """Twenty sales of random lines, created as drafts; the server's own amounts against `arithmetic`'s."""
    server.round_taxes(rounding)
    section = {name: value for name, value in server.settings().items() if name != "connector"}
    dice, unit = random.Random(rounding), Decimal("0.01")
    tryton = Tryton(TrytonSettings.model_validate(section), Access())
    with closing(tryton):
        taxes = tryton.records("account.tax", TaxRow, [], TAX_FIELDS)
        sales = [random_sale(dice, taxes, rounding) for _ in range(20)]
        party = tryton.create("party.party", [{"name": "Nobody"}])[0]
        values = [
            {"party": party, "currency": 1, "lines": [["create", line_values(lines)]]} for lines in sales
        ]
        made = tryton.create("sale.sale", values)
        rows = [tryton.records("sale.sale", PlacedRow, [["id", "=", each]], PLACED_FIELDS) for each in made]
        found = {row.id: row for (row,) in rows}
    for number, lines in zip(made, sales, strict=True):
        net = sum((half_even(line.price * line.quantity, unit) for line in lines), Decimal(0))
        assert (found[number].untaxed_amount, found[number].tax_amount) == (
            net,
            tax_total(lines, rounding, unit),
        )


def test_one_sale_that_cannot_be_processed_holds_up_no_other(server: Server) -> None:
    """Confirmed by one press, none of them would be processed, and Tryton would say nothing."""
    server.add_unbookable("UNBOOKABLE-1")
    section = {name: value for name, value in server.settings().items() if name != "connector"}
    connector = TrytonConnector(TrytonSettings.model_validate(section), Access())
    with closing(connector):
        buyer = connector.create_customer(Customer(last_name="Held"), f"oc-{'h' * 26}")
        home = Address(last_name="Held", line1="1 Mill Lane", city="New York", country="US")
        drafts = []
        for letter, sku in zip("abcd", ("MUG-01", "MUG-01", "UNBOOKABLE-1", "LAMP-01"), strict=True):
            item = connector.resolve_sku(sku)
            asked = line(0, "25.00").model_copy(update={"item": item})
            drafts.append(draft_of(asked, tax="0", key=KEY[:-1] + letter, customer_ref=buyer, billing=home))
        placed = [only([made]) for made in connector.create_orders(drafts)]
        asks = [UpdateAsk(one.ref, Confirm(), f"{one.key} confirm") for one in placed]
        confirmed = [only([changed]) for changed in connector.update_orders(asks)]
    assert [one.ref.id for one in confirmed] == [one.ref.id for one in placed]
    states = {str(sale.id): sale.state for sale in server.sales()}
    assert [states[one.ref.id] for one in placed] == ["processing", "processing", "confirmed", "processing"]


def random_sale(dice: random.Random, taxes: list[TaxRow], rounding: Rounding) -> list[Priced]:
    """Up to eight lines, which the server finishes to compute."""
    while True:
        lines = [random_line(dice, taxes) for _ in range(dice.randint(1, 8))]
        try:
            tax_total(lines, rounding, Decimal("0.01"))
        except Endless:
            continue
        return lines


def random_line(dice: random.Random, taxes: list[TaxRow]) -> Priced:
    """Prices that make halves of a cent likely, sometimes taken back, with none to two taxes."""
    price = Decimal(
        dice.choice(("0.50", "1.50", "2.5", "0.0333", "12.3456", str(dice.randint(1, 9999) / Decimal(100))))
    )
    borne = dice.sample(taxes, dice.randint(0, 2))
    return Priced(price, Decimal(dice.choice((1, 1, 2, 3, 7, -1))), tuple(borne))


def line_values(lines: list[Priced]) -> list[dict[str, Any]]:
    """The lines as `create` takes them."""
    return [
        {
            "type": "line",
            "description": "-",
            "quantity": line.quantity,
            "unit_price": line.price,
            "taxes": [["add", [tax.id for tax in line.taxes]]],
        }
        for line in lines
    ]


def test_the_contract_suite_holds_on_the_real_server(server: Server, tmp_path: Path) -> None:
    write_settings(tmp_path / "live.toml", erp=server.settings())
    live = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_contract.py"]
    done = subprocess.run(
        [*live, "--ordersync-live", str(tmp_path / "live.toml")],
        cwd=strangers.HERE,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
