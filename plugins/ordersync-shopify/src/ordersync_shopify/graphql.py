"""Asking Shopify: one endpoint, costs taken from a bucket ahead of time, errors read out of a 200."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar

from ordersync import (
    AccessDenied,
    FieldProblem,
    InDoubt,
    OrderSyncError,
    RateLimited,
    Refused,
    TryLater,
    UnexpectedReply,
)
from ordersync.web import Access, CostPoints, PerOperation, Reply, Report, SlidingWindow, default_error
from ordersync_shopify.queries import Document

__all__ = ["GraphQL", "TooCostly"]

T = TypeVar("T")

STANDARD_BUCKET = 2000.0
STANDARD_RATE = 100.0
"""The smallest plan's bucket and points per second (limits page; the bucket was recorded). Replies correct both."""
MOST_POINTS = 1000
"""What one query may ask for on any plan (limits page)."""
NESTED_PAGE = 250
"""The largest page of any connection (pagination page)."""
MUTATION_COST = 10.0

_SCOPE = re.compile(r"\b(?:read|write)_[a-z_]+\b")
_QUOTE = re.compile(r"[{\[\"']|\bFound\b|\bgot invalid value\b")
_MISTAKES = re.compile(
    r"undefined|missing|mismatch|conflict|Incompatible|parse|notDefined|unused", re.IGNORECASE
)


class TooCostly(Refused):
    """One query asked for more points than any query may (MAX_COST_EXCEEDED): ask for a smaller page."""


