"""Batches: many writes in one request, each of which succeeds or fails by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import ValidationError

from ordersync import InDoubt, OrderSyncError
from ordersync_woocommerce import wire
from ordersync_woocommerce.errors import of_entry
from ordersync_woocommerce.shop import Shop

__all__ = ["entries", "refusal"]


def entries(
    shop: Shop, path: str, verb: Literal["create", "update"], bodies: Sequence[Mapping[str, Any]]
) -> list[Any]:
    """What `POST PATH/batch` answers to each, in order. Raises InDoubt if it does not answer each."""
    data = shop.post(f"{path}/batch", {verb: bodies}).data
    answers = data.get(verb) if isinstance(data, Mapping) else None
    if not isinstance(answers, list) or len(answers) != len(bodies):
        raise InDoubt("The shop does not answer each entry of a batch. What was done is not known.")
    return answers


def refusal(answer: Any) -> OrderSyncError | None:
    """Why an entry of a batch was not done; None if it was. Raises InDoubt if it cannot be read."""
    try:
        entry = wire.BatchEntry.model_validate(answer)
    except ValidationError:
        entry = None
    if entry is None:
        raise InDoubt("An entry of the shop's answer cannot be read. Whether it was done is not known.")
    return of_entry(entry.error) if entry.error else None
