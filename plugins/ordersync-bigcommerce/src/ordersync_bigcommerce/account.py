"""The store behind a connection: who it is, what its API account may do, and in which currencies it sells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ordersync import AccessDenied, Account, Facts, NotFound
from ordersync.web import Access
from ordersync_bigcommerce import wire
from ordersync_bigcommerce.api import Api, read_as
from ordersync_bigcommerce.settings import BigCommerceSettings

__all__ = ["Currencies", "check", "currencies_of"]

MEMORY = "bigcommerce."
"""What the names begin with under which answers of the store are remembered."""
REMEMBERED = timedelta(hours=6)
"""For how long the store's currencies are taken as known."""
PROBES = (
    ("v2/orders", {"limit": "1"}, "store_v2_orders"),
    ("v3/customers", {"limit": "1"}, "store_v2_customers"),
    ("v3/catalog/variants", {"limit": "1"}, "store_v2_products_read_only"),
    ("v3/inventory/items", {"limit": "1"}, "store_inventory_read_only"),
)
"""What is read to see whether it may be: BigCommerce does not tell a token's scopes, and a right to write cannot be
tried without writing."""


@dataclass(frozen=True)
class Currencies:
    """In which currencies orders can be written."""

    own: str | None
    """The store's default currency; None if we may not see it."""
    all: frozenset[str] | None


def currencies_of(api: Api, access: Access) -> Currencies:
    """The store's currencies, remembered for a while."""

    def look() -> Any:
        try:
            rows = [read_as(wire.StoreCurrency, row) for row in api.all_rows("v2/currencies")]
        except (AccessDenied, NotFound):
            return None
        own = next((row.currency_code for row in rows if row.is_default), None)
        paid = {row.currency_code for row in rows if row.enabled and row.is_transactional is not False}
        return {"own": own, "all": sorted(paid | ({own} if own else set()))}

    known = access.memory.once(f"{MEMORY}currencies", look, now=access.clock.now(), keep=REMEMBERED)
    if not known:
        return Currencies(None, None)
    return Currencies(known["own"], frozenset(known["all"]) or None)


def check(api: Api, settings: BigCommerceSettings, access: Access, facts: Facts, thorough: bool) -> Account:
    """Who we are there. The id is the store hash, which is the store's for life."""
    warnings, missing = [], []
    name = ""
    try:
        store = read_as(wire.Store, api.ask("v2/store"))
        name = store.name
        if store.status and store.status.lower() not in ("live", "active", "prelaunch"):
            warnings.append(f"The store says that it is {store.status}.")
    except AccessDenied as error:
        if "token" in error.remedy and "scopes" not in error.remedy:
            raise
        missing.append("store_v2_information_read_only")
        api.ask("v2/order_statuses")
    if thorough:
        for path, params, scope in PROBES:
            try:
                api.ask(path, params)
            except AccessDenied:
                missing.append(scope)
    if not (settings.secrets or settings.webhook_token):
        warnings.append("Webhooks cannot be verified: neither `client_secret` nor `webhook_token` is set.")
    known = currencies_of(api, access)
    if known.all is not None:
        facts = facts.model_copy(update={"currencies": known.all})
    return Account(
        id=settings.store_hash,
        name=name,
        missing_scopes=tuple(missing),
        api_version="V2 and V3",
        problems=tuple(
            f"The API account lacks the scope {scope}: give it to the account, or make a new one with it."
            for scope in missing
        ),
        warnings=tuple(warnings),
        facts=facts,
    )
