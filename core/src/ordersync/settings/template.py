"""The settings file that `ordersync init` writes: commented, its connections' keys taken from their connectors."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ordersync.settings.document import toml_value
from ordersync.settings.schema import connector_schema, secret_fields

__all__ = ["SETTINGS_FILE", "End", "template"]

SETTINGS_FILE = "ordersync.toml"

_HEAD = """\
# ordersync: where orders come from, where they go, and the rules between.
#
# Text may refer to the environment: "${NAME}", "${NAME:-default}", or to a file: "${file:/run/secrets/name}".
# Keep secrets out of this file. `$$` is one dollar sign.
#
# Next:  ordersync check          what is right and wrong here, and with the credentials
#        ordersync plan orders    what a run would do; writes nothing
#        ordersync sync orders    do it

[ledger]
# What was seen, sent, done and parked: the memory that makes exactly-once possible. Keep it, and back it up.
# Relative to this file; for several machines: "postgresql://user:${PGPASSWORD}@host/ordersync".
url = "sqlite:///ordersync.db"
"""

_ROUTE = """\
[routes.orders]
source = "{source}"
target = "{target}"
# extensions = []                       # plugins that shape orders or are told what happened, in this order

[routes.orders.filters]
# Which orders the route takes; others are recorded as skipped.
# statuses = ["open", "completed"]      # also: held, cancelled
# payment_statuses = ["paid"]           # pending, authorized, partly_paid, paid, partly_refunded, refunded, voided
# fulfillment_statuses = ["unfulfilled"]
# currencies = ["EUR", "USD"]
# tags = ["export"]                     # at least one of them
# placed_from = 2026-01-01T00:00:00Z
# test_orders = false

[routes.orders.policies]
# money = "shop"                        # or "presentment": which amounts to carry where an order has two currencies
# guests = "create"                     # or "without", "park": a buyer without an account
# unknown_sku = "park"                  # or "custom_line"
# stock = "ignore"                      # or "park": an order beyond the target's stock
# confirm = true                        # confirm what was created as a draft, once its totals agree
# adjustment = 1                        # minor units per line that an adjustment line may make up; 0: never
# tolerance = "0"                       # by how much the created order's totals may differ before it parks
# window = 100                          # how many orders are worked on together, 1 to 1000

[routes.orders.defaults]
# email = "orders@example.com"
# country = "DE"
# shipping_title = "Shipping"

[routes.orders.aliases]
# "OLD-SKU" = "NEW-SKU"
"""


@dataclass(frozen=True)
class End:
    """One end of the route: the connection's name, its connector, and the connector's settings if it is installed."""

    name: str
    connector: str
    model: type[BaseModel] | None = None


def template(source: End | None = None, target: End | None = None) -> str:
    """The text of a new settings file."""
    source = source or End("shop", "shopify")
    target = target or End("erp", "erp-odoo")
    same = source.connector == target.connector
    sections = [_section(end, end.name if same else end.connector) for end in (source, target)]
    route = _ROUTE.format(source=source.name, target=target.name)
    return "\n".join([_HEAD, *sections, route])


def _section(end: End, prefix: str) -> str:
    lines = [f"[connections.{end.name}]", f"connector = {toml_value(end.connector)}"]
    if end.model is None:
        lines.append(f"# Its own keys, once it is installed: ordersync schema {end.connector}")
        return "\n".join(lines) + "\n"
    schema = connector_schema(end.model)
    secrets = secret_fields(schema)
    for name, field in end.model.model_fields.items():
        key = field.alias or name
        lines += _comment(field)
        required = field.is_required()
        if key in secrets:
            variable = re.sub(r"[^A-Za-z0-9]+", "_", f"{prefix}_{key}").upper()
            lines.append(f'{"" if required else "# "}{key} = "${{{variable}}}"')
        elif required:
            lines.append(f"{key} = {toml_value(_example(field, schema, key))}")
        else:
            lines.append(f"# {key} = {_default(field)}")
    return "\n".join(lines) + "\n"


def _comment(field: FieldInfo) -> list[str]:
    text = " ".join((field.description or "").split())
    return [f"# {text}"] if text else []


def _example(field: FieldInfo, schema: dict[str, Any], key: str) -> Any:
    if field.examples:
        return field.examples[0]
    kind = schema["properties"].get(key, {}).get("type")
    return {"integer": 0, "number": 0, "boolean": False, "array": [], "object": {}}.get(kind, "CHANGE-ME")


def _default(field: FieldInfo) -> str:
    value = (
        None if field.default_factory_takes_validated_data else field.get_default(call_default_factory=True)
    )
    if isinstance(value, enum.Enum):
        value = value.value
    if value is None:
        return toml_value(field.examples[0]) if field.examples else '""'
    if isinstance(value, float):
        return repr(value)
    return toml_value(value)
