"""From JSON of any of the shapes to orders; what is wrong is named place by place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import ValidationError

from ordersync.errors import BadInput, FieldProblem
from ordersync.model import Order
from ordersync.shapes.own import own_problems, read_own
from ordersync.shapes.pushed import read_pushed
from ordersync.shapes.schemas import pointer, problems_of
from ordersync.shapes.unified import read_unified

__all__ = ["Shape", "parse_order", "parse_orders", "shape_of", "split_orders"]

Shape = Literal["own", "pushed", "unified"]

_MARKS: tuple[tuple[Shape, frozenset[str]], ...] = (
    ("pushed", frozenset({"orderId", "pricing"})),
    ("unified", frozenset({"remoteId", "totalPrice", "orderStatus"})),
    ("own", frozenset({"placed_at", "taxes_included", "lines"})),
)
_IDENTITIES = frozenset({"orderId", "remoteId", "placed_at"})
_REMEDIES = {
    "own": "Correct the order at these places; the schema `order` describes it.",
    "pushed": "Correct the payload at these places and push it again; the schema `pushed-order` describes it.",
    "unified": "Correct the entry at these places; the schema `unified-orders` describes it.",
}


def shape_of(entry: Any) -> Shape | None:
    """Which shape one order's JSON has, by the names it uses; None if it is none of them."""
    if not isinstance(entry, Mapping):
        return None
    return next((shape for shape, marks in _MARKS if marks & entry.keys()), None)


def split_orders(data: Any) -> list[tuple[str, Any]]:
    """The orders in a document, unread, each with its JSON Pointer: one order, a list, or `{"orders": [...]}`."""
    if isinstance(data, list):
        return [(pointer([position]), entry) for position, entry in enumerate(data)]
    if _is_list(data):
        return [(pointer(["orders", position]), entry) for position, entry in enumerate(data["orders"])]
    return [("", data)]


def parse_orders(data: Any, *, shape: Shape | None = None, place: str = "") -> list[Order]:
    """The orders in `data`: JSON that `ordersync.web.read` has parsed, so that no number went through a float.

    Accepted are an order of our own, a pushed payload, an entry of the unified list, a list of any of these, and
    `{"orders": [...]}`. `shape` insists on one of them, else each is recognised by its names. `place` says where the
    data came from (`orders.jsonl:3`) and stands before the JSON Pointer of each problem (`orders.jsonl:3#/pricing`).

    Raises BadInput with every problem of every order.
    """
    beside = {key: value for key, value in data.items() if key != "orders"} if _is_list(data) else {}
    orders: list[Order] = []
    problems: list[FieldProblem] = []
    remedies: dict[str, None] = {}
    for start, entry in split_orders(data):
        try:
            orders.append(_read(entry, shape, f"{place}#{start}" if place else start, beside))
        except BadInput as error:
            problems += error.problems
            remedies[error.remedy] = None
    if problems:
        raise _bad(problems, " ".join(remedies))
    return orders


def parse_order(entry: Any, *, shape: Shape | None = None, place: str = "") -> Order:
    """One order, such as `split_orders` gives; `place` stands before its JSON Pointers as it is.

    Raises BadInput with every problem.
    """
    return _read(entry, shape, place, {})


def _bad(problems: Sequence[FieldProblem], remedy: str) -> BadInput:
    many = len(problems) > 1
    return BadInput(
        f"{len(problems)} values are not as an order needs them."
        if many
        else "One value is not as an order needs it.",
        problems=tuple(problems),
        remedy=remedy,
    )


def _is_list(data: Any) -> bool:
    """Whether this is a list of orders; an order may itself say something by the name `orders`."""
    return (
        isinstance(data, Mapping) and isinstance(data.get("orders"), list) and not _IDENTITIES & data.keys()
    )


def _read(entry: Any, shape: Shape | None, place: str, beside: Mapping[str, Any]) -> Order:
    shape = shape or shape_of(entry)
    if shape is None or not isinstance(entry, Mapping):
        raise _bad(
            [
                FieldProblem(
                    place,
                    "expected an order: an object with `orderId` (pushed), `remoteId` (unified list) "
                    "or `placed_at` (our own)",
                )
            ],
            "Send one order, a list of orders, or an object with `orders`.",
        )
    problems: list[FieldProblem] = []
    try:
        if shape == "own":
            return read_own(entry)
        problems = problems_of(entry, shape)
        if not problems and shape == "pushed":
            return read_pushed(entry)
        if not problems:
            problems = _other_currencies(entry)
        if not problems:
            return read_unified(entry, beside)
    except ValidationError as error:
        problems = own_problems(error)
    raise _bad(
        [FieldProblem(f"{place}{found.place}", found.problem, found.code) for found in problems],
        _REMEDIES[shape],
    )


def _other_currencies(entry: Mapping[str, Any]) -> list[FieldProblem]:
    whole = entry["currency"].upper()
    return [
        FieldProblem(pointer(["lineItems", position, "currency"]), "expected the currency of the order")
        for position, item in enumerate(entry["lineItems"])
        if item.get("currency") and item["currency"].upper() != whole
    ]
