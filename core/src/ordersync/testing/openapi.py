"""What a connector sends and what it is answered, held against a vendor's own OpenAPI files.

    caught = Recorder(sandbox.transport())          # give it to `Access(transport=…)`
    api = OpenApi(specs / "orders.yml", specs / "catalog.yml", known=[Known("GET /v2/orders answer 204*", "why")])
    api.hold(caught.exchanges)                      # AssertionError: each deviation with place, path and expectation

OpenAPI 3 is read by openapi-core; of Swagger 2 what describes requests and answers is rewritten as OpenAPI 3 first.
Besides what the schemas say, names that a file does not document are deviations: query parameters, and properties
where every schema lists its own. No deviation quotes a value.
"""

from __future__ import annotations

import gzip
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
import werkzeug
from jsonschema_path.handlers.file import FileHandler
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.templating.media_types.exceptions import MediaTypeNotFound
from openapi_core.templating.responses.exceptions import ResponseNotFound
from openapi_core.validation.request.exceptions import ParameterValidationError, SecurityValidationError
from openapi_core.validation.response.exceptions import HeaderValidationError
from werkzeug.datastructures import Headers, ImmutableMultiDict

from ordersync.web import read

__all__ = ["Described", "Deviation", "Exchange", "Known", "OpenApi", "Recorder"]

_HOST = "http://vendor.example"
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_SCHEMA_WORDS = (
    "type", "format", "items", "default", "enum", "pattern", "maximum", "minimum", "exclusiveMaximum",
    "exclusiveMinimum", "maxLength", "minLength", "maxItems", "minItems", "uniqueItems", "multipleOf",
)  # fmt: skip
_STYLES = {"ssv": "spaceDelimited", "pipes": "pipeDelimited"}
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True, repr=False)
class Exchange:
    """A request and its answer, whoever carried them. Header names in lower case."""

    method: str
    url: str
    status: int
    request_headers: Mapping[str, str] = field(default_factory=dict)
    request_body: bytes = b""
    answer_headers: Mapping[str, str] = field(default_factory=dict)
    answer_body: bytes = b""

    @classmethod
    def of(
        cls,
        request: httpx.Request | werkzeug.Request,
        answer: httpx.Response | werkzeug.Response,
    ) -> Exchange:
        """From httpx's or Werkzeug's; both bodies are read."""
        return cls(
            method=request.method.upper(),
            url=str(request.url),
            status=answer.status_code,
            request_headers={name.lower(): value for name, value in request.headers.items()},
            request_body=request.read() if isinstance(request, httpx.Request) else request.get_data(),
            answer_headers={name.lower(): value for name, value in answer.headers.items()},
            answer_body=answer.read() if isinstance(answer, httpx.Response) else answer.get_data(),
        )

    def __repr__(self) -> str:
        return f"Exchange({self.method} {urlsplit(self.url).path}, {self.status})"


class Recorder(httpx.BaseTransport):
    """Passes requests on and keeps what was exchanged; an exchange whose answer was lost is not kept."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner = inner
        self.exchanges: list[Exchange] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """What the inner transport answers."""
        request.read()
        answer = self.inner.handle_request(request)
        self.exchanges.append(Exchange.of(request, answer))
        return answer

    def close(self) -> None:
        """Close the inner transport."""
        self.inner.close()


@dataclass(frozen=True, order=True)
class Deviation:
    """One thing that is not as the vendor's file has it."""

    place: str
    """`GET /v2/orders/{order_id} answer 200`; or `query`, `header`, `path`, `body` of the request."""
    path: str
    """A JSON Pointer into the body (`/0/billing_address/zip`), or the parameter's name."""
    expected: str

    def __str__(self) -> str:
        return f"{self.place} {self.path or '(whole)'}: expected {self.expected}"


