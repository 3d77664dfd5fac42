"""What a query costs, and the bucket that it is paid from.

Costs follow what 3,861 recorded answers show (observed, not documented): an object 1, a mutation 10, a connection
`2 + f(n) × node`, money and page info nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from math import ceil
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    IntValueNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_leaf_type,
    is_list_type,
)
from graphql.type import get_nullable_type

__all__ = ["MAX_QUERY_COST", "MUTATION_COST", "Bucket", "Costing", "page_factor"]

MAX_QUERY_COST = 1000
"""No single query may ask for more, whatever the plan (vendor's limits page)."""
MUTATION_COST = 10
_FREE = frozenset({"MoneyBag", "MoneyV2", "PageInfo", "PricingPercentageValue"})
_STEPS = ((0, 0), (1, 1), (3, 2), (5, 3), (10, 4), (20, 5), (50, 7), (100, 9), (200, 10), (250, 11))


def page_factor(count: int) -> int:
    """How many nodes a page of `count` is charged for: 1 → 1, 10 → 4, 50 → 7, 250 → 11."""
    for limit, factor in _STEPS:
        if count <= limit:
            return factor
    return _STEPS[-1][1]


@dataclass
class Bucket:
    """Points to spend: `size` at most, `rate` come back each second; held in millionths, so that no point is lost."""

    size: int
    rate: int
    level: int
    """Millionths of a point."""
    at: datetime

    @classmethod
    def full(cls, size: int, rate: int, now: datetime) -> Bucket:
        return cls(size, rate, size * 1_000_000, now)

    def refill(self, now: datetime) -> None:
        """Let time pass."""
        passed = now - self.at
        micros = (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds
        if micros > 0:
            self.level = min(self.size * 1_000_000, self.level + micros * self.rate)
        self.at = now

    @property
    def available(self) -> int:
        return self.level // 1_000_000

    def take(self, points: int) -> bool:
        """Pay, if there is enough."""
        if self.level < points * 1_000_000:
            return False
        self.level -= points * 1_000_000
        return True

    def give_back(self, points: int) -> None:
        self.level = min(self.size * 1_000_000, self.level + points * 1_000_000)

    def status(self) -> dict[str, int]:
        """`throttleStatus`, as every answer carries it."""
        return {"maximumAvailable": self.size, "currentlyAvailable": self.available, "restoreRate": self.rate}


Fields = dict[str, list[FieldNode]]


class Costing:
    """Costs of the operations of one document."""

    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self.schema = schema
        self.fragments = fragments
        self._collected: dict[tuple[str, tuple[int, ...]], Fields] = {}

    def fields(self, kind: GraphQLObjectType, sets: Iterable[SelectionSetNode]) -> Fields:
        """Response key → the field nodes that make it, fragments resolved for this type."""
        held = tuple(sets)
        key = (kind.name, tuple(map(id, held)))
        found = self._collected.get(key)
        if found is None:
            found = {}
            for one in held:
                self._collect(kind, one, found)
            self._collected[key] = found
        return found

    def _collect(self, kind: GraphQLObjectType, chosen: SelectionSetNode, found: Fields) -> None:
        for selection in chosen.selections:
            if isinstance(selection, FieldNode):
                name = selection.alias.value if selection.alias else selection.name.value
                found.setdefault(name, []).append(selection)
                continue
            condition = None
            inner = None
            if isinstance(selection, FragmentSpreadNode):
                fragment = self.fragments[selection.name.value]
                condition, inner = fragment.type_condition.name.value, fragment.selection_set
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition.name.value if selection.type_condition else None
                inner = selection.selection_set
            if inner is not None and (condition is None or self._applies(condition, kind)):
                self._collect(kind, inner, found)

    def _applies(self, condition: str, kind: GraphQLObjectType) -> bool:
        wanted = self.schema.get_type(condition)
        if wanted is kind:
            return True
        return isinstance(wanted, GraphQLInterfaceType | GraphQLUnionType) and self.schema.is_sub_type(
            wanted, kind
        )

    def requested(self, root: GraphQLObjectType, chosen: SelectionSetNode, values: Mapping[str, Any]) -> int:
        """What the operation may cost at most, by what it asks for."""
        if root is self.schema.mutation_type:
            return sum(self._mutation(root, nodes, values) for nodes in self.fields(root, (chosen,)).values())
        return self._children(root, (chosen,), values)

    def _mutation(self, root: GraphQLObjectType, nodes: list[FieldNode], values: Mapping[str, Any]) -> int:
        field = root.fields.get(nodes[0].name.value)
        if field is None:
            return 0
        payload = get_named_type(field.type)
        cost = MUTATION_COST
        if isinstance(payload, GraphQLObjectType):
            for inner in self.fields(payload, _sets(nodes)).values():
                below = payload.fields.get(inner[0].name.value)
                kind = get_named_type(below.type) if below else None
                if (
                    below
                    and isinstance(kind, GraphQLObjectType)
                    and not is_list_type(get_nullable_type(below.type))
                ):
                    cost += self._children(kind, _sets(inner), values)
        return cost

    def _children(
        self, kind: GraphQLObjectType, sets: Iterable[SelectionSetNode], values: Mapping[str, Any]
    ) -> int:
        return sum(self._field(kind, nodes, values) for nodes in self.fields(kind, sets).values())

    def _field(self, parent: GraphQLObjectType, nodes: list[FieldNode], values: Mapping[str, Any]) -> int:
        field = parent.fields.get(nodes[0].name.value)
        if field is None or is_leaf_type(kind := get_named_type(field.type)) or kind.name in _FREE:
            return 0
        sets = _sets(nodes)
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            return 1 + max(self._children(one, sets, values) for one in self.schema.get_possible_types(kind))
        if not isinstance(kind, GraphQLObjectType):
            return 0
        if kind.name.endswith("Connection"):
            return 2 + page_factor(_page(nodes[0], values)) * self._node(kind, sets, values)
        return 1 + self._children(kind, sets, values)

    def _node(
        self, kind: GraphQLObjectType, sets: Iterable[SelectionSetNode], values: Mapping[str, Any]
    ) -> int:
        cost = 0
        for nodes in self.fields(kind, sets).values():
            name = nodes[0].name.value
            if name == "nodes":
                cost = max(cost, self._field(kind, nodes, values))
            elif name == "edges":
                edge = get_named_type(kind.fields["edges"].type)
                if isinstance(edge, GraphQLObjectType):
                    cost = max(cost, self._children(edge, _sets(nodes), values))
        return cost

    def actual(self, root: GraphQLObjectType, chosen: SelectionSetNode, data: Any) -> int:
        """What the answer did cost: pages are charged for the nodes that came."""
        if root is self.schema.mutation_type:
            return MUTATION_COST * len(self.fields(root, (chosen,)))
        return ceil(self._seen(root, (chosen,), data)) if data else 1

    def _seen(self, kind: GraphQLObjectType, sets: Iterable[SelectionSetNode], data: Any) -> Fraction:
        cost = Fraction(0)
        for name, nodes in self.fields(kind, sets).items():
            field = kind.fields.get(nodes[0].name.value)
            below = get_named_type(field.type) if field else None
            if below is None or is_leaf_type(below) or below.name in _FREE:
                continue
            value = data.get(name)
            inner = _sets(nodes)
            if isinstance(below, GraphQLObjectType) and below.name.endswith("Connection"):
                cost += self._seen_page(below, inner, value or {})
            elif isinstance(value, list):
                cost += 1
            else:
                cost += 1
                if isinstance(value, dict) and isinstance(below, GraphQLObjectType):
                    cost += self._seen(below, inner, value)
        return cost

    def _seen_page(
        self, kind: GraphQLObjectType, sets: Iterable[SelectionSetNode], data: Mapping[str, Any]
    ) -> Fraction:
        total, count = Fraction(0), 0
        for name, nodes in self.fields(kind, sets).items():
            asked = nodes[0].name.value
            if asked not in ("nodes", "edges"):
                continue
            held = get_named_type(kind.fields[asked].type)
            rows = data.get(name) or []
            if not isinstance(held, GraphQLObjectType):
                continue
            count = max(count, len(rows))
            found = Fraction(0)
            for row in rows:
                found += self._seen(held, _sets(nodes), row) + (1 if asked == "nodes" else 0)
            total = max(total, found)
        return max(Fraction(2), page_factor(count) * total / count if count else Fraction(0))


def _sets(nodes: Iterable[FieldNode]) -> tuple[SelectionSetNode, ...]:
    return tuple(node.selection_set for node in nodes if node.selection_set)


def _page(node: FieldNode, values: Mapping[str, Any]) -> int:
    for argument in node.arguments or ():
        if argument.name.value in ("first", "last"):
            if isinstance(argument.value, IntValueNode):
                return int(argument.value.value)
            if isinstance(argument.value, VariableNode):
                held = values.get(argument.value.name.value)
                if isinstance(held, int):
                    return held
    return 1
