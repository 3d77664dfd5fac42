"""Webhooks: a delivery counts only if its signature verifies over the raw bytes; subscriptions are made once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import partial

import pytest

from ordersync.errors import AccessDenied, BadInput, OrderSyncError
from ordersync.model import Delivery
from ordersync.testing.contract.asking import ADDRESS, TOPIC, lever
from ordersync.testing.contract.saying import hold, none_of, rule
from ordersync.testing.contract.stand import Stand
from ordersync.testing.contract.striking import outcome_of
from ordersync.testing.contract.subject import Subject
from ordersync.web import dump, read

__all__ = ["Webhooks"]

RULE = "webhooks_verified"


class Webhooks(Subject):
    """`receive`, `subscribe`, `unsubscribe`."""

    @pytest.fixture
    def delivery(self, stand: Stand, offers: frozenset[str]) -> tuple[str, Delivery]:
        """An order's id, and a genuine delivery about it."""
        if "receive" not in offers:
            pytest.skip("receive is not offered")
        order_id = (stand.some_orders() if "list_orders" in offers else stand.standing())[0].id
        delivery: Delivery = lever(stand, "delivery", order_id)
        return order_id, delivery

    @rule(RULE)
    def test_a_genuine_delivery_names_its_order(self, stand: Stand, delivery: tuple[str, Delivery]) -> None:
        order_id, sent = delivery
        with stand.wire.watching() as seen:
            found = outcome_of(stand, lambda: stand.connection.receive(sent))
        events = found.value.events if found.well else ()
        hold(
            [event.order_id for event in events] == [order_id] and all(event.id for event in events),
            RULE,
            expected=f"one event about order {order_id}, with an id of its own",
            seen=f"{found}, about {[event.order_id for event in events]}",
            do="answer the id that get_order takes, and the platform's id of the delivery",
        )
        hold(
            not seen,
            RULE,
            expected="no request",
            seen=f"{len(seen)} requests",
            do="verify with the secret alone",
        )
        again = stand.connection.receive(sent)
        hold(
            [event.id for event in again.events] == [event.id for event in events],
            RULE,
            expected="the same event id for the same delivery",
            seen="another one",
            do="take the id from the delivery, not from a counter or the time",
        )

    @rule(RULE)
    def test_whatever_was_changed_is_denied(self, stand: Stand, delivery: tuple[str, Delivery]) -> None:
        _, sent = delivery
        signatures = _signatures(stand, sent)
        hold(
            signatures,
            RULE,
            expected="a header without which the delivery does not verify",
            seen="any header may be missing",
            do="refuse a delivery without a signature",
        )
        forged = {}
        for name in signatures:
            value = sent.headers[name]
            for what, changed in (
                ("another character", value[:-2] + ("x" if value[-2] != "x" else "y") + value[-1:]),
                ("an empty signature", ""),
                ("half of it", value[: len(value) // 2]),
                ("a letter outside ASCII", f"{value}é"),
            ):
                forged[f"{what} in {name}"] = dataclasses.replace(
                    sent, headers={**sent.headers, name: changed}
                )
        _all_denied(stand, forged)

    @rule(RULE)
    def test_a_changed_body_is_denied(self, stand: Stand, delivery: tuple[str, Delivery]) -> None:
        if not stand.inside().signs_bodies:
            pytest.skip("the platform signs no bodies: what `delivery` sends could be changed on its way")
        _, sent = delivery
        forged = {
            "one byte of the body": dataclasses.replace(sent, body=_flipped(sent.body, len(sent.body) // 2)),
            "the last byte of the body": dataclasses.replace(sent, body=_flipped(sent.body, -1)),
            "a blank behind the body": dataclasses.replace(sent, body=sent.body + b" "),
            "an empty body": dataclasses.replace(sent, body=b""),
        }
        encoded = _written_anew(sent.body)
        if encoded != sent.body:
            forged["the same JSON, written anew"] = dataclasses.replace(sent, body=encoded)
        _all_denied(stand, forged)

    @rule(RULE)
    def test_header_names_in_another_case(self, stand: Stand, delivery: tuple[str, Delivery]) -> None:
        """`Delivery.headers` are lower case; a connector that asks for `X-Signature` finds nothing."""
        order_id, sent = delivery
        lower: Mapping[str, str] = {name.lower(): value for name, value in sent.headers.items()}
        found = outcome_of(stand, lambda: stand.connection.receive(dataclasses.replace(sent, headers=lower)))
        hold(
            found.well and [event.order_id for event in found.value.events] == [order_id],
            RULE,
            expected="headers are looked up in lower case",
            seen=str(found),
            do="write header names in lower case: they arrive so",
        )

    @rule(RULE)
    def test_without_a_secret_nothing_verifies(self, stand: Stand, delivery: tuple[str, Delivery]) -> None:
        _, sent = delivery
        bare = dataclasses.replace(
            sent, headers={name: value for name, value in sent.headers.items() if name == "content-type"}
        )
        found = outcome_of(stand, lambda: stand.connection.receive(bare))
        hold(
            isinstance(found.error, AccessDenied),
            RULE,
            expected="AccessDenied for a delivery without any header of the platform's",
            seen=str(found),
            do="refuse what is not signed",
        )

    @rule(RULE)
    @pytest.mark.usefixtures("delivery")
    def test_a_signed_body_that_cannot_be_read(self, stand: Stand) -> None:
        if stand.sandbox is None:
            pytest.skip("needs a sandbox that signs")
        wrong = []
        for body in (b"{", b"[]", b"\xff\xfe", b"null"):
            try:
                sent = stand.sandbox.signed(body)
            except NotImplementedError:
                pytest.skip("the sandbox has no lever `signed`: implement Sandbox.signed to have this tested")
            try:
                stand.connection.receive(sent)
            except (BadInput, AccessDenied):
                continue
            except OrderSyncError as error:
                wrong.append(f"{body!r}: {type(error).__name__}")
            else:
                wrong.append(f"{body!r}: taken")
        none_of(
            wrong, RULE, expected="BadInput", do="turn what cannot be read into BadInput, naming no value"
        )

    @rule(RULE)
    def test_subscribed_twice_it_stands_once(self, stand: Stand, offers: frozenset[str]) -> None:
        if "subscribe" not in offers:
            pytest.skip("subscribe is not offered")
        first = outcome_of(stand, lambda: stand.subscribe(ADDRESS, [TOPIC]))
        second = outcome_of(stand, lambda: stand.subscribe(ADDRESS, [TOPIC]))
        hold(
            first.well
            and second.well
            and [one.id for one in first.value] == [one.id for one in second.value],
            RULE,
            expected="one subscription per topic, however often it is asked for",
            seen=f"{first}, then {second}",
            do="look for a subscription of this topic and address before one is made",
        )
        hold(
            [(one.topic, one.address) for one in first.value] == [(TOPIC, ADDRESS)],
            RULE,
            expected=f"a subscription of {TOPIC} to {ADDRESS}",
            seen=str([(one.topic, one.address) for one in first.value]),
            do="answer our topic and the address that was asked for",
        )
        if "unsubscribe" in offers:
            (made,) = first.value
            gone = outcome_of(stand, lambda: stand.connection.unsubscribe(made))
            twice = outcome_of(stand, lambda: stand.connection.unsubscribe(made))
            hold(
                gone.well and twice.well,
                RULE,
                expected="a subscription that is gone already is no error",
                seen=f"{gone}, then {twice}",
                do="pass over NotFound in unsubscribe",
            )


def _signatures(stand: Stand, sent: Delivery) -> list[str]:
    """The headers that the signature is made of: without one of them the delivery is denied."""
    found = []
    for name in sent.headers:
        rest = {one: value for one, value in sent.headers.items() if one != name}
        told = outcome_of(stand, partial(stand.connection.receive, dataclasses.replace(sent, headers=rest)))
        if isinstance(told.error, AccessDenied) and len(sent.headers[name]) >= 8:
            found.append(name)
    return found


def _all_denied(stand: Stand, forged: Mapping[str, Delivery]) -> None:
    wrong = []
    for what, one in forged.items():
        with stand.wire.watching() as seen:
            found = outcome_of(stand, partial(stand.connection.receive, one))
        if not isinstance(found.error, AccessDenied):
            wrong.append(f"{what}: {found}")
        if seen:
            wrong.append(f"{what}: {len(seen)} requests were made")
    none_of(
        wrong,
        RULE,
        expected="AccessDenied, and no request",
        do="compute the signature over `delivery.body` as it arrived, and compare with hmac.compare_digest",
    )


def _flipped(body: bytes, at: int) -> bytes:
    changed = bytearray(body)
    changed[at] ^= 1
    return bytes(changed)


def _written_anew(body: bytes) -> bytes:
    try:
        return dump(read(body))
    except OrderSyncError:
        return body
