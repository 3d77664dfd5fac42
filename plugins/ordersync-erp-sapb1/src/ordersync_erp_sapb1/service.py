"""The Service Layer behind four verbs: rows, one, send, ask a service; and `$batch`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import ValidationError

from ordersync import NotFound, Refused, UnexpectedReply
from ordersync.web import Access, InFlight, Reply, next_field_pages
from ordersync_erp_sapb1.faults import verdicts
from ordersync_erp_sapb1.multipart import Operation, Part, answered, answered_in_turn, change_set, singles
from ordersync_erp_sapb1.session import Sessions
from ordersync_erp_sapb1.settings import SapB1Settings
from ordersync_erp_sapb1.wire import Body

__all__ = ["PAGE", "Service", "any_of", "parsed", "quoted"]

PAGE = 100
"""Rows asked for per page; the Service Layer gives 20 unless it is told otherwise."""
TIMEOUT = 120.0
"""Seconds; a document of some hundred lines takes long."""
_PLAIN = "$'(),"
"""Signs that the manual's own addresses hold as they are."""

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
            budget=access.budget(
                InFlight(settings.concurrency, longest=1.5 * TIMEOUT),
                account=f"{settings.url} {settings.company}",
            ),
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

    def found(
        self, row: type[B], wheres: Sequence[str], *, of: Sequence[str] = (), more: Sequence[str] = ()
    ) -> dict[str, list[B]]:
        """Entity set → every row that matches any of the filters, each asked of each set in `of`; all in one `$batch`.

        Each is asked by itself where there is only one, and where not all of a batch is answered: with patience, and a new
        session if need be. The filters must not rely on `B1S-CaseInsensitive`: whether a header counts inside of a batch is
        not documented.
        """
        asked = [(entity_set, where) for entity_set in of or (row.SET,) for where in wheres]
        pages = self._pages(row, asked, more) if len(asked) > 1 else None
        found: dict[str, list[B]] = {entity_set: [] for entity_set in of or (row.SET,)}
        for place, (entity_set, where) in enumerate(asked):
            if pages is None or pages[place] is None:
                found[entity_set] += self.rows(row, where=where, of=entity_set, more=more)
            else:
                found[entity_set] += [parsed(row, value) for value in pages[place] or ()]
        return found

    def _pages(
        self, row: type[B], asked: Sequence[tuple[str, str]], more: Sequence[str]
    ) -> list[list[Mapping[str, Any]] | None] | None:
        """The rows of each, None for those that have more pages; None if not all are answered."""
        operations = []
        for entity_set, where in asked:
            params = self._params(row, where, "", more)
            query = "&".join(f"{name}={quote(value, safe=_PLAIN)}" for name, value in params.items())
            operations.append(Operation("GET", f"{entity_set}?{query}"))
        try:
            parts = self.in_turn(operations)
        except (Refused, UnexpectedReply):
            return None
        if not parts or parts[-1].status >= 400:
            return None
        replies = [Reply(part.status, {}, b"", part.data, "") for part in parts]
        rows = [_values(reply) for reply in replies]
        return [None if reply.data.get(self._link) else row for reply, row in zip(replies, rows, strict=True)]

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

    def in_turn(self, operations: Sequence[Operation]) -> list[Part] | None:
        """Requests that change nothing, in one `$batch`, one after another; the first that fails is the last answered.

        The answers to all, or to those up to the failed one; None if the answer is not of this form.
        """
        body, kind = singles(self._root, operations)
        reply = self._client.post(
            "$batch",
            content=body,
            headers={"content-type": kind, "accept": "multipart/mixed"},
            expect_json=False,
            repeatable=True,
        )
        return answered_in_turn(reply.body, reply.headers.get("content-type", ""), len(operations))

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