@dataclass(frozen=True)
class Known:
    """A deviation that is known, because the vendor's file is wrong there, or silent."""

    pattern: str
    """Of `PLACE PATH` as a deviation prints them, with `*` and `?`: `GET /v2/orders answer 200 /*/base_*`."""
    reason: str

    def covers(self, deviation: Deviation) -> bool:
        """Whether this explains it. Square brackets stand for themselves."""
        pattern = self.pattern.replace("[", "[[]")
        return fnmatchcase(f"{deviation.place} {deviation.path}".strip(), pattern)


@dataclass(frozen=True)
class Described:
    """An operation as a file has it."""

    name: str
    """`GET /v2/orders/{order_id}`, with the path of the file's server in front."""
    content: Mapping[str, Any]
    """Its parameters, request body and responses."""
    resolved: Callable[[Any], Any]
    """The node, or what its `$ref` within the file leads to."""


class OpenApi:
    """One or several OpenAPI files of one vendor. Reading a file is slow: keep this for the session."""

    def __init__(
        self,
        *documents: Path | Mapping[str, Any],
        known: Sequence[Known] = (),
        undocumented: bool = True,
        credentials: bool = True,
    ) -> None:
        """`documents` are files (YAML or JSON, also `.gz`) or their contents, the first that knows a path counts.

        `undocumented` false lets answers have properties that the file does not name (a recording of a server that
        is ahead of its documents); requests never. `credentials` false asks for none: without them nothing else of a
        request would be looked at. Raises ValueError if a file is neither OpenAPI 3 nor Swagger 2.
        """
        self._files = [_Document(_loaded(one), credentials=credentials) for one in documents]
        self._known = tuple(known)
        self._used: set[Known] = set()
        self._undocumented = undocumented
        self.seen: set[str] = set()
        """The operations that exchanges were held against: `GET /v2/orders`."""

    def excusing(self, *known: Known) -> OpenApi:
        """The same files, read once, with other exceptions; it has seen nothing yet."""
        twin = OpenApi(known=known, undocumented=self._undocumented)
        twin._files = self._files
        return twin

    @property
    def stale(self) -> tuple[Known, ...]:
        """The exceptions that explained nothing so far: at the end of a session there should be none."""
        return tuple(one for one in self._known if one not in self._used)

    def hold(self, exchanges: Iterable[Exchange]) -> None:
        """Raises AssertionError that lists every deviation once; also if there was nothing to hold."""
        found: dict[Deviation, int] = {}
        count = 0
        for exchange in exchanges:
            count += 1
            for deviation in self.deviations(exchange):
                found[deviation] = found.get(deviation, 0) + 1
        if not count:
            raise AssertionError("no exchange was recorded")
        if found:
            listed = "\n".join(f"  {one} ({times} times)" for one, times in sorted(found.items()))
            raise AssertionError(f"{len(found)} deviations from the vendor's file:\n{listed}")

    def operations(self) -> Iterator[Described]:
        """Everything that the files describe."""
        for document in self._files:
            for one in document.operations():
                yield Described(one.name, one.content, document.resolved)

    def described(self, method: str, path: str) -> Described | None:
        """The operation that a request is for, if a file describes it."""
        path = unquote(path)
        for document in self._files:
            found = document.operation(method, path)
            if found:
                return Described(found.name, found.content, document.resolved)
        return None

    def deviations(self, exchange: Exchange, *, answer: bool = True) -> list[Deviation]:
        """What is not as documented and not known, request first; without `answer` the request alone is looked at."""
        found = []
        for one in self._all(exchange, answer=answer):
            reasons = [known for known in self._known if known.covers(one)]
            self._used.update(reasons)
            if not reasons and one not in found:
                found.append(one)
        return found

    def _all(self, exchange: Exchange, *, answer: bool) -> Iterator[Deviation]:
        path = unquote(urlsplit(exchange.url).path)
        for document in self._files:
            operation = document.operation(exchange.method, path)
            if operation:
                self.seen.add(operation.name)
                yield from operation.of_request(exchange)
                if answer:
                    yield from operation.of_answer(exchange, undocumented=self._undocumented)
                return
        yield Deviation(f"{exchange.method} {path}", "", "an operation that the vendor documents")


