"""WordPress' error bodies, and the checks of parameters that come before anything is done."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

__all__ = ["CURRENCIES", "ORDER_BODY", "ORDER_LIST", "STATUSES", "Problem", "check", "moment"]

STATUSES = "auto-draft pending processing on-hold completed cancelled refunded failed checkout-draft".split()
CURRENCIES = (
    "AED AUD BHD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF INR JOD JPY KRW KWD MXN NOK NZD OMR PLN RON SEK SGD "
    "THB TND TRY USD VND ZAR"
).split()
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s.]+$")
_DATE = re.compile(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?$")


class Problem(Exception):
    """An error answer: `{"code", "message", "data"}` with its HTTP status."""

    def __init__(self, status: int, code: str, message: str, *, data: Any = None, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {
            "code": code,
            "message": message,
            "data": data or {"status": status, **more},
        }


_TEXT = {"type": "string"}
_AMOUNT = {"type": "string"}
_META = {"type": "array", "items": {"type": "object"}}
_ADDRESS = {"type": "object", "properties": {"email": {"type": "string", "format": "email"}, "phone": _TEXT}}
ORDER_BODY: Mapping[str, Any] = {
    "status": {"type": "string", "enum": STATUSES},
    "currency": {"type": "string", "enum": CURRENCIES},
    "customer_id": {"type": "integer"},
    "customer_note": _TEXT,
    "created_via": _TEXT,
    "billing": _ADDRESS,
    "shipping": _ADDRESS,
    "payment_method": _TEXT,
    "payment_method_title": _TEXT,
    "transaction_id": _TEXT,
    "set_paid": {"type": "boolean"},
    "meta_data": _META,
    "line_items": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "quantity": {"type": "integer"},
                "variation_id": {"type": "integer"},
                "tax_class": _TEXT,
                "subtotal": _AMOUNT,
                "total": _AMOUNT,
            },
        },
    },
    "shipping_lines": {"type": "array", "items": {"type": "object", "properties": {"total": _AMOUNT}}},
    "fee_lines": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "total": _AMOUNT,
                "tax_status": {"type": "string", "enum": ["taxable", "none"]},
                "tax_class": _TEXT,
            },
        },
    },
    "coupon_lines": {"type": "array", "items": {"type": "object"}},
}
_IDS = {"type": "array", "items": {"type": "integer"}}
_WHEN = {"type": "string", "format": "date-time"}
ORDER_LIST: Mapping[str, Any] = {
    "page": {"type": "integer", "minimum": 1},
    "per_page": {"type": "integer", "minimum": 1, "maximum": 100},
    "after": _WHEN,
    "before": _WHEN,
    "modified_after": _WHEN,
    "modified_before": _WHEN,
    "dates_are_gmt": {"type": "boolean"},
    "include": _IDS,
    "exclude": _IDS,
    "order": {"type": "string", "enum": ["asc", "desc"]},
    "orderby": {"type": "string", "enum": ["date", "id", "include", "title", "slug", "modified"]},
    "status": {"type": "array", "items": {"type": "string", "enum": ["any", "trash", *STATUSES]}},
    "dp": {"type": "integer"},
}


def check(given: Mapping[str, Any], rules: Mapping[str, Any]) -> None:
    """Raises Problem `rest_invalid_param`, naming every parameter that is not what it must be; unknown ones pass."""
    params: dict[str, str] = {}
    details: dict[str, Any] = {}
    for name, rule in rules.items():
        if given.get(name) is None:
            continue
        wrong = _wrong(given[name], rule, name)
        if wrong:
            code, place, message = wrong
            params[name] = message
            details[name] = {"code": code, "message": message, "data": {"param": place}}
            if code != "rest_invalid_type":
                details[name]["data"] = None
    if params:
        raise Problem(
            400,
            "rest_invalid_param",
            f"Invalid parameter(s): {', '.join(params)}",
            params=params,
            details=details,
        )


def _wrong(value: Any, rule: Mapping[str, Any], place: str) -> tuple[str, str, str] | None:
    kind = rule["type"]
    if kind == "array":
        rows = value if isinstance(value, list) else str(value).split(",")
        for i, row in enumerate(rows):
            found = _wrong(row, rule["items"], f"{place}[{i}]")
            if found:
                return found
        return None
    if not _is(value, kind):
        return "rest_invalid_type", place, f"{place} is not of type {kind}."
    if kind == "object":
        for name, inner in rule.get("properties", {}).items():
            if value.get(name) is not None:
                found = _wrong(value[name], inner, f"{place}[{name}]")
                if found:
                    return found
        return None
    if "enum" in rule and value not in rule["enum"]:
        return "rest_not_in_enum", place, f"{place} is not one of {', '.join(rule['enum'])}."
    low, high = rule.get("minimum"), rule.get("maximum")
    if (low is not None and int(value) < low) or (high is not None and int(value) > high):
        return (
            "rest_out_of_bounds",
            place,
            f"{place} must be between {low} (inclusive) and {high} (inclusive)",
        )
    if rule.get("format") == "email" and not _EMAIL.match(value):
        return "rest_invalid_email", place, "Invalid email address."
    if rule.get("format") == "date-time" and not _DATE.match(value):
        return "rest_invalid_date", place, "Invalid date."
    return None


def _is(value: Any, kind: str) -> bool:
    match kind:
        case "string":
            return isinstance(value, str)
        case "integer":
            return not isinstance(value, bool) and bool(re.fullmatch(r"-?\d+", str(value)))
        case "boolean":
            return isinstance(value, bool) or str(value).lower() in ("true", "false", "1", "0")
        case _:
            return isinstance(value, dict)


def moment(text: str) -> datetime:
    """A time as a parameter has it, with or without a zone; fractions of a second are cut."""
    return datetime.fromisoformat(
        text.replace(" ", "+") if text.count(" ") and "T" in text else text
    ).replace(microsecond=0)
