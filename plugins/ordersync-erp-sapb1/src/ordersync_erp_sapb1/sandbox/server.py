"""The Service Layer itself: what it offers to whoever runs it, sessions, and the way to its resources."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote
from zoneinfo import ZoneInfo

from werkzeug.wrappers import Request, Response

from ordersync.testing import StandingOrder
from ordersync.testing.quirks import Quirk

from .batches import answer_batch
from .documents import Documents
from .faults import Fault, fault_body
from .levers import Levers
from .populate import fill
from .quirks import OWN, ApprovalDraft, EndingSession, SwitchCompany
from .resources import Resources, body_of, json_of
from .store import Company

__all__ = ["Sandbox"]

_CHANGING = re.compile(rb"(?m)^(?:POST|PATCH|PUT|DELETE) (\S+)")
_PATH = re.compile(r"/b1s/(v1|v2)/(.+)")
_STAMPED = re.compile(r"(?:^|\s)(os-[a-z2-7]{26})$")
_IDLE = timedelta(minutes=30)
_COMPANY, _USER = "SBODEMO", "interface"
_CHOICES = {
    "version": ("v2", "v1"),
    "localization": ("vat", "us"),
    "tax_rounding": ("order", "line"),
    "freight_tax": ("apart", "together"),
    "collation": ("hana", "mssql"),
    "preview": ("yes", "no"),
    "sku": ("ItemCode", "BarCode"),
}


class Sandbox(Levers):
    """A stand-in for SAP Business One 10.0 behind a Service Layer; one company, in US dollars (its code is `$`)."""

    platform: ClassVar[str] = "erp-sapb1"
    option_names: ClassVar[Mapping[str, str]] = {
        "version": "which the settings ask for: v2 (default) or v1; both are answered",
        "localization": "vat (default: VAT groups) or us (sales tax codes with jurisdictions)",
        "tax_rounding": "order (default: once per code) or line",
        "freight_tax": "apart (default: a freight's tax is rounded by itself) or together with the rows'",
        "collation": "hana (default: filters mind the case) or mssql (they do not)",
        "price_digits": "decimal places of prices, 2 to 6; default 4",
        "preview": "yes (default) or no: whether OrdersService_Preview is there",
        "page_cap": "most rows of a page, whatever is asked for; default none",
        "timezone": "the server's, for its dates and times; default UTC",
        "sku": "where its settings say that SKUs are: ItemCode (default) or BarCode",
        "user_fields": "user-defined fields of orders, such as U_OrderKey, joined by +; default none",
    }
    own_quirks: ClassVar[tuple[type[Quirk], ...]] = OWN

    def populate(self, orders: int) -> None:
        for name, value in self.options.items():
            if name in _CHOICES and value not in _CHOICES[name]:
                raise ValueError(f"{name} is one of {', '.join(_CHOICES[name])}, not {value!r}")
        digits = int(self.options.get("price_digits", "4"))
        self.company = Company("$", us=self.options.get("localization") == "us", price_digits=digits)
        self.company.user_fields = [name for name in self.options.get("user_fields", "").split("+") if name]
        self.documents = Documents(
            self.company,
            {
                "grouped": self.options.get("tax_rounding") != "line",
                "freight_apart": self.options.get("freight_tax") != "together",
            },
        )
        self.resources = Resources(
            self.company, self.documents, self.options, self._now, self.quirk(ApprovalDraft)
        )
        self.password = f"throw-away-{self.random.getrandbits(64):016x}"
        self.sessions: dict[str, dict[str, Any]] = {}
        self.logins = 0
        """How often somebody logged in."""
        fill(self.company, self.documents, seed=self.seed, orders=orders)

    # -- what is offered to whoever runs it ---------------------------------------------------------------------

    def settings(self, base_url: str) -> dict[str, Any]:
        return {
            "connector": self.platform,
            "url": base_url,
            "version": self.options.get("version", "v2"),
            "company": _COMPANY,
            "user": _USER,
            "password": self.password,
            "account_id": f"sapb1.sandbox/{_COMPANY}",
            "timezone": self.options.get("timezone", "UTC"),
            "sku_field": self.options.get("sku", "ItemCode"),
        }

    def standing(self) -> list[StandingOrder]:
        with self.lock:
            found = [self._standing(row) for row in self.company.table("Orders").values()]
            waiting = [
                self._standing(row, draft=True)
                for row in self.company.table("Drafts").values()
                if row["AuthorizationStatus"] == "dasPending"
            ]
            return found + waiting

    def customers(self) -> set[str]:
        with self.lock:
            return set(self.company.table("BusinessPartners"))

    def _standing(self, row: Mapping[str, Any], *, draft: bool = False) -> StandingOrder:
        reference = str(row.get("NumAtCard") or "")
        keys = [_STAMPED.search(text) for text in (reference, *map(str, self._own(row).values()))]
        foreign = row["DocCurrency"] != self.company.local
        total = row["DocTotalFc"] if foreign else row["DocTotal"]
        tax = row["VatSumFc"] if foreign else row["VatSum"]
        expenses = [e for e in row["DocumentAdditionalExpenses"] if e["LineTotal"] or e["LineGross"]]
        return StandingOrder(
            id=f"{'draft:' if draft else ''}{row['DocEntry']}",
            key=next((found[1] for found in keys if found), None),
            number=_STAMPED.sub("", reference).strip() or None,
            currency=self.company.table("Currencies")[row["DocCurrency"]]["DocumentsCode"],
            net=total - tax,
            tax=tax,
            total=total,
            lines=len(row["DocumentLines"]) + len(expenses),
            cancelled=row["Cancelled"] == "tYES",
            customer=row["CardCode"],
            confirmed=not draft,
            placed_at=datetime.combine(
                datetime.fromisoformat(row["TaxDate"]), datetime.min.time(), self._zone
            ),
        )

    @staticmethod
    def _own(row: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in row.items() if name.startswith("U_")}

    def state(self) -> Any:
        with self.lock:
            sessions = {name: dict(session) for name, session in self.sessions.items()}
            return {
                "company": self.company.state(),
                "password": self.password,
                "sessions": sessions,
                "logins": self.logins,
            }

    def restore(self, state: Any) -> None:
        with self.lock:
            self.company.become(state["company"])
            self.password = state["password"]
            self.sessions = {name: dict(session) for name, session in state["sessions"].items()}
            self.logins = state["logins"]

    def approve(self, draft: int) -> int:
        """What an authorizer and then the originator do with a draft; the DocEntry of the order that it becomes."""
        with self.lock:
            row = self.company.table("Drafts")[draft]
            order = {name: value for name, value in row.items() if name not in ("DocEntry", "DocNum")}
            made = self.documents.add("Orders", {**order, "AuthorizationStatus": "dasWithout"}, self._now())
            row["AuthorizationStatus"] = "dasGenerated"
            return int(made["DocEntry"])

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.options.get("timezone", "UTC"))

    def _now(self) -> datetime:
        return self.clock.now().astimezone(self._zone)

    def operations_of(self, request: Request) -> tuple[str, ...]:
        found = _PATH.fullmatch(request.path)
        return (f"{request.method} {found[2]}",) if found else ()

    def is_write(self, request: Request) -> bool:
        quiet = ("OrdersService_Preview", "QueryService_PostQuery")
        if request.path.endswith("/$batch"):
            return any(not name.decode().endswith(quiet) for name in _CHANGING.findall(request.get_data()))
        service = request.path.endswith(("_GetAdminInfo", "_GetCompanyInfo", *quiet))
        return super().is_write(request) and not service

    # -- requests -----------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Response:
        found = _PATH.fullmatch(request.path)
        version = found[1] if found else "v2"
        try:
            if found is None:
                raise Fault(-1000, "Unrecognized resource path.", 404)
            if found[2] == "Login" and request.method == "POST":
                return self._login(request, version)
            session = self._session(request)
            if found[2] == "Logout":
                del self.sessions[session]
                return Response(status=204)
            switching = self.quirk(SwitchCompany)
            if switching and self.requests % switching.whole("every") == 0:
                raise Fault(305, "Switch company error: -1102", 500)
            if found[2] == "$batch":
                return answer_batch(
                    request.get_data(),
                    request.headers.get("Content-Type", ""),
                    self._within(version),
                    self.company.state,
                    self.company.become,
                    202 if version == "v1" else 200,
                )
            return self.resources.answer(
                request.method,
                found[2],
                request.get_data(),
                request.args,
                {name.lower(): value for name, value in request.headers.items()},
                version,
            )
        except Fault as fault:
            return json_of(fault_body(version, fault.code, fault.message), fault.status)

    def _within(self, version: str) -> Callable[[str, str, bytes], Response]:
        def ask(method: str, path: str, body: bytes) -> Response:
            place, _, query = path.partition("?")
            resource = unquote(place).rpartition(f"/b1s/{version}/")[2]
            try:
                return self.resources.answer(method, resource, body, dict(parse_qsl(query)), {}, version)
            except Fault as fault:
                return json_of(fault_body(version, fault.code, fault.message), fault.status)

        return ask

    def _login(self, request: Request, version: str) -> Response:
        given = body_of(request.get_data())
        wanted = {"CompanyDB": _COMPANY, "UserName": _USER, "Password": self.password}
        if {name: given.get(name) for name in wanted} != wanted:
            raise Fault(100000027, "Login failed", 401)
        self.logins += 1
        name = f"{self.random.getrandbits(128):032x}"
        node = f".node{1 + self.logins % 2}"
        self.sessions[name] = {"node": node, "seen": self.clock.now(), "spent": 0}
        metadata = "odata.metadata" if version == "v1" else "@odata.context"
        told = {
            metadata: f"https://sandbox/b1s/{version}/$metadata#B1Sessions/@Element",
            "SessionId": name,
            "Version": "1000190",
            "SessionTimeout": 30,
        }
        response = json_of(told)
        response.headers.add("Set-Cookie", f"B1SESSION={name};HttpOnly;")
        response.headers.add("Set-Cookie", f"ROUTEID={node}; path=/b1s")
        return response

    def _session(self, request: Request) -> str:
        """The session of the cookies, on the node that holds it. Raises Fault (401, 301)."""
        name, now = request.cookies.get("B1SESSION", ""), self.clock.now()
        session = self.sessions.get(name)
        ending = self.quirk(EndingSession)
        if session and (
            now - session["seen"] > _IDLE
            or session["node"] != request.cookies.get("ROUTEID")
            or (ending and session["spent"] >= ending.whole("requests"))
        ):
            session = None
        if session is None:
            raise Fault(301, "Invalid session or session already timeout.", 401)
        session["seen"], session["spent"] = now, session["spent"] + 1
        return name
