"""Deliveries and quantities: pickings from confirmed orders, validation, backorders (measured)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from .env import Env
from .faults import UserFault
from .records import Table
from .store import Row

__all__ = [
    "BackorderConfirmation",
    "StockMove",
    "StockPicking",
    "StockQuant",
    "delivery_status",
    "launch",
    "quantities",
]

ZERO = Decimal(0)
_OPEN = ("draft", "waiting", "confirmed", "partially_available", "assigned")


def _storable(env: Env, product: Row) -> bool:
    table = env.table("product.product")
    if env.version == "17":
        return bool(table.value(product, "detailed_type") == "product")
    return bool(table.value(product, "is_storable"))


def _locations(env: Env) -> set[int]:
    """The internal locations that the context asks about; the key's name changed between the versions."""
    wanted = env.context.get("location")
    warehouse = env.context.get("warehouse" if env.version == "17" else "warehouse_id")
    locations = env.table("stock.location")
    if wanted:
        roots = [wanted] if isinstance(wanted, int) else list(wanted)
    elif warehouse:
        chosen = [warehouse] if isinstance(warehouse, int) else list(warehouse)
        roots = [row["view_location_id"] for row in env.table("stock.warehouse").rows_of(chosen)]
    else:
        return {row["id"] for row in locations.rows.values() if row["usage"] == "internal"}
    return {
        row["id"] for row in locations.rows_of(locations.descendants(roots)) if row["usage"] == "internal"
    }


def quantities(env: Env, product: int) -> dict[str, Decimal]:
    """On hand, reserved, and on their way out, in the context's locations."""
    places = _locations(env)
    store = env.store
    on_hand = reserved = outgoing = ZERO
    for row in env.table("stock.quant").rows_of(store.find("stock.quant", "product_id", product)):
        if row["location_id"] in places:
            on_hand += row["quantity"]
            reserved += row["reserved_quantity"]
    for move in env.table("stock.move").rows_of(store.find("stock.move", "product_id", product)):
        if move["location_id"] in places and move["state"] in _OPEN:
            outgoing += move["product_uom_qty"]
    return {
        "qty_available": on_hand,
        "outgoing_qty": outgoing,
        "incoming_qty": ZERO,
        "virtual_available": on_hand - outgoing,
        "free_qty": on_hand - reserved,
    }


def delivery_status(env: Env, order: int) -> str | None:
    """What an order says of its deliveries (measured)."""
    pickings = env.table("stock.picking").rows_of(env.store.find("stock.picking", "sale_id", order))
    states = {picking["state"] for picking in pickings}
    if not states - {"cancel"}:
        return None
    if states <= {"done", "cancel"}:
        return "full"
    if "done" in states:
        lines = env.table("sale.order.line").rows_of(env.store.find("sale.order.line", "order_id", order))
        return "partial" if any(line["qty_delivered"] for line in lines) else "started"
    return "pending"


def launch(env: Env, order: int) -> None:
    """Make deliveries for what a confirmed order's lines need and no delivery holds yet."""
    row = env.store.rows["sale.order"][order]
    needs: list[tuple[Row, Decimal]] = []
    products = env.table("product.product")
    for line in env.table("sale.order.line").rows_of(env.store.find("sale.order.line", "order_id", order)):
        product = env.store.get("product.product", line["product_id"])
        if product is None or products.value(product, "type") == "service":
            continue
        moves = env.table("stock.move").rows_of(env.store.find("stock.move", "sale_line_id", line["id"]))
        held = sum((move["product_uom_qty"] for move in moves if move["state"] != "cancel"), ZERO)
        if line["product_uom_qty"] > held:
            needs.append((line, line["product_uom_qty"] - held))
    if not needs:
        return
    warehouse = env.store.rows["stock.warehouse"][row["warehouse_id"]]
    pickings = env.table("stock.picking")
    assert isinstance(pickings, StockPicking)
    standing = [
        picking
        for picking in pickings.rows_of(env.store.find("stock.picking", "sale_id", order))
        if picking["state"] not in ("done", "cancel")
    ]
    picking = standing[0]["id"] if standing else pickings.outgoing(row, warehouse)
    for line, quantity in needs:
        pickings.add(picking, line, quantity)
    pickings.settle(picking)


