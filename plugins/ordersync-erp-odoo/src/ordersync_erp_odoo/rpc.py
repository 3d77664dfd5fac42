"""Odoo's two ways in, behind one `call`: JSON-RPC (all versions) and JSON-2 (from 19 on).

Both answer exceptions of the server with the name of a Python class; the messages beside it are translated and differ
between versions, so only the class decides what an error means.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from pydantic import SecretStr, ValidationError

from ordersync import (
    AccessDenied,
    BadSettings,
    InDoubt,
    NotFound,
    OrderSyncError,
    Refused,
    TryLater,
    UnexpectedReply,
    Unreachable,
)
from ordersync.web import Access, Budget, Client, InFlight, Reply, SlidingWindow, default_error, dump
from ordersync_erp_odoo.settings import OdooSettings
from ordersync_erp_odoo.wire import CompanyRow, Row, Version

__all__ = ["JSON2_SINCE", "SELDOM", "Odoo", "price_digits", "verdicts"]

JSON2_SINCE = 19
SELDOM = timedelta(hours=1)
"""How long descriptions and master data are believed."""
TIMEOUT = 150.0
"""Seconds; longer than the 120 that a worker of Odoo may take by default."""

POSITIONAL: Mapping[str, tuple[str, ...]] = {
    "search_read": ("domain",),
    "read": ("fields",),
    "load": ("fields", "data"),
    "write": ("vals",),
    "fields_get": ("allfields",),
    "has_access": ("operation",),
    "check_access_rights": ("operation", "raise_exception"),
}
"""Arguments that JSON-RPC takes by place; JSON-2 takes every argument by this name."""

DENIED = {
    "odoo.exceptions.AccessDenied": "Odoo refuses the login or key.",
    "odoo.exceptions.AccessError": "The Odoo user lacks a right.",
    "odoo.http.SessionExpiredException": "Odoo's session has expired.",
    "werkzeug.exceptions.Unauthorized": "Odoo refuses the key.",
    "werkzeug.exceptions.Forbidden": "The Odoo user lacks a right.",
}
MISSING = {"odoo.exceptions.MissingError"}
REFUSED = {
    "odoo.exceptions.UserError",
    "odoo.exceptions.ValidationError",
    "odoo.exceptions.RedirectWarning",
}
ROLLED_BACK = {
    "psycopg2.errors.SerializationFailure",
    "psycopg2.errors.DeadlockDetected",
    "psycopg2.errors.LockNotAvailable",
    "psycopg2.extensions.TransactionRollbackError",
    "odoo.exceptions.ConcurrencyError",
    "odoo.exceptions.LockError",
}
CONNECTION_LOST = {"psycopg2.OperationalError", "psycopg2.InterfaceError"}

CATCHING_UP = (0.5, 1, 2, 4, 8, 15)
"""Pauses in seconds until what was written shows, where a replica of the database answers what is read."""

R = TypeVar("R", bound=Row)
T = TypeVar("T")


def verdicts(reply: Reply, repeatable: bool) -> OrderSyncError | None:
    """What a reply of either protocol means; JSON-RPC puts its errors into a 200 (measured on 17 and 19).

    Whatever class the server raised, it has rolled back; only a lost connection to its database leaves a doubt.
    """
    data = reply.data
    if isinstance(data, dict) and isinstance(data.get("error"), dict) and "jsonrpc" in data:
        inner = data["error"].get("data")
        inner = inner if isinstance(inner, dict) else {}
        return _judged(str(inner.get("name", "")), str(inner.get("message", "")), reply, repeatable)
    if reply.status >= 400 and isinstance(data, dict) and isinstance(data.get("name"), str):
        return _judged(data["name"], str(data.get("message", "")), reply, repeatable)
    if reply.status == 404 and data is None:
        return AccessDenied(
            "There is no such Odoo database or interface at this address.",
            remedy="Check `url` and `database`, and that the server offers this protocol.",
            request_id=reply.request_id,
        )
    return default_error(reply, repeatable)


def _judged(name: str, message: str, reply: Reply, repeatable: bool) -> OrderSyncError:
    said = " ".join(message.split())[:300] or "Odoo gave no reason."
    rid = reply.request_id
    if name in DENIED:
        return AccessDenied(
            f"{DENIED[name]} {said}",
            remedy="Check login, key and the user's groups in Odoo.",
            request_id=rid,
        )
    if name in MISSING:
        return NotFound(said, remedy="Something was deleted in Odoo; look it up again.", request_id=rid)
    if name in ROLLED_BACK:
        return TryLater(said, request_id=rid)
    if name in CONNECTION_LOST:
        if repeatable:
            return TryLater(f"Odoo has no connection to its database: {said}", request_id=rid)
        return InDoubt(f"Odoo lost its database: {said}", request_id=rid)
    if name.startswith("werkzeug."):
        by_status = default_error(reply, repeatable, message=said)
        if by_status is not None:
            return by_status
    if name in REFUSED or not repeatable:
        return Refused(said, request_id=rid)
    return UnexpectedReply(f"Odoo does not know what it was asked ({name}): {said}", request_id=rid)


def _login_verdicts(reply: Reply, repeatable: bool) -> OrderSyncError | None:
    """The same for logging in, where a database that cannot be opened is one that does not exist."""
    data = reply.data
    inner = (
        data["error"].get("data") if isinstance(data, dict) and isinstance(data.get("error"), dict) else None
    )
    if isinstance(inner, dict) and inner.get("name") in CONNECTION_LOST:
        return AccessDenied(
            "Odoo cannot open the database.",
            remedy="Check `database` in the connection's settings.",
            request_id=reply.request_id,
        )
    return verdicts(reply, repeatable)


def budget_of(settings: OdooSettings, access: Access) -> Budget:
    """What one database may be asked."""
    budget = access.budget(
        InFlight(settings.concurrency, longest=1.5 * TIMEOUT), account=f"{settings.url} {settings.database}"
    )
    if settings.requests_per_minute:
        budget.add(SlidingWindow(settings.requests_per_minute, 60.1))
    return budget


class _Door(Protocol):
    name: str

    def call(
        self,
        model: str,
        method: str,
        ids: Sequence[int] | None,
        arguments: Mapping[str, Any],
        context: Mapping[str, Any],
        write: bool,
    ) -> Any: ...

    def close(self) -> None: ...


class _JsonRpc:
    """`POST /jsonrpc`: service `object`, method `execute_kw`, the key in every call."""

    name = "JSON-RPC"

    def __init__(self, settings: OdooSettings, access: Access, uid: int = 0) -> None:
        """`uid` is the user's id, which `login` finds."""
        self._settings = settings
        budget = budget_of(settings, access)
        self._client = access.client(settings.url, verdicts=verdicts, timeout=TIMEOUT, budget=budget)
        self._logins = access.client(settings.url, verdicts=_login_verdicts, timeout=TIMEOUT, budget=budget)
        self._uid = uid

    def version(self) -> Version:
        """What the server says about itself, without a login."""
        return Version.model_validate(self._ask(self._logins, "common", "version", [], write=False))

    def login(self) -> int:
        """The user's id. A wrong password is answered `false`, not an error (measured on 17 and 19)."""
        settings = self._settings
        if not settings.login:
            raise BadSettings("JSON-RPC needs the `login` of the API user.")
        proof = [settings.database, settings.login, settings.api_key, {}]
        uid = self._ask(self._logins, "common", "authenticate", proof, write=False)
        if not isinstance(uid, int) or isinstance(uid, bool):
            raise AccessDenied(
                "Odoo refuses the login.", remedy="Check `login` and `api_key` in the connection's settings."
            )
        return uid

    def call(
        self,
        model: str,
        method: str,
        ids: Sequence[int] | None,
        arguments: Mapping[str, Any],
        context: Mapping[str, Any],
        write: bool,
    ) -> Any:
        by_place = [name for name in POSITIONAL.get(method, ()) if name in arguments]
        by_name = {name: value for name, value in arguments.items() if name not in by_place}
        args = [*([list(ids)] if ids is not None else []), *(arguments[name] for name in by_place)]
        named = {**by_name, "context": context}
        call = [self._settings.database, self._uid, self._settings.api_key, model, method, args, named]
        return self._ask(self._client, "object", "execute_kw", call, write=write)

    def _ask(self, client: Client, service: str, method: str, args: list[Any], *, write: bool) -> Any:
        reply = client.post("jsonrpc", json=_called(service, method, args), repeatable=not write)
        if not isinstance(reply.data, dict) or reply.data.get("jsonrpc") != "2.0":
            if write:
                raise InDoubt("Odoo's answer is not JSON-RPC. Whether the write happened is not known.")
            raise UnexpectedReply("Odoo's answer is not JSON-RPC.", remedy="Check `url`.")
        return reply.data.get("result")

    def close(self) -> None:
        self._client.close()
        self._logins.close()


