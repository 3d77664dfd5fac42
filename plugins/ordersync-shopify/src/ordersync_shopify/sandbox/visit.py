"""One request's way through the sandbox: what it may see, as of when, and what it is told besides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from graphql import GraphQLError

from .paging import MAX_PAGE, Slice, sliced
from .records import Record, View, seconds
from .store import Index, Store

__all__ = ["FIELDS", "VISIBLE_DAYS", "Visit", "listed", "searched"]

VISIBLE_DAYS = 60
"""How far back orders go without the scope `read_all_orders` (vendor's scopes page)."""
_COMMON = frozenset({"id", "created_at", "updated_at", "tag", "tag_not"})
FIELDS = {
    "orders": _COMMON
    | frozenset(
        "name processed_at status financial_status fulfillment_status source_identifier source_name po_number "
        "confirmation_number email customer_id sku test discount_code gateway return_status "
        "subtotal_line_items_quantity current_total_price".split()
    ),
    "customers": _COMMON | frozenset("email phone first_name last_name state country customer_date".split()),
    "variants": frozenset("id sku barcode product_id title updated_at".split()),
}
"""What a search over each resource understands (SDL)."""


@dataclass
class Visit:
    """The context of one GraphQL request."""

    store: Store
    scopes: frozenset[str]
    version: str
    versions: Sequence[str]
    cap: int
    tell: Callable[[Record, Sequence[str]], None]
    """Queue webhooks: an order, and the topics of what happened to it."""
    trial: bool = False
    nested_cap: int = MAX_PAGE
    """Rows at most on a page of a record's own list."""
    zone: tzinfo = UTC
    """The shop's own."""
    searches: list[dict[str, Any]] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return seconds(self.store.clock_now())

    def need(self, *scopes: str, what: str) -> None:
        """Raise the vendor's ACCESS_DENIED unless one of the scopes was granted; a write scope contains the read
        scope."""
        granted = self.scopes | {scope.replace("write_", "read_", 1) for scope in self.scopes}
        if not granted & set(scopes):
            raise GraphQLError(
                f"Access denied for {what} field. Required access: `{scopes[0]}` access scope.",
                extensions={
                    "code": "ACCESS_DENIED",
                    "documentation": "https://shopify.dev/api/usage/access-scopes",
                    "requiredAccess": f"`{scopes[0]}` access scope.",
                },
            )

    def reachable(self, order: Record | None) -> Record | None:
        """The order, unless it is older than the scopes reach."""
        if order is None or "read_all_orders" in self.scopes:
            return order
        return order if order["createdAt"] >= self.now - timedelta(days=VISIBLE_DAYS) else None


def listed(visit: Visit, kind: str, records: Sequence[Record], order: Record, **page: Any) -> Slice[Record]:
    """A page of records in the order in which they stand."""
    places = {id(record): place for place, record in enumerate(records)}
    rows = list(reversed(records)) if page.get("reverse") else records
    return sliced(
        rows,
        lambda record: (places[id(record)], 0),
        lambda record: View(kind, record, order),
        visit.nested_cap,
        **page,
    )


def searched(
    visit: Visit,
    resource: str,
    query: str | None,
    sort: Callable[[int, Record], Any],
    sort_name: str,
    show: Callable[[int], Any],
    *,
    keep: Callable[[int], bool] | None = None,
    **page: Any,
) -> Slice[tuple[Any, int]]:
    """A page of what the search index has: sorted by a value of the document, then by id."""
    index: Index = visit.store.index[resource]
    now = visit.store.clock_now().astimezone(visit.zone)
    rows = index.find(query, sort, sort_name, bool(page.get("reverse")), now)
    if keep is not None:
        rows = [row for row in rows if keep(row[1])]
    strangers = index.strangers(query, FIELDS[resource])
    if strangers:
        visit.searches.append(
            {
                "path": [{"variants": "productVariants"}.get(resource, resource)],
                "query": query,
                "warnings": [
                    {
                        "field": name,
                        "message": "Invalid search field for this query.",
                        "code": "invalid_field",
                    }
                    for name in strangers
                ],
            }
        )
    return sliced(rows, lambda row: row, lambda row: show(row[1]), min(visit.cap, MAX_PAGE), **page)
