"""The ways in which platforms hand out long lists, a page at a time; each class shows a sample answer.

    pages = NumberedPages(items="orders", size="per_page", most=100, total="meta.total")

    return self.pages.page(call, rows, show=self.order_view)

They are the other side of `ordersync.web`'s pagers, in the same words: `items` is where the rows go (`"data.orders"`;
`""`: the answer is the list), `size` the parameter for how many.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from ordersync.errors import BadInput
from ordersync.testing.kit.faults import Fault
from ordersync.testing.kit.parts import Part
from ordersync.testing.kit.quirks import OverlappingPages, SmallPages, UnsortedPages
from ordersync.testing.kit.routes import Answer, Call
from ordersync.web import dump, read

__all__ = ["CursorPages", "LinkHeaderPages", "NextFieldPages", "NumberedPages", "OffsetPages", "Pages"]

Row = dict[str, Any]


class Pages(Part):
    """Cuts a page out of rows. Subclasses say how a request names its page, and how the answer names the next."""

    def __init__(
        self,
        *,
        items: str = "",
        size: str = "limit",
        default: int = 50,
        most: int = 250,
        over: Literal["cap", "refuse"] = "cap",
        total: str = "",
        total_header: str = "",
    ) -> None:
        """`default` rows unless more are asked for, `most` at most: what is asked for beyond is capped or refused (400).

        `total` is where the number of all rows goes in the body, `total_header` in which header; by default nowhere.
        """
        self.items, self.size, self.default, self.most, self.over = items, size, default, most, over
        self.total, self.total_header = total, total_header

    def page(self, call: Call, rows: Sequence[Row], show: Callable[[Row], Any] = lambda row: row) -> Answer:
        """The page that a request asks for; `rows` are all of them, in the platform's order."""
        if self.sandbox.quirk(UnsortedPages):
            rows = sorted(rows, key=lambda row: hashlib.sha256(dump(row)).digest())
        size = self._size(call)
        start = self.start(call, size)
        end = min(start + size, len(rows))
        first = start - 1 if 0 < start < len(rows) and self.sandbox.quirk(OverlappingPages) else start
        shown = [show(row) for row in rows[first:end]]
        body: Any = {} if self.items or self.total else shown
        if self.items:
            put(body, self.items, shown)
        if self.total:
            put(body, self.total, len(rows))
        headers = {self.total_header: str(len(rows))} if self.total_header else {}
        return self.said(
            Answer(body, headers=headers), call, size, end if end < len(rows) else None, len(rows)
        )

    def start(self, call: Call, size: int) -> int:
        """The first row's place."""
        raise NotImplementedError

    def said(self, answer: Answer, call: Call, size: int, following: int | None, count: int) -> Answer:  # noqa: ARG002
        """The answer, with what it says about the page that begins at the row `following`, if there is one."""
        return answer

    def _size(self, call: Call) -> int:
        asked = call.number(self.size, self.default) if self.size else self.default
        if asked > self.most and self.over == "refuse":
            raise Fault(400, "bad_request", f"{self.size} is {self.most} at most.", field=self.size)
        small = self.sandbox.quirk(SmallPages)
        return max(1, min(asked, self.most, *((small.whole("rows"),) if small else ())))