class _Document:
    """A file whose servers are taken apart: the path before its own paths is matched here, host and scheme never."""

    def __init__(self, content: dict[str, Any], *, credentials: bool) -> None:
        if not credentials:
            content.pop("security", None)
        servers = content.pop("servers", None) or [{"url": ""}]
        self._bases = list(dict.fromkeys(urlsplit(one["url"]).path.rstrip("/") for one in servers))
        content["servers"] = [{"url": _HOST}]
        for item in content.get("paths", {}).values():
            item.pop("servers", None)
            for method in _METHODS:
                item.get(method, {}).pop("servers", None)
                if not credentials:
                    item.get(method, {}).pop("security", None)
                for answer in item.get(method, {}).get("responses", {}).values():
                    if not answer.get("content", True):
                        del answer["content"]
        self.content = content
        self._paths = sorted(content.get("paths", {}), key=lambda path: path.count("{"))

    @cached_property
    def app(self) -> OpenAPI:
        unchecked: Any = None
        return OpenAPI.from_dict(self.content, config=Config(spec_validator_cls=unchecked))

    def operation(self, method: str, path: str) -> _Operation | None:
        for base in self._bases:
            head = re.match(_template(base), path)
            if not head:
                continue
            rest = path[head.end() :] or "/"
            for template in self._paths:
                item = self.content["paths"][template]
                if method.lower() in item and re.fullmatch(_template(template), rest):
                    return _Operation(self, f"{method} {base}{template}", rest, item, item[method.lower()])
        return None

    def operations(self) -> Iterator[_Operation]:
        for template, item in self.content.get("paths", {}).items():
            for method in _METHODS:
                if method in item:
                    name = f"{method.upper()} {self._bases[0]}{template}"
                    yield _Operation(self, name, template, item, item[method])

    def resolved(self, node: Any) -> Any:
        """The node, or what its `$ref` within this file leads to."""
        return _resolved(self.content, node)


