"""The Service Layer behind four verbs: rows, one, send, ask a service; and `$batch`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from ordersync import NotFound, UnexpectedReply
from ordersync.web import Access, Reply, next_field_pages
from ordersync_erp_sapb1.faults import verdicts
from ordersync_erp_sapb1.multipart import Operation, Part, answered, change_set
from ordersync_erp_sapb1.session import Sessions
from ordersync_erp_sapb1.settings import SapB1Settings
from ordersync_erp_sapb1.wire import Body

__all__ = ["PAGE", "Service", "any_of", "parsed", "quoted"]

PAGE = 100
"""Rows asked for per page; the Service Layer gives 20 unless it is told otherwise."""
TIMEOUT = 120.0
"""Seconds; a document of some hundred lines takes long."""

B = TypeVar("B", bound=Body)


def quoted(text: str) -> str:
    """A text literal of a filter or a key."""
    return "'" + text.replace("'", "''") + "'"


def any_of(conditions: Sequence[str]) -> str:
    """The conditions, any of which holds."""
    return " or ".join(conditions)


class Service:
    """One company over v1 or v2. Thread-safe; logs in at the first call."""

    def __init__(self, settings: SapB1Settings, access: Access) -> None:
        self.version = settings.version
        self._root = f"/b1s/{settings.version}/"
        self._link = "odata.nextLink" if settings.version == "v1" else "@odata.nextLink"
        self._sessions = Sessions(settings, access)
        self._client = access.client(
            f"{settings.url.rstrip('/')}/b1s/{settings.version}",
            auth=self._sessions,
            headers={"prefer": f"odata.maxpagesize={PAGE}", "b1s-caseinsensitive": "true"},
            verdicts=verdicts,
            timeout=TIMEOUT,
        )

    @property
    def host(self) -> str:
        """The host's name."""
        return self._client.origin[1]

    @property
    def release(self) -> str:
        """What the login said of the version; empty before."""
        return self._sessions.version

    def page(
        self, row: type[B], *, where: str = "", order: str = "", more: Sequence[str] = ()
    ) -> tuple[list[Mapping[str, Any]], bool]:
        """At most `PAGE` rows as they come, and whether there are more. `more` are further properties to select.

        A server that is set to smaller pages gives fewer, and a next link, which is not followed.
        """
        params = self._params(row, where, order, more) | {"$top": str(PAGE)}
        reply = self._client.get(row.SET, params=params)
        rows = _values(reply)
        return rows, bool(rows) and (len(rows) >= PAGE or bool(reply.data.get(self._link)))

    def rows(
        self, row: type[B], *, where: str = "", order: str = "", of: str = "", more: Sequence[str] = ()
    ) -> Iterator[B]:
        """Every row that matches; `of` names another entity set with the same properties.

        Pages are followed by `odata.nextLink` (v1) or `@odata.nextLink` (v2), which may be relative.
        """
        params = self._params(row, where, order, more)
        for reply in next_field_pages(self._client, of or row.SET, params, field=self._link):
            for value in _values(reply):
                yield parsed(row, value)

    def _params(self, row: type[B], where: str, order: str, more: Sequence[str]) -> dict[str, str]:
        given = {"$select": ",".join([*row.names(), *more]), "$filter": where, "$orderby": order}
        return {name: value for name, value in given.items() if value}

    def one(self, row: type[B], key: str | int, *, of: str = "") -> B | None:
        """The row with this key; None if there is none."""
        found = self.raw(of or row.SET, key)
        return None if found is None else parsed(row, found)

    def raw(self, entity_set: str, key: str | int) -> Mapping[str, Any] | None:
        """The row as it comes; None if there is none. Raises UnexpectedReply if the answer is no row."""
        reply = self.reply(entity_set, key)
        if reply is None:
            return None
        if not isinstance(reply.data, dict):
            raise UnexpectedReply("The Service Layer does not answer a row.", request_id=reply.request_id)
        return reply.data

    def reply(self, entity_set: str, key: str | int) -> Reply | None:
        """The reply with the row, for its ETag; None if there is none."""
        literal = quoted(key) if isinstance(key, str) else str(key)
        try:
            return self._client.get(f"{entity_set}({literal})")
        except NotFound:
            return None

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        changes: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """One request with a body; None if the answer has none. `changes`: then a lost answer raises InDoubt."""
        reply = self._client.send(
            method,
            path,
            json=dict(body) if body is not None else None,
            headers=headers,
            repeatable=not changes,
            expect_json=method == "POST" and body is not None,
        )
        return reply.data

    def ask(self, service: str) -> Any:
        """What a service's function says. v2 describes functions, which are asked by GET; v1 takes POST (its reference).

        Whatever is documented, installations differ: the other way is tried if one is not there.
        """
        ways = ["GET", "POST"] if self.version == "v2" else ["POST", "GET"]
        try:
            return self._client.send(ways[0], service, repeatable=True).data
        except (NotFound, UnexpectedReply):
            return self._client.send(ways[1], service, repeatable=True).data

    def together(self, operations: Sequence[Operation]) -> list[Part]:
        """All operations in one change set of one `$batch`: each of them happens, or none.

        One part per operation, or a single one that says why nothing happened. Raises InDoubt if the answer is lost.
        """
        body, kind = change_set(self._root, operations)
        reply = self._client.post(
            "$batch",
            content=body,
            headers={"content-type": kind, "accept": "multipart/mixed"},
            expect_json=False,
        )
        return answered(reply.body, reply.headers.get("content-type", ""))

    def close(self) -> None:
        """Log out and close the connections."""
        self._sessions.close()
        self._client.close()


def _values(reply: Reply) -> list[Mapping[str, Any]]:
    values = reply.data.get("value") if isinstance(reply.data, dict) else None
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise UnexpectedReply(
            "The Service Layer does not answer a list of rows.", request_id=reply.request_id
        )
    return values


def parsed(row: type[B], value: Mapping[str, Any]) -> B:
    """A body as `row`. Raises UnexpectedReply, which names the properties and no value."""
    try:
        return row.model_validate(value)
    except ValidationError as error:
        places = {".".join(map(str, each["loc"])) for each in error.errors()}
    raise UnexpectedReply(
        f"A row of {row.SET or row.__name__} is not as expected in {', '.join(sorted(places))}."
    )
