"""What the Service Layer's errors mean: its code first, then the status."""

from __future__ import annotations

import re

from pydantic import ValidationError

from ordersync import (
    AccessDenied,
    FieldProblem,
    NotFound,
    OrderSyncError,
    Refused,
    TryLater,
)
from ordersync.web import Reply, default_error
from ordersync_erp_sapb1.wire import Fault

__all__ = ["NO_RECORD", "SESSION", "fault_of", "judged", "verdicts"]

SESSION = "301"
"""Invalid or expired session (manual, 3.1.1); also what a misspelt path of the login answers."""
NO_RECORD = "-2028"
"""No matching record: not there; or created as a draft, where approval procedures are active."""
_LOGIN = {SESSION, "100000027"}
_BUSY = {"305"}
"""`Switch company error: -1102`: the node could not turn to the company; nothing was done (reported by clients that
repeat it)."""
_PLACE = re.compile(r"\[([A-Z0-9]{3,5}\.[A-Za-z0-9_]+)\]")


def fault_of(data: object) -> Fault | None:
    """The error in a body of v1 or v2; None if there is none."""
    error = data.get("error") if isinstance(data, dict) else None
    if not isinstance(error, dict):
        return None
    try:
        return Fault.model_validate(error)
    except ValidationError:
        return None


def verdicts(reply: Reply, repeatable: bool) -> OrderSyncError | None:
    """The error in a reply; None if it is a success."""
    fault = fault_of(reply.data) if reply.status >= 400 else None
    if fault is None:
        return default_error(reply, repeatable)
    return judged(fault, reply, repeatable)


def judged(fault: Fault, reply: Reply, repeatable: bool) -> OrderSyncError | None:
    """The error that a fault with a reply's status is; its message stands as SAP wrote it, in the user's language."""
    said = f"SAP Business One: {fault.text or 'no reason given'} [{fault.code}]"
    rid = reply.request_id
    place = _PLACE.search(fault.text)
    fields = (FieldProblem(place[1], fault.text, fault.code),) if place else ()
    if reply.status == 401 or fault.code in _LOGIN:
        return AccessDenied(said, remedy="Check the login and the user's authorizations.", request_id=rid)
    if fault.code in _BUSY:
        return TryLater(said, request_id=rid)
    if reply.status == 404 or fault.code == NO_RECORD:
        return NotFound(said, fields=fields, request_id=rid)
    if reply.status == 412:
        return TryLater(said, remedy="The record was changed meanwhile.", request_id=rid)
    error = default_error(reply, repeatable, message=said, fields=fields)
    if isinstance(error, Refused) and fault.code == "-5006":
        error.remedy = "Documents cannot be deleted; cancel or close them."
    return error
