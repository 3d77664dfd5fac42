"""JSON-RPC with one Tryton database: sessions, calls, and what its errors mean."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from ordersync import (
    AccessDenied,
    FieldProblem,
    InDoubt,
    OrderSyncError,
    Refused,
    TryLater,
    UnexpectedReply,
)
from ordersync.web import Access, Reply, default_error
from pydantic import ValidationError

from ordersync_tryton.settings import TrytonSettings
from ordersync_tryton.wire import Row, decoded, encoded

__all__ = ["Session", "Tryton", "tryton_error"]

AnyRow = TypeVar("AnyRow", bound=Row)

TIMEOUT = 90.0
"""Seconds. Confirming a sale makes its shipment and invoice at once, and a draft's totals are computed when read."""

_QUOTED = re.compile(r'(field )?"[^"]*"')
_FIELD = re.compile(r'field "([^"]*)"')


class Session:
    """The session of one user, as `ordersync.web.Auth`: logged in when needed, and again when it has expired.

    A login costs the server a quarter of a second (it hashes the password), so all threads share one session.
    """

    def __init__(self, settings: TrytonSettings, access: Access) -> None:
        self._settings = settings
        self._client = access.client(_database_url(settings), timeout=TIMEOUT, verdicts=tryton_error)
        self._lock = threading.Lock()
        self._header = ""

    def headers(self, method: str, url: str, body: bytes) -> Mapping[str, str]:
        """The session as a header; logs in first if there is none. Raises what the login raises."""
        with self._lock:
            if not self._header:
                self._header = self._login()
            return {"authorization": self._header}

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Log in again, unless another thread has done so already."""
        with self._lock:
            if self._header == refused.get("authorization"):
                self._header = self._login()
            return True

    def close(self) -> None:
        """Close the connection; the session ends by itself."""
        self._client.close()

    def _login(self) -> str:
        answer = self._ask_for_session()
        if isinstance(answer, AccessDenied):
            raise AccessDenied("Tryton refuses the login.", remedy="Check `user` and `password`.")
        if isinstance(answer, OrderSyncError):
            raise answer.with_traceback(None)
        match answer.data:
            case {"result": [int(number), str(token), *_]}:
                return (
                    f"Session {base64.b64encode(f'{self._settings.user}:{number}:{token}'.encode()).decode()}"
                )
        raise UnexpectedReply("Tryton's login gives no session.")

    def _ask_for_session(self) -> Reply | OrderSyncError:
        """The answer to a login, or what went wrong: handed over, so that no traceback leads to the password."""
        password = {"password": self._settings.password.get_secret_value()}
        asked = {"id": 0, "method": "common.db.login", "params": [self._settings.user, password]}
        try:
            return self._client.post("rpc/", json=asked, repeatable=True)
        except OrderSyncError as error:
            return error

    def __repr__(self) -> str:
        return f"Session({self._settings.database})"


class Tryton:
    """Calls to one database. Thread-safe."""

    def __init__(self, settings: TrytonSettings, access: Access) -> None:
        self._session = Session(settings, access)
        self._client = access.client(
            _database_url(settings), auth=self._session, timeout=TIMEOUT, verdicts=tryton_error
        )
        self._settings = settings
        self._company = settings.company

    @property
    def company(self) -> int:
        """The id of the company that all records belong to. Raises AccessDenied if the user has none."""
        if self._company is None:
            preferences = self._call("model.res.user.get_preferences", True, {}, repeatable=True)
            self._company = preferences.get("company") if isinstance(preferences, dict) else None
            if self._company is None:
                raise AccessDenied(
                    "The Tryton user works for no company.",
                    remedy="Choose one in the user's preferences, or name it in the setting `company`.",
                )
        return self._company

    def records(
        self,
        model: str,
        kind: type[AnyRow],
        domain: Sequence[Any],
        fields: Sequence[str],
        *,
        order: Sequence[tuple[str, str]] | None = None,
        limit: int | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> list[AnyRow]:
        """The records that match, as `kind`. Unlike `read`, an id that is not there is no error here."""
        rows = self._model(
            model, "search_read", [domain, 0, limit, order, fields], context=context, repeatable=True
        )
        try:
            return [kind.model_validate(row) for row in rows]
        except (ValidationError, TypeError) as error:
            raise UnexpectedReply(f"Tryton's {model} is not what was expected: {_places(error)}.") from None

    def raw_records(
        self,
        model: str,
        domain: Sequence[Any],
        fields: Sequence[str],
        *,
        order: Sequence[tuple[str, str]] | None = None,
        limit: int | None = None,
    ) -> list[dict[str, Any]]:
        """The same, not yet checked: for listings, where one odd record must not hide the others."""
        rows = self._model(model, "search_read", [domain, 0, limit, order, fields], repeatable=True)
        if not isinstance(rows, list) or not all(isinstance(row, dict) and "id" in row for row in rows):
            raise UnexpectedReply(f"Tryton's list of {model} is no list of records.")
        return rows

    def create(self, model: str, values: Sequence[Mapping[str, Any]]) -> list[int]:
        """Create records in one transaction: all or none. Their ids are in the order of `values`."""
        made = self._model(model, "create", [values], repeatable=False)
        if (
            not isinstance(made, list)
            or len(made) != len(values)
            or not all(isinstance(each, int) for each in made)
        ):
            raise InDoubt(f"Tryton's answer does not name the new {model}.")
        return made

    def press(self, model: str, button: str, records: Sequence[int]) -> None:
        """Press a button of records, such as `quote`, in one transaction: of all or of none. Each is named once.

        Where a worker does what follows, each record is a task of its own, so that one that fails holds up no other.
        """
        self._model(model, button, [list(records)], context={"queue_batch": 1}, repeatable=False)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self._session.close()

    def _model(
        self,
        model: str,
        method: str,
        params: Sequence[Any],
        *,
        repeatable: bool,
        context: Mapping[str, Any] | None = None,
    ) -> Any:
        company = {"company": self.company, "language": "en"}
        return self._call(
            f"model.{model}.{method}", *params, {**company, **(context or {})}, repeatable=repeatable
        )

    def _call(self, method: str, *params: Any, repeatable: bool) -> Any:
        asked = {"id": 1, "method": method, "params": encoded(params)}
        reply = self._client.post("rpc/", json=asked, repeatable=repeatable)
        if not isinstance(reply.data, dict) or "result" not in reply.data:
            raise _unclear(f"Tryton's answer to {method} holds no result.", repeatable)
        return decoded(reply.data["result"])

    def __repr__(self) -> str:
        return f"Tryton({self._settings.database})"


def tryton_error(reply: Reply, repeatable: bool) -> OrderSyncError | None:
    """What a reply means. Tryton's own errors come with HTTP 200, and roll back all that the call did."""
    error = reply.data.get("error") if isinstance(reply.data, dict) else None
    if error is None:
        return default_error(reply, repeatable)
    match error:
        case ["UserError" as kind, [str(said), *_]] | ["UserWarning" as kind, [_, str(said), *_]]:
            fields = tuple(FieldProblem(name, "not accepted") for name in _FIELD.findall(said))
            return Refused(f"Tryton refuses: {without_values(said)} ({kind})", fields=fields)
        case ["ConcurrencyException", *_]:
            return TryLater("Somebody else is changing the same record in Tryton.")
        case ["LoginException", *_]:
            return AccessDenied(
                "Tryton asks for more than a password.", remedy="Give the user a plain login."
            )
        case [str(), str()]:
            return UnexpectedReply(
                "Tryton failed; its log says why.", remedy="Check its version and modules."
            )
        case _:
            return _unclear("Tryton's error cannot be read.", repeatable)


def without_values(said: str) -> str:
    """A message of Tryton's without the values and record names that it quotes; the names of fields stay."""
    if said.count('"') % 2:
        return f'{said.partition(chr(34))[0]}"…"'
    return _QUOTED.sub(lambda quoted: quoted[0] if quoted[1] else '"…"', said)


def _unclear(message: str, repeatable: bool) -> OrderSyncError:
    """An answer that cannot be understood: after a write, nobody knows whether it was done."""
    return UnexpectedReply(message) if repeatable else InDoubt(message)


def _database_url(settings: TrytonSettings) -> str:
    return f"{settings.url.rstrip('/')}/{settings.database}"


def _places(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return "no list of records"
    return ", ".join(sorted({".".join(map(str, each["loc"])) for each in error.errors()}))
