"""The stand-in for the Shopify Admin GraphQL API: a shop with a catalogue, customers and orders that change.

It executes real GraphQL over a part of the vendor's schema, adds up orders as the vendor does, is charged and throttled,
and searches an index that lags behind. What people do in its admin is in `admin`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any, ClassVar

from graphql import FieldNode
from werkzeug.wrappers import Request, Response

from ordersync.testing import StandingOrder
from ordersync.testing.quirks import Quirk

from .dialect import Dialect, Operation, Written
from .execution import Answer, execute
from .levers import Levers
from .quirks import (
    OWN,
    BigIds,
    EqualUpdatedAt,
    ExpiringToken,
    LocalTime,
    NestedPages,
    SilentEdit,
    SlowIndex,
    SmallPages,
)
from .records import SHOP_DOMAIN, Record, gid, seconds
from .seeding import TWIN_SKU, populate
from .store import Store
from .throttle import Bucket
from .undoing import run_due
from .visit import Visit
from .webhooks import Delivery, signature

__all__ = ["ALL_SCOPES", "TWIN_SKU", "Delivery", "Sandbox", "signature"]

TOKEN = "sandbox-access-token"  # noqa: S105 - the sandbox's own, not a secret
SECRET = "sandbox-webhook-secret"  # noqa: S105 - the sandbox's own, not a secret
ALL_SCOPES = (
    "read_all_orders", "read_products", "read_locations", "read_discounts", "write_orders", "write_customers",
    "write_inventory", "write_merchant_managed_fulfillment_orders",
)  # fmt: skip
_DENIED = "[API] Invalid API key or access token (unrecognized login or wrong password)"


class Sandbox(Levers):
    """A shop at `POST /admin/api/{version}/graphql.json`."""

    platform: ClassVar[str] = "shopify"
    option_names: ClassVar[Mapping[str, str]] = {
        "index_lag": "seconds until a search sees a write; direct look-ups see it at once (default 3)",
        "page_cap": "rows at most on a page, fewer than were asked for (default 250)",
        "scopes": "access scopes of the token, separated by commas (default: all that exist here)",
        "trial": "true: a development shop, where orderCreate works five times a minute (default false)",
        "bucket": "size of the cost bucket in points (default 2000)",
        "restore": "points that come back each second (default 100)",
        "latency": "seconds of the clock that each request takes (default 0)",
    }
    demo_options: ClassVar[Mapping[str, str]] = {"bucket": "40000", "restore": "2000"}
    """The Enterprise plan."""
    own_quirks: ClassVar[tuple[type[Quirk], ...]] = OWN

    def populate(self, orders: int) -> None:
        options = self.options
        self.access_token = TOKEN
        self.webhook_secret = SECRET
        self.scopes = frozenset(filter(None, (options.get("scopes") or ",".join(ALL_SCOPES)).split(",")))
        self.cap = self.nested_cap = int(options.get("page_cap", "250"))
        self.trial = options.get("trial", "false").lower() == "true"
        self.latency = float(options.get("latency", "0"))
        self.dialect = _dialect()
        self.deliveries: list[Delivery] = []
        self.zone = UTC
        self.store = Store(self.clock.now, int(options.get("index_lag", "3")))
        self._switch()
        self.bucket = Bucket.full(
            int(options.get("bucket", "2000")), int(options.get("restore", "100")), self.clock.now()
        )
        populate(self.store, self.seed, orders)
        if self.quirk(EqualUpdatedAt):
            born = list(self.store.orders.values())
            at = max((order["updatedAt"] for order in born), default=None)
            for order in born:
                self.store.put_order(order, at=at, seen=True)
        self.store.silent = self.quirk(SilentEdit) is not None

    def _switch(self) -> None:
        """Do what the quirks ask for before anything is there."""
        if slow := self.quirk(SlowIndex):
            self.store.lag = slow.whole("seconds")
        if small := self.quirk(SmallPages):
            self.cap = min(self.cap, small.whole("rows"))
        if nested := self.quirk(NestedPages):
            self.nested_cap = min(self.nested_cap, nested.whole("rows"))
        if local := self.quirk(LocalTime):
            self.zone = timezone(timedelta(hours=min(local.whole("hours"), 14)))
        self.store.beyond_floats = self.quirk(BigIds) is not None

    def versions(self) -> list[str]:
        """The API versions that are served now, oldest first: a year and 15 days each, and the next one early."""
        now = self.clock.now()
        found = []
        for year in range(now.year - 2, now.year + 2):
            for month in (1, 4, 7, 10):
                release = datetime(year, month, 1, 17, tzinfo=now.tzinfo)
                if release - timedelta(days=92) <= now < release.replace(year=year + 1) + timedelta(days=15):
                    found.append(f"{year}-{month:02d}")
        return found

    def answer(self, request: Request) -> Response:
        if self.latency:
            self.clock.sleep(self.latency)
        parts = request.path.strip("/").split("/")
        asked = parts[2] if len(parts) == 4 else ""
        versions = self.versions()
        served = asked if asked in versions else (versions[-1] if asked > versions[-1] else versions[0])
        headers = {
            "x-request-id": str(uuid.UUID(int=self.random.getrandbits(128), version=4)),
            "x-shopify-api-version": served,
        }
        if parts[:2] != ["admin", "api"] or parts[3:] != ["graphql.json"]:
            return _json({"errors": "Not Found"}, 404, headers)
        if not self._admitted(request.headers.get("X-Shopify-Access-Token")):
            return _json({"errors": _DENIED}, 401, headers)
        if request.method != "POST":
            return _json({"errors": "Not Found"}, 404, headers)
        if served != asked:
            headers["x-shopify-api-version-warning"] = "https://shopify.dev/concepts/about-apis/versioning"
        return self._graphql(request, served, versions, headers)

    def _admitted(self, token: str | None) -> bool:
        if token != self.access_token:
            return False
        expiring = self.quirk(ExpiringToken)
        if expiring is None or expiring.spend():
            return True
        self.access_token = f"{TOKEN}-{expiring.issued}"
        return False

    def operations_of(self, request: Request) -> tuple[str, ...]:
        """The operation's name and the fields that it begins with: `CreateOrder`, `orderCreate`."""
        name, operation = self._operation(request)
        if operation is None:
            return ()
        chosen = operation.node.selection_set.selections
        fields = tuple(one.name.value for one in chosen if isinstance(one, FieldNode))
        return (name, *fields) if name else fields

    def is_write(self, request: Request) -> bool:
        """Whether it is a mutation."""
        _, operation = self._operation(request)
        return operation is not None and operation.root.name == "Mutation"

    def _operation(self, request: Request) -> tuple[str, Operation | None]:
        try:
            body = json.loads(request.get_data())
            name, document = str(body.get("operationName") or ""), self.dialect.read(str(body["query"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            return "", None
        return name, document.operations.get(name) or next(iter(document.operations.values()), None)

    def _graphql(
        self, request: Request, served: str, versions: Sequence[str], headers: Mapping[str, str]
    ) -> Response:
        try:
            body = json.loads(request.get_data(), parse_float=Written)
        except ValueError:
            return _json({"errors": {"query": "Required parameter missing or invalid"}}, 400, headers)
        if not isinstance(body, dict) or not isinstance(body.get("query"), str):
            return _json({"errors": {"query": "Required parameter missing or invalid"}}, 400, headers)
        run_due(self.store, self._tell)
        self.bucket.refill(self.clock.now())
        visit = Visit(
            self.store,
            self.scopes,
            served,
            versions,
            self.cap,
            self._tell,
            self.trial,
            nested_cap=self.nested_cap,
            zone=self.zone,
        )
        answer: Answer = execute(self.dialect, self.bucket, visit, body)
        return _json(answer, 200, headers)

    # ---- the kit's questions

    def settings(self, base_url: str) -> dict[str, Any]:
        return {
            "connector": "shopify",
            "shop": SHOP_DOMAIN,
            "access_token": self.access_token,
            "webhook_secret": self.webhook_secret,
            "base_url": base_url,
        }

    def standing(self) -> list[StandingOrder]:
        with self.lock:
            return [self._standing(order) for order in self.store.orders.values()]

    def customers(self) -> set[str]:
        with self.lock:
            return {gid("Customer", customer) for customer in self.store.customers}

    def _standing(self, order: Record) -> StandingOrder:
        """Amounts in the buyer's currency, before returns; the number is that of the additional details, if they have
        one, for `name` is the shop's own."""
        found = self.store.totals(order, "edited")
        key = order["sourceIdentifier"]
        details = {one["key"]: one["value"] for one in order["customAttributes"]}
        return StandingOrder(
            id=gid("Order", order["id"]),
            key=key if key and key.startswith("os-") else None,
            number=details.get("Order number", order["name"]),
            currency=order["presentment"],
            net=found["total"][1] - found["tax"][1],
            tax=found["tax"][1],
            total=found["total"][1],
            lines=len(order["lines"]),
            cancelled=order["cancelledAt"] is not None,
            customer=gid("Customer", order["customer"]) if order["customer"] else None,
        )

    def state(self) -> dict[str, Any]:
        with self.lock:
            version, internal, gauss = self.random.getstate()
            return {
                "store": self.store.state(),
                "deliveries": [
                    {**asdict(one), "headers": dict(one.headers), "body": one.body.decode()}
                    for one in self.deliveries
                ],
                "bucket": {"level": self.bucket.level, "at": self.bucket.at},
                "random": [version, list(internal), gauss],
                "requests": self.requests,
            }

    def restore(self, state: Any) -> None:
        with self.lock:
            kept = state
            self.store.restore(kept["store"])
            self.deliveries = [
                Delivery(one["topic"], one["uri"], dict(one["headers"]), one["body"].encode())
                for one in kept["deliveries"]
            ]
            self.bucket.level = kept["bucket"]["level"]
            self.bucket.at = kept["bucket"]["at"]
            version, internal, gauss = kept["random"]
            self.random.setstate((version, tuple(internal), gauss))
            self.requests = kept["requests"]

    @property
    def now(self) -> datetime:
        """The shop's time, in whole seconds."""
        return seconds(self.clock.now())


@cache
def _dialect() -> Dialect:
    """One for all shops of a process: what was parsed and validated once is."""
    return Dialect()


def _json(body: Any, status: int, headers: Mapping[str, str]) -> Response:
    made = Response(
        json.dumps(body, separators=(",", ":"), ensure_ascii=False),
        status,
        content_type="application/json; charset=utf-8",
    )
    made.headers.extend(headers.items())
    return made
