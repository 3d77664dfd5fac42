"""Deliveries: goods that left an order, told and made."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from ordersync import Fulfillment, NotFound, Refused, UnexpectedReply
from ordersync_erp_sapb1.mapping import key_of
from ordersync_erp_sapb1.service import Service, any_of, quoted
from ordersync_erp_sapb1.telling import ORDER_OBJECT
from ordersync_erp_sapb1.wire import DeliveryNote, Document

__all__ = ["Dock"]

CHUNK = 15


class Dock:
    """Reads and makes delivery notes."""

    def __init__(self, service: Service, log: logging.Logger) -> None:
        self._service = service
        self._log = log

    def of_orders(self, entries: Iterable[int]) -> dict[int, list[DeliveryNote]]:
        """DocEntry of an order → the delivery notes that draw on it, without cancelled ones.

        Rows cannot be filtered by the query options; the query service can (service reference, QueryService, there for
        orders). Where it is not offered the log says so, and nothing is told of deliveries.
        """
        wanted = sorted(set(entries))
        notes: dict[int, DeliveryNote] = {}
        for first in range(0, len(wanted), CHUNK):
            drawing = self._drawing(wanted[first : first + CHUNK])
            for start in range(0, len(drawing), CHUNK):
                where = any_of([f"DocEntry eq {entry}" for entry in drawing[start : start + CHUNK]])
                notes.update({row.DocEntry: row for row in self._service.rows(DeliveryNote, where=where)})
        found: dict[int, list[DeliveryNote]] = {}
        for _, note in sorted(notes.items()):
            if note.Cancelled == "tYES":
                continue
            for entry in sorted(
                {
                    row.BaseEntry
                    for row in note.DocumentLines
                    if row.BaseType == ORDER_OBJECT and row.BaseEntry
                }
            ):
                found.setdefault(entry, []).append(note)
        return found

    def _drawing(self, entries: Sequence[int]) -> list[int]:
        """The DocEntry of every delivery note with a row that draws on one of these orders."""
        lines = "DeliveryNotes/DocumentLines"
        wanted = any_of([f"{lines}/BaseEntry eq {entry}" for entry in entries])
        query = {
            "QueryPath": f"$crossjoin(DeliveryNotes,{lines})",
            "QueryOption": f"$expand=DeliveryNotes($select=DocEntry),{lines}($select=BaseEntry)"
            f"&$filter=DeliveryNotes/DocEntry eq {lines}/DocEntry and {lines}/BaseType eq {ORDER_OBJECT} "
            f"and ({wanted})",
        }
        try:
            answer = self._service.send("POST", "QueryService_PostQuery", query, changes=False)
        except (Refused, UnexpectedReply) as error:
            self._log.warning("deliveries cannot be read: %s", error.message)
            return []
        rows = answer.get("value") if isinstance(answer, dict) else None
        return sorted(
            {
                int(row["DeliveryNotes"]["DocEntry"])
                for row in (rows if isinstance(rows, list) else [])
                if isinstance(row, dict) and isinstance(row.get("DeliveryNotes"), dict)
            }
        )

    def ship(self, order: Document, shipment: Fulfillment, key: str) -> None:
        """One delivery note for the shipment, stamped with the key; one that stands already is left alone.

        Raises Refused if a line is not there or has less to deliver, InDoubt.
        """
        for note in self._service.rows(DeliveryNote, where=f"endswith(NumAtCard,{quoted(key)})"):
            if key_of(note.NumAtCard) == key and note.Cancelled != "tYES":
                return
        rows = []
        by_id = {str(row.LineNum): row for row in order.DocumentLines}
        open_ = {
            each: row.RemainingOpenQuantity for each, row in by_id.items() if row.RemainingOpenQuantity > 0
        }
        for each, quantity in (shipment.lines or open_).items():
            if each not in by_id:
                if each.startswith("expense:"):
                    continue
                raise NotFound(f"The order {order.DocNum} has no line {each}.")
            if quantity > by_id[each].RemainingOpenQuantity:
                raise Refused(
                    f"Line {each} of the order {order.DocNum} has {by_id[each].RemainingOpenQuantity} left to deliver."
                )
            rows.append(
                {
                    "BaseType": ORDER_OBJECT,
                    "BaseEntry": order.DocEntry,
                    "BaseLine": int(each),
                    "Quantity": quantity,
                }
            )
        if not rows:
            return
        body: dict[str, Any] = {"CardCode": order.CardCode, "NumAtCard": f"({order.DocNum}) {key}"}
        tracking = next((each.number for each in shipment.tracking if each.number), None)
        if tracking:
            body["TrackingNumber"] = tracking
        self._service.send("POST", DeliveryNote.SET, {**body, "DocumentLines": rows})