def _called(service: str, method: str, args: Sequence[Any]) -> dict[str, Any]:
    """The body of a call. Nobody else holds the key in plain text: reporters of errors print local variables."""
    plain = [one.get_secret_value() if isinstance(one, SecretStr) else one for one in args]
    params = {"service": service, "method": method, "args": plain}
    return {"jsonrpc": "2.0", "method": "call", "params": params, "id": 1}


class _Bearer:
    """The key as a bearer token."""

    def __init__(self, settings: OdooSettings) -> None:
        self._key = settings.api_key

    def headers(self, method: str, url: str, body: bytes) -> Mapping[str, str]:  # noqa: ARG002 - Auth's signature
        return {"authorization": f"bearer {self._key.get_secret_value()}"}

    def renew(self, refused: Mapping[str, str]) -> bool:  # noqa: ARG002 - Auth's signature
        return False


class _Json2:
    """`POST /json/2/<model>/<method>`: arguments by name, the key as a bearer token."""

    name = "JSON-2"

    def __init__(self, settings: OdooSettings, access: Access) -> None:
        self._client = access.client(
            settings.url,
            auth=_Bearer(settings),
            headers={"x-odoo-database": settings.database},
            verdicts=verdicts,
            timeout=TIMEOUT,
            budget=budget_of(settings, access),
        )

    def call(
        self,
        model: str,
        method: str,
        ids: Sequence[int] | None,
        arguments: Mapping[str, Any],
        context: Mapping[str, Any],
        write: bool,
    ) -> Any:
        body = {**arguments, "context": context}
        if ids is not None:
            body["ids"] = list(ids)
        return self._client.post(f"json/2/{model}/{method}", json=body, repeatable=not write).data

    def close(self) -> None:
        self._client.close()


