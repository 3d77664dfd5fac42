"""Sales orders: what a write makes of one, how it is computed, and how it is told.

Amounts are net. A line's rate stands with the custom price level; an amount that is sent stands. With SuiteTax the tax
details that are sent stand if they override, else the engine's rates of the delivery's place count; with legacy taxes
the place's or the line's code. Status follows from approval, fulfilment and closed lines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from .faults import bad_content, user_error
from .fields import ORDER, ORDER_LINE, TAX_DETAIL, taken
from .store import UNSHIPPED, Record, Store, to_digits

__all__ = ["PLACES", "STATUSES", "Sales"]

ZERO = Decimal(0)
PLACES: Mapping[tuple[str, str | None], tuple[str, ...]] = {
    ("US", "NY"): ("8.875",),
    ("US", "CA"): ("7.25", "1.25"),
    ("DE", None): ("19",),
    ("GB", None): ("20",),
    ("JP", None): ("10",),
}
"""The rates in percent of the places where the account is registered; the engine knows no others."""
STATUSES = {
    "A": "Pending Approval",
    "B": "Pending Fulfillment",
    "C": "Cancelled",
    "D": "Partially Fulfilled",
    "E": "Pending Billing/Partially Fulfilled",
    "F": "Pending Billing",
    "G": "Billed",
    "H": "Closed",
}
_HEAD = (
    "entity otherRefNum memo email currency subsidiary location department class customForm shipMethod "
    "discountItem orderStatus tranDate shippingCost discountRate taxDetailsOverride billingAddress shippingAddress"
).split()


class Sales:
    """The sales orders of a store. `tax` is suitetax, legacy, codes (legacy that takes codes) or none."""

    def __init__(
        self,
        store: Store,
        tax: str,
        now: Callable[[], datetime],
        *,
        price_level_wins: bool = False,
        recomputed: int | None = None,
    ) -> None:
        self._store = store
        self._tax = tax
        self._now = now
        self._price_level_wins = price_level_wins
        self._recomputed = recomputed

    # -- writing ------------------------------------------------------------------------------------------------

    def write(
        self, body: Any, order: Record | None, *, key: str | None, replaced: frozenset[str], strict: bool
    ) -> Record:
        """Make a new order, or change one; nothing is kept if any of it is refused."""
        values = taken(body, ORDER, strict=strict)
        self._allowed(values, strict)
        made: Record = (
            {**order, "lines": [dict(line) for line in order["lines"]], "details": list(order["details"])}
            if order
            else {"lines": [], "details": [], "orderStatus": "B", "externalId": key, "tracking": []}
        )
        for name in _HEAD:
            if name in values:
                made[name] = values[name]
        if "externalId" in values:
            made["externalId"] = values["externalId"]
        self._check_head(made)
        self._lines(made, values.get("item"), replace="item" in replaced, strict=strict)
        self._details(made, values.get("taxDetails"), replace="taxDetails" in replaced, strict=strict)
        now = self._now().replace(microsecond=0)
        made["lastModifiedDate"] = now
        if order is None:
            made.setdefault("tranDate", now.date().isoformat())
            made["createdDate"] = now
            self._store.add("salesOrder", made)
            made["tranId"] = f"SO{int(made['id']):05d}"
        else:
            order.clear()
            order.update(made)
            made = order
        return made

    def _allowed(self, values: Mapping[str, Any], strict: bool) -> None:
        """REST web services support tax fields with SuiteTax only."""
        if self._tax == "suitetax":
            return
        for name in ("taxDetails", "taxDetailsOverride"):
            if name in values and strict:
                raise bad_content(f"Unknown reference or field name '{name}' in the request body.", name)

    def _check_head(self, made: Record) -> None:
        store = self._store
        if not made.get("entity"):
            raise user_error("Please enter value(s) for: Customer", "entity")
        customer = store.refer("customer", made["entity"], "entity", "entity")
        made.setdefault("currency", customer["currency"])
        if made["currency"] not in customer["currencies"]:
            raise bad_content(
                f"Invalid currency reference key {made['currency']} for entity {made['entity']}.", "currency"
            )
        own = customer.get("subsidiary")
        if made.setdefault("subsidiary", own) != own:
            raise bad_content(f"Invalid subsidiary reference key {made['subsidiary']}.", "subsidiary")
        if made.get("location"):
            store.refer("location", made["location"], "location", "location")
        if made["orderStatus"] not in ("A", "B"):
            raise bad_content(f"Invalid orderStatus reference key {made['orderStatus']}.", "orderStatus")
        if made["orderStatus"] == "A" and any(line["fulfilled"] for line in made["lines"]):
            raise user_error("The order has been fulfilled and cannot be unapproved.", "orderStatus")

    def _lines(self, made: Record, items: Any, *, replace: bool, strict: bool) -> None:
        if items is None:
            if not made["lines"]:
                raise user_error("You must enter at least one line item for this transaction.", "item")
            return
        kept = {line["line"]: line for line in made["lines"]}
        lines = [] if replace else list(made["lines"])
        number = max(kept, default=0)
        for i, item in enumerate(items):
            path = f"item.items[{i}]"
            values = taken(item, ORDER_LINE, strict=strict, path=path)
            if "taxCode" in values and self._tax != "codes":
                if strict:
                    raise bad_content("Unknown reference or field name 'taxCode' in the request body.", path)
                del values["taxCode"]
            place = int(values.pop("line", 0))
            if place:
                if place not in kept:
                    raise bad_content(f"The line {place} does not exist.", f"{path}.line")
                line = kept[place]
                if replace:
                    lines.append(line)
            else:
                number += 1
                line = {"line": number, "fulfilled": ZERO, "isClosed": False}
                lines.append(line)
            self._line(line, values, made, path)
        if not lines:
            raise user_error("You must enter at least one line item for this transaction.", "item")
        made["lines"] = lines

    def _line(self, line: Record, values: Record, made: Record, path: str) -> None:
        line.update(values)
        if not line.get("item"):
            raise user_error("Please enter value(s) for: Item", f"{path}.item")
        item = self._store.refer("item", line["item"], "item", f"{path}.item")
        digits = self.digits(made)
        quantity = line.setdefault("quantity", Decimal(1))
        if quantity < 0:
            raise user_error("Quantity must be positive.", f"{path}.quantity")
        listed = line.get("price") != "-1" and (self._price_level_wins or line.get("rate") is None)
        if listed and ("rate" in values or "item" in values) and item["type"] != "Discount":
            line["rate"] = item["price"]
            line["amount"] = to_digits(item["price"] * quantity, digits)
        elif self._recomputed is not None and line.get("rate") is not None:
            rate = to_digits(line["rate"], self._recomputed) if self._recomputed >= 0 else line["rate"]
            line["rate"], line["amount"] = rate, to_digits(rate * quantity, digits)
        elif "amount" in values and values["amount"] is not None:
            if values["amount"] != to_digits(values["amount"], digits):
                line["amount"] = to_digits(values["amount"], digits)
        elif {"rate", "quantity"} & set(values) or "amount" not in line:
            line["amount"] = to_digits((line.get("rate") or ZERO) * quantity, digits)
        line.setdefault("description", item["displayName"])

    def _details(self, made: Record, items: Any, *, replace: bool, strict: bool) -> None:
        if items is not None:
            rows = [] if replace else list(made["details"])
            for i, item in enumerate(items):
                path = f"taxDetails.items[{i}]"
                row = taken(item, TAX_DETAIL, strict=strict, path=path)
                code = self._store.refer("taxCode", row.get("taxCode") or "", "taxCode", f"{path}.taxCode")
                if row.get("taxType") != code["type"]:
                    raise bad_content(
                        f"Invalid taxType reference key {row.get('taxType')}.", f"{path}.taxType"
                    )
                row.setdefault(
                    "taxAmount", to_digits(row["taxBasis"] * row["taxRate"] / 100, self.digits(made))
                )
                rows.append(row)
            made["details"] = rows
        references = {line.get("taxDetailsReference") for line in made["lines"]}
        strays = [row for row in made["details"] if row.get("taxDetailsReference") not in references]
        if strays and items is not None:
            raise user_error("A tax detail refers to no line of the transaction.", "taxDetails")
        made["details"] = [row for row in made["details"] if row not in strays]

    # -- computing ----------------------------------------------------------------------------------------------

    def digits(self, order: Record) -> int:
        """How many digits the order's currency keeps."""
        return int(self._store.kinds["currency"][order["currency"]]["currencyPrecision"])

    def discount(self, order: Record) -> Decimal:
        """The order's own discount, negative; its rate is an amount."""
        return order.get("discountRate") or ZERO

    def taxes(self, order: Record) -> list[Record]:
        """One row per tax of a line: `line`, `code`, `rate` in percent, `basis`, `amount`."""
        if self._tax == "none":
            return []
        if self._tax == "suitetax" and order.get("taxDetailsOverride"):
            lines = {line.get("taxDetailsReference"): line["line"] for line in order["lines"]}
            return [
                {
                    "line": lines[row["taxDetailsReference"]],
                    "code": row["taxCode"],
                    "rate": row.get("taxRate"),
                    "basis": row.get("taxBasis") or ZERO,
                    "amount": row["taxAmount"],
                }
                for row in order["details"]
            ]
        rows = []
        digits = self.digits(order)
        bases = self._bases(order)
        for line in order["lines"]:
            item = self._store.kinds["item"][line["item"]]
            if not item["taxable"] or line["line"] not in bases:
                continue
            for code in self._codes(order, line):
                amount = to_digits(bases[line["line"]] * code["rate"] / 100, digits)
                row = {"line": line["line"], "code": code["id"], "rate": code["rate"]}
                rows.append({**row, "basis": bases[line["line"]], "amount": amount})
        return rows

    def _codes(self, order: Record, line: Record) -> list[Record]:
        if line.get("taxCode"):
            return [self._store.refer("taxCode", line["taxCode"], "taxCode", "taxCode")]
        address = order.get("shippingAddress") or {}
        country, state = str(address.get("country")), address.get("state")
        rates = PLACES.get((country, state)) or PLACES.get((country, None)) or ()
        return [
            next(code for code in self._store.all("taxCode") if code["rate"] == Decimal(rate))
            for rate in rates
        ]

    def _bases(self, order: Record) -> dict[int, Decimal]:
        """What each line is taxed on: less the discount line below it, less its share of the order's discount."""
        bases: dict[int, Decimal] = {}
        last = 0
        for line in order["lines"]:
            if self._store.kinds["item"][line["item"]]["type"] == "Discount":
                bases[last] = bases.get(last, ZERO) + line["amount"]
            else:
                last = line["line"]
                bases[last] = line["amount"]
        whole, off = sum(bases.values(), ZERO), self.discount(order)
        if off and whole:
            digits = self.digits(order)
            return {line: base + to_digits(off * base / whole, digits) for line, base in bases.items()}
        return bases

    def totals(self, order: Record) -> tuple[Decimal, Decimal, Decimal]:
        """Subtotal, tax and total."""
        subtotal = sum((line["amount"] for line in order["lines"]), ZERO)
        tax = sum((row["amount"] for row in self.taxes(order)), ZERO)
        return subtotal, tax, subtotal + self.discount(order) + tax + (order.get("shippingCost") or ZERO)

    def status(self, order: Record) -> str:
        """The letter of its status."""
        goods = [
            line
            for line in order["lines"]
            if self._store.kinds["item"][line["item"]]["type"] not in UNSHIPPED
        ]
        gone = any(line["fulfilled"] for line in goods)
        if all(line["isClosed"] for line in order["lines"]) and not gone:
            return "H"
        if order["orderStatus"] == "A":
            return "A"
        if order.get("billed"):
            return "G"
        if all(line["isClosed"] or line["fulfilled"] >= line["quantity"] for line in goods):
            return "F"
        return "D" if gone else "B"

    # -- telling ------------------------------------------------------------------------------------------------

    def told(self, order: Record, base: str) -> dict[str, Any]:
        """As a GET with expanded sublists answers; what has no value is left out."""
        store = self._store
        status = self.status(order)
        subtotal, tax, total = self.totals(order)
        digits = self.digits(order)
        body: dict[str, Any] = {
            "links": [{"rel": "self", "href": f"{base}/salesOrder/{order['id']}"}],
            "id": order["id"],
            "refName": f"Sales Order #{order['tranId']}",
            **{
                name: order.get(name)
                for name in ("externalId", "tranId", "tranDate", "otherRefNum", "memo", "email")
            },
            "createdDate": _utc(order["createdDate"]),
            "lastModifiedDate": _utc(order["lastModifiedDate"]),
            "orderStatus": {"id": status, "refName": STATUSES[status]} if status in "AB" else None,
            "status": {"id": status, "refName": STATUSES[status]},
            "entity": _link(store.find("customer", order["entity"]), "entityId"),
            "currency": _link(store.find("currency", order["currency"]), "name"),
            "subsidiary": _link(store.find("subsidiary", order.get("subsidiary") or ""), "name"),
            "location": _link(store.find("location", order.get("location") or ""), "name"),
            "billingAddress": _address(order.get("billingAddress")),
            "shippingAddress": _address(order.get("shippingAddress")),
            "subtotal": subtotal,
            "taxTotal": to_digits(tax, digits),
            "total": to_digits(total, digits),
            "shippingCost": order.get("shippingCost"),
            "linkedTrackingNumbers": " ".join(order["tracking"]) or None,
        }
        if order.get("discountItem"):
            body["discountItem"] = _link(store.find("item", order["discountItem"]), "itemId")
            body["discountRate"] = body["discountTotal"] = self.discount(order)
        taxes = self.taxes(order)
        lines = [self._told_line(line, taxes) for line in order["lines"]]
        body["item"] = sublist(lines, f"{base}/salesOrder/{order['id']}/item")
        if self._tax == "suitetax":
            body["taxDetailsOverride"] = bool(order.get("taxDetailsOverride"))
            details = [self._told_detail(row, order) for row in taxes]
            body["taxDetails"] = sublist(details, f"{base}/salesOrder/{order['id']}/taxDetails")
        return {name: value for name, value in body.items() if value is not None}

    def _told_line(self, line: Record, taxes: list[Record]) -> dict[str, Any]:
        item = self._store.kinds["item"][line["item"]]
        own = [row for row in taxes if row["line"] == line["line"]]
        body: dict[str, Any] = {
            "line": line["line"],
            "item": _link(item, "itemId"),
            "itemType": {"id": item["type"], "refName": item["type"]},
            **{name: line.get(name) for name in ("quantity", "rate", "amount", "description", "isClosed")},
            "quantityFulfilled": line["fulfilled"],
            "price": {"id": line["price"]} if line.get("price") else None,
            "location": _link(self._store.find("location", line.get("location") or ""), "name"),
        }
        if self._tax == "suitetax":
            body["taxDetailsReference"] = line.get("taxDetailsReference") or f"L{line['line']}"
            body["taxAmount"] = sum((row["amount"] for row in own), ZERO)
        elif self._tax == "codes":
            body["taxCode"] = {"id": own[0]["code"]} if own else None
            body["taxRate1"] = sum((row["rate"] for row in own), ZERO) if own else None
            body["tax1Amt"] = sum((row["amount"] for row in own), ZERO)
            body["grossAmt"] = line["amount"] + body["tax1Amt"]
        else:
            body["isTaxable"] = bool(item["taxable"]) and self._tax != "none"
        return {name: value for name, value in body.items() if value is not None}

    def _told_detail(self, row: Record, order: Record) -> dict[str, Any]:
        line = next(line for line in order["lines"] if line["line"] == row["line"])
        code = self._store.kinds["taxCode"][row["code"]]
        body = {
            "taxDetailsReference": line.get("taxDetailsReference") or f"L{line['line']}",
            "taxCode": _link(code, "name"),
            "taxType": {"id": code["type"]},
            "taxBasis": row["basis"],
            "taxRate": row["rate"],
            "taxAmount": row["amount"],
        }
        return {name: value for name, value in body.items() if value is not None}


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _link(record: Record | None, name: str) -> dict[str, Any] | None:
    return {"id": record["id"], "refName": str(record[name])} if record else None


def _address(address: Record | None) -> dict[str, Any] | None:
    if address is None:
        return None
    body: dict[str, Any] = {name: value for name, value in address.items() if value is not None}
    if "country" in body:
        body["country"] = {"id": body["country"], "refName": body["country"]}
    return body


def sublist(items: list[dict[str, Any]], href: str) -> dict[str, Any]:
    """A sublist, expanded."""
    return {
        "links": [{"rel": "self", "href": href}],
        "count": len(items),
        "hasMore": False,
        "items": items,
        "offset": 0,
        "totalResults": len(items),
    }
