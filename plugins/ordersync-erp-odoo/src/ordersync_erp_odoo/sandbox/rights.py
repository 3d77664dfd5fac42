"""What the interface's user may do (measured)."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PROFILES", "Rights"]

_ORDERS = frozenset({"sale.order", "sale.order.line", "sale.order.cancel", "crm.tag"})
_STOCK = frozenset({"stock.picking", "stock.move", "stock.backorder.confirmation"})
_CONTACTS = frozenset({"res.partner", "res.partner.category"})
_HIDDEN = frozenset({"ir.model.data"})
PROFILES = ("full", "manager", "no-contacts", "own-documents", "none")


@dataclass(frozen=True)
class Rights:
    """One profile: `admin` may everything; `full` is a sales user for all documents who may create contacts."""

    profile: str

    def allow(self, model: str, operation: str) -> bool:
        """Whether this operation (read, write, create, unlink) on this model is open."""
        if self.profile == "admin":
            return True
        if model in _HIDDEN:
            return False
        if self.profile == "none":
            return operation == "read" and model not in _ORDERS | _STOCK
        if operation == "read":
            return True
        if model in _ORDERS:
            return True
        if model in _STOCK:
            return operation != "unlink"
        if model in _CONTACTS:
            return self.profile != "no-contacts" and self.profile != "own-documents"
        if self.profile == "manager":
            return model == "product.pricelist"
        return False

    @property
    def own_documents(self) -> bool:
        """Whether record rules hide other salespeople's orders (measured)."""
        return self.profile == "own-documents"
