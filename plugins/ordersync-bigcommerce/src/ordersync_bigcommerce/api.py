"""Requests to one store: its errors, its quota, its two ways of paging."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from ordersync import (
    AccessDenied,
    FieldProblem,
    InDoubt,
    NotFound,
    OrderSyncError,
    RateLimited,
    UnexpectedReply,
)
from ordersync.web import Access, Reply, default_error
from ordersync_bigcommerce.pace import SMALLEST, reset_of
from ordersync_bigcommerce.settings import BigCommerceSettings
from ordersync_bigcommerce.wire import Wire

__all__ = ["MOST_ROWS", "Api", "read_as", "reason"]

W = TypeVar("W", bound=Wire)

MOST_ROWS = 250
"""The largest page that BigCommerce gives."""
_MAIL = re.compile(r"[^\s<>\"'@]+@[^\s<>\"'@]+")
FEWEST_FULL = 50
"""A page of an order's own lists may hold no more than these, whatever was asked for; a shorter one is the last."""


class Api:
    """One store's V2 and V3 API. Thread-safe."""

    def __init__(self, settings: BigCommerceSettings, access: Access) -> None:
        self._clock = access.clock
        store = f"{settings.base_url.rstrip('/')}/stores/{settings.store_hash}"
        self._client = access.client(
            store,
            headers={"X-Auth-Token": settings.access_token.get_secret_value()},
            verdicts=self._verdict,
            budget=access.budget(SMALLEST, account=store),
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def ask(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """The body of a GET; None for an empty 204."""
        return self._send("GET", path, params=params).data

    def find(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """The same; None also if there is no such thing."""
        try:
            return self.ask(path, params)
        except NotFound:
            return None

    def change(
        self, method: str, path: str, body: Any = None, params: Mapping[str, str] | None = None
    ) -> Any:
        """The body of the answer to a write. InDoubt if it is lost."""
        return self._send(method, path, json=body, params=params).data

    def rows(
        self, path: str, params: Mapping[str, str] | None = None, *, enough: int = FEWEST_FULL
    ) -> Iterator[list[dict[str, Any]]]:
        """A V2 list, page by page: an array, or an empty 204 behind the last row. A page with fewer rows than
        `enough` is the last; V2 has no paging object. Whoever has not seen all that there must be says `enough=1`."""
        page = 1
        before: list[Any] = []
        while True:
            found = self.ask(path, {**(params or {}), "page": str(page), "limit": str(MOST_ROWS)})
            listed = listed_of(found)
            if listed and listed == before:
                raise UnexpectedReply("BigCommerce gives the same page again.")
            if listed:
                yield listed
            if len(listed) < enough:
                return
            before = listed
            page += 1

    def all_rows(
        self, path: str, params: Mapping[str, str] | None = None, *, enough: int = FEWEST_FULL
    ) -> list[dict[str, Any]]:
        """Every row of a V2 list."""
        return [row for page in self.rows(path, params, enough=enough) for row in page]

    def data(
        self, path: str, params: Mapping[str, str] | None = None, *, most: int = 20, enough: int = MOST_ROWS
    ) -> list[dict[str, Any]]:
        """Every row of a V3 list, which says how many pages there are; where it does not, a page with fewer rows than
        `enough` is the last. More than `most` pages are too many: then the filter that was asked for was not applied."""
        page, rows = 1, list[dict[str, Any]]()
        while True:
            asked = {**(params or {}), "page": str(page), "limit": str(MOST_ROWS)}
            reply = self.ask(path, asked)
            if reply is None:
                return rows
            if not isinstance(reply, dict) or not isinstance(reply.get("data"), list):
                raise UnexpectedReply("BigCommerce's answer has no list of data.")
            rows += [row for row in reply["data"] if isinstance(row, dict)]
            pages = ((reply.get("meta") or {}).get("pagination") or {}).get("total_pages")
            last = page >= pages if isinstance(pages, int) else len(reply["data"]) < enough
            if last or not reply["data"]:
                return rows
            if page == most:
                raise UnexpectedReply("BigCommerce lists far more than was asked for.")
            page += 1

    def _send(self, method: str, path: str, **options: Any) -> Reply:
        return self._client.send(method, path, **options)

    def _verdict(self, reply: Reply, repeatable: bool) -> OrderSyncError | None:
        """V3 answers `{"status", "title", "type", "errors": {}}`, V2 `[{"status", "message", "details"?}]`."""
        title, fields = _said(reply.data)
        error = default_error(reply, repeatable, message=title, fields=fields)
        if isinstance(error, RateLimited):
            error.when = reset_of(reply.headers, self._clock.now())
        elif isinstance(error, AccessDenied):
            error.remedy = (
                "Check the store hash, the access token and its scopes."
                if reply.status != 401
                else "Check the access token."
            )
        return error


def listed_of(body: Any) -> list[dict[str, Any]]:
    """The rows of a V2 answer. Raises UnexpectedReply if it is no list."""
    if body is None:
        return []
    if not isinstance(body, list):
        raise UnexpectedReply("BigCommerce's answer is no list.")
    return [row for row in body if isinstance(row, dict)]


def read_as(kind: type[W], node: Any, *, written: bool = False) -> W:
    """The node as a wire model. Raises UnexpectedReply, or InDoubt if it answers a write."""
    try:
        return kind.model_validate(node)
    except ValidationError as error:
        message = f"BigCommerce's {kind.__name__.lower()} cannot be read: {reason(error)}."
    raise (
        InDoubt(f"{message} Whether the write happened is not known.")
        if written
        else UnexpectedReply(message)
    )


def reason(error: ValueError) -> str:
    """What is wrong with an order, without its values."""
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        return f"{'.'.join(str(step) for step in first['loc'])}: {first['msg']}".lstrip(": ")
    return str(error)


def _said(data: Any) -> tuple[str, tuple[FieldProblem, ...]]:
    if isinstance(data, list):
        return _said_in_v2([one for one in data if isinstance(one, dict)])
    if not isinstance(data, dict):
        return "", ()
    if "message" in data and "title" not in data:
        return _said_in_v2([data])
    errors = data.get("errors")
    fields = (
        tuple(FieldProblem(str(place), _words(problem)) for place, problem in errors.items() if problem)
        if isinstance(errors, Mapping)
        else ()
    )
    return _words(data.get("title")), fields


def _said_in_v2(errors: Sequence[Mapping[str, Any]]) -> tuple[str, tuple[FieldProblem, ...]]:
    said = [_words(one["message"]) for one in errors if one.get("message")]
    fields = []
    for one in errors:
        details = one.get("details")
        for part in details if isinstance(details, list) else [details]:
            if isinstance(part, Mapping):
                fields += [FieldProblem(str(name), _words(value)) for name, value in part.items() if value]
    return " ".join(said), tuple(fields)


def _words(text: Any) -> str:
    """What the store says, without the addresses that it quotes."""
    return _MAIL.sub("(an e-mail address)", str(text or ""))[:300]
