"""The public JSON shapes of an order: our own, the payload that applications push, and the unified list."""

from ordersync.shapes.own import to_own
from ordersync.shapes.parse import Shape, parse_order, parse_orders, shape_of, split_orders
from ordersync.shapes.pushed import to_pushed
from ordersync.shapes.schemas import order_schema, pushed_schema, unified_schema
from ordersync.shapes.unified import to_unified

__all__ = [
    "Shape",
    "order_schema",
    "parse_order",
    "parse_orders",
    "pushed_schema",
    "shape_of",
    "split_orders",
    "to_own",
    "to_pushed",
    "to_unified",
    "unified_schema",
]