class GraphQL:
    """One shop's endpoint in one API version. Thread-safe.

    `served` is the version that answered last, which is not always the one that was asked for: a retired version is
    answered by the oldest one that is left (versioning page).
    """

    def __init__(self, base_url: str, version: str, token: str, access: Access) -> None:
        self._access = access
        self._budget = access.budget(
            CostPoints(STANDARD_BUCKET, STANDARD_RATE, report=_reported), account=base_url
        )
        self._client = access.client(
            base_url,
            headers={"x-shopify-access-token": token},
            verdicts=self._judge,
            budget=self._budget,
        )
        self._path = f"/admin/api/{version}/graphql.json"
        self._costs: dict[str, float] = {}
        self.served: str | None = None
        self.restore_rate: float | None = None

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def ask(self, document: Document, **variables: Any) -> dict[str, Any]:
        """The `data` of the answer.

        Raises what `_judge` reads out of it, TooCostly among them. A mutation is sent once, unless Shopify says that
        it was throttled: then nothing was done.
        """
        dearest = MUTATION_COST if document.changes else float(MOST_POINTS)
        reply = self._client.send(
            "POST",
            self._path,
            json={"query": document.text, "variables": variables, "operationName": document.name},
            repeatable=not document.changes,
            cost=self._costs.get(document.name, dearest),
            operation=document.name,
        )
        self._learn(document, reply)
        data = reply.data.get("data") if isinstance(reply.data, dict) else None
        if not isinstance(data, dict):
            message = "Shopify's answer has no data."
            if document.changes:
                raise InDoubt(message, request_id=reply.request_id)
            raise UnexpectedReply(message, request_id=reply.request_id)
        return data

    def limit(self, document: Document, most: int, seconds: float) -> None:
        """Ask this document at most so often in any span of so many seconds."""
        self._budget.add(PerOperation(document.name, SlidingWindow(most, seconds)))

    def change(self, document: Document, **variables: Any) -> dict[str, Any]:
        """The payload of a mutation's one field; its user errors are raised as Refused, field by field."""
        data = self.ask(document, **variables)
        payload = next(iter(data.values()), None)
        if not isinstance(payload, dict):
            raise InDoubt(f"Shopify's answer to {document.name} is empty. Whether it happened is not known.")
        raise_user_errors(document.name, payload, self._throttled_until)
        return payload

    def pages(
        self, document: Document, path: Sequence[str], *, first: int = NESTED_PAGE, **variables: Any
    ) -> Iterator[list[Any]]:
        """The nodes of the connection at `path`, page by page; a page that costs too much is halved."""
        after = variables.pop("after", None)
        while True:
            try:
                data: Any = self.ask(document, first=first, after=after, **variables)
            except TooCostly:
                if first == 1:
                    raise
                first //= 2
                continue
            for step in path:
                data = (data or {}).get(step)
            if data is None:
                return
            yield data["nodes"]
            if not data["pageInfo"]["hasNextPage"]:
                return
            after = data["pageInfo"]["endCursor"]

    def batched(self, things: Sequence[T], size: int, ask: Callable[[Sequence[T]], None]) -> None:
        """`ask` in batches of at most `size`; a batch that costs too much is halved."""
        start = 0
        while start < len(things):
            batch = things[start : start + size]
            try:
                ask(batch)
            except TooCostly:
                if len(batch) == 1:
                    raise
                size = len(batch) // 2
                continue
            start += len(batch)

    def affordable(self, document: Document, asked: int, wanted: int) -> int:
        """The page size to ask for next, if `asked` cost what it did: grows and shrinks towards `wanted`.

        Cost grows no faster than the page (recorded), so the largest page within the limit is at least this.
        """
        cost = self._costs.get(document.name)
        if not cost:
            return asked
        return max(1, min(wanted, math.floor(asked * MOST_POINTS * 0.9 / cost)))

    def _learn(self, document: Document, reply: Reply) -> None:
        """What this document asks for is held next time."""
        requested = _number(_cost(reply).get("requestedQueryCost"))
        if requested is not None:
            self._costs[document.name] = requested
        self._observe(reply)

    def _observe(self, reply: Reply) -> None:
        self.served = reply.headers.get("x-shopify-api-version") or self.served
        report = _reported(reply)
        if report is not None and report.left is not None:
            self.restore_rate = report.rate or STANDARD_RATE

    def _throttled_until(self) -> RateLimited:
        return RateLimited(
            "Shopify takes no more orders this minute.",
            when=self._access.clock.now() + timedelta(seconds=60),
            remedy="Development and trial shops take five orders per minute.",
        )

    def _judge(self, reply: Reply, repeatable: bool) -> OrderSyncError | None:
        """HTTP statuses by the common table; inside a 200 by `errors[].extensions.code`."""
        if reply.status == 404:
            return AccessDenied(
                "There is no such shop, or no such API version.",
                remedy="Check `shop` and `api_version`.",
                request_id=reply.request_id,
            )
        body = reply.data if isinstance(reply.data, dict) else {}
        errors = body.get("errors")
        if reply.status != 200:
            return default_error(reply, repeatable, message=_said(reply, errors))
        if not errors:
            return None
        self._observe(reply)
        listed = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
        codes = {str((error.get("extensions") or {}).get("code") or "") for error in listed}
        told = f"Shopify answered with an error: {_words(listed) or errors}."
        rid = reply.request_id
        done_in_part = not repeatable and any(
            value is not None for value in (body.get("data") or {}).values()
        )
        if "THROTTLED" in codes:
            return RateLimited(
                "Shopify's cost limit is used up.", when=self._affordable_at(reply), request_id=rid
            )
        if done_in_part:
            return InDoubt(f"{told} A part of the change may have happened.", request_id=rid)
        if "ACCESS_DENIED" in codes:
            scopes = sorted({scope for error in listed for scope in _scopes(error)})
            return AccessDenied(
                told,
                scopes=tuple(scopes),
                remedy="Grant the app the missing scope"
                + (f" ({', '.join(scopes)})" if scopes else " or the protected customer data")
                + " and have the shop approve it.",
                request_id=rid,
            )
        if "MAX_COST_EXCEEDED" in codes:
            return TooCostly(told, request_id=rid)
        if "SHOP_INACTIVE" in codes:
            return AccessDenied(told, remedy="The shop is not active.", request_id=rid)
        if "INTERNAL_SERVER_ERROR" in codes:
            return TryLater(told, request_id=rid) if repeatable else InDoubt(told, request_id=rid)
        if codes & {"INVALID_VARIABLE", "MAX_INPUT_SIZE_EXCEEDED", "BAD_REQUEST"}:
            problems = _variable_problems(listed)
            said = "Shopify does not take what was sent" + (
                "" if problems else f": {_before_values(listed)}."
            )
            return Refused(said, fields=problems, request_id=rid)
        if repeatable or (body.get("data") is None and any(map(_MISTAKES.search, codes))):
            return UnexpectedReply(told, request_id=rid)
        return InDoubt(told, request_id=rid)

    def _affordable_at(self, reply: Reply) -> Any:
        cost = _cost(reply)
        left = cost.get("throttleStatus") or {}
        rate = float(left.get("restoreRate") or STANDARD_RATE)
        missing = float(cost.get("requestedQueryCost") or 0) - float(left.get("currentlyAvailable") or 0)
        return self._access.clock.now() + timedelta(seconds=max(missing / rate, 1.0))


