"""A platform that helps with nothing: no unique key, slow indexes, a header first and then its lines, one by one, and
customers as often as they are asked for. Whatever a transfer forgets shows here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import BaseModel
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Request, Response

from ordersync import (
    Account,
    Ambiguous,
    Change,
    Confirm,
    Customer,
    CustomerRef,
    Draft,
    DraftLine,
    Facts,
    Item,
    NotOffered,
    OrderRef,
    Placed,
    PlacedLine,
    PlacedState,
    Totals,
    hookimpl,
)
from ordersync.testing import Sandbox, StandingOrder
from ordersync.web import Access, dump, read

LAG = timedelta(seconds=30)


class PlainSettings(BaseModel):
    url: str


class PlainConnector:
    """Speaks for it."""

    settings_model = PlainSettings
    facts = Facts(platform="Plain", index_lag=LAG, draft_first=True, guests=False)

    def __init__(self, settings: PlainSettings, access: Access) -> None:
        self._client = access.client(settings.url)

    def close(self) -> None:
        self._client.close()

    @hookimpl
    def check_access(self) -> Account:
        return Account(id="plain")

    @hookimpl
    def resolve_sku(self, sku: str) -> Item | None:
        return Item(sku=sku, product_id=sku)

    @hookimpl
    def find_customer(self, customer: Customer, key: str) -> CustomerRef | None:
        found = self._client.get("customers", params={"email": customer.email or key}).data
        return CustomerRef(id=str(found[0]["id"])) if found else None

    @hookimpl
    def create_customer(self, customer: Customer, key: str) -> CustomerRef:
        body = {"email": customer.email or key}
        return CustomerRef(id=str(self._client.post("customers", json=body, repeatable=False).data["id"]))

    @hookimpl
    def find_order(self, key: str) -> Placed | None:
        found = self._client.get("orders", params={"key": key}).data
        if len(found) > 1:
            raise Ambiguous("Several orders carry this key.", candidates=tuple(str(o["id"]) for o in found))
        return self._placed(found[0]) if found else None

    @hookimpl
    def create_order(self, draft: Draft) -> Placed:
        assert draft.customer_ref is not None
        head = {"key": draft.key, "currency": draft.currency, "customer": draft.customer_ref.id}
        return self._placed(self._client.post("orders", json=head, repeatable=False).data)

    @hookimpl
    def add_line_item(self, ref: OrderRef, line: DraftLine, key: str) -> PlacedLine:
        body = {"position": line.position, "net": str(line.amounts.net), "tax": str(line.amounts.tax)}
        self._client.post(f"orders/{ref.id}/lines", json=body, repeatable=False)
        return PlacedLine(id=f"{ref.id}-{line.position}", position=line.position)

    @hookimpl
    def update_order(self, ref: OrderRef, change: Change, key: str) -> Placed:
        if not isinstance(change, Confirm):
            raise NotOffered("Plain only confirms.")
        return self._placed(self._client.post(f"orders/{ref.id}/confirm", repeatable=True).data)

    @staticmethod
    def _placed(order: Mapping[str, Any]) -> Placed:
        net, tax = Decimal(order["net"]), Decimal(order["tax"])
        return Placed(
            ref=OrderRef(id=str(order["id"])),
            key=order["key"],
            state=PlacedState.CONFIRMED if order["confirmed"] else PlacedState.DRAFT,
            totals=Totals(currency=order["currency"], net=net, tax=tax, total=net + tax),
            lines=tuple(PlacedLine(id=str(p), position=p) for p in sorted(order["positions"])),
        )


class PlainSandbox(Sandbox):
    """Keeps what it is told, as often as it is told."""

    platform = "plain"

    def populate(self, orders: int) -> None:
        self.orders: list[dict[str, Any]] = []
        self.people: list[dict[str, Any]] = []

    def settings(self, base_url: str) -> dict[str, Any]:
        return {"connector": "plain", "url": base_url}

    def answer(self, request: Request) -> Response:
        parts = request.path.strip("/").split("/")
        body = read(request.get_data()) if request.get_data() else {}
        match (request.method, *parts):
            case ("GET", "customers"):
                found: Any = self._visible(self.people, "email", request.args["email"])
            case ("POST", "customers"):
                found = {"id": len(self.people) + 1, "email": body["email"], "born": self.clock.now()}
                self.people.append(found)
            case ("GET", "orders"):
                found = [_told(order) for order in self._visible(self.orders, "key", request.args["key"])]
            case ("POST", "orders"):
                order = {**body, "id": len(self.orders) + 1, "lines": [], "confirmed": False}
                self.orders.append({**order, "born": self.clock.now()})
                found = _told(self.orders[-1])
            case ("POST", "orders", number, "lines"):
                order = self.orders[int(number) - 1]
                order["lines"].append((body["position"], Decimal(body["net"]), Decimal(body["tax"])))
                found = _told(order)
            case ("POST", "orders", number, "confirm"):
                self.orders[int(number) - 1]["confirmed"] = True
                found = _told(self.orders[int(number) - 1])
            case _:
                raise NotFound
        return Response(dump(found), content_type="application/json")

    def _visible(self, records: list[dict[str, Any]], name: str, value: str) -> list[dict[str, Any]]:
        """What the index shows by now."""
        now: datetime = self.clock.now()
        return [one for one in records if one[name] == value and one["born"] + LAG <= now]

    def standing(self) -> list[StandingOrder]:
        return [
            StandingOrder(
                id=str(order["id"]),
                key=order["key"],
                number=None,
                currency=order["currency"],
                net=Decimal(_told(order)["net"]),
                tax=Decimal(_told(order)["tax"]),
                total=Decimal(_told(order)["net"]) + Decimal(_told(order)["tax"]),
                lines=len(order["lines"]),
                confirmed=order["confirmed"],
            )
            for order in self.orders
        ]

    def customers(self) -> set[str]:
        return {str(one["id"]) for one in self.people}

    def state(self) -> Any:
        return {"orders": self.orders, "people": self.people}

    def restore(self, state: Any) -> None:
        self.orders, self.people = state["orders"], state["people"]


def _told(order: Mapping[str, Any]) -> dict[str, Any]:
    zero = Decimal(0)
    return {
        **{name: order[name] for name in ("id", "key", "currency", "confirmed")},
        "net": str(sum((net for _, net, _ in order["lines"]), zero)),
        "tax": str(sum((tax for _, _, tax in order["lines"]), zero)),
        "positions": [position for position, _, _ in order["lines"]],
    }
