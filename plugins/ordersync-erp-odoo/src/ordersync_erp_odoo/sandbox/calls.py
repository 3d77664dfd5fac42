"""One call of one method: found or not, allowed or not, arguments bound, everything undone if it fails (measured)."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from .catalogue import Currency, Location, ModelData, Pricelist, Product, SalesTax, Template
from .contacts import Partner, State
from .env import Env
from .faults import AccessFault, AttributeFault, TypeFault
from .lines import SaleOrderLine
from .loading import failed
from .records import Table
from .sales import SaleOrder, SaleOrderCancel
from .stock import BackorderConfirmation, StockMove, StockPicking, StockQuant

__all__ = ["CHECKS", "READS", "REGISTRY", "call"]

REGISTRY: dict[str, type[Table]] = {
    "*": Table,
    "sale.order": SaleOrder,
    "sale.order.line": SaleOrderLine,
    "sale.order.cancel": SaleOrderCancel,
    "res.partner": Partner,
    "res.country.state": State,
    "res.currency": Currency,
    "product.template": Template,
    "product.product": Product,
    "product.pricelist": Pricelist,
    "account.tax": SalesTax,
    "stock.location": Location,
    "stock.picking": StockPicking,
    "stock.move": StockMove,
    "stock.quant": StockQuant,
    "stock.backorder.confirmation": BackorderConfirmation,
    "ir.model.data": ModelData,
}
READS = frozenset(
    "search search_read search_count read fields_get name_search get_external_id exists".split()
)
"""Methods that need the right to read, and change nothing."""
CHECKS = frozenset({"check_access_rights", "has_access"})
_FREE = CHECKS | {"load"}
_COMPANIES = frozenset({1})


def call(env: Env, model: str, method: str, args: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """Call a public method in a transaction of its own."""
    if method.startswith("_"):
        raise AccessFault(f"Private methods (such as '{model}.{method}') cannot be called remotely.")
    table = env.table(model)
    if not table.public(method):
        raise AttributeFault(f"The method '{method}' does not exist on the model '{model}'")
    if set(env.context.get("allowed_company_ids") or ()) - _COMPANIES:
        raise AccessFault("Access to unauthorized or invalid companies.")
    function = getattr(table, method)
    try:
        bound = inspect.signature(function).bind(*args, **named)
    except TypeError as error:
        raise TypeFault(str(error)) from None
    _allow(table, method, bound.arguments.get("ids"))
    env.store.begin()
    done = False
    try:
        answer = function(*bound.args, **bound.kwargs)
        done = not failed(answer)
    finally:
        if done:
            env.store.commit()
        else:
            env.store.rollback()
    return answer


def _allow(table: Table, method: str, ids: Any) -> None:
    if method in _FREE:
        return
    operation = "read" if method in READS else method if method in ("create", "unlink") else "write"
    rows = table.rows_of([ids] if isinstance(ids, int) else [i for i in ids or () if isinstance(i, int)])
    table.demand(operation, rows)
