"""How the store refuses: V2 answers a list of messages, V3 a problem with errors by field."""

from __future__ import annotations

from typing import Any

__all__ = ["Fault", "v2", "v3"]

KINDS = "https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes"


class Fault(Exception):
    """A refusal, with its status and its body."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(str(status))
        self.status = status
        self.body = body


def v2(status: int, message: str, **details: str) -> Fault:
    """`[{"status": 400, "message": "The field 'zip' is invalid.", "details": {"invalid_reason": "…"}}]`."""
    one: dict[str, Any] = {"status": status, "message": message}
    if details:
        one["details"] = details
    return Fault(status, [one])


def v3(status: int, title: str, **errors: str) -> Fault:
    """`{"status": 422, "title": "…", "type": "…", "errors": {"email": "…"}}`."""
    body: dict[str, Any] = {"status": status, "title": title, "type": KINDS}
    if errors:
        body["errors"] = errors
    return Fault(status, body)
