"""A local, stateful stand-in for one NetSuite account: SuiteTalk REST record/v1, SuiteQL, OAuth 2.0 and 1.0."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from werkzeug.wrappers import Request, Response

from ordersync import BadInput
from ordersync.testing import StandingOrder
from ordersync.testing.quirks import Quirk
from ordersync.web import dump, read

from .customers import Customers
from .docks import Docks
from .doors import TOKEN_PATH, Doors
from .faults import Fault, bad_content, missing
from .jobs import MOST_RECORDS, Job, Jobs, Repeated, Result
from .levers import Levers
from .quirks import (
    OWN,
    AmountRecomputed,
    BusyAccount,
    NoBatches,
    NoPackages,
    NullColumns,
    PriceLevelWins,
    ShortSublists,
    SlowJobs,
)
from .sales import Sales
from .seeding import populate
from .store import Record, Store
from .suiteql import executed, page
from .tables import tables

__all__ = ["Sandbox"]

_ACCOUNT = "1234567_SB1"
_RECORD = "/services/rest/record/v1"
_SUITEQL = "/services/rest/query/v1/suiteql"
_JOB = "/services/rest/async/v1/job"
_SINGULAR = "application/vnd.oracle.resource+json; type=singular; charset=UTF-8"
_COLLECTION = "application/vnd.oracle.resource+json; type=collection; charset=UTF-8"
_ROUTE = re.compile(
    r"/(?P<kind>\w+)(?:/(?P<id>\d+|eid:[\w-]+)(?:/(?P<part>!transform/itemFulfillment|\w+)(?:/(?P<line>\d+))?)?)?"
)
_JOB_ROUTE = re.compile(r"/(?P<job>\d+)(?P<tasks>/task/?(?:(?P<task>\d+)(?P<result>/result)?)?)?")
_JOB_SECONDS = 2
"""How long a job waits for its turn, unless a quirk says otherwise (a stand-in's choice)."""
_CHOICES: dict[str, tuple[str, ...]] = {
    "tax": ("suitetax", "legacy", "codes", "none"),
    "auth": ("m2m", "tba"),
    "oneworld": ("yes", "no"),
    "numbering": ("auto", "names"),
    "setup": ("full", "none"),
}
_MODES = {"suitetax": "details", "legacy": "netsuite", "codes": "codes", "none": "item"}
_DEFAULT_ZONE = "America/Los_Angeles"
_MOST_ROWS = 100_000


class Sandbox(Levers):
    """A stand-in for an account in USD, by default with SuiteTax and OneWorld, in the time of Los Angeles."""

    platform: ClassVar[str] = "erp-netsuite"
    option_names: ClassVar[Mapping[str, str]] = {
        "tax": "suitetax (default), legacy (NetSuite computes), codes (legacy that takes codes), or none",
        "auth": "which credentials its settings section shows: m2m (OAuth 2.0, default) or tba (OAuth 1.0)",
        "oneworld": "yes (default): customers and orders belong to subsidiaries; or no",
        "numbering": "auto (default): NetSuite names customers; names: a customer's id is its name, and unique",
        "setup": "none leaves out the items for shipping, fees, rounding and tax; default full",
        "timezone": f"of SuiteQL's dates, default {_DEFAULT_ZONE}",
        "hidden": "tables that the role may not see, joined by +: item+location",
    }
    own_quirks: ClassVar[tuple[type[Quirk], ...]] = OWN

    def populate(self, orders: int) -> None:
        for name, value in self.options.items():
            if name in _CHOICES and value not in _CHOICES[name]:
                raise ValueError(f"{name} is one of {', '.join(_CHOICES[name])}, not {value!r}")
        self.tax = self.options.get("tax", "suitetax")
        self.oneworld = self.options.get("oneworld", "yes") == "yes"
        self.entered_at: datetime | None = None
        """The moment at which a clerk works, while the store is filled."""
        self.doors = Doors(_ACCOUNT)
        self.store = Store()
        recomputed = self.quirk(AmountRecomputed)
        self.sales = Sales(
            self.store,
            self.tax,
            self.now,
            price_level_wins=self.quirk(PriceLevelWins) is not None,
            recomputed=int(recomputed.text("digits") or -1) if recomputed else None,
        )
        self.buyers = Customers(
            self.store,
            self.now,
            oneworld=self.oneworld,
            numbered=self.options.get("numbering", "auto") == "auto",
        )
        self.docks = Docks(self.store, self.sales, self.now, packages=self.quirk(NoPackages) is None)
        slow = self.quirk(SlowJobs)
        wait = slow.whole("seconds") if slow else _JOB_SECONDS
        self.jobs = Jobs(self._task, timedelta(seconds=wait))
        busy = self.quirk(BusyAccount)
        self.busy = busy.whole("times") if busy else 0
        """How many of the next requests find the account's concurrency used up."""
        zone = self.options.get("timezone", _DEFAULT_ZONE)
        hidden = frozenset(filter(None, self.options.get("hidden", "").lower().split("+")))
        self.tables = tables(self.store, self.sales, zone, oneworld=self.oneworld, hidden=hidden)
        populate(self, orders)

    def now(self) -> datetime:
        """The account's time, aware, UTC."""
        return self.entered_at or self.clock.now()

    # -- around the requests ------------------------------------------------------------------------------------

    def is_write(self, request: Request) -> bool:
        return super().is_write(request) and request.path not in (_SUITEQL, TOKEN_PATH)

    def catch_up(self) -> None:
        super().catch_up()
        with self.lock:
            self.jobs.catch_up(self.clock.now())

    def answer(self, request: Request) -> Response:
        self.jobs.catch_up(self.clock.now())
        try:
            if request.path == TOKEN_PATH and request.method == "POST":
                return self.doors.grant(request, self.clock.now())
            self.doors.check(request, self.clock.now())
            if self.busy and self.requests > 2:
                self.busy -= 1
                raise Fault(
                    429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked."
                )
            if request.path == _SUITEQL:
                return self._query(request)
            if request.path.startswith(f"{_JOB}/"):
                return self._job(request)
            if request.path.startswith(f"{_RECORD}/"):
                return self._record(request)
        except Repeated as again:
            return _accepted(again.response(), f"{request.host_url.rstrip('/')}{_JOB}/{again.job}")
        except Fault as fault:
            return fault.response()
        return Response("<html><body>Not Found</body></html>", 404, content_type="text/html")

    @staticmethod
    def _body(request: Request) -> Any:
        try:
            return read(request.get_data())
        except BadInput:
            raise bad_content("Invalid content in the request body. The JSON cannot be parsed.") from None

    # -- SuiteQL ------------------------------------------------------------------------------------------------

    def _query(self, request: Request) -> Response:
        if request.method != "POST":
            raise Fault(405, "METHOD_NOT_ALLOWED", "Method not allowed.")
        if "transient" not in request.headers.get("Prefer", ""):
            raise Fault(
                400, "INVALID_HEADER", "The required request header 'Prefer' is missing.", Header="Prefer"
            )
        body = self._body(request)
        if not isinstance(body, dict) or set(body) != {"q"} or not isinstance(body["q"], str):
            raise bad_content("Invalid content in the request body.", "q")
        rows = executed(body["q"], self.tables)[:_MOST_ROWS]
        limit, offset = request.args.get("limit", "1000"), request.args.get("offset", "0")
        part, start, more = page(rows, limit, offset)
        whole = self.quirk(NullColumns) is not None
        items = [
            {"links": [], **{name: value for name, value in row.items() if whole or value is not None}}
            for row in part
        ]
        address = f"{request.host_url.rstrip('/')}{_SUITEQL}"
        links = [{"rel": "self", "href": f"{address}?limit={limit}&offset={start}"}]
        if more:
            links.append({"rel": "next", "href": f"{address}?limit={limit}&offset={start + int(limit)}"})
        answer = {
            "links": links,
            "count": len(items),
            "hasMore": more,
            "items": items,
            "offset": start,
            "totalResults": len(rows),
        }
        return Response(dump(answer), content_type=_COLLECTION)

    # -- records ------------------------------------------------------------------------------------------------

    def _record(self, request: Request) -> Response:
        found = _ROUTE.fullmatch(request.path.removeprefix(_RECORD))
        kind = found["kind"] if found else ""
        if found is None or kind not in ("salesOrder", "customer", "itemFulfillment", "currency"):
            raise Fault(
                404, "INVALID_RECORD_TYPE", "Record type is not known to this stand-in.", Path="record"
            )
        named, part = found["id"], found["part"]
        base = f"{request.host_url.rstrip('/')}{_RECORD}"
        if named is None and "respond-async" in request.headers.get("Prefer", ""):
            return self._later(request, kind, base)
        match request.method:
            case "GET" if named is None:
                return self._list(request, kind, base)
            case "GET" if part:
                return self._sublist(request, kind, named, part, found["line"], base)
            case "GET":
                return self._get(request, kind, self.store.get(kind, named), base)
            case "POST" if part and kind == "salesOrder":
                made = self.docks.transform(
                    self.store.get(kind, named), self._body(request), strict=_strict(request)
                )
                return _made(f"{base}/itemFulfillment/{made['id']}")
            case "POST" if named is None:
                return _made(f"{base}/{kind}/{self._write(request, kind, None, None)['id']}")
            case "PUT" if named and named.startswith("eid:") and part is None:
                return _made(
                    f"{base}/{kind}/{self._write(request, kind, self.store.find(kind, named), named[4:])['id']}"
                )
            case "PATCH" if named and part is None:
                return _made(
                    f"{base}/{kind}/{self._write(request, kind, self.store.get(kind, named), None)['id']}"
                )
        raise Fault(405, "METHOD_NOT_ALLOWED", "Method not allowed.")

    # -- many records at once -----------------------------------------------------------------------------------

    def _later(self, request: Request, kind: str, base: str) -> Response:
        """Take a collection: new records by POST, changes of records by PATCH, each naming its id."""
        if self.quirk(NoBatches) or kind not in ("salesOrder", "customer"):
            raise bad_content("Asynchronous requests with a collection of records are not supported.")
        if request.method not in ("POST", "PATCH"):
            raise Fault(405, "METHOD_NOT_ALLOWED", "Method not known to this stand-in.")
        if "type=collection" not in request.headers.get("Content-Type", "").replace(" ", ""):
            raise Fault(400, "INVALID_HEADER", "A collection is expected.", Header="Content-Type")
        body = self._body(request)
        items = body.get("items") if isinstance(body, dict) and set(body) == {"items"} else None
        if not isinstance(items, list) or not 0 < len(items) <= MOST_RECORDS:
            raise bad_content(f"A batch has from 1 to {MOST_RECORDS} records.", "items")
        job = self.jobs.take(
            self.clock.now(),
            request.headers.get("X-NetSuite-Idempotency-Key", ""),
            method=request.method,
            kind=kind,
            records=items,
            replaced=sorted(_replaced(request)),
            strict=_strict(request),
            base=base,
        )
        return _accepted(Response(status=202), f"{request.host_url.rstrip('/')}{_JOB}/{job}")

    def _task(self, job: Job, body: Any) -> Result:
        """Write one record of a job, as if it had come alone."""
        try:
            if not isinstance(body, dict):
                raise bad_content("Invalid content in the request body.")
            record, values = None, dict(body)
            if job.method == "PATCH":
                own, key = values.pop("id", None), values.get("externalId")
                if own is None and key is None:
                    raise bad_content("Each record needs its id.", "id")
                record = self.store.get(job.kind, str(own) if own is not None else f"eid:{key}")
            made = self._written(job.kind, values, record, None, frozenset(job.replaced), strict=job.strict)
        except Fault as fault:
            return Result(fault.status, body=read(fault.response().get_data()))
        return Result(204, f"{job.base}/{job.kind}/{made['id']}")

    def _job(self, request: Request) -> Response:
        found = _JOB_ROUTE.fullmatch(request.path.removeprefix(_JOB))
        if found is None or request.method != "GET":
            raise Fault(405, "METHOD_NOT_ALLOWED", "Method not allowed.")
        address = f"{request.host_url.rstrip('/')}{_JOB}/{found['job']}"
        if not found["tasks"]:
            return Response(dump(self.jobs.told(found["job"], address)), content_type="application/json")
        if not found["task"]:
            told = self.jobs.tasks(found["job"], f"{address}/task")
            return Response(dump(told), content_type="application/json")
        result = self.jobs.result(found["job"], found["task"])
        if found["result"]:
            if result.location:
                return _made(result.location)
            return Response(dump(result.body), result.status, content_type="application/json")
        told = {
            "completed": True,
            "id": found["task"],
            "progress": "succeeded" if result.location else "failed",
        }
        return Response(dump(told), content_type="application/json")

    def _write(self, request: Request, kind: str, record: Record | None, key: str | None) -> Record:
        body = self._body(request)
        return self._written(kind, body, record, key, _replaced(request), strict=_strict(request))

    def _written(
        self,
        kind: str,
        body: Any,
        record: Record | None,
        key: str | None,
        replaced: frozenset[str],
        *,
        strict: bool,
    ) -> Record:
        if key is None and record is None and isinstance(body, dict) and body.get("externalId"):
            key = str(body["externalId"])
            if self.store.find(kind, f"eid:{key}"):
                raise Fault(400, "USER_ERROR", "This record already exists.", Path="externalId")
        how: dict[str, Any] = {"key": key, "replaced": replaced, "strict": strict}
        if kind == "salesOrder":
            return self.sales.write(body, record, **how)
        if kind == "customer":
            return self.buyers.write(body, record, **how)
        raise Fault(405, "METHOD_NOT_ALLOWED", "Method not allowed.")

    def _told(self, kind: str, record: Record, base: str) -> dict[str, Any]:
        if kind == "salesOrder":
            return self.sales.told(record, base)
        if kind == "customer":
            return self.buyers.told(record, base)
        if kind == "itemFulfillment":
            return self.docks.told(record, base)
        names = ("id", "name", "symbol", "currencyPrecision", "isInactive")
        return {"links": [], **{name: record[name] for name in names}}

    def _get(self, request: Request, kind: str, record: Record, base: str) -> Response:
        body = self._told(kind, record, base)
        if request.args.get("expandSubResources") != "true":
            for name, value in body.items():
                if isinstance(value, dict) and "items" in value:
                    body[name] = {"links": value["links"]}
        short = self.quirk(ShortSublists)
        for value in body.values():
            if short and isinstance(value, dict) and "items" in value:
                shown = value["items"][: short.whole("lines")]
                value.update(items=shown, count=len(shown), hasMore=len(shown) < value["totalResults"])
        wanted = request.args.get("fields")
        if wanted:
            names = {"links", *wanted.split(",")}
            body = {name: value for name, value in body.items() if name in names}
        return Response(dump(body), content_type=_SINGULAR)

    def _sublist(
        self, request: Request, kind: str, id: str, part: str, line: str | None, base: str
    ) -> Response:
        """A sublist gives addresses only; each element is at its own."""
        whole = self._told(kind, self.store.get(kind, id), base).get(part)
        if not isinstance(whole, dict) or "items" not in whole:
            raise missing("The sublist does not exist.")
        elements = {str(each.get("line", i)): each for i, each in enumerate(whole["items"], start=1)}
        if line is not None:
            if line not in elements:
                raise missing()
            return Response(dump({"links": [], **elements[line]}), content_type=_SINGULAR)
        rows = [
            {"links": [{"rel": "self", "href": f"{base}/{kind}/{id}/{part}/{each}"}]} for each in elements
        ]
        return _listed(request, rows)

    def _list(self, request: Request, kind: str, base: str) -> Response:
        """Ids only. Conditions (`q`) are not known to the stand-in."""
        if "q" in request.args:
            raise Fault(
                400, "INVALID_PARAMETER", "Conditions are not known to this stand-in.", QueryParam="q"
            )
        rows = [
            {"links": [{"rel": "self", "href": f"{base}/{kind}/{each['id']}"}], "id": each["id"]}
            for each in self.store.all(kind)
        ]
        return _listed(request, rows)

    # -- from outside -------------------------------------------------------------------------------------------

    def settings(self, base_url: str) -> dict[str, Any]:
        section: dict[str, Any] = {
            "connector": "erp-netsuite",
            "account": _ACCOUNT,
            "url": base_url,
            "tax": _MODES[self.tax],
            "batches": True,
        }
        if self.options.get("auth") == "tba":
            section.update(self.doors.tba)
        else:
            section.update(
                client_id=self.doors.client_id,
                certificate_id=self.doors.certificate_id,
                private_key=self.doors.private_key,
            )
        if self.tax in ("suitetax", "codes"):
            section["tax_codes"] = [
                {"rate": str(each["rate"]), "code": each["id"], "type": each["type"]}
                for each in self.store.all("taxCode")
            ]
        if self.oneworld:
            section["subsidiary"] = "1"
        return section

    def standing(self) -> list[StandingOrder]:
        self.catch_up()
        tax_items = {each["id"] for each in self.store.all("item") if each["itemId"] == "OS-TAX"}
        found = []
        for order in self.store.all("salesOrder"):
            _, tax, total = self.sales.totals(order)
            carried = sum(
                (line["amount"] for line in order["lines"] if line["item"] in tax_items), Decimal(0)
            )
            status = self.sales.status(order)
            day = datetime.fromisoformat(order["tranDate"]).replace(tzinfo=UTC)
            found.append(
                StandingOrder(
                    id=order["id"],
                    key=order["externalId"],
                    number=order.get("otherRefNum"),
                    currency=self.store.kinds["currency"][order["currency"]]["symbol"],
                    net=total - tax - carried,
                    tax=tax + carried,
                    total=total,
                    lines=len(order["lines"]),
                    cancelled=status in ("C", "H"),
                    customer=order["entity"],
                    confirmed=order["orderStatus"] != "A",
                    placed_at=day,
                )
            )
        return found

    def customers(self) -> set[str]:
        self.catch_up()
        return set(self.store.kinds["customer"])

    def state(self) -> Any:
        return {
            "store": self.store.state(),
            "doors": self.doors.state(),
            "jobs": self.jobs.state(),
            "busy": self.busy,
        }

    def restore(self, state: Any) -> None:
        self.store.restore(state["store"])
        self.doors.restore(state["doors"])
        self.jobs.restore(state["jobs"])
        self.busy = state["busy"]


def _strict(request: Request) -> bool:
    """Whether unknown names are refused; by default they are only warned about, so lost."""
    return request.headers.get("X-NetSuite-PropertyNameValidation", "").lower() == "error"


def _replaced(request: Request) -> frozenset[str]:
    """The sublists that are to be exactly what is sent."""
    return frozenset(filter(None, request.args.get("replace", "").split(",")))


def _accepted(response: Response, address: str) -> Response:
    """An answer that names a job."""
    response.headers["Preference-Applied"] = "respond-async"
    response.headers["Location"] = address
    response.autocorrect_location_header = False
    return response


def _made(address: str) -> Response:
    """204, no body: the record's id is at the end of its address."""
    response = Response(status=204)
    response.headers["Location"] = address
    response.autocorrect_location_header = False
    return response


def _listed(request: Request, rows: list[dict[str, Any]]) -> Response:
    part, start, more = page(rows, request.args.get("limit", "1000"), request.args.get("offset", "0"))
    body = {
        "links": [{"rel": "self", "href": request.url}],
        "count": len(part),
        "hasMore": more,
        "items": list(part),
        "offset": start,
        "totalResults": len(rows),
    }
    return Response(dump(body), content_type=_COLLECTION)
