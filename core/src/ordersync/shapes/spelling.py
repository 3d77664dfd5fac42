"""How a payload spelled what the model holds, so that reading and writing it again gives the same JSON.

A writer derives its JSON from the model alone. What the payload said besides is kept in `extra`, by shape:
`extra["pushed"]` holds, by the payload's own names, the fields for which the model has no word (and nulls and empty
texts, which the model holds as nothing); `extra["pushed_spelling"]` holds, per field, how the payload wrote it and how
the writer would: `[[as it was], [as it would be]]`, an empty list for "not there". The payload's spelling is used as
long as the writer would still write the same; a changed value is written anew.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar

from ordersync.model import Address, Customer, Line, Order

__all__ = ["came_as", "remembered", "same", "spelled"]

_Kept = TypeVar("_Kept", Address, Customer, Line, Order)


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal: numbers by value, texts by character, a number never equals a text."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | Decimal) and isinstance(right, int | Decimal):
        return left == right
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and bool(left == right)


def came_as(order: Order, shape: str) -> bool:
    """Whether the order was read from a payload of this shape."""
    return shape in order.extra


def remembered(
    model: _Kept, shape: str, payload: Mapping[str, Any], written: Mapping[str, Any], homes: frozenset[str]
) -> _Kept:
    """`model` with what `payload` said besides what `written` says. `homes` are fields that remember for themselves."""
    added, otherwise = _traces(
        {key: value for key, value in payload.items() if key not in homes},
        {key: value for key, value in written.items() if key not in homes},
    )
    extra = dict(model.extra)
    if added:
        extra[shape] = added
    if otherwise:
        extra[f"{shape}_spelling"] = otherwise
    return model.model_copy(update={"extra": extra})


def spelled(shape: str, written: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """What the writer says, in the payload's spelling where it still holds, with the payload's other fields."""
    return _restored(written, extra.get(shape, {}), extra.get(f"{shape}_spelling", {}))


def _traces(payload: Mapping[str, Any], written: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    added: dict[str, Any] = {}
    otherwise: dict[str, Any] = {}
    for key, value in payload.items():
        if key not in written:
            added[key] = copy.deepcopy(value)
        elif isinstance(value, Mapping) and isinstance(written[key], Mapping):
            inner_added, inner_otherwise = _traces(value, written[key])
            if inner_added:
                added[key] = inner_added
            if inner_otherwise:
                otherwise[key] = inner_otherwise
        elif not same(value, written[key]):
            otherwise[key] = [[copy.deepcopy(value)], [written[key]]]
    for key, value in written.items():
        if key not in payload:
            otherwise[key] = [[], [value]]
    return added, otherwise


def _restored(
    written: Mapping[str, Any], added: Mapping[str, Any], otherwise: Mapping[str, Any]
) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for key, value in written.items():
        trace = otherwise.get(key)
        if isinstance(value, Mapping) and not isinstance(trace, list):
            more = added.get(key)
            document[key] = _restored(value, more if isinstance(more, Mapping) else {}, trace or {})
        elif isinstance(trace, list) and same(trace[1], [value]):
            if trace[0]:
                document[key] = copy.deepcopy(trace[0][0])
        else:
            document[key] = value
    document.update({key: copy.deepcopy(value) for key, value in added.items() if key not in written})
    return document