class NumberedPages(Pages):
    """`GET /orders?page=2&per_page=3` answers `{"orders": [{"id": 4}, {"id": 5}], "meta": {"total": 5}}`."""

    def __init__(
        self,
        *,
        number: str = "page",
        first: int = 1,
        size: str = "per_page",
        pages_header: str = "",
        **more: Any,
    ) -> None:
        """`first` is the first page's number; `pages_header` says how many pages there are. `more` as in `Pages`."""
        super().__init__(size=size, **more)
        self.number, self.first, self.pages_header = number, first, pages_header

    def start(self, call: Call, size: int) -> int:
        number = call.number(self.number, self.first)
        if number < self.first:
            raise Fault(400, "bad_request", f"{self.number} is {self.first} at least.", field=self.number)
        return (number - self.first) * size

    def said(self, answer: Answer, call: Call, size: int, following: int | None, count: int) -> Answer:  # noqa: ARG002
        return _with(answer, {self.pages_header: str(-(-count // size))}) if self.pages_header else answer


class OffsetPages(Pages):
    """`GET /orders?offset=3&limit=3` answers `{"orders": [{"id": 4}, {"id": 5}]}`."""

    def __init__(self, *, offset: str = "offset", **more: Any) -> None:
        super().__init__(**more)
        self.offset = offset

    def start(self, call: Call, size: int) -> int:  # noqa: ARG002 - Pages' signature
        return call.number(self.offset, 0)


class CursorPages(Pages):
    """`GET /orders?after=eyJhdCI6Mn0` answers `{"data": […], "paging": {"next": "eyJhdCI6NH0", "more": true}}`.

    Cursors are opaque; one that was not given out is refused (400).
    """

    def __init__(
        self, *, cursor: str = "cursor", following: str = "next_cursor", more: str = "", **rest: Any
    ) -> None:
        """`cursor` is the parameter, `following` where the body has the next one (null on the last page), `more` where it
        says whether there is another page; by default nowhere. `rest` as in `Pages`; `items` must be said."""
        super().__init__(**rest)
        self.cursor, self.following, self.more = cursor, following, more

    def start(self, call: Call, size: int) -> int:  # noqa: ARG002 - Pages' signature
        return place(call.args.get(self.cursor, ""), self.cursor)

    def said(self, answer: Answer, call: Call, size: int, following: int | None, count: int) -> Answer:  # noqa: ARG002
        put(answer.body, self.following, None if following is None else cursor(following))
        if self.more:
            put(answer.body, self.more, following is not None)
        return answer


class LinkHeaderPages(Pages):
    """`Link: <https://shop.example/orders?page_info=eyJhdCI6Mn0&limit=2>; rel="next"`, until there is none."""

    def __init__(self, *, cursor: str = "page_info", relation: str = "next", **more: Any) -> None:
        super().__init__(**more)
        self.cursor, self.relation = cursor, relation

    def start(self, call: Call, size: int) -> int:  # noqa: ARG002 - Pages' signature
        return place(call.args.get(self.cursor, ""), self.cursor)

    def said(self, answer: Answer, call: Call, size: int, following: int | None, count: int) -> Answer:  # noqa: ARG002
        if following is None:
            return answer
        return _with(
            answer, {"Link": f'<{call.address(**{self.cursor: cursor(following)})}>; rel="{self.relation}"'}
        )


class NextFieldPages(Pages):
    """`{"@odata.nextLink": "https://erp.example/orders?$skip=2", "value": [{"id": 1}, {"id": 2}]}`."""

    def __init__(self, *, field: str = "next", skip: str = "skip", absent: bool = False, **more: Any) -> None:
        """`field` is where the next page's address goes (null on the last page, or not there if `absent`), `skip` the
        parameter in it. `more` as in `Pages`; `items` must be said."""
        super().__init__(**more)
        self.field, self.skip, self.absent = field, skip, absent

    def start(self, call: Call, size: int) -> int:  # noqa: ARG002 - Pages' signature
        return call.number(self.skip, 0)

    def said(self, answer: Answer, call: Call, size: int, following: int | None, count: int) -> Answer:  # noqa: ARG002
        if following is not None:
            put(answer.body, self.field, call.address(**{self.skip: str(following)}))
        elif not self.absent:
            put(answer.body, self.field, None)
        return answer


def put(body: dict[str, Any], path: str, value: Any) -> None:
    """Set a value in nested objects: `put(body, "meta.total", 3)`; a path that begins with `@` is one name."""
    *outer, last = [path] if path.startswith("@") else path.split(".")
    for name in outer:
        body = body.setdefault(name, {})
    body[last] = value


def cursor(at: int) -> str:
    """An opaque text for a place."""
    return base64.urlsafe_b64encode(dump({"at": at})).decode().rstrip("=")


def place(text: str, name: str) -> int:
    """The place that a cursor stands for; 0 for none. Raises Fault 400 for one that was not given out."""
    if not text:
        return 0
    try:
        return int(read(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))["at"])
    except (BadInput, binascii.Error, ValueError, TypeError, KeyError):
        raise Fault(400, "bad_request", f"{name} is not a cursor.", field=name) from None


def _with(answer: Answer, headers: Mapping[str, str]) -> Answer:
    return Answer(answer.body, answer.status, {**answer.headers, **headers})
