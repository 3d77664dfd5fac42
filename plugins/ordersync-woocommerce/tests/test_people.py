"""Customers many at a time: made in a batch, found in the list of all accounts where that is shorter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from ordersync import Ambiguous, Customer, CustomerAsk, CustomerRef, Done, Failed, InDoubt, Refused
from ordersync.testing.contract.blows import said
from ordersync.testing.contract.wire import Strike
from ordersync.web import dump
from ordersync_woocommerce.people import FEWEST
from ordersync_woocommerce.sandbox.populate import add_customer


def ask(name: str) -> CustomerAsk:
    return CustomerAsk(Customer(email=f"{name}@example.com", last_name=name.title()), f"oc-{name}")


def asks(count: int) -> list[CustomerAsk]:
    return [ask(f"nobody.{number}") for number in range(count)]


def fill(stall: Any, count: int) -> None:
    """Accounts until there are so many."""
    for number in range(count - len(stall.sandbox.store.customers)):
        add_customer(stall.sandbox.store, f"filler.{number}@example.com", stall.sandbox.now)


def sent(stall: Any) -> Counter[str]:
    """How often accounts were asked for by address, listed, and made."""
    kinds = Counter[str]()
    for request in stall.requests:
        if "/customers" in request.url.path:
            by = (
                "made"
                if request.method == "POST"
                else "by address"
                if "email" in request.url.params
                else "listed"
            )
            kinds[by] += 1
    return kinds


def meanwhile(stall: Any, page: str, do: Callable[[], Any]) -> None:
    """Do something just before this page is answered."""
    plain = stall.sandbox.routes["customers"]

    def asked(visit: Any) -> Any:
        if visit.args.get("page") == page:
            do()
        return plain["GET"](visit)

    stall.sandbox.routes["customers"] = {**plain, "GET": asked}


# -- finding -------------------------------------------------------------------------------------------------------


def test_many_are_found_in_the_list_of_all_accounts(stall: Any) -> None:
    fill(stall, 230)
    boss = add_customer(stall.sandbox.store, "Boss@example.com", stall.sandbox.now, role="administrator")
    wanted = [*asks(6), ask("boss"), ask("filler.4"), CustomerAsk(Customer(phone="+12125550100"), "oc-phone")]
    found = stall.connector.find_customers(wanted)
    assert [one.value for one in found[:6]] == [None] * 6
    assert found[6].value == CustomerRef(id=str(boss["id"]))
    assert found[7].value == stall.connector.find_customer(ask("filler.4").customer)
    assert found[8] == Done(None)
    assert sent(stall) == {"listed": 3, "by address": 1}


def test_few_are_asked_for_by_address(stall: Any) -> None:
    stall.connector.find_customers(asks(FEWEST - 1))
    assert sent(stall) == {"by address": FEWEST - 1}


def test_a_long_list_is_begun_once_and_never_read(stall: Any) -> None:
    fill(stall, 501)
    for _ in range(2):
        assert stall.connector.find_customers(asks(10)) == [Done(None)] * 10
    assert sent(stall) == {"listed": 1, "by address": 20}


@pytest.mark.parametrize("makes_up", [False, True])
def test_an_account_that_is_deleted_while_the_list_is_read_hides_no_other(stall: Any, makes_up: bool) -> None:
    """Page two then begins one account later; the list is as long as it says only if it lost none that was seen."""
    fill(stall, 150)
    store = stall.sandbox.store
    gone, hidden = sorted(store.customers)[50], store.customers[sorted(store.customers)[100]]

    def change() -> None:
        store.customers.pop(gone, None)
        if makes_up:
            add_customer(store, "newcomer@example.com", stall.sandbox.now)

    meanwhile(stall, "2", change)
    wanted = [CustomerAsk(Customer(email=hidden["email"]), "oc-hidden"), *asks(9)]
    assert stall.connector.find_customers(wanted)[0].value == (
        CustomerRef(id=str(hidden["id"])) if not makes_up else None
    )
    made = stall.connector.create_customers(wanted[:1])
    assert made == [Done(CustomerRef(id=str(hidden["id"])))], "the shop itself keeps addresses unique"


def test_a_list_that_does_not_say_its_length_is_not_believed(stall: Any) -> None:
    fill(stall, 30)
    store = stall.sandbox.store
    first = min(store.customers)
    plain = stall.sandbox.routes["customers"]

    def cut(visit: Any) -> Any:
        status, rows, headers = plain["GET"](visit)
        return status, rows if "email" in visit.args else [row for row in rows if row["id"] != first], headers

    stall.sandbox.routes["customers"] = {**plain, "GET": cut}
    wanted = [CustomerAsk(Customer(email=store.customers[first]["email"]), "oc-1"), *asks(5)]
    assert stall.connector.find_customers(wanted)[0].value == CustomerRef(id=str(first))


def test_two_accounts_of_one_address_are_ambiguous(stall: Any) -> None:
    for _ in range(2):
        add_customer(stall.sandbox.store, "twice@example.com", stall.sandbox.now)
    found = stall.connector.find_customers([*asks(4), ask("twice")])
    assert [isinstance(one, Failed) for one in found] == [False] * 4 + [True]
    assert isinstance(found[4].error, Ambiguous)


# -- creating ------------------------------------------------------------------------------------------------------


def test_each_entry_of_a_batch_is_its_own(stall: Any) -> None:
    """One is there already, one has no address, one is refused by the shop."""
    there = add_customer(stall.sandbox.store, "There@example.com", stall.sandbox.now)
    bad = CustomerAsk(Customer(email="bad@example.com"), "oc-bad")
    plain = stall.sandbox.routes["customers"]["POST"].__self__

    def refuses(visit: Any, known: Any = plain._create_customer) -> Any:
        if visit.body["email"] == "bad@example.com":
            visit.body["email"] = ""
        return known(visit)

    plain._create_customer = refuses
    nameless = CustomerAsk(Customer(phone="+12125550100"), "oc-phone")
    found = stall.connector.create_customers([ask("first"), ask("there"), nameless, bad, ask("last")])
    assert [type(one) for one in found] == [Done, Done, Failed, Failed, Done]
    assert found[1].value == CustomerRef(id=str(there["id"]))
    assert all(isinstance(found[number].error, Refused) for number in (2, 3))
    held = stall.sandbox.store.customers
    assert [held[int(found[number].value.id)]["last_name"] for number in (0, 4)] == ["First", "Last"]
    assert sent(stall) == {"made": 1, "by address": 2}


def test_a_lost_batch_of_customers_is_in_doubt_as_a_whole(stall: Any) -> None:
    with stall.wire.striking(Strike(said(500, b"{}"), times=None)), pytest.raises(InDoubt):
        stall.connector.create_customers([ask("first"), ask("last")])


@pytest.mark.parametrize(
    "body", [{"create": [{"id": 7, "email": "first@example.com"}]}, {"create": {}}, {}, []]
)
def test_a_batch_that_is_not_answered_entry_by_entry_is_in_doubt(stall: Any, body: Any) -> None:
    with stall.wire.striking(Strike(said(200, dump(body)))), pytest.raises(InDoubt, match="each entry"):
        stall.connector.create_customers([ask("first"), ask("last")])


def test_an_entry_that_names_another_customer_is_in_doubt(stall: Any) -> None:
    rows = [{"id": 7, "email": "last@example.com"}, {"id": 8, "email": "Last@example.com"}]
    with stall.wire.striking(Strike(said(200, dump({"create": rows})))):
        found = stall.connector.create_customers([ask("first"), ask("last")])
    assert isinstance(found[0].error, InDoubt)
    assert found[1] == Done(CustomerRef(id="8"))


def test_a_batch_of_customers_that_is_too_large_is_refused_by_the_shop(stall: Any) -> None:
    with pytest.raises(Refused, match="too_large"):
        stall.connector._shop.post("customers/batch", {"create": [{}] * 101})
