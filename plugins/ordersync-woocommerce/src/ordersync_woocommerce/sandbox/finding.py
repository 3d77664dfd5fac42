"""Which orders a listing of the stand-in finds; what it does not know it passes over, without a word."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ordersync_woocommerce.sandbox.records import Record, Store
from ordersync_woocommerce.sandbox.refusing import moment

__all__ = ["folded", "found"]

_HIDDEN = ("trash", "checkout-draft", "auto-draft")


def folded(text: str) -> str:
    """As MariaDB's collation compares: without case and accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def found(store: Store, asked: Mapping[str, str], *, legacy: bool, created_via: bool) -> list[Record]:
    """The orders that match, in order. What is not known is passed over, without a word."""
    statuses = [word for word in asked.get("status", "any").split(",") if word]
    rows = [order for order in store.orders.values() if _shown(order, statuses)]
    for name, field in (("after", "created"), ("modified_after", "modified")):
        if asked.get(name):
            bound = _bound(store, asked[name], asked)
            rows = [order for order in rows if order[field].replace(microsecond=0) > bound]
    for name, field in (("before", "created"), ("modified_before", "modified")):
        if asked.get(name):
            bound = _bound(store, asked[name], asked)
            rows = [order for order in rows if order[field].replace(microsecond=0) < bound]
    if asked.get("include"):
        ids = {int(each) for each in asked["include"].split(",")}
        rows = [order for order in rows if order["id"] in ids]
    if asked.get("exclude"):
        gone = {int(each) for each in asked["exclude"].split(",")}
        rows = [order for order in rows if order["id"] not in gone]
    if asked.get("created_via") and created_via:
        wanted = {word.strip().lower() for word in asked["created_via"].split(",")}
        rows = [order for order in rows if order["created_via"].lower() in wanted]
    if asked.get("search"):
        rows = [order for order in rows if _hit(order, asked["search"], legacy=legacy)]
    field = {"modified": "modified", "id": "id"}.get(asked.get("orderby", "date"), "created")
    rows.sort(key=lambda order: (_whole(order[field]), order["id"]), reverse=asked.get("order") != "asc")
    return rows


def _shown(order: Record, statuses: list[str]) -> bool:
    if "any" in statuses:
        return order["status"] not in _HIDDEN
    return order["status"] in statuses


def _bound(store: Store, text: str, asked: Mapping[str, str]) -> datetime:
    """A time without a zone is the shop's, or UTC with `dates_are_gmt`; a zone and the flag together are moved twice."""
    given = moment(text)
    flag = asked.get("dates_are_gmt", "").lower() in ("1", "true")
    if given.tzinfo is None:
        utc = given if flag else given - store.offset
        return utc.replace(tzinfo=UTC)
    utc = given.astimezone(UTC)
    return utc + store.offset if flag else utc


def _hit(order: Record, words: str, *, legacy: bool) -> bool:
    """HPOS finds ids, transaction ids, addresses and item names; the older storage finds no transaction id."""
    needle = folded(words)
    texts = [str(order["id"]), *order["billing"].values(), *order["shipping"].values()]
    texts += [line["name"] for line in order["lines"]]
    texts.append(order["customer_note"] if legacy else order["transaction_id"])
    return any(needle in folded(text) for text in texts)


def _whole(value: Any) -> Any:
    return value.replace(microsecond=0) if isinstance(value, datetime) else value