@dataclass(frozen=True)
class _Operation:
    document: _Document
    name: str
    path: str
    item: dict[str, Any]
    content: dict[str, Any]

    def of_request(self, exchange: Exchange) -> Iterator[Deviation]:
        request = _Request(exchange, self.path)
        given = [name for name, _ in parse_qsl(urlsplit(exchange.url).query, keep_blank_values=True)]
        bare = {name.partition("[")[0] for name in given}
        parameters = {
            (one["in"], one["name"]): one
            for each in (*self.item.get("parameters", ()), *self.content.get("parameters", ()))
            for one in [self.document.resolved(each)]
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.filterwarnings("ignore", "Unsupported scheme type", UserWarning)
            errors = list(self.document.app.iter_request_errors(request))
        for error in errors:
            if isinstance(error, ParameterValidationError):
                one = parameters[error.location, error.name]
                absent = error.location == "query" and error.name not in bare | set(given)
                if not absent or one.get("required"):
                    kind = self.document.resolved(one.get("schema", {})).get("type", "what its schema says")
                    yield from _explained(
                        f"{self.name} {error.location}", error.name, error, f"{kind}" if not absent else "it"
                    )
            elif isinstance(error, SecurityValidationError):
                yield Deviation(
                    f"{self.name} header", "", "credentials as the file's security schemes have them"
                )
            else:
                yield from _explained(f"{self.name} body", "", error)
        for name in given:
            known = {name, name.partition("[")[0], f"{name.partition('[')[0]}[]"}
            if not any(("query", one) in parameters for one in known):
                yield Deviation(f"{self.name} query", name, "a documented parameter")
        body = self.document.resolved(self.content.get("requestBody", {}))
        if exchange.request_body and not body:
            yield Deviation(f"{self.name} body", "", "none")
        yield from self._strays(body, exchange.request_headers, exchange.request_body, f"{self.name} body")

    def of_answer(self, exchange: Exchange, *, undocumented: bool) -> Iterator[Deviation]:
        place = f"{self.name} answer {exchange.status}"
        request, answer = _Request(exchange, self.path), _Answer(exchange)
        for error in self.document.app.iter_response_errors(request, answer):
            name = error.name if isinstance(error, HeaderValidationError) else ""
            yield from _explained(place, name, error)
        answers = self.content.get("responses", {})
        status = str(exchange.status)
        found = answers.get(status) or answers.get(f"{status[0]}XX") or answers.get("default") or {}
        if undocumented:
            yield from self._strays(
                self.document.resolved(found), exchange.answer_headers, exchange.answer_body, place
            )

    def _strays(
        self, described: dict[str, Any], headers: Mapping[str, str], body: bytes, place: str
    ) -> Iterator[Deviation]:
        """Properties that no schema names."""
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        media = described.get("content", {}).get(kind, {})
        if body and "schema" in media and kind.endswith("json"):
            for path in self._unnamed([media["schema"]], read(body), ""):
                yield Deviation(place, path, "a documented property")

    def _unnamed(self, schemas: list[Any], value: Any, path: str) -> Iterator[str]:
        every = list(self._spread(schemas))
        if isinstance(value, list):
            items = [one["items"] for one in every if "items" in one]
            for i, each in enumerate(value):
                yield from self._unnamed(items, each, f"{path}/{i}")
        elif isinstance(value, dict):
            named = [one for one in every if "properties" in one]
            open_ = any(one.get("additionalProperties") or "patternProperties" in one for one in every)
            for name, each in value.items():
                inner = [one["properties"][name] for one in named if name in one["properties"]]
                if inner:
                    yield from self._unnamed(inner, each, f"{path}/{name}")
                elif named and not open_:
                    yield f"{path}/{name}"

    def _spread(self, schemas: Iterable[Any]) -> Iterator[dict[str, Any]]:
        """Each schema, and every one that it is composed of."""
        for schema in schemas:
            whole = self.document.resolved(schema)
            if isinstance(whole, dict):
                yield whole
                for word in ("allOf", "anyOf", "oneOf"):
                    yield from self._spread(whole.get(word, ()))


class _Request:
    """An exchange's request as openapi-core asks for it."""

    def __init__(self, exchange: Exchange, path: str) -> None:
        self.host_url = _HOST
        self.path = path
        self.method = exchange.method.lower()
        self.body = exchange.request_body or None
        self.content_type = exchange.request_headers.get("content-type", "application/octet-stream")
        query = parse_qsl(urlsplit(exchange.url).query, keep_blank_values=True)
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(query), header=Headers(dict(exchange.request_headers))
        )


class _Answer:
    """An exchange's answer as openapi-core asks for it."""

    def __init__(self, exchange: Exchange) -> None:
        self.status_code = exchange.status
        self.content_type = exchange.answer_headers.get("content-type", "application/octet-stream")
        self.headers = Headers(dict(exchange.answer_headers))
        self.data = exchange.answer_body


def _explained(
    place: str, name: str, error: Exception, otherwise: str = "a body that can be read"
) -> Iterator[Deviation]:
    cause = error if isinstance(error, ResponseNotFound) or error.__cause__ is None else error.__cause__
    listed: list[Any] = list(getattr(cause, "schema_errors", ()))
    if isinstance(cause, ResponseNotFound):
        yield Deviation(place, name, f"one of the statuses {', '.join(cause.availableresponses)}")
    elif isinstance(cause, MediaTypeNotFound):
        yield Deviation(place, name, f"one of the media types {', '.join(cause.availableMimetypes)}")
    elif listed:
        for one in listed:
            yield from _of_schema(place, name, one)
    else:
        yield Deviation(place, name, otherwise)


