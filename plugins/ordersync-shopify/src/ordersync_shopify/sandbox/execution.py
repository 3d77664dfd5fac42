"""Running one request: read the document, charge for it, execute it, and answer in the vendor's shape of success and
failure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLResolveInfo,
    StringValueNode,
    execute_sync,
)
from graphql.language import DocumentNode

from .charge_view import CHARGE_TABLES
from .dialect import Dialect, Operation
from .goods_view import TABLES
from .order_view import ORDER_TABLES
from .paging import Slice
from .quick import QuickExecutor
from .reading import ROOTS
from .records import View
from .throttle import MAX_QUERY_COST, Bucket
from .visit import Visit
from .writing import MUTATIONS

__all__ = ["Answer", "execute"]

Answer: TypeAlias = dict[str, Any]
MAX_INPUT = 250
"""The longest list in an input (vendor's limits page)."""
_TABLES = {"QueryRoot": ROOTS, "Mutation": MUTATIONS, **TABLES, **ORDER_TABLES, **CHARGE_TABLES}
_LIMITS_PAGE = "https://shopify.dev/api/usage/limits"
_IDEMPOTENT = frozenset({"inventorySetQuantities"})
"""Mutations that must carry `@idempotent` since 2026-04."""


def failure(message: str, code: str | None = None, **more: Any) -> dict[str, Any]:
    """One top-level error."""
    extensions = {**({"code": code} if code else {}), **more}
    return {"message": message, **({"extensions": extensions} if extensions else {})}


def _resolve(source: Any, info: GraphQLResolveInfo[Visit], **given: Any) -> Any:
    name = info.field_name
    table = _TABLES.get(info.parent_type.name)
    if table is not None and (found := table.get(name)) is not None:
        return found(source, info.context, **given)
    if isinstance(source, View):
        return source.it.get(name)
    if isinstance(source, Slice):
        return _page(source, name)
    return source.get(name) if source is not None else None


def _page(page: Slice[Any], name: str) -> Any:
    if name == "nodes":
        return [page.show(row) for row in page.rows]
    if name == "edges":
        return [{"cursor": page.cursor_of(row), "node": page.show(row)} for row in page.rows]
    return {
        "hasNextPage": page.has_next,
        "hasPreviousPage": page.has_previous,
        "startCursor": page.cursor_of(page.rows[0]) if page.rows else None,
        "endCursor": page.cursor_of(page.rows[-1]) if page.rows else None,
    }


def _kind(value: Any, *_: Any) -> str | None:
    return value.kind if isinstance(value, View) else value.get("__typename")


def _too_long(value: Any) -> int | None:
    if isinstance(value, list):
        if len(value) > MAX_INPUT:
            return len(value)
        return next((found for one in value if (found := _too_long(one))), None)
    if isinstance(value, dict):
        return _too_long_in(value.values())
    return None


def _too_long_in(values: Iterable[Any]) -> int | None:
    return next((found for one in values if (found := _too_long(one))), None)


def execute(dialect: Dialect, bucket: Bucket, visit: Visit, body: Mapping[str, Any]) -> Answer:
    """Answer a request's body (`query`, `variables`, `operationName`). A document that is not valid costs nothing."""
    document = dialect.read(body["query"])
    if document.problems:
        return {"errors": [_problem(one) for one in document.problems]}
    name = body.get("operationName") or ""
    operation = document.operations.get(name)
    if operation is None and not name and len(document.operations) == 1:
        operation = next(iter(document.operations.values()))
    if operation is None:
        return {
            "errors": [failure(f"No operation named {name!r}" if name else "An operation name is required")]
        }
    values = body.get("variables") or {}
    longest = _too_long(values)
    if longest:
        message = f"The input array size of {longest} is greater than the maximum allowed of {MAX_INPUT}."
        return {"errors": [failure(message, "MAX_INPUT_SIZE_EXCEEDED")]}

    defaults = _with_defaults(operation, values)
    requested = operation.costing.requested(operation.root, operation.node.selection_set, defaults)
    if requested > MAX_QUERY_COST:
        message = (
            f"Query cost is {requested}, which exceeds the single query max cost limit ({MAX_QUERY_COST})."
        )
        error = failure(
            message, "MAX_COST_EXCEEDED", cost=requested, maxCost=MAX_QUERY_COST, documentation=_LIMITS_PAGE
        )
        return {"errors": [error], "extensions": _cost(bucket, requested, None)}
    if not bucket.take(requested):
        error = failure("Throttled", "THROTTLED", documentation=_LIMITS_PAGE)
        return {"errors": [error], "extensions": _cost(bucket, requested, None)}
    missing = _not_idempotent(operation, visit)
    if missing:
        bucket.give_back(requested)
        return {"errors": [failure(missing, "BAD_REQUEST")], "extensions": _cost(bucket, requested, 0)}
    return _run(dialect, bucket, visit, operation, values, requested)


def _run(
    dialect: Dialect,
    bucket: Bucket,
    visit: Visit,
    operation: Operation,
    values: Mapping[str, Any],
    requested: int,
) -> Answer:
    result = execute_sync(
        dialect.schema,
        DocumentNode(definitions=(operation.node, *operation.fragments.values())),
        None,
        visit,
        dict(values),
        None,
        _resolve,
        _kind,
        executor_class=QuickExecutor,
    )
    assert isinstance(result, ExecutionResult)
    errors = [_problem(one) for one in result.errors or ()]
    for error in result.errors or ():
        if error.original_error is not None and not isinstance(error.original_error, GraphQLError):
            raise error.original_error
    if result.data is None and errors and not any("path" in one for one in errors):
        bucket.give_back(requested)
        for one in errors:
            one["extensions"] = {"code": "INVALID_VARIABLE"}
        return {"errors": errors}
    actual = min(
        requested, operation.costing.actual(operation.root, operation.node.selection_set, result.data)
    )
    bucket.give_back(requested - actual)
    answer: Answer = {"errors": errors} if errors else {}
    answer["data"] = result.data
    answer["extensions"] = _cost(bucket, requested, actual)
    if visit.searches:
        answer["extensions"]["search"] = visit.searches
    return answer


def _cost(bucket: Bucket, requested: int, actual: int | None) -> dict[str, Any]:
    return {
        "cost": {
            "requestedQueryCost": requested,
            "actualQueryCost": actual,
            "throttleStatus": bucket.status(),
        }
    }


def _with_defaults(operation: Operation, values: Mapping[str, Any]) -> dict[str, Any]:
    """Variables, with a document's own defaults for page sizes that were not given."""
    found = dict(values)
    for definition in operation.node.variable_definitions or ():
        name = definition.variable.name.value
        default = getattr(definition.default_value, "value", None)
        if name not in found and isinstance(default, str) and default.isdigit():
            found[name] = int(default)
    return found


def _not_idempotent(operation: Operation, visit: Visit) -> str | None:
    if operation.root.name != "Mutation" or visit.version < "2026-04":
        return None
    for nodes in operation.costing.fields(operation.root, (operation.node.selection_set,)).values():
        if nodes[0].name.value not in _IDEMPOTENT:
            continue
        keys = [one for one in nodes[0].directives or () if one.name.value == "idempotent"]
        if not keys:
            return "The @idempotent directive is required for this mutation but was not provided."
        held = next((one.value for one in keys[0].arguments or ()), None)
        if isinstance(held, StringValueNode) and not held.value.strip():
            return "The idempotency key must not be empty."
    return None


def _problem(error: GraphQLError) -> dict[str, Any]:
    """An error as the vendor writes it; path and code tell what kind it is."""
    made: dict[str, Any] = {"message": error.message}
    if error.locations:
        made["locations"] = [{"line": one.line, "column": one.column} for one in error.locations]
    if error.path:
        made["path"] = list(error.path)
    extensions = dict(error.extensions or {})
    if error.message.startswith("Cannot query field"):
        extensions.setdefault("code", "undefinedField")
    if extensions:
        made["extensions"] = extensions
    return made
