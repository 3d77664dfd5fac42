"""Many keys at once: the list of orders is walked, and what a walk cannot say is asked for key by key."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import httpx
import pytest

from ordersync import Ambiguous, Done, Failed
from ordersync_bigcommerce.finding import FEWEST

KEYS = ["os-" + letter * 26 for letter in "abcdefghijklmnopqrst"]
Connect = Any


def asked(desk: Any) -> Counter[str]:
    """How often the list was asked for by a key, and how often it was walked."""
    kinds = Counter[str]()
    for one in desk.recorder.exchanges:
        params = httpx.URL(one.url).params
        if one.method == "GET" and httpx.URL(one.url).path.endswith("v2/orders"):
            kinds["key" if "external_order_id" in params else "walk"] += 1
    return kinds


def found(desk: Any, keys: list[str]) -> list[str | None]:
    """The ids that stand for each key."""
    answers = desk.connector.find_orders(keys)
    assert all(isinstance(one, Done) for one in answers)
    return [one.value and one.value.ref.id for one in answers]


def settle(desk: Any) -> None:
    facts = desk.connector.facts
    desk.clock.sleep((facts.settle_time + facts.index_lag).total_seconds())


def test_many_keys_are_found_by_one_walk(open_desk: Any) -> None:
    desk = open_desk(orders=30)
    assert found(desk, KEYS) == [None] * 20
    assert asked(desk) == {"walk": 2}


def test_whoever_is_there_is_answered_in_its_place(open_desk: Any, draft: Any, line: Any) -> None:
    desk = open_desk(orders=9)
    here = {
        number: desk.connector.create_order(draft(line(0), line(1), key=KEYS[number]))
        for number in (0, 7, 19)
    }
    desk.clock.sleep(5)
    answers = desk.connector.find_orders(KEYS)
    assert [one.value for one in answers] == [here.get(number) for number in range(20)]
    assert asked(desk) == {"walk": 2, "key": 3}


def test_few_keys_are_asked_for_one_by_one(open_desk: Any) -> None:
    desk = open_desk(orders=9)
    assert found(desk, KEYS[: FEWEST - 1]) == [None] * (FEWEST - 1)
    assert asked(desk) == {"key": FEWEST - 1}


def test_a_walk_goes_on_where_all_was_seen(open_desk: Any, draft: Any) -> None:
    desk = open_desk(orders=9, quirks={"small_pages": ""})
    found(desk, KEYS)
    assert asked(desk) == {"walk": 5}
    settle(desk)
    found(desk, KEYS)
    assert asked(desk) == {"walk": 10}, "what the first walk did not see may have shown meanwhile"
    placed = desk.connector.create_order(draft(key=KEYS[3]))
    desk.clock.sleep(5)
    assert found(desk, KEYS) == [placed.ref.id if number == 3 else None for number in range(20)]
    assert asked(desk) == {"walk": 12, "key": 1}


def test_an_order_that_shows_after_younger_ones_is_found(open_desk: Any, draft: Any) -> None:
    """Whoever went on from the highest id that was seen would say that it is not there, twice."""
    desk = open_desk(orders=2)
    late = desk.connector.create_order(draft(key=KEYS[0]))
    row = desk.sandbox.store.orders[int(late.ref.id)]
    row["listed_from"] = desk.clock.now() + desk.connector.facts.settle_time
    desk.connector.create_order(draft(key=KEYS[1]))
    desk.clock.sleep(30)
    assert found(desk, KEYS)[0] is None
    desk.clock.sleep(60)
    assert found(desk, KEYS)[0] is None
    desk.clock.sleep(40)
    assert found(desk, KEYS)[0] == late.ref.id


def test_a_key_that_two_orders_carry_is_ambiguous(open_desk: Any, draft: Any) -> None:
    desk = open_desk()
    for _ in range(2):
        desk.connector.create_order(draft(key=KEYS[4]))
    desk.clock.sleep(5)
    answers = desk.connector.find_orders(KEYS)
    assert [number for number, one in enumerate(answers) if isinstance(one, Failed)] == [4]
    assert isinstance(answers[4].error, Ambiguous)


def test_an_order_that_is_archived_after_a_walk_is_not_there(open_desk: Any, draft: Any) -> None:
    desk = open_desk()
    placed = desk.connector.create_order(draft(key=KEYS[4]))
    desk.clock.sleep(5)
    assert found(desk, KEYS)[4] == placed.ref.id
    desk.sandbox.store.orders[int(placed.ref.id)]["archived"] = True
    assert found(desk, KEYS) == [None] * 20


@pytest.mark.parametrize("names", ["min_id", "min_id|external_order_id"])
def test_a_list_that_passes_over_where_it_begins_is_not_walked(
    open_desk: Any, draft: Any, names: str
) -> None:
    desk = open_desk(orders=9, quirks={"ignored_filters": names, "small_pages": ""})
    placed = desk.connector.create_order(draft(key=KEYS[5]))
    desk.clock.sleep(5)
    assert found(desk, KEYS) == [placed.ref.id if number == 5 else None for number in range(20)]


def test_pages_of_one_order_are_not_taken_for_the_end(open_desk: Any, draft: Any) -> None:
    desk = open_desk(orders=3, quirks={"small_pages": "1"})
    placed = desk.connector.create_order(draft(key=KEYS[5]))
    desk.clock.sleep(5)
    assert found(desk, KEYS) == [placed.ref.id if number == 5 else None for number in range(20)]


def test_a_list_in_another_order_is_not_walked(connect: Connect, store: Any) -> None:
    rows = [{"id": number, "external_order_id": ""} for number in (9, 8)]
    store.tell("GET v2/orders", rows, None)
    assert connect().find_orders(KEYS) == [Done(None)] * 20
    assert len(store.asked) == 21


def test_a_list_that_is_longer_than_the_keys_are_many_is_walked_no_more(open_desk: Any) -> None:
    desk = open_desk(orders=40, quirks={"small_pages": ""})
    assert found(desk, KEYS) == found(desk, KEYS) == [None] * 20
    assert asked(desk) == {"walk": 10, "key": 40}


def test_a_strange_key_is_not_taken_for_absent(open_desk: Any, draft: Any) -> None:
    desk = open_desk(orders=2)
    placed = desk.connector.create_order(draft(key="SO-1"))
    desk.clock.sleep(5)
    assert found(desk, [*KEYS, "SO-1"]) == [None] * 20 + [placed.ref.id]


def test_who_waited_for_a_walk_takes_what_it_saw(open_desk: Any) -> None:
    desk = open_desk(orders=9)
    start, answers = Barrier(3), []

    def ask() -> None:
        start.wait()
        answers.append(found(desk, KEYS))

    threads = [Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [[None] * 20] * 3
    assert asked(desk)["walk"] in (2, 4, 6)
    assert asked(desk)["key"] == 0


def test_an_order_made_after_a_walk_began_is_not_missed_by_who_asks_later(open_desk: Any, draft: Any) -> None:
    """At one and the same moment of the clock."""
    desk = open_desk(options={"index_lag": "0"})
    assert found(desk, KEYS) == [None] * 20
    placed = desk.connector.create_order(draft(key=KEYS[9]))
    assert found(desk, KEYS)[9] == placed.ref.id


def test_a_listing_that_fails_says_nothing_of_any_key(connect: Connect, store: Any, clock: Any) -> None:
    store.tell("GET v2/orders", httpx.Response(503))
    before = clock.now()
    with pytest.raises(Exception, match="503"):
        connect().find_orders(KEYS)
    assert clock.now() - before < timedelta(hours=1)