class StockPicking(Table):
    """`stock.picking`."""

    exposed: ClassVar[frozenset[str]] = frozenset({"button_validate", "action_cancel", "action_assign"})

    def compute(self, _row: Row, _name: str, /) -> Any:
        return "outgoing"

    def outgoing(self, order: Row, warehouse: Row, origin: Row | None = None) -> int:
        """A new, empty delivery of an order."""
        customers = next(
            row["id"] for row in self.store.rows["stock.location"].values() if row["usage"] == "customer"
        )
        number = self.store.draw(f"picking/{warehouse['code']}")
        return self.make(
            [
                {
                    "name": f"{warehouse['code']}/OUT/{number:05d}",
                    "origin": order["name"],
                    "state": "draft",
                    "partner_id": order["partner_shipping_id"],
                    "company_id": order["company_id"],
                    "sale_id": order["id"],
                    "scheduled_date": self.env.now.strftime("%Y-%m-%d %H:%M:%S"),
                    "backorder_id": origin["id"] if origin else False,
                    "location_id": warehouse["lot_stock_id"],
                    "location_dest_id": customers,
                }
            ]
        )[0]

    def add(self, picking: int, line: Row, quantity: Decimal) -> None:
        """A move for one order line, with what is free reserved for it."""
        row = self.rows[picking]
        values: Row = {
            "picking_id": picking,
            "product_id": line["product_id"],
            "product_uom_qty": quantity,
            "quantity": ZERO,
            "picked": False,
            "state": "confirmed",
            "sale_line_id": line["id"],
            "location_id": row["location_id"],
            "location_dest_id": row["location_dest_id"],
            "origin": row["origin"],
            "sequence": 10,
        }
        if self.env.version == "17":
            values["name"] = line["name"]
        move = self.env.table("stock.move").make([values])[0]
        self._reserve(self.store.rows["stock.move"][move])

    def _reserve(self, move: Row) -> None:
        missing = move["product_uom_qty"] - move["quantity"]
        quant = self._quant(move)
        if not _storable(self.env, self.store.rows["product.product"][move["product_id"]]):
            taken = missing
        else:
            free = quant["quantity"] - quant["reserved_quantity"] if quant else ZERO
            taken = max(min(missing, free), ZERO)
            if quant and taken:
                self.store.update(
                    "stock.quant", quant["id"], {"reserved_quantity": quant["reserved_quantity"] + taken}
                )
        held = move["quantity"] + taken
        state = (
            "assigned" if held >= move["product_uom_qty"] else "partially_available" if held else "confirmed"
        )
        self.store.update("stock.move", move["id"], {"quantity": held, "state": state, "_reserved": held})

    def _quant(self, move: Row) -> Row | None:
        rows = self.env.table("stock.quant").rows_of(
            self.store.find("stock.quant", "product_id", move["product_id"])
        )
        return next((row for row in rows if row["location_id"] == move["location_id"]), None)

    def _moves(self, picking: int) -> list[Row]:
        return self.env.table("stock.move").rows_of(self.store.find("stock.move", "picking_id", picking))

    def settle(self, picking: int) -> None:
        """The delivery's state from its moves'."""
        states = {move["state"] for move in self._moves(picking)} - {"cancel"}
        ready = states & {"assigned", "partially_available"}
        state = "done" if states == {"done"} else "assigned" if ready else "confirmed" if states else "cancel"
        self.touch(picking, {"state": state})

    def action_assign(self, ids: Any) -> bool:
        """Reserve again."""
        for row in self.needed(_ids(ids)):
            for move in self._moves(row["id"]):
                if move["state"] in _OPEN:
                    self._reserve(move)
            self.settle(row["id"])
        return True

    def action_cancel(self, ids: Any) -> bool:
        """Cancel what is not done and free what it held."""
        for row in self.needed(_ids(ids)):
            if row["state"] == "done":
                raise UserFault("You cannot cancel a stock move that has been set to 'Done'.")
            for move in self._moves(row["id"]):
                self._free(move)
                self.store.update("stock.move", move["id"], {"state": "cancel"})
            self.touch(row["id"], {"state": "cancel"})
            if row["sale_id"]:
                self._tell(row["sale_id"])
        return True

    def _free(self, move: Row) -> None:
        quant = self._quant(move)
        held = move.get("_reserved") or ZERO
        if quant and held and _storable(self.env, self.store.rows["product.product"][move["product_id"]]):
            self.store.update(
                "stock.quant", quant["id"], {"reserved_quantity": quant["reserved_quantity"] - held}
            )
        self.store.update("stock.move", move["id"], {"_reserved": ZERO})

    def button_validate(self, ids: Any) -> Any:
        """Done, or the question whether the rest makes a backorder (measured)."""
        rows = self.needed(_ids(ids))
        short = []
        for row in rows:
            if row["state"] == "done":
                continue
            moves = [move for move in self._moves(row["id"]) if move["state"] in _OPEN]
            picked = [move for move in moves if move["picked"]] or moves
            if not any(move["quantity"] for move in picked):
                raise UserFault(
                    "You cannot validate a transfer if no quantities are reserved. To force the transfer, encode "
                    "quantities."
                )
            chosen = {move["id"] for move in picked}
            if any(move["quantity"] < move["product_uom_qty"] or move["id"] not in chosen for move in moves):
                short.append(row["id"])
        if short and not self.env.context.get("skip_backorder"):
            return {
                "name": "Create Backorder?",
                "type": "ir.actions.act_window",
                "view_mode": "form",
                "res_model": "stock.backorder.confirmation",
                "views": [[1, "form"]],
                "view_id": 1,
                "target": "new",
                "context": {
                    **self.env.context,
                    "default_show_transfers": False,
                    "default_pick_ids": [[4, record] for record in short],
                    "button_validate_picking_ids": [row["id"] for row in rows],
                },
            }
        for row in rows:
            self.finish(row, backorder=True)
        return True

    def finish(self, row: Row, *, backorder: bool) -> None:
        """Move the goods; what is left over goes to a backorder or is dropped."""
        if row["state"] == "done":
            return
        moves = [move for move in self._moves(row["id"]) if move["state"] in _OPEN]
        picked = {move["id"] for move in moves if move["picked"]} or {move["id"] for move in moves}
        left: list[tuple[Row, Decimal]] = []
        for move in moves:
            done = move["quantity"] if move["id"] in picked else ZERO
            self._free(move)
            rest = move["product_uom_qty"] - done
            if rest > 0:
                left.append((move, rest))
            if done:
                self._ship(move, done)
            else:
                self.store.update("stock.move", move["id"], {"state": "cancel"})
        self.touch(row["id"], {"state": "done", "date_done": self.env.now.replace(microsecond=0)})
        if left and backorder:
            order = self.store.rows["sale.order"][row["sale_id"]]
            follow = self.outgoing(order, self.store.rows["stock.warehouse"][order["warehouse_id"]], row)
            for move, rest in left:
                self.add(follow, self.store.rows["sale.order.line"][move["sale_line_id"]], rest)
            self.settle(follow)
        if row["sale_id"]:
            self._tell(row["sale_id"])

    def _ship(self, move: Row, done: Decimal) -> None:
        quant = self._quant(move)
        if _storable(self.env, self.store.rows["product.product"][move["product_id"]]):
            if quant is None:
                made = self.env.table("stock.quant").make(
                    [{"product_id": move["product_id"], "location_id": move["location_id"]}]
                )
                quant = self.store.rows["stock.quant"][made[0]]
            self.store.update("stock.quant", quant["id"], {"quantity": quant["quantity"] - done})
        self.store.update(
            "stock.move",
            move["id"],
            {
                "state": "done",
                "product_uom_qty": done,
                "quantity": done,
                "picked": True,
                "write_date": self.env.now,
            },
        )
        line = self.store.get("sale.order.line", move["sale_line_id"])
        if line:
            self.env.table("sale.order.line").touch(
                line["id"], {"qty_delivered": line["qty_delivered"] + done}
            )

    def _tell(self, order: int) -> None:
        orders = self.env.table("sale.order")
        orders.follow(order)  # type: ignore[attr-defined]
        if not self.env.options.get("silent"):
            orders.touch(order, {})


