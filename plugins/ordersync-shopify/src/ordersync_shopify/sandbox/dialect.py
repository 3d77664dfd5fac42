"""The language of the Admin API: our part of the vendor's schema, its scalars, and how documents are run.

Parsed and validated documents are kept, since a client sends the same few for ever.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib import resources
from typing import Any

from graphql import (
    FloatValueNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    IntValueNode,
    OperationDefinitionNode,
    StringValueNode,
    ValueNode,
    build_schema,
    parse,
    validate,
    value_from_ast_untyped,
)

from .records import stamp
from .throttle import Costing

__all__ = ["Dialect", "Operation", "Written", "schema_text", "trimmed"]

_KEPT = 256


def schema_text() -> str:
    """Our part of the vendor's schema, as SDL."""
    folder = resources.files(__package__).joinpath("schema")
    names = ("roots", "shop", "orders", "connections", "inputs", "enums")
    return "\n".join(folder.joinpath(f"{name}.graphql").read_text(encoding="utf-8") for name in names)


def trimmed(amount: Decimal) -> str:
    """An amount as the vendor writes it: no needless zeros, at least one digit behind the point ("20.0")."""
    text = format(amount.normalize(), "f")
    return text if "." in text else f"{text}.0"


class Written(float):
    """A JSON number that remembers how it was written: what wants a decimal reads that."""

    text: str

    def __new__(cls, text: str) -> Written:
        made = super().__new__(cls, text)
        made.text = text
        return made


def _decimal(value: Any) -> Decimal:
    text = value.text if isinstance(value, Written) else value
    if isinstance(text, bool) or not isinstance(text, str | int):
        raise GraphQLError(f"Invalid decimal: {value!r}")
    try:
        read = Decimal(text)
    except InvalidOperation as error:
        raise GraphQLError(f"Invalid decimal: {value!r}") from error
    if not read.is_finite():
        raise GraphQLError(f"Invalid decimal: {value!r}")
    return read


def _moment(value: Any) -> datetime:
    if not isinstance(value, str):
        raise GraphQLError(f"Invalid time: {value!r}")
    try:
        read = datetime.fromisoformat(value)
    except ValueError as error:
        raise GraphQLError(f"Invalid time: {value!r}") from error
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)


def _literal(node: ValueNode) -> Any:
    if isinstance(node, StringValueNode | IntValueNode | FloatValueNode):
        return node.value
    raise GraphQLError("a literal of another kind was expected", node)


def _json_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _scalar(kind: GraphQLScalarType, write: Any, read: Any, literal: Any = None) -> None:
    """Give a scalar its coercion, under the names of graphql-core 3.3 and of 3.2."""
    literal = literal or (lambda node, _=None: read(_literal(node)))
    for names, function in (
        (("coerce_output_value", "serialize"), write),
        (("coerce_input_value", "parse_value"), read),
        (("coerce_input_literal", "parse_literal"), literal),
    ):
        for name in names:
            setattr(kind, name, function)


@dataclass(frozen=True)
class Operation:
    """One operation of a valid document."""

    node: OperationDefinitionNode
    root: GraphQLObjectType
    costing: Costing
    fragments: Mapping[str, FragmentDefinitionNode]


@dataclass(frozen=True)
class Document:
    operations: Mapping[str, Operation]
    problems: tuple[GraphQLError, ...] = ()


class Dialect:
    """The schema, and the documents that were sent in it. Thread-safe."""

    def __init__(self) -> None:
        self.schema = _schema()
        self._documents: OrderedDict[str, Document] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, text: str) -> Document:
        """Parse and validate a document, once."""
        with self._lock:
            found = self._documents.get(text)
            if found is None:
                found = self._documents[text] = self._fresh(text)
                while len(self._documents) > _KEPT:
                    self._documents.popitem(last=False)
            return found

    def _fresh(self, text: str) -> Document:
        try:
            document = parse(text)
        except GraphQLError as error:
            return Document({}, (GraphQLError(error.message, extensions={"code": "PARSE_ERROR"}),))
        problems = tuple(validate(self.schema, document))
        if problems:
            return Document({}, problems)
        fragments = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }
        costing = Costing(self.schema, fragments)
        operations = {}
        for one in document.definitions:
            if isinstance(one, OperationDefinitionNode):
                root = self.schema.get_root_type(one.operation)
                if root is not None:
                    operations[one.name.value if one.name else ""] = Operation(one, root, costing, fragments)
        return Document(operations)


@cache
def _schema() -> GraphQLSchema:
    schema = build_schema(schema_text(), assume_valid_sdl=True)

    def kind(name: str) -> GraphQLScalarType:
        found = schema.get_type(name)
        assert isinstance(found, GraphQLScalarType)
        return found

    _scalar(kind("Decimal"), trimmed, _decimal)
    _scalar(kind("Money"), lambda amount: format(amount, "f"), _decimal)
    _scalar(kind("DateTime"), stamp, _moment)
    _scalar(kind("UnsignedInt64"), str, str)
    _scalar(kind("URL"), str, str)
    _scalar(
        kind("JSON"), _json_text, _json_text, lambda node, _=None: _json_text(value_from_ast_untyped(node))
    )
    return schema
