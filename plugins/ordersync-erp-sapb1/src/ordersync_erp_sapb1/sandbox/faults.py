"""Errors as the Service Layer tells them."""

from __future__ import annotations

from typing import Any

__all__ = ["Fault", "NoRecord", "fault_body"]


class Fault(Exception):
    """An error: SAP's code, its message, and the status that it comes with."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class NoRecord(Fault):
    """Something is not there; recorded by several clients with this text."""

    def __init__(self, status: int = 404) -> None:
        super().__init__(-2028, "No matching records found (ODBC -2028)", status)


def fault_body(version: str, code: int, message: str) -> dict[str, Any]:
    """v1: a number, and the message with its language (manual, 3.1.1). v2: text, and details (seen in recordings)."""
    if version == "v1":
        return {"error": {"code": code, "message": {"lang": "en-us", "value": message}}}
    return {
        "error": {"code": str(code), "message": message, "details": [{"code": "", "message": ""}]},
    }