class StockMove(Table):
    """`stock.move`."""

    def display(self, row: Row, /) -> str:
        picking = self.store.get("stock.picking", row["picking_id"])
        product = self.store.rows["product.product"][row["product_id"]]
        return f"{picking['name'] if picking else ''}/{product.get('default_code') or ''}: Stock>Customers"


class StockQuant(Table):
    """`stock.quant`; a counted quantity stands once it is applied (recorded 17: quant-apply-inventory)."""

    exposed: ClassVar[frozenset[str]] = frozenset({"action_apply_inventory"})

    def defaults(self, values: Row, _given: Mapping[str, Any], /) -> None:
        values.setdefault("quantity", ZERO)
        values.setdefault("reserved_quantity", ZERO)
        values.setdefault("inventory_quantity", ZERO)

    def compute(self, row: Row, _name: str, /) -> Any:
        return row["quantity"] - row["reserved_quantity"]

    def display(self, row: Row, /) -> str:
        return str(self._follow(row, "location_id.complete_name"))

    def action_apply_inventory(self, ids: Any) -> None:
        for row in self.needed(_ids(ids)):
            self.touch(row["id"], {"quantity": row["inventory_quantity"], "inventory_quantity": ZERO})


class BackorderConfirmation(Table):
    """The question after a partial delivery (measured)."""

    exposed: ClassVar[frozenset[str]] = frozenset({"process", "process_cancel_backorder"})

    def defaults(self, values: Row, _given: Mapping[str, Any], /) -> None:
        if "pick_ids" not in values:
            commands = self.env.context.get("default_pick_ids") or []
            values["pick_ids"] = [
                command[1] if isinstance(command, list) else command for command in commands
            ]

    def process(self, ids: Any) -> bool:
        return self._finish(ids, backorder=True)

    def process_cancel_backorder(self, ids: Any) -> bool:
        return self._finish(ids, backorder=False)

    def _finish(self, ids: Any, *, backorder: bool) -> bool:
        pickings = self.env.table("stock.picking")
        assert isinstance(pickings, StockPicking)
        for row in self.needed(_ids(ids)):
            for picking in pickings.needed(row["pick_ids"]):
                pickings.finish(picking, backorder=backorder)
        return True


def _ids(ids: Any) -> list[int]:
    return [ids] if isinstance(ids, int) else list(ids or ())
