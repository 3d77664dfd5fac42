"""The sandbox kit: what most platforms repeat, as parts. A sandbox made of them is mostly its vendor's shapes."""

from ordersync.testing.kit.assembled import AssembledSandbox
from ordersync.testing.kit.faults import Fault
from ordersync.testing.kit.gates import BasicKeys, ClientCredentials, Gate, HeaderToken, Open
from ordersync.testing.kit.keys import IdempotencyKeys
from ordersync.testing.kit.pages import (
    CursorPages,
    LinkHeaderPages,
    NextFieldPages,
    NumberedPages,
    OffsetPages,
    Pages,
)
from ordersync.testing.kit.parts import Part
from ordersync.testing.kit.pricing import Bill, Priced, bill, priced
from ordersync.testing.kit.quirks import (
    LateIndex,
    LostWebhooks,
    OverlappingPages,
    RepeatedWebhooks,
    SmallPages,
    UnsortedPages,
)
from ordersync.testing.kit.rest import RestSandbox
from ordersync.testing.kit.routes import Answer, Call, Route, Who, route
from ordersync.testing.kit.tables import Record, Table, counting, pattern, uuids
from ordersync.testing.kit.throttles import Concurrency, FixedWindow, LeakyBucket, Throttle
from ordersync.testing.kit.webhooks import HmacSigned, Sent, Signing, StandardSigned, Webhooks

__all__ = [
    "Answer",
    "AssembledSandbox",
    "BasicKeys",
    "Bill",
    "Call",
    "ClientCredentials",
    "Concurrency",
    "CursorPages",
    "Fault",
    "FixedWindow",
    "Gate",
    "HeaderToken",
    "HmacSigned",
    "IdempotencyKeys",
    "LateIndex",
    "LeakyBucket",
    "LinkHeaderPages",
    "LostWebhooks",
    "NextFieldPages",
    "NumberedPages",
    "OffsetPages",
    "Open",
    "OverlappingPages",
    "Pages",
    "Part",
    "Priced",
    "Record",
    "RepeatedWebhooks",
    "RestSandbox",
    "Route",
    "Sent",
    "Signing",
    "SmallPages",
    "StandardSigned",
    "Table",
    "Throttle",
    "UnsortedPages",
    "Webhooks",
    "Who",
    "bill",
    "counting",
    "pattern",
    "priced",
    "route",
    "uuids",
]