def raise_user_errors(what: str, payload: Mapping[str, Any], throttled: Callable[[], RateLimited]) -> None:
    """Raise the user errors of a mutation's payload, whatever their field is called."""
    errors = [
        error for name, value in payload.items() if name.lower().endswith("usererrors") for error in value
    ]
    if not errors:
        return
    if any("too many attempts" in error["message"].lower() for error in errors):
        raise throttled()
    raise Refused(
        f"Shopify refuses {what}",
        fields=tuple(
            FieldProblem(
                ".".join(map(str, error.get("field") or ())), error["message"], str(error.get("code") or "")
            )
            for error in errors
        ),
    )


def _reported(reply: Reply) -> Report | None:
    """What an answer says of the bucket. One that names no actual cost was refused, and took nothing."""
    cost = _cost(reply)
    if not cost:
        return None
    status = cost.get("throttleStatus")
    status = status if isinstance(status, dict) else {}
    return Report(
        left=_number(status.get("currentlyAvailable")),
        size=_number(status.get("maximumAvailable")),
        rate=_number(status.get("restoreRate")),
        cost=_number(cost.get("actualQueryCost")) or 0.0,
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else None


def _cost(reply: Reply) -> dict[str, Any]:
    body = reply.data if isinstance(reply.data, dict) else {}
    cost = (body.get("extensions") or {}).get("cost")
    return cost if isinstance(cost, dict) else {}


def _said(reply: Reply, errors: Any) -> str:
    words = _words(errors) if isinstance(errors, list) else (errors if isinstance(errors, str) else "")
    return f"Shopify answered HTTP {reply.status}" + (f": {words}." if words else ".")


def _words(errors: Sequence[Any]) -> str:
    return "; ".join(
        str(error.get("message") if isinstance(error, dict) else error).rstrip(".") for error in errors
    )


def _before_values(errors: Sequence[Any]) -> str:
    """The messages up to where they quote what was sent: it is a person's address."""
    return "; ".join(_QUOTE.split(words, maxsplit=1)[0].strip() for words in _words(errors).split("; "))


def _scopes(error: Mapping[str, Any]) -> list[str]:
    extensions = error.get("extensions") or {}
    return _SCOPE.findall(str(extensions.get("requiredAccess") or "")) or _SCOPE.findall(
        str(error.get("message") or "")
    )


def _variable_problems(errors: Sequence[Mapping[str, Any]]) -> tuple[FieldProblem, ...]:
    found = []
    for error in errors:
        extensions = error.get("extensions") or {}
        for problem in extensions.get("problems") or ():
            place = ".".join(map(str, problem.get("path") or ()))
            found.append(FieldProblem(place, str(problem.get("explanation") or ""), str(extensions["code"])))
    return tuple(found)
