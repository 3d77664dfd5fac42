"""The server: sessions, and calls by name."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from ordersync.testing.kit import Call, Fault, Record, Table, route
from ordersync.web import read
from werkzeug.wrappers import Request, Response

from ordersync_tryton.sandbox.models import UnknownName, UserError
from ordersync_tryton.sandbox.records import COMPANY, Records
from ordersync_tryton.sandbox.sales import BUTTONS
from ordersync_tryton.sandbox.values import from_json, to_json

__all__ = ["Sandbox"]

DATABASE = "sandbox"
USER = "ordersync"
PASSWORD = "sandbox-password"  # noqa: S105 - opens this stand-in only


class Sandbox(Records):
    """One Tryton server; JSON-RPC at `/sandbox/rpc/`."""

    platform = "tryton"
    request_id = ""
    option_names: ClassVar[Mapping[str, str]] = {
        "rounding": "how taxes are rounded: document (default) or line",
        "correction": "no: without the fixed tax that corrects cents",
        "worker": "yes: confirmed sales are processed later, by a worker",
    }

    tasks = Table()
    """What waits for the worker."""
    endings = Table()
    """When all sessions were ended."""

    def settings(self, base_url: str) -> dict[str, Any]:
        """A connection that reaches this server."""
        section = {
            "connector": "tryton",
            "url": base_url,
            "database": DATABASE,
            "user": USER,
            "password": PASSWORD,
        }
        return (
            section if self.options.get("correction") == "no" else {**section, "correction_tax": "Correction"}
        )

    @route("POST", f"/{DATABASE}/rpc/")
    def rpc(self, call: Call) -> Any:
        """One call: `{"id": 1, "method": "model.sale.sale.create", "params": [[…], {context}]}`."""
        asked = call.fields
        number, name, params = asked.get("id"), str(asked.get("method")), from_json(asked.get("params") or [])
        if name == "common.db.login":
            return {"id": number, "result": self._login(*params)}
        self._let_in(call.request)
        if not params or not isinstance(params[-1], dict):
            raise Fault(422, "invalid", "Missing context argument")
        try:
            return {"id": number, "result": to_json(self._called(name, params[:-1], params[-1]))}
        except UserError as refusal:
            return {"id": number, "error": ["UserError", [str(refusal), "", None]]}
        except UnknownName as missing:
            return {"id": number, "error": [f"'{missing}'", ""]}

    def _called(self, name: str, params: list[Any], context: Record) -> Any:
        if name == "model.res.user.get_preferences":
            return {"company": COMPANY, "companies": [COMPANY], "language": "en"}
        model, _, method = name.removeprefix("model.").rpartition(".")
        self.shelf.table(model)
        if method == "search_read":
            domain, offset, limit, order, names = params
            rows = self.shelf.search(model, domain, order)[offset or 0 :][:limit]
            return [self.shelf.read(model, row, names, context) for row in rows]
        if method == "create":
            for values in params[0]:
                self.inspect(model, values)
            return [self.make(model, values)["id"] for values in params[0]]
        if model == "sale.sale" and method in BUTTONS:
            return self._press(method, self._named(params[0]), int(context.get("queue_batch") or 20))
        raise Fault(403, "forbidden", "You don't have the permission to access the requested resource.")

    def _named(self, ids: list[int]) -> list[Record]:
        if len(set(ids)) < len(ids):
            raise Fault(422, "invalid", "Duplicate records")
        found = [sale for sale in map(self.orders.get, ids) if sale]
        if len(found) < len(ids):
            raise UserError('You are trying to read records "…" of "Sale" that don\'t exist.')
        return found

    def _press(self, button: str, sales: list[Record], task: int) -> None:
        states, after = BUTTONS[button]
        for sale in sales:
            if sale["state"] not in states:
                raise UserError(f'You can not call "{button}" on "{sale["number"]}" of "Sale".')
            if button == "quote" and not sale["invoice_address"]:
                raise UserError('An invoice address must be defined to quote the sale "…".')
        for sale in sales:
            numbered = sum(bool(one["number"]) for one in self.orders)
            number = sale["number"] or (str(numbered + 1) if button == "quote" else None)
            self.orders.change(sale, state=after, number=number)
        if button == "confirm" and self.options.get("worker") == "yes":
            ids = [sale["id"] for sale in sales]
            for first in range(0, len(ids), task):
                self.tasks.add({"sales": ids[first : first + task]})
        elif button == "confirm":
            self._process([sale["id"] for sale in sales])

    def work(self) -> None:
        """A worker does what waits, task by task."""
        for task in list(self.tasks):
            self._process(task["sales"])
            self.tasks.remove(task["id"])

    def _process(self, ids: list[int]) -> None:
        """One task: shipments and invoices of all these sales or of none. That it failed is told to administrators only."""
        sales = [sale for sale in map(self.orders.need, ids) if sale["state"] == "confirmed"]
        sold = [line["product"] for sale in sales for line in self.lines.find(sale=sale["id"])]
        if not any(product and self.items.need(product).get("lacks_account") for product in sold):
            for sale in sales:
                self.orders.change(sale, state="processing")

    # -- sessions --------------------------------------------------------------------------------------------------

    @property
    def token(self) -> str:
        """Of every session that is good now: a login changes nothing here, so it may be asked at any time."""
        return f"{len(self.endings):064x}"

    def expire_sessions(self) -> None:
        """End all sessions, as Tryton does after a time."""
        self.endings.add({})

    def _login(self, user: str, parameters: Record, *_: Any) -> list[Any]:
        if (user, parameters.get("password")) != (USER, PASSWORD):
            raise Fault(401, "unauthorized", "The credentials are wrong.")
        return [1, self.token, None]

    def _let_in(self, request: Request) -> None:
        kind, _, proof = request.headers.get("Authorization", "").partition(" ")
        try:
            user, _, rest = base64.b64decode(proof).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            user, rest = "", ""
        if (kind.lower(), user, rest.partition(":")[2]) != ("session", USER, self.token):
            raise Fault(401, "unauthorized", "")

    # -- HTTP ------------------------------------------------------------------------------------------------------

    def error_body(self, fault: Fault) -> Any:
        """Refusals of HTTP itself are pages for people."""
        return Response(f"<!doctype html>\n<title>{fault.status}</title>\n<p>{fault.message}</p>\n")

    def made(self, body: Any, status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> Response:
        """Pages as HTML, everything else as JSON."""
        if isinstance(body, Response):
            return Response(body.get_data(), status, list(headers), content_type="text/html; charset=utf-8")
        return super().made(body, status, headers)

    def operations_of(self, request: Request) -> tuple[str, ...]:
        """The name of the call, for quirks: `on:model.sale.sale.create`."""
        return (_name(request),)

    def is_write(self, request: Request) -> bool:
        """Everything but looking and logging in."""
        return not _name(request).endswith((".search_read", ".get_preferences", ".login"))


def _name(request: Request) -> str:
    body = read(request.get_data() or b"null")
    return str(body.get("method", "")) if isinstance(body, dict) else ""