class Odoo:
    """One database of one Odoo, over whichever protocol it takes. Thread-safe; connects at the first call."""

    def __init__(self, settings: OdooSettings, access: Access) -> None:
        self._settings = settings
        self._access = access
        self._lock = threading.RLock()
        self._door: _Door | None = None
        self._closed = False
        self._fields: dict[str, Mapping[str, Mapping[str, Any]]] = {}
        self._first_seen: Any = None
        """The companies, as the call answered that tried the door; used once."""
        self.company: int | None = None
        """Sent as the allowed company with every call, once it is known."""
        self.version: Version | None = None
        """None where the server keeps it to itself."""

    @property
    def protocol(self) -> str:
        """`JSON-RPC` or `JSON-2`."""
        return self._opened().name

    def call(
        self,
        model: str,
        method: str,
        ids: Iterable[int] | None = None,
        *,
        write: bool = False,
        context: Mapping[str, Any] | None = None,
        **arguments: Any,
    ) -> Any:
        """The answer of `model.method`. `ids` are the records it is called on, None for a method of the model.

        `write` says that it changes something: then a lost answer raises InDoubt. Methods that answer nothing answer
        None. Raises what `verdicts` says.
        """
        inside: dict[str, Any] = dict(context or {})
        if self.company is not None:
            inside["allowed_company_ids"] = [self.company]
        of = list(ids) if ids is not None else None
        return self._opened().call(model, method, of, arguments, inside, write)

    def seldom(self, model: str, method: str, ids: Iterable[int] | None = None, **arguments: Any) -> Any:
        """As `call`, for what seldom changes: an answer that is younger than `SELDOM` is not asked for again."""
        of = sorted(ids) if ids is not None else None
        asked = dump([self.company, of, arguments]).decode()
        return self._access.memory.once(
            f"{model} {method} {asked}",
            lambda: self.call(model, method, of, **arguments),
            now=self._access.clock.now(),
            keep=SELDOM,
        )

    def forget(self) -> None:
        """Ask again for everything that seldom changes."""
        self._access.memory.forget()
        with self._lock:
            self._fields.clear()

    def fields(self, model: str) -> Mapping[str, Mapping[str, Any]]:
        """The fields of `model` that this connector may ask for and this Odoo has, with type and digits.

        None at all if the module that brings the model is not installed.
        """
        with self._lock:
            if model not in self._fields:
                try:
                    answer = self.seldom(
                        model, "fields_get", allfields=Row.wanted(model), attributes=["type", "digits"]
                    )
                except Refused:
                    answer = {}
                if not isinstance(answer, dict):
                    raise UnexpectedReply(f"Odoo does not describe {model}.")
                self._fields[model] = answer
            return self._fields[model]

    def has(self, model: str, field: str) -> bool:
        """Whether this Odoo's `model` has `field`: versions and installed modules differ."""
        return field in self.fields(model)

    def search(
        self,
        row: type[R],
        domain: Sequence[Any],
        *,
        order: str = "id",
        limit: int | None = None,
        archived: bool = False,
        seldom: bool = False,
    ) -> list[R]:
        """The records that match, as `row`; archived ones are left out unless asked for. `seldom`: they seldom change."""
        more: dict[str, Any] = {"limit": limit} if limit else {}
        ask = self.seldom if seldom else self.call
        answer = ask(
            row.MODEL,
            "search_read",
            domain=list(domain),
            fields=self._names(row),
            order=order,
            context={"active_test": False} if archived else None,
            **more,
        )
        return self._rows(row, answer)

    def read(
        self,
        row: type[R],
        ids: Iterable[int],
        *,
        context: Mapping[str, Any] | None = None,
        seldom: bool = False,
    ) -> list[R]:
        """The records with these ids; those that are gone are missing from the answer. `seldom`: they seldom change."""
        wanted = sorted(set(ids))
        if not wanted:
            return []
        ask = self.seldom if seldom else self.call
        answer = ask(row.MODEL, "read", wanted, fields=self._names(row), context=context)
        return self._rows(row, answer)

    def companies(self) -> list[CompanyRow]:
        """The companies that the user sees, asked now and without the limit to one."""
        self.company = None
        self._opened()
        with self._lock:
            answer, self._first_seen = self._first_seen, None
        return self.search(CompanyRow, []) if answer is None else self._rows(CompanyRow, answer)

    def external_ids(self, model: str, ids: Iterable[int]) -> dict[int, str]:
        """Record id → external id (`module.name`), of those that have one. Needs no rights on `ir.model.data`."""
        wanted = sorted(set(ids))
        if not wanted:
            return {}
        answer = self.call(model, "get_external_id", wanted)
        if not isinstance(answer, dict) or not all(each.isdecimal() for each in answer):
            raise UnexpectedReply(f"Odoo does not tell the external ids of {model}.")
        return {int(each): str(xid) for each, xid in answer.items() if xid}

    def until(self, ask: Callable[[], T], fits: Callable[[T], bool]) -> T:
        """What `ask` answers once that shows what was just written, or after half a minute whatever it answers then.

        Odoo may send what only reads to a replica, which is behind.
        """
        for pause in CATCHING_UP:
            answer = ask()
            if fits(answer):
                return answer
            self._access.clock.sleep(pause)
        return ask()

    def _names(self, row: type[Row]) -> list[str]:
        if row.EVERYWHERE:
            return row.names()
        known = self.fields(row.MODEL)
        return [name for name in row.names() if name in known]

    @staticmethod
    def _rows(row: type[R], answer: Any) -> list[R]:
        if not isinstance(answer, list):
            raise UnexpectedReply(f"Odoo does not answer a list of {row.MODEL}.")
        try:
            return [row.model_validate(each) for each in answer]
        except ValidationError as error:
            places = {".".join(map(str, each["loc"])) for each in error.errors()}
            raise UnexpectedReply(
                f"Odoo's {row.MODEL} is not as expected in {', '.join(sorted(places))}."
            ) from None

    def _opened(self) -> _Door:
        with self._lock:
            if self._closed:
                raise Unreachable(f"The connection to {self!r} is closed.")
            if self._door is None:
                self._door = self._open()
            return self._door

    def _open(self) -> _Door:
        """The door that was taken before, or the one that the settings and the server's version lead to."""
        known = self._access.memory.once(
            "door", lambda: self._choose(), now=self._access.clock.now(), keep=SELDOM
        )
        self.version = Version.model_validate(known["version"]) if known["version"] else None
        if known["uid"] is None:
            return _Json2(self._settings, self._access)
        return _JsonRpc(self._settings, self._access, known["uid"])

    def _choose(self) -> dict[str, Any]:
        """What to remember of the door: the server's version, and the user's id if it is JSON-RPC."""
        with closing(_JsonRpc(self._settings, self._access)) as old:
            wanted = self._settings.protocol
            version: Version | None = None
            try:
                version = old.version()
            except (AccessDenied, Refused):
                if wanted == "jsonrpc":
                    raise
            told = version.model_dump(mode="json") if version else None
            if self._json2_opens(version):
                return {"version": told, "uid": None}
            return {"version": told, "uid": old.login()}

    def _json2_opens(self, version: Version | None) -> bool:
        """Whether JSON-2 is to be used and takes the key; AccessDenied only if there is no other way."""
        wanted = self._settings.protocol
        modern = version is None or version.major >= JSON2_SINCE
        if not (wanted == "json2" or (wanted == "auto" and modern)):
            return False
        with closing(_Json2(self._settings, self._access)) as new:
            try:
                ask = {"domain": [], "fields": CompanyRow.names(), "order": "id"}
                self._first_seen = new.call("res.company", "search_read", None, ask, {}, False)
            except AccessDenied:
                if wanted == "json2" or version is None or not self._settings.login:
                    raise
                return False
        return True

    def close(self) -> None:
        """Close the connections to the server, for good."""
        with self._lock:
            self._closed = True
            if self._door is not None:
                self._door.close()

    def __repr__(self) -> str:
        return f"Odoo({self._settings.database})"


def price_digits(odoo: Odoo) -> int | None:
    """Digits of a unit price: 2 in 17, None (as many as a double holds) in 19. Measured; `fields_get` answers it."""
    digits = odoo.fields("sale.order.line").get("price_unit", {}).get("digits")
    return int(digits[1]) if isinstance(digits, list) and len(digits) == 2 else None
