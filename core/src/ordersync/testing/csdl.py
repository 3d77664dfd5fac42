"""What a connector sends and what it is answered, held against an OData service's own `$metadata` (CSDL).

    caught = Recorder(sandbox.transport())          # give it to `Access(transport=…)`
    api = Csdl(specs / "metadata.v2.xml.gz", root="/b1s/v2/", known=[Known("POST Orders body /*Date", "why")])
    api.hold(caught.exchanges)                      # AssertionError: each deviation with place, path and expectation

OData 2, 3 and 4: JSON in `d` and `results` or in `value`, associations or typed navigation, function imports or actions
and functions, `$batch`. Checked are the resource, the names in `$select`, `$filter`, `$orderby` and `$expand`, and every
property of both bodies: its name, its type, its enumeration, null. No deviation quotes a value.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from defusedxml import ElementTree

from ordersync.errors import BadInput
from ordersync.testing.openapi import Deviation, Exchange, Known
from ordersync.web import read

__all__ = ["Csdl", "parts_of_batch"]

_COLLECTION = re.compile(r"Collection\((.+)\)")
_SEGMENT = re.compile(r"([\w.$]+)(\(.*\))?")
_ANNOTATION = re.compile(r".*@.*|odata\..*|__metadata|__count|__next")
_TEXT = re.compile(r"(?:datetime|datetimeoffset|time|guid|binary|X)?'(?:[^']|'')*'")
_WORD = re.compile(r"(?<![\w.@$/-])([A-Za-z_]\w*(?:[/.]\w+)*)\s*(\()?")
_NUMBER = re.compile(r"(?<![\w])-?\d[\d.]*(?:[eE][-+]?\d+)?[LlMmDdFf]?(?![\w])|\d{4}-\d\d-\d\d[\dTZ:.+-]*")
_OPERATORS = set("and or not eq ne gt ge lt le add sub mul div mod has in asc desc null true false".split())
_FUNCTIONS = set(
    "startswith endswith contains substringof substring indexof length tolower toupper trim concat replace year month "
    "day hour minute second date time now round floor ceiling cast isof any all".split()
)
_OPTIONS = set(
    "$select $filter $orderby $expand $top $skip $count $inlinecount $format $skiptoken $search $apply".split()
)
_INTEGERS = {
    "Byte": (0, 255),
    "SByte": (-128, 127),
    "Int16": (-(2**15), 2**15 - 1),
    "Int32": (-(2**31), 2**31 - 1),
}
_FORMS = {
    "DateTimeOffset": r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[-+]\d\d:\d\d)|/Date\(-?\d+([-+]\d{4})?\)/",
    "DateTime": r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?|/Date\(-?\d+([-+]\d{4})?\)/",
    "Date": r"\d{4}-\d\d-\d\d",
    "TimeOfDay": r"\d\d:\d\d(:\d\d(\.\d+)?)?",
    "Time": r"PT(\d+H)?(\d+M)?(\d+(\.\d+)?S)?",
    "Guid": r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
}


@dataclass
class _Type:
    """An entity type or a complex type."""

    name: str
    properties: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """Name → (type, may be null)."""
    base: str = ""
    open: bool = False


@dataclass
class _Operation:
    """An action, a function, or a function import."""

    name: str
    parameters: dict[str, tuple[str, bool]] = field(default_factory=dict)
    returns: str = ""
    method: str = "POST"
    bound_to: str = ""


@dataclass
class _Resource:
    """What a path leads to."""

    place: str
    type: str = ""
    many: bool = False
    operation: _Operation | None = None


def _local(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


class Csdl:
    """One service's metadata. Reading a large one is slow: keep this for the session."""

    def __init__(self, metadata: Path | bytes, *, root: str = "", known: Iterable[Known] = ()) -> None:
        """`metadata` is the document, or its file, which may be gzipped; `root` is the path of the service (`/b1s/v2/`),
        `known` are deviations that are documented. External entities and entity expansion are refused."""
        body = metadata.read_bytes() if isinstance(metadata, Path) else metadata
        if body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        self.root = root
        self.known = list(known)
        self._types: dict[str, _Type] = {}
        self._enums: dict[str, dict[str, str]] = {}
        self._flags: set[str] = set()
        self._sets: dict[str, tuple[str, bool]] = {}
        self._operations: dict[str, _Operation] = {}
        self._bound: list[_Operation] = []
        self._aliases: dict[str, str] = {}
        document = ElementTree.fromstring(body)
        self.version = 4 if document.get("Version", "").startswith("4") else 2
        """4, or 2 for 2 and 3, which are written alike here."""
        schemas = [element for element in document.iter() if _local(element) == "Schema"]
        if not schemas:
            raise BadInput("This is no CSDL document: it has no Schema.")
        for schema in schemas:
            self._aliases[schema.get("Alias", "")] = schema.get("Namespace", "")
        ends = {
            f"{schema.get('Namespace')}.{association.get('Name')}": {
                end.get("Role", ""): (end.get("Type", ""), end.get("Multiplicity", "") == "*")
                for end in association
                if _local(end) == "End"
            }
            for schema in schemas
            for association in schema
            if _local(association) == "Association"
        }
        for schema in schemas:
            for element in schema:
                self._declare(element, schema.get("Namespace", ""), ends)
        for schema in schemas:
            for container in schema:
                if _local(container) == "EntityContainer":
                    self._contain(container)

    # -- reading ------------------------------------------------------------------------------------------------

    def _declare(self, element: Any, namespace: str, ends: Mapping[str, Any]) -> None:
        kind, name = _local(element), f"{namespace}.{element.get('Name')}"
        if kind in ("EntityType", "ComplexType"):
            made = _Type(name, base=element.get("BaseType", ""), open=element.get("OpenType") == "true")
            for part in element:
                if _local(part) == "Property":
                    made.properties[part.get("Name")] = (part.get("Type"), part.get("Nullable") != "false")
                elif _local(part) == "NavigationProperty":
                    target = part.get("Type")
                    if target is None:
                        end, many = ends.get(part.get("Relationship"), {}).get(
                            part.get("ToRole"), ("", False)
                        )
                        target = f"Collection({end})" if many else end
                    made.properties[part.get("Name")] = (target, True)
            self._types[name] = made
        elif kind == "EnumType":
            members = [part for part in element if _local(part) == "Member"]
            self._enums[name] = {
                part.get("Name"): part.get("Value", str(i)) for i, part in enumerate(members)
            }
            if element.get("IsFlags") == "true":
                self._flags.add(name)
        elif kind in ("Action", "Function"):
            operation = self._operation(element, "POST" if kind == "Action" else "GET")
            if element.get("IsBound") == "true" and operation.parameters:
                first = next(iter(operation.parameters))
                operation.bound_to = operation.parameters.pop(first)[0]
                self._bound.append(operation)
            else:
                self._operations[operation.name] = operation

    @staticmethod
    def _operation(element: Any, method: str) -> _Operation:
        made = _Operation(element.get("Name"), returns=element.get("ReturnType", ""), method=method)
        for part in element:
            if _local(part) == "Parameter":
                made.parameters[part.get("Name")] = (part.get("Type"), part.get("Nullable") != "false")
            elif _local(part) == "ReturnType":
                made.returns = part.get("Type", "")
        return made

    def _contain(self, container: Any) -> None:
        for part in container:
            kind, name = _local(part), part.get("Name")
            if kind == "EntitySet":
                self._sets[name] = (part.get("EntityType"), True)
            elif kind == "Singleton":
                self._sets[name] = (part.get("Type"), False)
            elif kind in ("ActionImport", "FunctionImport"):
                named = part.get("Action") or part.get("Function") or ""
                short = named.rpartition(".")[2]
                if short in self._operations:
                    self._operations[name] = self._operations[short]
                else:
                    methods = [value for key, value in part.attrib.items() if key.endswith("HttpMethod")]
                    self._operations[name] = self._operation(part, methods[0] if methods else "GET")

    def _type(self, name: str) -> _Type | None:
        namespace, _, short = name.rpartition(".")
        return self._types.get(name) or self._types.get(f"{self._aliases.get(namespace, namespace)}.{short}")

    def _properties(self, name: str) -> dict[str, tuple[str, bool]]:
        made = self._type(name)
        if made is None:
            return {}
        return {**(self._properties(made.base) if made.base else {}), **made.properties}

    def _is_open(self, name: str) -> bool:
        made = self._type(name)
        return made is None or made.open or bool(made.base and self._is_open(made.base))

    # -- checking -----------------------------------------------------------------------------------------------

    def hold(self, exchanges: Iterable[Exchange]) -> None:
        """Raises AssertionError that names each deviation which is not known."""
        found = self.check(exchanges)
        if found:
            raise AssertionError("\n".join(map(str, found)))

    def check(self, exchanges: Iterable[Exchange]) -> list[Deviation]:
        """Every deviation that is not known, once, sorted."""
        found = {one for exchange in exchanges for one in self._exchange(exchange)}
        return sorted(one for one in found if not any(known.covers(one) for known in self.known))

    def _exchange(self, exchange: Exchange) -> Iterator[Deviation]:
        url = urlsplit(exchange.url)
        path = unquote(url.path)
        if self.root:
            if not path.startswith(self.root):
                return
            path = path[len(self.root) :]
        if path in ("", "$metadata") or path.endswith("/$metadata"):
            return
        if path.rpartition("/")[2] == "$batch":
            for part in parts_of_batch(exchange):
                yield from self._exchange(part)
            return
        resource = self._resource(path, exchange.method)
        if isinstance(resource, Deviation):
            yield resource
            return
        yield from self._query(resource, parse_qsl(url.query, keep_blank_values=True))
        if exchange.request_body:
            yield from self._request(resource, exchange)
        yield from self._answer(resource, exchange)

    def _resource(self, path: str, method: str) -> _Resource | Deviation:
        segments = _split(path.strip("/"))
        names = {*self._sets, *self._operations}
        while not self.root and len(segments) > 1 and _name(segments[0]) not in names:
            segments.pop(0)
        first, *rest = segments
        name, keyed = _name(first), "(" in first
        if name in self._sets:
            kind, many = self._sets[name]
            resource = _Resource(f"{method} {name}{'({key})' if keyed else ''}", kind, many and not keyed)
        elif name in self._operations:
            operation = self._operations[name]
            resource = _Resource(f"{method} {name}", operation.returns, operation=operation)
            if operation.method != method:
                return Deviation(resource.place, "", f"to be asked by {operation.method}")
        else:
            return Deviation(f"{method} {name}", "", "an entity set or operation of the metadata")
        for segment in rest:
            step = self._step(resource, segment, method)
            if isinstance(step, Deviation):
                return step
            resource = step
        return resource

    def _step(self, resource: _Resource, segment: str, method: str) -> _Resource | Deviation:
        name = _name(segment)
        place = f"{resource.place}/{name}"
        if name in ("$count", "$value", "$ref", "$links"):
            return _Resource(place, "")
        short = name.rpartition(".")[2]
        for bound in self._bound:
            if bound.name == short and self._same(bound.bound_to, resource.type):
                if bound.method != method:
                    return Deviation(place, "", f"to be asked by {bound.method}")
                return _Resource(place, bound.returns, operation=bound)
        properties = self._properties(resource.type)
        if name not in properties:
            return Deviation(place, "", f"a property or bound operation of {resource.type or 'nothing'}")
        kind = properties[name][0]
        inner = _COLLECTION.fullmatch(kind)
        return _Resource(place, inner[1] if inner else kind, bool(inner) and "(" not in segment)

    def _same(self, bound: str, kind: str) -> bool:
        inner = _COLLECTION.fullmatch(bound)
        return (inner[1] if inner else bound).rpartition(".")[2] == kind.rpartition(".")[2]

    # -- queries ------------------------------------------------------------------------------------------------

    def _query(self, resource: _Resource, options: Sequence[tuple[str, str]]) -> Iterator[Deviation]:
        place = f"{resource.place} query"
        inner = _COLLECTION.fullmatch(resource.type)
        kind = inner[1] if inner else resource.type
        for option, value in options:
            if not option.startswith("$"):
                continue
            if option not in _OPTIONS:
                yield Deviation(place, option, "a system query option of OData")
            elif option in ("$select", "$expand"):
                yield from self._paths(place, option, kind, _outside_parentheses(value))
            elif option == "$orderby":
                words = [part.strip().partition(" ")[0] for part in value.split(",")]
                yield from self._paths(place, option, kind, words)
            elif option == "$filter":
                yield from self._filter(place, kind, value)

    def _filter(self, place: str, kind: str, text: str) -> Iterator[Deviation]:
        bare = _NUMBER.sub(" ", _TEXT.sub(" ", text))
        for word, parenthesis in _WORD.findall(bare):
            if parenthesis and word not in _OPERATORS:
                if word.rpartition("/")[2] not in _FUNCTIONS:
                    yield Deviation(place, "$filter", f"a function of OData instead of {word}")
            elif word not in _OPERATORS:
                yield from self._paths(place, "$filter", kind, [word])

    def _paths(self, place: str, option: str, kind: str, paths: Iterable[str]) -> Iterator[Deviation]:
        for path in paths:
            at = kind
            for step in path.strip().split("/"):
                if step in ("*", "$count", "") or self._is_open(at):
                    break
                properties = self._properties(at)
                if step not in properties:
                    yield Deviation(place, f"{option}/{path.strip()}", f"a property of {at}")
                    break
                found = _COLLECTION.fullmatch(properties[step][0])
                at = found[1] if found else properties[step][0]

    # -- bodies -------------------------------------------------------------------------------------------------

    def _request(self, resource: _Resource, exchange: Exchange) -> Iterator[Deviation]:
        place = f"{resource.place} body"
        try:
            body = read(exchange.request_body)
        except BadInput:
            yield Deviation(place, "", "JSON")
            return
        if resource.operation:
            if isinstance(body, dict):
                yield from self._object(place, "", body, resource.operation.parameters, closed=True)
            else:
                yield Deviation(place, "", "an object of parameters")
        else:
            yield from self._value(place, "", resource.type, body, nullable=False)

    def _answer(self, resource: _Resource, exchange: Exchange) -> Iterator[Deviation]:
        place = f"{resource.place} answer {exchange.status}"
        if not exchange.answer_body or exchange.status == 204:
            return
        try:
            body = read(exchange.answer_body)
        except BadInput:
            yield Deviation(place, "", "JSON")
            return
        if exchange.status >= 400:
            error = body.get("error") if isinstance(body, dict) else None
            if not isinstance(error, dict) or not {"code", "message"} <= set(error):
                yield Deviation(place, "/error", "an error with code and message")
            return
        inner = _COLLECTION.fullmatch(resource.type)
        kind = inner[1] if inner else resource.type
        path = ""
        if self.version == 2 and isinstance(body, dict) and "d" in body:
            body, path = body["d"], "/d"
        if inner or (resource.many and exchange.method == "GET"):
            name = "results" if self.version == 2 and path else "value"
            rows = body if isinstance(body, list) else body.get(name) if isinstance(body, dict) else None
            if not isinstance(rows, list):
                yield Deviation(place, f"{path}/{name}", "a list")
                return
            for row in rows:
                yield from self._value(place, f"{path}/{name}/*", kind, row, nullable=False)
        elif isinstance(body, dict) and kind.startswith("Edm.") and "value" in body:
            yield from self._value(place, f"{path}/value", kind, body["value"], nullable=True)
        elif kind:
            yield from self._value(place, path, kind, body, nullable=True)

    def _value(self, place: str, path: str, kind: str, value: Any, *, nullable: bool) -> Iterator[Deviation]:
        inner = _COLLECTION.fullmatch(kind)
        if value is None:
            if not nullable and not inner:
                yield Deviation(place, path, f"{kind}, not null")
        elif inner:
            rows = value.get("results") if isinstance(value, dict) and "results" in value else value
            if isinstance(rows, dict) and "__deferred" in rows:
                return
            if not isinstance(rows, list):
                yield Deviation(place, path, f"a list of {inner[1]}")
                return
            for row in rows:
                yield from self._value(place, f"{path}/*", inner[1], row, nullable=False)
        elif kind in self._enums:
            if not self._is_member(kind, value):
                yield Deviation(place, path, f"a member of {kind}")
        elif kind.startswith("Edm."):
            expected = self._primitive(kind[4:], value)
            if expected:
                yield Deviation(place, path, expected)
        elif self._type(kind) is not None:
            if not isinstance(value, dict):
                yield Deviation(place, path, f"an object of {kind}")
            elif "__deferred" not in value:
                yield from self._object(
                    place, path, value, self._properties(kind), closed=not self._is_open(kind)
                )

    def _object(
        self,
        place: str,
        path: str,
        value: Mapping[str, Any],
        properties: Mapping[str, tuple[str, bool]],
        *,
        closed: bool,
    ) -> Iterator[Deviation]:
        for name, each in value.items():
            if _ANNOTATION.fullmatch(name):
                continue
            if name in properties:
                kind, nullable = properties[name]
                yield from self._value(place, f"{path}/{name}", kind, each, nullable=nullable)
            elif closed:
                yield Deviation(place, f"{path}/{name}", "no such property")

    def _is_member(self, kind: str, value: Any) -> bool:
        members = self._enums[kind]
        words = str(value).split(",") if kind in self._flags else [str(value)]
        return not isinstance(value, bool) and all(
            word.strip() in members or word.strip() in members.values() for word in words
        )

    def _primitive(self, kind: str, value: Any) -> str:
        """What was expected; empty if it is so."""
        number = isinstance(value, int | Decimal) and not isinstance(value, bool)
        text = isinstance(value, str)
        if kind in _INTEGERS:
            low, high = _INTEGERS[kind]
            return (
                ""
                if number and value == int(value) and low <= value <= high
                else f"Edm.{kind}, a whole number"
            )
        if kind in ("Int64", "Decimal"):
            fits = (number and (kind == "Decimal" or value == int(value))) or (
                text and re.fullmatch(r"-?\d+(\.\d+)?" if kind == "Decimal" else r"-?\d+", value)
            )
            return "" if fits else f"Edm.{kind}, a number or its text"
        if kind in ("Double", "Single"):
            loose = text and (value in ("NaN", "INF", "-INF") or (self.version == 2 and _is_number(value)))
            return "" if number or loose else f"Edm.{kind}, a number"
        if kind == "Boolean":
            return "" if isinstance(value, bool) else "Edm.Boolean"
        if kind in _FORMS:
            return "" if text and re.fullmatch(_FORMS[kind], value) else f"Edm.{kind}, in its form"
        return "" if kind != "String" or text else "Edm.String"


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?([eE][-+]?\d+)?", text) is not None


