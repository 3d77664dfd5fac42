"""The sandbox's schema is a part of the vendor's: every type, field, argument and value of it exists there."""

from __future__ import annotations

import gzip
import re
from typing import Any

import pytest
from graphql import (
    DefinitionNode,
    DirectiveDefinitionNode,
    EnumTypeDefinitionNode,
    InputObjectTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    SchemaDefinitionNode,
    UnionTypeDefinitionNode,
    build_schema,
    parse,
    print_ast,
    validate_schema,
)

from ordersync.testing.specs import vendor_specs
from ordersync_shopify.sandbox.dialect import schema_text

_HEAD = re.compile(r"^(?:type|input|enum|interface|union|scalar|directive) @?(\w+)", re.MULTILINE)


def definitions(text: str) -> dict[str, Any]:
    return {_name(one): one for one in parse(text, no_location=True).definitions}


def _name(one: DefinitionNode) -> str:
    return "schema" if isinstance(one, SchemaDefinitionNode) else str(one.name.value)  # type: ignore[attr-defined]


def vendor_definitions(version: str, names: set[str]) -> dict[str, Any]:
    """Only the definitions that are needed: the whole file takes long to parse."""
    with gzip.open(vendor_specs("shopify") / f"admin_{version}.graphql.gz", "rt", encoding="utf-8") as file:
        text = re.sub(r'"""(?:[^"]|"(?!""))*"""', "", file.read())
    found = {}
    heads = list(_HEAD.finditer(text))
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        if head[1] in names:
            found[head[1]] = parse(
                text[head.start() : following.start() if following else None], no_location=True
            )
    return {name: document.definitions[0] for name, document in found.items()}


def arguments(field: Any) -> dict[str, tuple[str, str | None]]:
    return {
        one.name.value: (print_ast(one.type), print_ast(one.default_value) if one.default_value else None)
        for one in field.arguments or ()
    }


def strays(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """What stands in our schema and not, or not so, in the vendor's."""
    found = []
    for name, mine in ours.items():
        if isinstance(mine, SchemaDefinitionNode):
            continue
        other = theirs.get(name)
        if other is None or other.kind != mine.kind:
            found.append(name)
        elif isinstance(mine, EnumTypeDefinitionNode):
            values = {one.name.value for one in other.values or ()}
            found += [f"{name}.{one.name.value}" for one in mine.values or () if one.name.value not in values]
        elif isinstance(mine, UnionTypeDefinitionNode):
            members = {one.name.value for one in other.types or ()}
            found += [
                f"{name} = {one.name.value}" for one in mine.types or () if one.name.value not in members
            ]
        elif isinstance(mine, DirectiveDefinitionNode):
            if arguments(mine) != arguments(other):
                found.append(f"@{name}")
        elif not isinstance(mine, ScalarTypeDefinitionNode):
            found += _stray_fields(name, mine, other)
    return found


def _stray_fields(name: str, mine: Any, other: Any) -> list[str]:
    found = []
    fields = {one.name.value: one for one in other.fields or ()}
    for field in mine.fields or ():
        there = fields.get(field.name.value)
        if there is None or print_ast(there.type) != print_ast(field.type):
            found.append(f"{name}.{field.name.value}")
            continue
        if isinstance(mine, InputObjectTypeDefinitionNode):
            defaults = [print_ast(one.default_value) if one.default_value else None for one in (field, there)]
            if defaults[0] != defaults[1]:
                found.append(f"{name}.{field.name.value} = {defaults[0]}")
            continue
        known = arguments(there)
        found += [
            f"{name}.{field.name.value}({key}: {held})"
            for key, held in arguments(field).items()
            if known.get(key) != held
        ]
        left_out = set(known) - set(arguments(field))
        found += [
            f"{name}.{field.name.value} lacks {key}"
            for key in left_out
            if known[key][0].endswith("!") and known[key][1] is None
        ]
    if isinstance(mine, InputObjectTypeDefinitionNode):
        ours = {one.name.value for one in mine.fields or ()}
        found += [
            f"{name} lacks {key}"
            for key, one in fields.items()
            if print_ast(one.type).endswith("!") and not one.default_value and key not in ours
        ]
        if [one.name.value for one in mine.directives or ()] != [
            one.name.value for one in other.directives or () if one.name.value == "oneOf"
        ]:
            found.append(f"{name} @oneOf")
    if isinstance(mine, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
        there = {one.name.value for one in other.interfaces or ()}
        found += [f"{name}: {one.name.value}" for one in mine.interfaces or () if one.name.value not in there]
    return found


@pytest.mark.parametrize("version", ["2026-07", "2026-10"])
def test_every_definition_is_the_vendors(version: str) -> None:
    ours = definitions(schema_text())
    theirs = vendor_definitions(version, set(ours))

    assert strays(ours, theirs) == []
    assert len(ours) > 200


def test_what_is_not_the_vendors_is_found() -> None:
    theirs = definitions(
        "enum A { X } input I @oneOf { a: Int! b: Int } union U = T type T implements N { a(x: Int! y: Int): Int! }"
        " interface N { a: Int }"
    )
    ours = definitions(
        "enum A { X Z } input I { b: Int! } union U = T | A type T { a(y: String): Int b: Int } scalar S interface N"
    )

    assert strays(ours, theirs) == [
        "A.Z", "I.b", "I lacks a", "I @oneOf", "U = A", "T.a", "T.b", "S",
    ]  # fmt: skip


def test_the_schema_is_sound_and_says_nothing_in_the_vendors_words() -> None:
    assert validate_schema(build_schema(schema_text(), assume_valid_sdl=True)) == []
    assert '"""' not in schema_text()
