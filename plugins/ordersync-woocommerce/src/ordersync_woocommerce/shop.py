"""One shop's REST API: addresses, pages, and models of what it answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from ordersync import InDoubt, UnexpectedReply
from ordersync.web import Access, Auth, Basic, InFlight, Reply, SignedRequests, SlidingWindow
from ordersync_woocommerce.errors import judged
from ordersync_woocommerce.settings import WooCommerceSettings

__all__ = ["LARGEST_PAGE", "Shop", "listed", "read_as", "reason"]

M = TypeVar("M", bound=BaseModel)
LARGEST_PAGE = 100
"""What `per_page` takes at most; the default is 10."""
MOST_PAGES = 1000
"""Pages of one list at most; a list that is longer is not what was asked for."""


class _Query(dict[str, str]):
    """Parameters whose `repr` holds no value: the key may be among them, and reporters print local variables."""

    def __repr__(self) -> str:
        return f"{len(self)} parameters"

    __str__ = __repr__


class Shop:
    """Asks one shop. Thread-safe; errors are those of `web` and of `errors.judged`."""

    def __init__(self, settings: WooCommerceSettings, access: Access) -> None:
        key = settings.consumer_key.get_secret_value()
        secret = settings.consumer_secret.get_secret_value()
        self._proof: Mapping[str, str] = {}
        auth: Auth | None = Basic(key, secret)
        if settings.key_in == "query":
            self._proof, auth = {"consumer_key": key, "consumer_secret": secret}, None
        elif urlsplit(settings.url).scheme == "http":
            auth = SignedRequests(key, secret, access.clock)
        self._plain = settings.permalinks == "plain"
        slots = InFlight(settings.concurrency, longest=1.5 * settings.timeout)
        budget = access.budget(slots, account=settings.url)
        if settings.requests_per_minute:
            budget.add(SlidingWindow(settings.requests_per_minute, 60.1))
        self._client = access.client(
            settings.url, auth=auth, verdicts=judged, timeout=settings.timeout, budget=budget
        )
        self.host = self._client.origin[1]

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def __repr__(self) -> str:
        return f"Shop({self.host})"

    def get(self, path: str, **params: str) -> Reply:
        """`GET /wc/v3/PATH`."""
        return self._send("GET", path, params, None, None)

    def post(self, path: str, body: Any, *, repeatable: bool = False) -> Reply:
        """`POST /wc/v3/PATH` with a JSON body."""
        return self._send("POST", path, {}, body, repeatable)

    def put(self, path: str, body: Any) -> Reply:
        """`PUT /wc/v3/PATH` with a JSON body."""
        return self._send("PUT", path, {}, body, None)

    def delete(self, path: str, **params: str) -> Reply:
        """`DELETE /wc/v3/PATH`."""
        return self._send("DELETE", path, params, None, None)

    def one(self, model: type[M], path: str, **params: str) -> M:
        """One object."""
        return read_as(model, self.get(path, **params).data)

    def whole(self, model: type[M], path: str) -> list[M]:
        """A list that comes without pages."""
        return [read_as(model, row) for row in listed(self.get(path))]

    def rows(self, model: type[M], path: str, **params: str) -> Iterator[M]:
        """Every row of a list, page by page. For lists that stand still while they are read."""
        for page in range(1, MOST_PAGES + 1):
            asked = params | {"per_page": str(LARGEST_PAGE), "page": str(page)}
            reply = self.get(path, **asked)
            found = listed(reply)
            yield from (read_as(model, row) for row in found)
            if len(found) < LARGEST_PAGE:
                return
        raise UnexpectedReply(f"The shop gives far more {path} than were asked for.")

    def _send(
        self, method: str, path: str, params: Mapping[str, str], body: Any, repeatable: bool | None
    ) -> Reply:
        route = f"/wc/v3/{path}"
        place = {"rest_route": route} if self._plain else {}
        query = _Query({**place, **params, **self._proof})
        return self._client.send(
            method, "" if self._plain else f"wp-json{route}", params=query, json=body, repeatable=repeatable
        )


def listed(reply: Reply) -> list[Any]:
    """The rows of a list. Raises UnexpectedReply if it is none."""
    if not isinstance(reply.data, list):
        raise UnexpectedReply("The shop's answer is no list.")
    return reply.data


def read_as(model: type[M], data: Any, *, wrote: bool = False) -> M:
    """`data` as the model. Raises UnexpectedReply if it is something else, InDoubt if a write (`wrote`) answered it."""
    problem = ""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problem = reason(error)
    said = f"The shop's {model.__name__} cannot be read: {problem}."
    raise InDoubt(said) if wrote else UnexpectedReply(said)


def reason(error: ValueError) -> str:
    """Why something could not be read, without its values."""
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        return f"{place}: {first['msg']}" if place else str(first["msg"])
    return str(error)