def _of_schema(place: str, name: str, error: Any) -> Iterator[Deviation]:
    """One deviation per keyword that fails (a jsonschema error); of alternatives, those of the nearest."""
    if error.context and error.validator in ("anyOf", "oneOf"):
        branches: dict[Any, list[Any]] = {}
        for one in error.context:
            branches.setdefault(one.schema_path[0] if one.schema_path else 0, []).append(one)
        for one in min(branches.values(), key=lambda branch: (len(branch), -_depth(branch))):
            yield from _of_schema(place, name, one)
        return
    pointer = "".join(f"/{str(word).replace('~', '~0').replace('/', '~1')}" for word in error.absolute_path)
    keyword, wanted, there = error.validator, error.validator_value, error.instance
    match keyword:
        case "required":
            missing = [word for word in wanted if word not in there]
            expected = f"the properties {', '.join(missing)}"
        case "additionalProperties":
            expected = "no other properties than the documented ones"
        case "oneOf":
            expected = "exactly one of the alternatives, not several"
        case "type" if there is None:
            expected = f"type {wanted}, not null"
        case "not" | None:
            expected = "something else"
        case _:
            expected = f"{keyword} {wanted}"[:200]
    yield Deviation(place, (name + pointer) if name else pointer, expected)


def _depth(errors: list[Any]) -> int:
    return max(len(one.absolute_path) for one in errors)


def _template(path: str) -> str:
    """`/orders/{id}` as a regular expression; a parameter is one step of a path, and never empty."""
    return "[^/]+".join(re.escape(part) for part in re.split(r"\{[^}]*\}", path))


