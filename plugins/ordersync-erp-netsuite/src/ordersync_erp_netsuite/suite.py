"""Requests to SuiteTalk: records, transforms and SuiteQL, never more at once than the account is promised."""

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
    Refused,
    TryLater,
    UnexpectedReply,
)
from ordersync.web import Access, InFlight, Reply, default_error
from ordersync_erp_netsuite.settings import NetSuiteSettings
from ordersync_erp_netsuite.signing import auth_of
from ordersync_erp_netsuite.wire import JobRecord, NsDetail, NsError, Wire

__all__ = ["Suite", "Unreadable", "listed", "quoted", "select", "verdicts"]

Row = TypeVar("Row", bound=Wire)

RECORD = "services/rest/record/v1"
SUITEQL = "services/rest/query/v1/suiteql"
JOB = "services/rest/async/v1/job"
SINGULAR = "application/vnd.oracle.resource+json; type=singular"
COLLECTION = "application/vnd.oracle.resource+json; type=collection"
TIMEOUT = 120.0
"""Seconds."""
LARGEST_PAGE = 1000
MOST_ROWS = 100_000
"""What SuiteQL gives out at most for one query (documented)."""
CHECKED = {
    "content-type": SINGULAR,
    "x-netsuite-propertynamevalidation": "Error",
    "x-netsuite-propertyvaluevalidation": "Error",
}
"""Without these a misspelt field is lost silently."""
_ABSENT = {"NONEXISTENT_ID", "RCRD_DSNT_EXIST"}
_LIMITED = {"CONCURRENCY_LIMIT_EXCEEDED", "SSS_REQUEST_LIMIT_EXCEEDED"}
_CHANGED = {"RCRD_HAS_BEEN_CHANGED"}
_LOGIN = {"INVALID_LOGIN", "INVALID_LOGIN_ATTEMPT", "INVALID_LOGIN_CREDENTIALS"}
_REPEATED = {"IDEMPOTENCY_ERROR"}
"""Such a request came before: the answer names the job that it made."""
_MAIL = re.compile(r"[^\s@\"'<>]+@[^\s@\"'<>]+")
_LAST = re.compile(r"/(?P<id>\d+)/?(?:\?.*)?$")


class Unreadable(AccessDenied):
    """A query names a table or column that this role, or this account, does not have."""


