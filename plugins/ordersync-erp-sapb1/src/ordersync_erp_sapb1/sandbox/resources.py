"""What stands behind the addresses: entity sets, their actions, and services."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

from werkzeug.wrappers import Response

from ordersync.errors import BadInput
from ordersync.web import dump, read

from .documents import Documents, etag
from .faults import Fault, NoRecord
from .properties import PROPERTIES
from .query import Filter, ordered
from .quirks import ApprovalDraft
from .store import KEYS, Company

__all__ = ["Resources", "body_of", "json_of"]

_SET = re.compile(r"(\w+)(?:\((.*?)\))?(?:/(\w+))?")
_CROSS = re.compile(r"DeliveryNotes/DocumentLines/BaseEntry eq (\d+)")
_DATES = {"DocDate", "DocDueDate", "TaxDate", "CreationDate", "UpdateDate", "Effectivefrom"}


class Resources:
    """Everything that a session may ask for, but `$batch`. `approval`: an approval procedure is active."""

    def __init__(
        self,
        company: Company,
        documents: Documents,
        options: Mapping[str, str],
        now: Callable[[], datetime],
        approval: ApprovalDraft | None,
    ) -> None:
        self.company = company
        self.documents = documents
        self.options = options
        self._now = now
        self._approval = approval

    def answer(
        self,
        method: str,
        path: str,
        raw: bytes,
        args: Mapping[str, str],
        headers: Mapping[str, str],
        version: str,
    ) -> Response:
        """One request; `path` is relative to the root, header names are in lower case. Raises Fault."""
        services = {
            "CompanyService_GetAdminInfo": lambda: json_of(self._admin()),
            "CompanyService_GetCompanyInfo": lambda: json_of(self._company_info()),
            "OrdersService_Preview": lambda: self._preview(body_of(raw), version),
            "QueryService_PostQuery": lambda: self._cross(body_of(raw), version),
        }
        if path in services and (path != "OrdersService_Preview" or self.options.get("preview") != "no"):
            return services[path]()
        found = _SET.fullmatch(path)
        if not found or found[1] not in KEYS:
            raise Fault(-1000, "Unrecognized resource path.", 404)
        entity_set, literal, action = found.groups()
        if literal is None:
            if method == "GET":
                return self._list(entity_set, args, headers, version)
            if method == "POST":
                return self._create(entity_set, body_of(raw), headers, version)
            raise Fault(-1000, "Method not allowed.", 405)
        row = self.company.table(entity_set).get(_key(literal))
        if row is None:
            raise NoRecord
        if method == "GET" and not action:
            response = json_of(_rendered(row, version))
            response.headers["ETag"] = etag(row)
            return response
        if entity_set in ("Orders", "Drafts"):
            return self._change(method, entity_set, row, action, body_of(raw) if raw else {}, headers)
        raise Fault(-1000, "Method not allowed.", 405)

    def _change(
        self,
        method: str,
        entity_set: str,
        row: dict[str, Any],
        action: str | None,
        body: Mapping[str, Any],
        headers: Mapping[str, str],
    ) -> Response:
        if method == "DELETE" and entity_set == "Orders":
            raise Fault(-5006, "The requested action is not supported for this object.")
        asked = headers.get("if-match", "*")
        if asked not in ("*", etag(row)):
            message = "Another user or another operation modified data; to continue, open the window again"
            raise Fault(-2039, f"{message} (ODBC -2039)", 412)
        if method == "PATCH" and not action:
            self.documents.patch(row, body, self._now())
        elif method == "POST" and action in ("Cancel", "Close", "Reopen"):
            self.documents.end(row, action, self._now())
        else:
            raise Fault(-1000, "Method not allowed.", 405)
        return Response(status=204)

    def _list(
        self, entity_set: str, args: Mapping[str, str], headers: Mapping[str, str], version: str
    ) -> Response:
        names = [
            *PROPERTIES[entity_set],
            *(self.company.user_fields if entity_set in ("Orders", "Drafts") else []),
        ]
        rows: list[Any] = list(self.company.table(entity_set).values())
        fold = (
            self.options.get("collation") == "mssql"
            or headers.get("b1s-caseinsensitive", "").lower() == "true"
        )
        if args.get("$filter"):
            test = Filter(args["$filter"], names, fold=fold)
            rows = [row for row in rows if test(row)]
        rows = ordered(rows, args.get("$orderby", ""), names)
        skip = int(args.get("$skip", 0))
        rows = rows[skip : skip + int(args["$top"])] if "$top" in args else rows[skip:]
        size = self._page_size(headers)
        page = rows[:size] if size else rows
        chosen = [name for name in args.get("$select", "").split(",") if name]
        unknown = [name for name in chosen if name not in names]
        if unknown:
            raise Fault(-1000, f"Property '{unknown[0]}' of '{entity_set}' is invalid")
        told: dict[str, Any] = {
            "odata.metadata" if version == "v1" else "@odata.context": f"$metadata#{entity_set}",
            "value": [_rendered({n: row.get(n) for n in chosen} if chosen else row, version) for row in page],
        }
        if len(page) < len(rows):
            again = {**args, "$skip": str(skip + len(page))}
            if "$top" in args:
                again["$top"] = str(int(args["$top"]) - len(page))
            link = "&".join(f"{name}={quote(value, safe='')}" for name, value in again.items())
            place = "odata.nextLink" if version == "v1" else "@odata.nextLink"
            told[place] = f"/b1s/v1/{entity_set}?{link}" if version == "v1" else f"{entity_set}?{link}"
        return json_of(told)

    def _page_size(self, headers: Mapping[str, str]) -> int:
        """Rows per page; 0: all. 20 unless asked otherwise (manual, 3.7.6)."""
        asked = re.search(r"odata\.maxpagesize=(\d+)", headers.get("prefer", ""))
        size = int(asked[1] if asked else headers.get("b1s-pagesize") or 20)
        cap = int(self.options.get("page_cap", 0))
        return min(size or cap, cap) if cap else size

    # -- creating -----------------------------------------------------------------------------------------------

    def _create(
        self, entity_set: str, body: Mapping[str, Any], headers: Mapping[str, str], version: str
    ) -> Response:
        now = self._now()
        if entity_set == "Orders":
            document = self.documents.draw_up(body, now)
            approval = self._approval
            quiet = "return-no-content" in headers.get("prefer", "")
            if approval:
                draft = {**document, "AuthorizationStatus": "dasPending"}
                row = self.documents.add("Drafts", draft, now)
                if approval.text("answer") == "error" and not quiet:
                    raise NoRecord
            else:
                row = self.documents.add("Orders", document, now)
            return self._made(entity_set, str(row["DocEntry"]), row, version, quiet=quiet)
        if entity_set == "DeliveryNotes":
            note = self.documents.deliver(body, now)
            return self._made(entity_set, str(note["DocEntry"]), note, version)
        if entity_set == "BusinessPartners":
            partner = self._partner(body)
            return self._made(entity_set, f"'{partner['CardCode']}'", partner, version)
        raise Fault(-1000, "Method not allowed.", 405)

    @staticmethod
    def _made(
        entity_set: str, key: str, row: Mapping[str, Any], version: str, *, quiet: bool = False
    ) -> Response:
        response = Response(status=204) if quiet else json_of(_rendered(row, version), 201)
        response.headers["Location"] = f"https://sandbox/b1s/{version}/{entity_set}({key})"
        return response

    def _partner(self, body: Mapping[str, Any]) -> dict[str, Any]:
        partners = self.company.table("BusinessPartners")
        if body.get("Series") is not None:
            code = f"S{self.company.next_number('BusinessPartners'):05d}"
        else:
            code = str(body.get("CardCode") or "")
        if not code or len(code) > 15:
            raise Fault(-5002, "Enter valid code  [OCRD.CardCode]")
        if code in partners:
            message = f"1320000140 - Business partner code '{code}' already assigned to a business partner"
            raise Fault(-10, message)
        for address in body.get("BPAddresses") or []:
            country, state = address.get("Country"), address.get("State")
            if country and country not in self.company.table("Countries"):
                raise Fault(-5002, "Enter valid country code  [CRD1.Country]")
            if state and f"{country}/{state}" not in self.company.table("States"):
                raise Fault(-5002, "Enter valid state code  [CRD1.State]")
        partners[code] = {
            "Frozen": "tNO",
            "ContactEmployees": [],
            "BPAddresses": [],
            "GroupCode": 100,
            **body,
            "CardCode": code,
            "CardType": {"C": "cCustomer"}.get(str(body.get("CardType")), body.get("CardType", "cCustomer")),
        }
        return partners[code]

    # -- services -----------------------------------------------------------------------------------------------

    def _admin(self) -> dict[str, Any]:
        return {
            "CompanyName": "Amber Trading",
            "Country": "US",
            "LocalCurrency": self.company.local,
            "SystemCurrency": self.company.local,
            "PriceAccuracy": self.company.price_digits,
            "PercentageAccuracy": 4,
            "TotalsAccuracy": 2,
            "EnableBranches": "tNO",
            "RoundTaxAmounts": "tNO",
        }

    def _company_info(self) -> dict[str, Any]:
        grouped = self.options.get("tax_rounding") != "line"
        return {"CompanyName": "Amber Trading", "GroupLinesInVATCalculation": "tYES" if grouped else "tNO"}

    def _preview(self, body: Mapping[str, Any], version: str) -> Response:
        """What an order would be, without numbers; nothing is kept."""
        return json_of(_rendered(self.documents.draw_up(body.get("Document") or {}, self._now()), version))

    def _cross(self, body: Mapping[str, Any], version: str) -> Response:
        """The one query that rows of deliveries are found by (service reference, QueryService)."""
        if body.get("QueryPath") != "$crossjoin(DeliveryNotes,DeliveryNotes/DocumentLines)":
            raise Fault(-1000, "Query string error: the path is not valid.")
        wanted = set(map(int, _CROSS.findall(str(body.get("QueryOption")))))
        metadata = "odata.metadata" if version == "v1" else "@odata.context"
        value = [
            {
                "DeliveryNotes": {"DocEntry": note["DocEntry"]},
                "DeliveryNotes/DocumentLines": {"BaseEntry": line["BaseEntry"]},
            }
            for note in self.company.table("DeliveryNotes").values()
            for line in note["DocumentLines"]
            if line["BaseType"] == 17 and line["BaseEntry"] in wanted
        ]
        return json_of({metadata: "$metadata#Collection(Edm.ComplexType)", "value": value})


def _key(literal: str) -> str | int:
    text = unquote(literal)
    return text[1:-1].replace("''", "'") if text.startswith("'") else int(text)


def body_of(raw: bytes) -> Mapping[str, Any]:
    """The JSON object in a request. Raises Fault if there is none."""
    try:
        given = read(raw)
    except BadInput:
        given = None
    if not isinstance(given, dict):
        raise Fault(-1000, "Invalid JSON format.")
    return given


def _rendered(value: Any, version: str) -> Any:
    """As it is written: v1 with days, v2 with moments; what is ours alone is left out."""
    if isinstance(value, Mapping):
        return {
            name: f"{each}T00:00:00Z"
            if version == "v2" and name in _DATES and each
            else _rendered(each, version)
            for name, each in value.items()
            if name != "rate"
        }
    if isinstance(value, list):
        return [_rendered(each, version) for each in value]
    return value


def json_of(value: Any, status: int = 200) -> Response:
    """An answer."""
    return Response(dump(value), status, content_type="application/json;odata.metadata=minimal;charset=utf-8")
