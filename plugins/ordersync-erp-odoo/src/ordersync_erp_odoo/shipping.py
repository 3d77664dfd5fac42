"""Goods that left: deliveries of an order validated, in whole or in part."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from ordersync import ZERO, Fulfillment, Refused
from ordersync_erp_odoo.mapping import as_html
from ordersync_erp_odoo.rpc import Odoo
from ordersync_erp_odoo.wire import HeadRow, MoveRow, PickingRow

__all__ = ["Dock"]


class Dock:
    """Validates deliveries."""

    def __init__(self, odoo: Odoo) -> None:
        self._odoo = odoo

    @property
    def tracks(self) -> bool:
        """Whether a tracking number has a field: only with the module that prints shipping labels."""
        return self._odoo.has("stock.picking", "carrier_tracking_ref")

    def ship(self, head: HeadRow, fulfillment: Fulfillment, key: str) -> None:
        """Validate the order's open deliveries for these lines; what is left becomes Odoo's backorder.

        The key is written into the delivery's note before it is validated, so that the same shipment asked twice is
        made once. Raises Refused if there is nothing open for the lines.
        """
        pickings = {row.id: row for row in self._odoo.search(PickingRow, [["sale_id", "=", head.id]])}
        ours = {row.id for row in pickings.values() if row.state == "done" and key in (row.note or "")}
        moves = [
            move
            for move in self._odoo.search(MoveRow, [["picking_id", "in", sorted(pickings)]])
            if move.sale_line_id and move.picking_id and move.state != "cancel"
        ]
        gone = [move for move in moves if move.picking_id and move.picking_id.id in ours]
        moves = [move for move in moves if move.state != "done"]
        shipped = self._quantities(moves, gone, fulfillment)
        if not shipped and not ours:
            raise Refused(
                f"The order {head.name} has nothing to deliver for these lines.",
                remedy="Look at its deliveries in Odoo.",
            )
        for picking in sorted({move.picking_id.id for move in moves if move.picking_id}):
            own = [move for move in moves if move.picking_id and move.picking_id.id == picking]
            if any(move.id in shipped for move in own):
                self._validate(pickings[picking], own, shipped, fulfillment, key)

    @staticmethod
    def _quantities(
        moves: list[MoveRow], gone: list[MoveRow], fulfillment: Fulfillment
    ) -> dict[int, Decimal]:
        """Open move → how many leave; `gone` are those that an earlier try of this shipment has validated."""
        if not fulfillment.lines:
            return {move.id: move.product_uom_qty for move in moves}
        left = dict(fulfillment.lines)
        for move in gone:
            line = _line_of(move)
            left[line] = left.get(line, ZERO) - move.quantity
        shipped: dict[int, Decimal] = {}
        for move in moves:
            part = min(left.get(_line_of(move), ZERO), move.product_uom_qty)
            if part > 0:
                shipped[move.id] = part
                left[_line_of(move)] -= part
        missing = sorted(line for line, quantity in left.items() if quantity > 0)
        if missing:
            raise Refused(
                f"More than is open was shipped of the order lines {', '.join(missing)}.",
                remedy="Correct the delivery in Odoo.",
            )
        return shipped

    def _validate(
        self,
        picking: PickingRow,
        moves: list[MoveRow],
        shipped: Mapping[int, Decimal],
        fulfillment: Fulfillment,
        key: str,
    ) -> None:
        stamp: dict[str, object] = {}
        if key not in (picking.note or "") and self._odoo.has("stock.picking", "note"):
            stamp["note"] = (picking.note or "") + as_html(key)
        number = next((each.number for each in fulfillment.tracking if each.number), None)
        if number and self.tracks:
            stamp["carrier_tracking_ref"] = number
        if stamp:
            self._odoo.call("stock.picking", "write", [picking.id], write=True, vals=stamp)
        for move in moves:
            quantity = shipped.get(move.id, ZERO)
            vals = {"quantity": quantity, "picked": quantity > 0}
            self._odoo.call("stock.move", "write", [move.id], write=True, vals=vals)
        answer = self._odoo.call(
            "stock.picking", "button_validate", [picking.id], write=True, context={"skip_backorder": True}
        )
        if isinstance(answer, dict):
            raise Refused(
                f"Odoo asks a person before it validates the delivery ({answer.get('res_model')}).",
                remedy="Validate the delivery in Odoo.",
            )


def _line_of(move: MoveRow) -> str:
    return str(move.sale_line_id.id) if move.sale_line_id else ""