class Suite:
    """One account's services. Used by several threads."""

    def __init__(self, settings: NetSuiteSettings, access: Access) -> None:
        self._client = access.client(
            settings.host,
            auth=auth_of(settings, access),
            timeout=TIMEOUT,
            verdicts=verdicts,
            budget=access.budget(
                InFlight(settings.concurrency, longest=1.5 * TIMEOUT), account=settings.host
            ),
            request_ids=("x-n-operationid", "x-netsuite-operationid"),
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _send(self, method: str, path: str, **how: Any) -> Reply:
        return self._client.send(method, path, **how)

    # -- records ------------------------------------------------------------------------------------------------

    def record(self, kind: str, id: str, *, fields: str = "") -> dict[str, Any] | None:
        """A record with its sublists, by internal id or `eid:` and external id; None if there is none.

        `fields` asks for these body fields alone. A sublist that was given out in part is read to its end.
        """
        params = {"fields": fields} if fields else {"expandSubResources": "true"}
        try:
            reply = self._send("GET", f"{RECORD}/{kind}/{id}", params=params)
        except NotFound:
            return None
        if not isinstance(reply.data, dict):
            raise UnexpectedReply("NetSuite gave a record that is none.", request_id=reply.request_id)
        for name, part in reply.data.items():
            if isinstance(part, dict) and part.get("hasMore") is True and isinstance(part.get("items"), list):
                part["items"] += self._rest(f"{RECORD}/{kind}/{id}/{name}", len(part["items"]))
                part["hasMore"] = False
        record: dict[str, Any] = reply.data
        return record

    def _rest(self, path: str, have: int) -> Iterator[Any]:
        """The elements of a sublist behind the first ones, each by its own address where only that is given."""
        offset, more = 0, True
        while more:
            params = {"limit": str(LARGEST_PAGE), "offset": str(offset)}
            reply = self._send("GET", path, params=params)
            data = reply.data if isinstance(reply.data, dict) else {}
            items, more = data.get("items"), data.get("hasMore") is True
            if not isinstance(items, list) or (more and len(items) != LARGEST_PAGE):
                raise UnexpectedReply("NetSuite gives a sublist only in part.", request_id=reply.request_id)
            for element in items[max(have - offset, 0) :]:
                yield element if set(element) - {"links"} else self._element(path, element)
            offset += len(items)

    def _element(self, path: str, element: Mapping[str, Any]) -> Any:
        hrefs = [link.get("href", "") for link in element.get("links", ())]
        found = next((match for href in hrefs if (match := _LAST.search(href))), None)
        if found is None:
            raise UnexpectedReply("NetSuite gives a line of a sublist without its address.")
        return self._send("GET", f"{path}/{found['id']}").data

    def create(self, kind: str, body: Mapping[str, Any]) -> str | None:
        """Create the record; its internal id if the answer names it.

        Refused if its `externalId` is taken. A PUT under the external id would change what stands instead.
        """
        return _named(self._send("POST", f"{RECORD}/{kind}", json=dict(body), headers=CHECKED))

    def submit(self, method: str, kind: str, records: Sequence[Mapping[str, Any]], key: str) -> str:
        """Have NetSuite create (POST) or change (PATCH, each with its `id`) these records later; the id of the job.

        `key` is a UUID: of several requests with one key only the first is taken.
        """
        headers = {
            **CHECKED,
            "content-type": COLLECTION,
            "prefer": "respond-async",
            "x-netsuite-idempotency-key": key,
        }
        reply = self._send(
            method, f"{RECORD}/{kind}", json={"items": [dict(each) for each in records]}, headers=headers
        )
        job = _named(reply)
        if job is None:
            raise InDoubt("NetSuite took many records and named no job.", request_id=reply.request_id)
        return job

    def is_done(self, job: str) -> bool:
        """Whether each record of a job was tried, well or not."""
        reply = self._send("GET", f"{JOB}/{job}")
        try:
            return JobRecord.model_validate(reply.data).completed
        except ValidationError:
            raise UnexpectedReply(
                "NetSuite gave a job that cannot be read.", request_id=reply.request_id
            ) from None

    def patch(self, kind: str, id: str, body: Mapping[str, Any]) -> None:
        """Change what is named. Lines with their key are changed, lines without one are added."""
        self._send("PATCH", f"{RECORD}/{kind}/{id}", json=dict(body), headers=CHECKED)

    def transform(self, kind: str, id: str, to: str, body: Mapping[str, Any]) -> str | None:
        """Make one record of another; the new one's internal id if the answer names it."""
        path = f"{RECORD}/{kind}/{id}/!transform/{to}"
        return _named(self._send("POST", path, json=dict(body), headers=CHECKED))

    # -- SuiteQL ------------------------------------------------------------------------------------------------

    def query(self, row: type[Row], sql: str, *, most: int | None = None) -> list[Row]:
        """The rows of a query, which must be ordered by something unique; at most `most`.

        Raises Unreadable if a table or column is not known: that is how a missing permission or feature looks.
        """
        rows: list[Row] = []
        limit = min(most or LARGEST_PAGE, LARGEST_PAGE)
        while True:
            params = {"limit": str(limit), "offset": str(len(rows))}
            data = self._asked(sql, params)
            items = data.get("items")
            if not isinstance(items, list):
                raise UnexpectedReply("NetSuite gave a query's answer without rows.")
            try:
                rows += [row.model_validate(each) for each in items]
            except ValidationError as error:
                names = ", ".join(".".join(map(str, each["loc"])) for each in error.errors())
                raise UnexpectedReply(f"NetSuite gave a row that cannot be read: {names}.") from None
            if data.get("hasMore") is not True or (most is not None and len(rows) >= most):
                return rows
            if len(items) != limit or len(rows) >= MOST_ROWS:
                raise UnexpectedReply("NetSuite gives a query's rows only in part.")

    def _asked(self, sql: str, params: Mapping[str, str]) -> dict[str, Any]:
        headers = {"prefer": "transient", "content-type": "application/json"}
        try:
            reply = self._send(
                "POST", SUITEQL, params=params, json={"q": sql}, headers=headers, repeatable=True
            )
        except NotFound:
            raise
        except Refused as error:
            raise Unreadable(
                f"NetSuite refuses a query: {'; '.join(map(str, error.fields)) or error.message}",
                remedy="Give the role the permissions that the connector's README lists, "
                "and check that the feature is on.",
                request_id=error.request_id,
            ) from None
        return reply.data if isinstance(reply.data, dict) else {}

    def __repr__(self) -> str:
        return f"Suite({self._client!r})"


def select(columns: str, table: str, *, where: str = "", order: str = "id") -> str:
    """A query. Texts in `where` come through `quoted` or `listed`; `order` ends with something unique."""
    condition = f" WHERE {where}" if where else ""
    return f"SELECT {columns} FROM {table}{condition} ORDER BY {order}"  # noqa: S608 - see above


def quoted(value: str) -> str:
    """A text as SuiteQL reads it; there are no bind values."""
    return "'" + value.replace("\0", "").replace("'", "''") + "'"


def listed(values: Sequence[str], *, ids: bool = False) -> str:
    """A list for IN. `ids` are digits alone; anything else raises ValueError."""
    if ids:
        if not all(value.isascii() and value.isdigit() for value in values):
            raise ValueError("an id of NetSuite is a number")
        return ", ".join(values)
    return ", ".join(map(quoted, values))


def _named(reply: Reply) -> str | None:
    """The id at the end of `Location: …/record/v1/salesOrder/4711`; a create answers 204 and nothing else."""
    found = _LAST.search(reply.headers.get("location", ""))
    return found["id"] if found else None


# -- errors ------------------------------------------------------------------------------------------------------


def verdicts(reply: Reply, repeatable: bool) -> OrderSyncError | None:
    """What an answer means. Only an error body that says so makes a 404 an absence: a wrong address has none."""
    if reply.status < 400:
        return default_error(reply, repeatable)
    said = _problem(reply)
    if said is None:
        if reply.status in (404, 410):
            return UnexpectedReply(
                f"NetSuite has no such service (HTTP {reply.status}).",
                remedy="Check the account id, and that REST web services are enabled.",
                request_id=reply.request_id,
            )
        return default_error(reply, repeatable)
    codes = {each.code for each in said.details}
    if codes & _REPEATED and _named(reply):
        return None
    fields = tuple(FieldProblem(_place(each), _redacted(each.detail), each.code) for each in said.details)
    rid = reply.request_id
    if codes & _LIMITED:
        return RateLimited("NetSuite's limit of requests at once was met.", request_id=rid)
    if codes & _CHANGED:
        return TryLater("Somebody changed the record at the same time.", request_id=rid)
    if codes & _LOGIN or reply.status == 401:
        return AccessDenied(
            "NetSuite refuses the login.",
            remedy="Look into the login audit trail; check token, role and integration record.",
            request_id=rid,
        )
    if reply.status == 403:
        missing = "; ".join(each.problem for each in fields)
        return AccessDenied(
            f"NetSuite's role may not do this: {missing}",
            remedy="Give the role the permission.",
            request_id=rid,
        )
    message = f"NetSuite refused: {said.title or 'no reason given'}."
    if reply.status in (404, 410):
        if codes & _ABSENT:
            return NotFound("NetSuite has no such record.", fields=fields, request_id=rid)
        return UnexpectedReply(f"{message} {'; '.join(map(str, fields))}", request_id=rid)
    return default_error(reply, repeatable, message=message, fields=fields)


def _problem(reply: Reply) -> NsError | None:
    try:
        return NsError.model_validate(reply.data)
    except ValidationError:
        return None


def _place(detail: NsDetail) -> str:
    return detail.path or detail.query or detail.header


def _redacted(text: str) -> str:
    """An error's text without the e-mail addresses that it may quote."""
    return _MAIL.sub("…", text).strip()