def _loaded(document: Path | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(document, Path):
        data = document.read_bytes()
        text = (gzip.decompress(data) if document.suffix == ".gz" else data).decode("utf-8-sig")
    else:
        text = httpx.Response(200, json=dict(document)).text
    content = FileHandler()(StringIO(text))
    if isinstance(content, dict) and content.get("swagger") == "2.0":
        content = _as_openapi_3(content)
    if not (isinstance(content, dict) and str(content.get("openapi", "")).startswith("3.")):
        raise ValueError(
            f"{document if isinstance(document, Path) else 'this'} is neither OpenAPI 3 nor Swagger 2"
        )
    return content


# --- Swagger 2 -----------------------------------------------------------------------------------------------------


def _as_openapi_3(document: dict[str, Any]) -> dict[str, Any]:
    """The same in OpenAPI 3.0.3: server, paths, parameters, bodies, answers, schemas and security schemes.

    `x-nullable` becomes `nullable`; `collectionFormat: tsv` has no counterpart and reads as `csv`. Callbacks and
    documentation are left out.
    """
    paths = {}
    for path, item in document.get("paths", {}).items():
        shared = [_found(document, one) for one in item.get("parameters", ())]
        paths[path] = {
            method: _operation(document, item[method], shared) for method in _METHODS if method in item
        }
    host = document.get("host")
    scheme = (document.get("schemes") or ["https"])[0]
    return {
        "openapi": "3.0.3",
        "info": {"title": document.get("info", {}).get("title", ""), "version": ""},
        "servers": [{"url": (f"{scheme}://{host}" if host else "") + document.get("basePath", "")}],
        "security": document.get("security", []),
        "paths": paths,
        "components": {
            "schemas": {name: _schema(one) for name, one in document.get("definitions", {}).items()},
            "securitySchemes": {
                name: _security(one) for name, one in document.get("securityDefinitions", {}).items()
            },
        },
    }


def _operation(
    document: dict[str, Any], operation: dict[str, Any], shared: list[dict[str, Any]]
) -> dict[str, Any]:
    own = [_found(document, one) for one in operation.get("parameters", ())]
    names = {(one["in"], one["name"]) for one in own}
    parameters = [*own, *(one for one in shared if (one["in"], one["name"]) not in names)]
    takes = operation.get("consumes") or document.get("consumes") or ["application/json"]
    gives = operation.get("produces") or document.get("produces") or ["application/json"]
    made: dict[str, Any] = {
        "parameters": [_parameter(one) for one in parameters if one["in"] not in ("body", "formData")],
        "responses": {
            str(status): _answer(_found(document, one), gives)
            for status, one in operation.get("responses", {}).items()
        },
    }
    if "security" in operation:
        made["security"] = operation["security"]
    body = _body(parameters, takes)
    return made | ({"requestBody": body} if body else {})


def _body(parameters: list[dict[str, Any]], takes: list[str]) -> dict[str, Any] | None:
    for one in parameters:
        if one["in"] == "body":
            schema = _schema(one.get("schema", {}))
            return {
                "required": bool(one.get("required")),
                "content": {kind: {"schema": schema} for kind in takes},
            }
    fields = [one for one in parameters if one["in"] == "formData"]
    if not fields:
        return None
    form = {
        "type": "object",
        "properties": {one["name"]: _words(one) for one in fields},
        "required": [one["name"] for one in fields if one.get("required")],
    }
    if not form["required"]:
        del form["required"]
    kinds = [kind for kind in takes if kind in _FORMS] or [_FORMS[0]]
    return {"content": {kind: {"schema": form} for kind in kinds}}


def _parameter(one: dict[str, Any]) -> dict[str, Any]:
    made = {"name": one["name"], "in": one["in"], "schema": _words(one)}
    if one.get("required"):
        made["required"] = True
    if one.get("type") == "array":
        multi = one.get("collectionFormat") == "multi"
        made["explode"] = multi
        if one["in"] == "query":
            made["style"] = _STYLES.get(one.get("collectionFormat", ""), "form")
    return made


def _answer(one: dict[str, Any], gives: list[str]) -> dict[str, Any]:
    made: dict[str, Any] = {"description": one.get("description", "")}
    if "schema" in one:
        schema = _schema(one["schema"])
        examples = one.get("examples", {})
        made["content"] = {
            kind: {"schema": schema} | ({"example": examples[kind]} if kind in examples else {})
            for kind in gives
        }
    headers = {name: {"schema": _words(header)} for name, header in one.get("headers", {}).items()}
    return made | ({"headers": headers} if headers else {})


def _security(one: dict[str, Any]) -> dict[str, Any]:
    if one["type"] == "basic":
        return {"type": "http", "scheme": "basic"}
    if one["type"] == "apiKey":
        return {word: one[word] for word in ("type", "name", "in")}
    return {"type": "oauth2", "flows": {}}


def _words(one: dict[str, Any]) -> dict[str, Any]:
    """The part of a parameter or header that is a schema."""
    words: dict[str, Any] = _schema(
        {word: one[word] for word in (*_SCHEMA_WORDS, "x-nullable") if word in one}
    )
    return words


def _schema(node: Any) -> Any:
    if isinstance(node, list):
        return [_schema(one) for one in node]
    if not isinstance(node, dict):
        return node
    made: dict[str, Any] = {}
    for word, value in node.items():
        if word == "$ref" and isinstance(value, str):
            made[word] = value.replace("#/definitions/", "#/components/schemas/")
        elif word == "properties" and isinstance(value, dict):
            made[word] = {name: _schema(one) for name, one in value.items()}
        elif word == "x-nullable":
            made["nullable"] = value
        elif word == "discriminator" and isinstance(value, str):
            made[word] = {"propertyName": value}
        elif word in ("enum", "default", "example", "required"):
            made[word] = value
        else:
            made[word] = _schema(value)
    if made.get("type") == "file":
        made |= {"type": "string", "format": "binary"}
    return made


def _found(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """The node, or what its `$ref` leads to."""
    found: dict[str, Any] = _resolved(document, node)
    return found


def _resolved(document: dict[str, Any], node: Any) -> Any:
    """The node, or what its `$ref` within this document leads to."""
    while isinstance(node, dict) and str(node.get("$ref", "")).startswith("#/"):
        at: Any = document
        for word in node["$ref"][2:].split("/"):
            at = at[unquote(word).replace("~1", "/").replace("~0", "~")]
        node = at
    return node
