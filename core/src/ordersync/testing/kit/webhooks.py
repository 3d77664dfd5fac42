"""Webhooks: who wants to hear of what, and deliveries, signed and kept until somebody takes them. Nothing is sent.

    webhooks = Webhooks(HmacSigned("X-Acme-Signature", "sandbox-secret"), topic_header="X-Acme-Topic")

    self.webhooks.subscribe("order.created", address)
    self.webhooks.tell("order.created", {"id": order["id"]})
    for one in sandbox.webhooks.take(): ...            # in a test: one.address, one.headers, one.body

`take` is what a test asks; a connector's `receive` gets `Sent.delivery(…)`.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Literal, Protocol

from ordersync.model import Delivery
from ordersync.testing.kit.faults import Fault
from ordersync.testing.kit.parts import Part
from ordersync.testing.kit.quirks import LostWebhooks, RepeatedWebhooks
from ordersync.web import dump

__all__ = ["HmacSigned", "Sent", "Signing", "StandardSigned", "Webhooks"]


class Signing(Protocol):
    """How deliveries prove whom they are from."""

    def headers(self, body: bytes, delivery: str, moment: datetime) -> Mapping[str, str]:
        """The headers that sign this body; `delivery` is the delivery's id."""


@dataclass(frozen=True)
class HmacSigned:
    """HMAC over the raw body, as hex or base64, in one header: `X-Signature: sha256=5c1f…` with `prefix="sha256="`."""

    header: str
    secret: str
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    digest: str = "sha256"

    def headers(self, body: bytes, delivery: str, moment: datetime) -> Mapping[str, str]:  # noqa: ARG002 - Signing's
        made = hmac.new(self.secret.encode(), body, self.digest).digest()
        text = made.hex() if self.encoding == "hex" else base64.b64encode(made).decode()
        return {self.header: self.prefix + text}


@dataclass(frozen=True)
class StandardSigned:
    """Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature: v1,…` over `id.timestamp.body`.

    `secret` is written `whsec_` and base64.
    """

    secret: str

    def headers(self, body: bytes, delivery: str, moment: datetime) -> Mapping[str, str]:
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        second = str(int(moment.timestamp()))
        made = hmac.new(key, f"{delivery}.{second}.".encode() + body, hashlib.sha256).digest()
        signature = f"v1,{base64.b64encode(made).decode()}"
        return {"webhook-id": delivery, "webhook-timestamp": second, "webhook-signature": signature}


@dataclass(frozen=True)
class Sent:
    """A request as the platform would send it."""

    address: str
    topic: str
    headers: Mapping[str, str]
    body: bytes

    def delivery(self, received_at: datetime) -> Delivery:
        """As a connector's `receive` takes it."""
        return Delivery({name.lower(): value for name, value in self.headers.items()}, self.body, received_at)


@dataclass
class Webhooks(Part):
    """Subscriptions and what waits to go out."""

    signed: Signing | None = None
    """None: deliveries prove nothing."""
    topics: Sequence[str] = ("order.created", "order.updated")
    """What can be subscribed to; the last one is what the contract suite's deliveries are about."""
    topic_header: str = ""
    id_header: str = ""
    """Names of headers that carry a delivery's topic and id; `""`: none does."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What every delivery carries besides."""

    def __post_init__(self) -> None:
        self.subscriptions: dict[str, dict[str, Any]] = {}
        """By id: `{"id", "topic", "address", "created_at"}`."""
        self._serial = 0
        self._told = 0
        self._waiting: list[dict[str, Any]] = []

    def subscribe(self, topic: str, address: str) -> dict[str, Any]:
        """A new subscription; `*` in a topic stands for anything. Raises Fault 422 `invalid` for an unknown topic."""
        with self.sandbox.lock:
            if not any(fnmatchcase(known, topic) for known in self.topics):
                raise Fault(422, "invalid", "There is no such topic.", field="topic")
            self._serial += 1
            made = {
                "id": self._serial, "topic": topic, "address": address, "created_at": self._now,
            }  # fmt: skip
            self.subscriptions[str(self._serial)] = made
            return made

    def unsubscribe(self, id: Any) -> None:
        """Raises Fault 404 `not_found`."""
        with self.sandbox.lock:
            if self.subscriptions.pop(str(id), None) is None:
                raise Fault(404, "not_found", "There is no such subscription.")

    def tell(self, topic: str, body: Any) -> None:
        """Queue a delivery of this body, as it is now, for everybody who wants to hear of it."""
        with self.sandbox.lock:
            for one in self.subscriptions.values():
                if fnmatchcase(topic, one["topic"]):
                    self._waiting.append({"address": one["address"], "made": self._made(topic, body)})

    def take(self) -> list[Sent]:
        """What waits to go out, oldest first; it waits no longer."""
        with self.sandbox.lock:
            waiting, self._waiting = self._waiting, []
            lost, twice = self.sandbox.quirk(LostWebhooks), self.sandbox.quirk(RepeatedWebhooks)
            if lost:
                every = lost.whole("every")
                waiting = [one for place, one in enumerate(waiting, 1) if place % every]
            times = twice.whole("times") if twice else 1
            return [self._sent(one["address"], one["made"]) for one in waiting for _ in range(times)]

    def sent(self, topic: str, body: Any, address: str = "https://receiver.example/") -> Sent:
        """One delivery, as it would go out to this address."""
        with self.sandbox.lock:
            return self._sent(address, self._made(topic, body))

    def signed_raw(self, body: bytes, topic: str = "", address: str = "https://receiver.example/") -> Sent:
        """A delivery of any bytes, signed as all are: for what a receiver must refuse although its signature is good."""
        with self.sandbox.lock:
            return self._sent(address, self._made(topic or self.topics[-1], None), body)

    @property
    def _now(self) -> datetime:
        return self.sandbox.clock.now().replace(microsecond=0)

    def _made(self, topic: str, body: Any) -> dict[str, Any]:
        self._told += 1
        name = hashlib.sha256(f"{self.sandbox.seed} {self._told}".encode()).hexdigest()[:32]
        return {"id": name, "topic": topic, "body": dump(body).decode(), "at": self._now}

    def _sent(self, address: str, made: Mapping[str, Any], raw: bytes | None = None) -> Sent:
        body = made["body"].encode() if raw is None else raw
        headers = {"Content-Type": "application/json", **self.headers}
        for header, value in ((self.topic_header, made["topic"]), (self.id_header, made["id"])):
            headers |= {header: value} if header else {}
        if self.signed:
            headers |= self.signed.headers(body, made["id"], made["at"])
        return Sent(address, made["topic"], headers, body)

    def state(self) -> Any:
        return copy.deepcopy(
            {
                "subscriptions": list(self.subscriptions.values()),
                "serial": self._serial,
                "told": self._told,
                "waiting": self._waiting,
            }
        )

    def restore(self, state: Any) -> None:
        state = copy.deepcopy(state)
        self.subscriptions = {str(one["id"]): one for one in state["subscriptions"]}
        self._serial, self._told, self._waiting = state["serial"], state["told"], state["waiting"]
