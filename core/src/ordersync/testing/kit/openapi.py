"""A start from a vendor's OpenAPI document: every operation answers at once, and is replaced one by one.

    class Sandbox(OpenApiSandbox):
        platform = "acme"
        documents = (Path("acme.openapi.yml"),)

        @route("GET", "/v2/orders")                  # this one is written by hand now
        def list_orders(self, call): return self.pages.page(call, self.orders.listed())

What nobody has written yet answers with the document's own example, or else with the simplest value that fits its
schema. Each request, also one to an endpoint that is written, must be as the document has it, or is refused (422
`invalid`, with what was expected, never what was sent). `ordersync[authors]` brings what this needs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from werkzeug.wrappers import Request

from ordersync.testing.kit.faults import Fault
from ordersync.testing.kit.rest import RestSandbox
from ordersync.testing.kit.routes import Answer, Call, Route
from ordersync.testing.kit.samples import referred, sample
from ordersync.testing.openapi import Described, Exchange, Known, OpenApi

__all__ = ["OpenApiSandbox", "answer_of"]

_GENERATED = "from_document"


class OpenApiSandbox(RestSandbox):
    """A sandbox that knows its vendor's document."""

    documents: ClassVar[Sequence[Path | Mapping[str, Any]]] = ()
    """Files (OpenAPI 3 or Swagger 2, YAML or JSON, also `.gz`) or their contents."""
    known: ClassVar[Sequence[Known]] = ()
    """Where the document is wrong or silent: `Known("POST /v2/orders body /note", "why")` lets a request pass."""
    _read: ClassVar[dict[type, OpenApi]] = {}

    @classmethod
    def api(cls) -> OpenApi:
        """The documents, read at the first call. Raises ValueError if one is not there, or neither OpenAPI 3 nor Swagger 2."""
        if cls not in cls._read:
            for one in cls.documents:
                if isinstance(one, Path) and not one.is_file():
                    raise ValueError(
                        f"{cls.platform} needs the vendor's document {one.name}: put it at {one}"
                    )
            cls._read[cls] = OpenApi(*cls.documents, known=cls.known, credentials=False)
        return cls._read[cls]

    def __init__(self, **given: Any) -> None:
        """The same arguments as `Sandbox`. Raises ValueError like `api`."""
        self.api()
        super().__init__(**given)

    @classmethod
    def unwritten(cls) -> list[str]:
        """The document's operations that are still answered from it: `GET /v2/orders/{order_id}`."""
        written = {f"{rule.endpoint.method} {_plain(rule.rule)}" for rule in cls.ways.iter_rules()}
        return [one.name for one in cls.api().operations() if _plain(one.name) not in written]

    def matched(self, request: Request) -> tuple[Route, dict[str, Any]]:
        """An endpoint that is written, else the document's. Raises Fault 404 or 405."""
        try:
            return super().matched(request)
        except Fault:
            found = self.api().described(request.method, request.path)
            if found is None:
                raise
        return Route(request.method, found.name.partition(" ")[2], _GENERATED), {"operation": found}

    def check_request(self, request: Request, way: Route) -> None:  # noqa: ARG002 - RestSandbox's signature
        """Refuse what is not as the document has it; who is asking was judged by the gate already."""
        if self.api().described(request.method, request.path) is None:
            return
        exchange = Exchange(
            method=request.method,
            url=request.url,
            status=0,
            request_headers={name.lower(): value for name, value in request.headers.items()},
            request_body=request.get_data(),
        )
        wrong = self.api().deviations(exchange, answer=False)
        if wrong:
            said = "; ".join(map(str, wrong[:5]))
            raise Fault(422, "invalid", said, field=wrong[0].path.strip("/").replace("/", "."))

    def from_document(self, call: Call, operation: Described) -> Answer:  # noqa: ARG002 - an endpoint's signature
        """What the document says that it answers."""
        return answer_of(operation)


def answer_of(operation: Described) -> Answer:
    """The operation's first good answer: the document's example, else a sample of its schema."""
    answers = {str(status): one for status, one in operation.content.get("responses", {}).items()}
    good = sorted(status for status in answers if status.startswith("2") or status == "default")
    if not good:
        return Answer(None, 204)
    chosen = operation.resolved(answers[good[0]])
    status = int(good[0]) if good[0].isdecimal() else 200
    media = chosen.get("content", {})
    kind = next((one for one in media if "json" in one), "")
    if not kind:
        return Answer(None, status)
    described = media[kind]
    examples = [operation.resolved(one).get("value") for one in (described.get("examples") or {}).values()]
    example = referred(described.get("example", examples[0] if examples else None), operation.resolved)
    body = example if example is not None else sample(described.get("schema", {}), operation.resolved)
    return Answer(body, status, {"Content-Type": kind})


def _plain(path: str) -> str:
    """A path without the names of its parameters, however they are written."""
    return re.sub(r"<[^>]*>|\{[^}]*\}", "{}", path).rstrip("/")
