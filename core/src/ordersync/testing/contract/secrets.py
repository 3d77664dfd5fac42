"""No secret and no personal datum shows: in repr, logs, errors, tracebacks, or the ledger."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from ordersync.connection import Connection
from ordersync.errors import OrderSyncError
from ordersync.extensions import Extensions
from ordersync.ledger import Ledger
from ordersync.model import Policies, Route
from ordersync.testing.contract import blows
from ordersync.testing.contract.asking import ASKINGS
from ordersync.testing.contract.blows import Blow
from ordersync.testing.contract.canaries import found_in, people_of, places_of, secrets_of, shown_by, texts_of
from ordersync.testing.contract.saying import none_of, rule
from ordersync.testing.contract.stand import Stand
from ordersync.testing.contract.subject import OpenStand, Subject
from ordersync.testing.contract.wire import Strike
from ordersync.testing.reference import ReferenceConnector, ReferenceSettings, ReferenceStore
from ordersync.testing.trial import reference_orders
from ordersync.transfer import Transfer
from ordersync.transfer.house import Rules
from ordersync.web import Access

__all__ = ["Secrets"]

RULE = "secrets_hidden"
HIDE = (
    "keep credentials in SecretStr until they are sent, and people's data in models whose repr is silent (ordersync.Frozen);\n"
    "name the field and the place in messages, never the value; log no bodies"
)


class Secrets(Subject):
    """Canaries: the settings' secrets, tokens, and what customers are known by."""

    @rule(RULE)
    def test_repr_is_silent(self, stand: Stand) -> None:
        self._use(stand)
        secret = secrets_of(stand)
        shown = {
            "repr(connector)": repr(stand.connector),
            "str(connector)": str(stand.connector),
            "repr(settings)": repr(stand.settings),
            "str(settings)": str(stand.settings),
            "repr(access)": repr(stand.access),
            "repr(connection)": repr(stand.connection),
        }
        for name, value in vars(stand.connector).items() if hasattr(stand.connector, "__dict__") else ():
            shown[f"repr(connector.{name})"] = repr(value)
        none_of(
            [f"{where} shows {what}" for where, text in shown.items() for what in found_in(text, secret)],
            RULE,
            expected="no credential in any repr",
            do="annotate secrets SecretStr, and give whatever holds a token a __repr__ (or repr=False) without it",
        )

    @rule(RULE)
    def test_logs_are_silent(self, open_stand: OpenStand, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        stand = open_stand(orders=3)
        self._use(stand)
        for blow in (blows.said(422, b'{"message": "no"}'), blows.said(401), blows.cut_off):
            list(self._failures(stand, blow))
        canaries = secrets_of(stand) | people_of(stand)
        none_of(
            sorted(
                {
                    f"a log shows {what}"
                    for text in shown_by(caplog.records)
                    for what in found_in(text, canaries)
                }
            ),
            RULE,
            expected="neither credentials nor people in logs, at DEBUG either",
            do=HIDE,
        )

    @rule(RULE)
    @pytest.mark.parametrize("how", ["401", "422", "429", "time-out", "odd"])
    def test_errors_are_silent(self, stand: Stand, how: str) -> None:
        self._use(stand)
        canaries = secrets_of(stand) | people_of(stand)
        blow = {
            "401": blows.said(401),
            "422": blows.said(422, b'{"message": "no"}'),
            "429": blows.slowed_down(stand.clock, 5),
            "time-out": blows.lost(stand.clock),
            "odd": blows.said(200, b'{"odd": [1]}'),
        }[how]
        wrong = []
        for hook, error in self._failures(stand, blow):
            canaries |= secrets_of(stand)
            wrong += [
                f"{hook}: its error shows {what}"
                for text in texts_of(error)
                for what in found_in(text, canaries)
            ]
            secret = secrets_of(stand)
            wrong += [
                f"{hook}: the traceback's local variable {where} shows {what}"
                for where, text in places_of(error)
                for what in found_in(text, secret)
            ]
        none_of(
            sorted(set(wrong))[:8],
            RULE,
            expected="neither credentials nor people in errors, their causes and their tracebacks",
            do=HIDE
            + "\nraise errors where no local variable holds a credential (reporters print local variables)",
        )

    @rule(RULE)
    @pytest.mark.parametrize("side", ["source", "target"])
    def test_the_ledger_holds_neither(self, open_stand: OpenStand, side: str, tmp_path: Path) -> None:
        stand = open_stand(orders=4 if side == "source" else 0)
        stand.inside()
        wanted = "list_orders" if side == "source" else "create_order"
        if wanted not in stand.connection.offers:
            pytest.skip(f"{wanted} is not offered")
        file = tmp_path / "ledger" / "orders.db"
        file.parent.mkdir()
        _transfer(stand, side, file)
        held = b"".join(one.read_bytes() for one in sorted(file.parent.iterdir()))
        canaries = secrets_of(stand) | people_of(stand)
        none_of(
            [f"the ledger holds {what}" for what, value in canaries.items() if value.encode() in held],
            RULE,
            expected="ids and keyed hashes in the ledger of a transfer that is done",
            do="put no value of the buyer's into error messages, ids, or `extra` of what is recorded",
        )

    def _use(self, stand: Stand) -> None:
        """Let the connector log in and hold what it holds."""
        for hook in ("list_orders", "find_customer", "create_order"):
            if hook in stand.connection.offers:
                try:
                    ASKINGS[hook].prepare(stand)()
                except pytest.skip.Exception:
                    continue

    def _failures(self, stand: Stand, blow: Blow) -> Iterator[tuple[str, BaseException]]:
        for hook in (
            "list_orders",
            "get_order",
            "find_customer",
            "create_customer",
            "create_order",
            "create_orders",
        ):
            if hook not in stand.connection.offers:
                continue
            try:
                call = ASKINGS[hook].prepare(stand)
            except (pytest.skip.Exception, OrderSyncError):
                continue
            with stand.wire.striking(Strike(blow, times=None)):
                try:
                    call()
                except OrderSyncError as error:
                    yield hook, error


def _transfer(stand: Stand, side: str, file: Path) -> None:
    """Four orders between the reference platform and the stand, with a ledger in `file`."""
    reference = ReferenceConnector(ReferenceSettings(any_sku=True), Access(clock=stand.clock))
    store = ReferenceStore(account="reference")
    if side == "target":
        store.orders = {order.id: order for order in reference_orders(4)}
    reference._store = store
    other = Connection("reference", "reference", reference)
    source, target = (stand.connection, other) if side == "source" else (other, stand.connection)
    route = Route(
        name="orders",
        source="from",
        target="to",
        policies=Policies.model_validate({"money": "presentment", "unknown_sku": "custom_line"}),
    )
    ledger = Ledger(f"sqlite:///{file}", clock=stand.clock)
    try:
        Transfer(
            route,
            source,
            target,
            ledger,
            Extensions([("policies", Rules(route))]),
            clock=stand.clock,
            workers=1,
        ).sync()
    finally:
        ledger.close()