def _name(segment: str) -> str:
    found = _SEGMENT.fullmatch(segment)
    return found[1] if found else segment


def _split(path: str) -> list[str]:
    """The segments; a slash within a key stays."""
    return re.findall(r"(?:[^/('\n]|\((?:[^()']|'(?:[^']|'')*')*\))+", path) or [path]


def _outside_parentheses(text: str) -> list[str]:
    """`A($select=B),C/D` → `A`, `C/D`."""
    flat, depth = "", 0
    for sign in text:
        depth += sign == "("
        flat += sign if not depth else ""
        depth -= sign == ")"
    return flat.split(",")


def parts_of_batch(exchange: Exchange) -> list[Exchange]:
    """The requests of a `$batch` with their answers, in order; a request that was not answered by itself has none."""
    requests = _inner(exchange.request_body, exchange.request_headers.get("content-type", ""))
    answers = _inner(exchange.answer_body, exchange.answer_headers.get("content-type", ""))
    paired = answers if len(answers) == len(requests) else []
    made = []
    for number, (line, headers, body) in enumerate(requests):
        method, _, rest = line.partition(" ")
        target = rest.rpartition(" HTTP/")[0] or rest
        status, answer = "204", b""
        if paired:
            status, answer = paired[number][0].split(" ")[1], paired[number][2]
        base = exchange.url.rpartition("$batch")[0]
        url = target if target.startswith(("http", "/")) else base + target
        made.append(Exchange(method, url, int(status), headers, body, {}, answer))
    return made


def _inner(body: bytes, content_type: str) -> list[tuple[str, dict[str, str], bytes]]:
    whole = BytesParser(policy=policy.compat32).parsebytes(
        f"Content-Type: {content_type}\r\n\r\n".encode() + body
    )
    made = []
    for part in whole.walk():
        payload = None if part.is_multipart() else part.get_payload(decode=True)
        if isinstance(payload, bytes) and part.get_content_type() == "application/http":
            head, _, rest = payload.replace(b"\r\n", b"\n").lstrip(b"\n").partition(b"\n\n")
            first, *lines = head.decode("utf-8", "replace").split("\n")
            headers = {
                name.strip().lower(): text.strip() for name, _, text in (one.partition(":") for one in lines)
            }
            made.append((first.strip(), headers, rest.strip()))
    return made
