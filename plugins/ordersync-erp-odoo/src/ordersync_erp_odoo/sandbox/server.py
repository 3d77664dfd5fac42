"""The server's outside: JSON-RPC and JSON-2, log-in, and how failures are told (measured; recorded 17 and 19)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.wrappers import Request, Response

from ordersync import BadInput
from ordersync.testing import StandingOrder
from ordersync.testing.quirks import Quirk
from ordersync.web import dump, read

from .calls import CHECKS, READS, REGISTRY, call
from .env import Env
from .faults import AccessDenied, AttributeFault, DatabaseFault, Fault, KeyFault, TypeFault
from .levers import WEBHOOK_SECRET, Levers
from .populate import populate
from .quirks import OWN, Conflicts, EqualUpdatedAt, ExpiringToken, SilentEdit, SlowIndex
from .replica import READ_ONLY, Replica
from .rights import PROFILES, Rights
from .store import Store

__all__ = ["Sandbox"]

_DATABASE = "odoo"
_LOGIN = "ordersync"
_ROUTE = re.compile(r"/json/2/([^/]+)/([^/]+)/?")
_JSON = "application/json; charset=utf-8"
_CHOICES: dict[str, tuple[str, ...]] = {
    "version": ("19", "17"),
    "rounding": ("round_per_line", "round_globally"),
    "rights": PROFILES,
    "setup": ("full", "none"),
    "stock_delivery": ("no", "yes"),
    "protocols": ("both", "json-rpc", "json-2"),
}


class Sandbox(Levers):
    """A stand-in for Odoo 17.0 and 19.0 with sales, stock and accounting; one company in USD."""

    platform: ClassVar[str] = "erp-odoo"
    option_names: ClassVar[Mapping[str, str]] = {
        "version": "19 (default) or 17",
        "rounding": "round_per_line or round_globally; default per line in 17, globally in 19",
        "rights": "of the interface's user: full (default), manager, no-contacts, own-documents or none",
        "setup": "none leaves out service products, fixed taxes and pricelists; default full",
        "stock_delivery": "yes installs the module that gives deliveries a tracking reference; default no",
        "protocols": "both (default), json-rpc or json-2: which of the two are answered; 17 has only the first",
    }
    own_quirks: ClassVar[tuple[type[Quirk], ...]] = OWN

    def populate(self, orders: int) -> None:
        for name, value in self.options.items():
            if value not in _CHOICES[name]:
                raise ValueError(f"{name} is one of {', '.join(_CHOICES[name])}, not {value!r}")
        self.version = self.options.get("version", "19")
        conflicts = self.quirk(Conflicts)
        self.conflicts = conflicts.whole("first") if conflicts else 0
        """How many of the next `load` calls fail as if another one had been at the same record (measured)."""
        self.store = Store(self.version)
        if self.options.get("stock_delivery") != "yes":
            self._without_tracking()
        self.users: dict[str, dict[str, Any]] = {}
        admin, own = populate(self.admin(), self, orders)
        for login, uid, profile in (
            ("admin", admin, "admin"),
            (_LOGIN, own, self.options.get("rights", "full")),
        ):
            self.users[login] = {
                "uid": uid,
                "password": login,
                "key": self._key(login),
                "rights": profile,
            }
        if self.quirk(EqualUpdatedAt):
            born = self.store.rows["sale.order"].values()
            at = max((row["write_date"] for row in born), default=None)
            for row in born:
                row["write_date"] = at
        slow = self.quirk(SlowIndex)
        self.replica = (
            Replica(self.store, self.clock.now, timedelta(seconds=slow.whole("seconds"))) if slow else None
        )

    def _key(self, login: str, number: int = 1) -> str:
        named = f"{login} {self.seed}" if number == 1 else f"{login} {self.seed} {number}"
        return hashlib.sha256(named.encode()).hexdigest()[:40]

    def _without_tracking(self) -> None:
        models = dict(self.store.models)
        picking = models["stock.picking"]
        kept = {name: told for name, told in picking.fields.items() if name != "carrier_tracking_ref"}
        models["stock.picking"] = type(picking)(picking.name, picking.title, picking.order, kept)
        self.store.models = models

    @property
    def rounding(self) -> str:
        """The company's rounding method (measured)."""
        return self.options.get("rounding") or (
            "round_per_line" if self.version == "17" else "round_globally"
        )

    def _env(
        self, uid: int, rights: str, context: Mapping[str, Any] | None = None, *, store: Store | None = None
    ) -> Env:
        return Env(
            store or self.store,
            uid,
            self.clock.now(),
            Rights(rights),
            context or {},
            {"conflicts": self._conflict, "silent": self.quirk(SilentEdit) is not None},
            REGISTRY,
        )

    def admin(self) -> Env:
        return self._env(2, "admin")

    def _conflict(self) -> bool:
        hit = self.conflicts > 0
        self.conflicts -= hit
        return hit

    # -- what is offered to whoever runs it ----------------------------------------------------------------------------

    def settings(self, base_url: str) -> dict[str, Any]:
        return {
            "connector": self.platform,
            "url": base_url,
            "database": _DATABASE,
            "login": _LOGIN,
            "api_key": self.users[_LOGIN]["key"],
            "account_id": "odoo.sandbox/odoo/1",
            "webhook_secret": WEBHOOK_SECRET,
        }

    def standing(self) -> list[StandingOrder]:
        with self.lock:
            env = self.admin()
            orders = env.table("sale.order")
            return [
                self._standing(env, row)
                for row in sorted(orders.rows.values(), key=lambda row: int(row["id"]))
            ]

    def customers(self) -> set[str]:
        """Partners that are nobody's address."""
        with self.lock:
            partners = self.admin().table("res.partner").rows
            return {str(partner) for partner, row in partners.items() if not row["parent_id"]}

    def _standing(self, env: Env, row: dict[str, Any]) -> StandingOrder:
        ref = row["client_order_ref"]
        named = env.table("sale.order").get_external_id([row["id"]])[str(row["id"])].partition(".")[2]
        keys = [text for text in (ref, named) if text and text.startswith("os-")]
        lines = env.table("sale.order.line").rows_of(
            self.store.find("sale.order.line", "order_id", row["id"])
        )
        return StandingOrder(
            id=str(row["id"]),
            key=keys[0] if keys else None,
            number=row["origin"] if not ref or ref in keys else ref,
            currency=self.store.rows["res.currency"][row["currency_id"]]["name"],
            net=row["amount_untaxed"],
            tax=row["amount_tax"],
            total=row["amount_total"],
            lines=sum(not line["display_type"] for line in lines),
            cancelled=row["state"] == "cancel",
            customer=str(row["partner_id"]),
            confirmed=row["state"] not in ("draft", "sent"),
            placed_at=row["date_order"],
        )

    def state(self) -> Any:
        with self.lock:
            return {"version": self.version, "users": self.users, "store": self.store.plain()}

    def restore(self, state: Any) -> None:
        with self.lock:
            if state["version"] != self.version:
                raise ValueError(f"this is the state of a {state['version']}, not of a {self.version}")
            self.users = {login: dict(user) for login, user in state["users"].items()}
            self.store.become(state["store"])
            if self.replica:
                self.replica.begin_again()

    def operations_of(self, request: Request) -> tuple[str, ...]:
        """`sale.order.load`, or `common.version` of a service that is no model's."""
        model, method = self._asked(request)
        return (f"{model}.{method}",) if method else ()

    def is_write(self, request: Request) -> bool:
        """Whether it calls a method that changes something."""
        model, method = self._asked(request)
        return bool(method) and model not in ("common", "db") and method not in READS | CHECKS

    def _asked(self, request: Request) -> tuple[str, str]:
        found = _ROUTE.fullmatch(request.path)
        if found:
            return found[1], found[2]
        try:
            params = read(request.get_data())["params"]
            service, method, args = params["service"], params["method"], params["args"]
            return (str(args[3]), str(args[4])) if service == "object" else (str(service), str(method))
        except (BadInput, KeyError, TypeError, IndexError):
            return "", ""

    # -- requests ------------------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Response:
        protocols = self.options.get("protocols", "both")
        if request.path == "/jsonrpc" and protocols != "json-2":
            if request.method != "POST":
                raise MethodNotAllowed(["POST"])
            return self._json_rpc(request)
        found = _ROUTE.fullmatch(request.path)
        if found and self.version == "19" and protocols != "json-rpc":
            if request.method != "POST":
                raise MethodNotAllowed(["POST"])
            return self._json_2(request, found[1], found[2])
        raise NotFound

    def _json_rpc(self, request: Request) -> Response:
        if request.mimetype != "application/json":
            page = (
                "<!doctype html>\n<html lang=en>\n<title>400 Bad Request</title>\n<h1>Bad Request</h1>\n"
                "<p>Request inferred type is compatible with [&#39;http&#39;] but &#39;/jsonrpc&#39; is "
                "type=&#39;json&#39;.</p>\n"
            )
            return Response(page, 400, content_type="text/html; charset=utf-8")
        try:
            body = read(request.get_data())
        except BadInput:
            body = None
        if not isinstance(body, dict):
            return Response("Invalid JSON data", 400, content_type="text/html; charset=utf-8")
        told: dict[str, Any] = {"jsonrpc": "2.0", "id": body.get("id")}
        try:
            answer = self._service(body.get("params") or {})
            if answer is not None:
                told["result"] = answer
        except Fault as fault:
            told["error"] = {
                "code": 200 if self.version == "17" else 0,
                "message": "Odoo Server Error",
                "data": _told(fault),
            }
        return Response(dump(told), content_type=_JSON)

    def _service(self, params: Mapping[str, Any]) -> Any:
        missing = [name for name in ("service", "method", "args") if name not in params]
        if missing:
            listed = ", ".join(f"'{name}'" for name in missing[:-1])
            listed = (
                f"{listed}{',' if len(missing) > 2 else ''} and '{missing[-1]}'"
                if listed
                else f"'{missing[0]}'"
            )
            plural = "s" if len(missing) > 1 else ""
            raise TypeFault(
                f"JSONRPC.jsonrpc() missing {len(missing)} required positional argument{plural}: {listed}"
            )
        service, method, args = params["service"], params["method"], list(params["args"])
        if service == "common":
            return self._common(method, args)
        if service == "object":
            if method not in ("execute", "execute_kw"):
                raise AttributeFault(f"Method not available {method}")
            return self._object(method, args)
        raise KeyFault(str(service))

    def _common(self, method: str, args: list[Any]) -> Any:
        if method == "version":
            serie = f"{self.version}.0"
            return {
                "server_version": serie,
                "server_version_info": [int(self.version), 0, 0, "final", 0, ""],
                "server_serie": serie,
                "protocol_version": 1,
            }
        if method not in ("authenticate", "login"):
            raise AttributeFault(f"Method not available {method}")
        if len(args) < 3:
            raise TypeFault(f"exp_{method}() missing required positional arguments")
        self._database(args[0])
        user = self.users.get(str(args[1]))
        return user["uid"] if user and self._proves(user, args[2]) else False

    def _object(self, method: str, args: list[Any]) -> Any:
        if len(args) < 5:
            raise TypeFault(f"{method}() missing required positional arguments")
        database, uid, password, model, name, *rest = args
        self._database(database)
        user = next((user for user in self.users.values() if user["uid"] == uid), None)
        if user is None or not self._proves(user, password):
            raise AccessDenied("Access Denied")
        named: dict[str, Any] = {}
        if method == "execute_kw":
            named = dict(rest[1] or {}) if len(rest) > 1 else {}
            rest = list(rest[0]) if rest else []
        env = self._env(uid, user["rights"], named.pop("context", None))
        return call(env, str(model), str(name), rest, named)

    def _proves(self, user: dict[str, Any], secret: Any) -> bool:
        expiring = self.quirk(ExpiringToken)
        if expiring is None or secret != user["key"]:
            return secret in (user["password"], user["key"])
        if expiring.spend():
            return True
        login = next(login for login, one in self.users.items() if one is user)
        user["key"] = self._key(login, expiring.issued)
        return False

    def _database(self, name: Any) -> None:
        if name != _DATABASE:
            raise DatabaseFault(
                f'connection to server at "127.0.0.1", port 5432 failed: FATAL:  database "{name}" does not exist\n'
            )

    def _json_2(self, request: Request, model: str, method: str) -> Response:
        if request.headers.get("X-Odoo-Database", _DATABASE) != _DATABASE:
            raise NotFound
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return _refused(
                "Unauthorized",
                401,
                "User not authenticated, use an API Key with a Bearer Authorization header.",
                {"WWW-Authenticate": "Bearer "},
            )
        user = next((user for user in self.users.values() if user["key"] == key.strip()), None)
        if user is None or not self._proves(user, key.strip()):
            return _refused("Unauthorized", 401, "Invalid apikey", {"WWW-Authenticate": "Bearer "})
        try:
            named = read(request.get_data() or b"")
        except BadInput:
            named = None
        if not isinstance(named, dict):
            message = "could not parse the body as json: Expecting value: line 1 column 1 (char 0)"
            return _refused("BadRequest", 400, message)
        if model not in self.store.models:
            return _refused("NotFound", 404, f"the model '{model}' does not exist")
        store = self.replica.store() if self.replica and method in READ_ONLY else None
        env = self._env(user["uid"], user["rights"], named.pop("context", None), store=store)
        function = getattr(env.table(model), method, None)
        if function is not None and "ids" in getattr(function, "__annotations__", {}):
            named.setdefault("ids", [])
        try:
            answer = call(env, model, method, (), named)
        except AttributeFault:
            return _refused("NotFound", 404, f"the method '{method}' does not exist on the model '{model}'")
        except TypeFault as fault:
            return _refused("UnprocessableEntity", 422, fault.message)
        except Fault as fault:
            return Response(dump(_told(fault)), fault.status, content_type=_JSON)
        if method == "create" and isinstance(answer, int):
            answer = [answer]
        return Response(dump(answer), content_type=_JSON)


def _told(fault: Fault) -> dict[str, Any]:
    return {
        "name": fault.name,
        "message": fault.message,
        "arguments": [fault.message],
        "context": {},
        "debug": f"{fault.name}: {fault.message}\n",
    }


def _refused(name: str, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    body = {
        "name": f"werkzeug.exceptions.{name}",
        "message": message,
        "arguments": [message, status],
        "context": {},
        "debug": f"werkzeug.exceptions.{name}: {status}: {message}\n",
    }
    return Response(dump(body), status, headers=dict(headers or {}), content_type=_JSON)
