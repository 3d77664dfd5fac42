"""The class itself: its hooks, its facts, its settings."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from ordersync.connection import signature_problems
from ordersync.hookspecs import PROJECT, ConnectorSpecs
from ordersync.model import Facts
from ordersync.testing.contract.saying import broken, hold, none_of, rule
from ordersync.testing.contract.stand import Stand
from ordersync.testing.contract.subject import Subject

__all__ = ["Shape"]

SPECS: Mapping[str, Any] = {
    name: spec for name, spec in vars(ConnectorSpecs).items() if not name.startswith("_")
}
BATCHES = frozenset(
    name for name in SPECS if name.endswith("s") and name not in ("check_access", "list_orders")
)
SECRET_WORDS = ("secret", "token", "password", "api_key", "private_key")


class Shape(Subject):
    """The class, before it is asked anything."""

    @rule("contract_kept")
    def test_signatures_are_those_of_the_specifications(self, kind: Any, offers: frozenset[str]) -> None:
        plugin = object.__new__(kind)
        wrong = signature_problems(plugin)
        for name in sorted(offers):
            hook, spec = getattr(kind, name), SPECS[name]
            try:
                given, wanted = typing.get_type_hints(hook), typing.get_type_hints(spec)
            except NameError:
                continue  # named by signature_problems
            if "return" not in given:
                wrong.append(f"{name}: its answer is not annotated; write `-> {_written(wanted['return'])}`")
            elif given["return"] != wanted["return"]:
                wrong.append(f"{name}: its answer must be annotated {_written(wanted['return'])}")
        none_of(
            wrong,
            "contract_kept",
            expected="the specification's parameters or fewer of them, positional-or-keyword, without defaults, annotated the"
            " same",
            do="copy the signature from ordersync.hookspecs.ConnectorSpecs, and leave out what you do not need",
        )

    @rule("contract_kept")
    def test_every_marked_method_is_a_hook(self, kind: Any) -> None:
        marked = [name for name in dir(kind) if getattr(getattr(kind, name, None), f"{PROJECT}_impl", None)]
        none_of(
            [
                f"{name} is marked with @hookimpl, and there is no such hook"
                for name in marked
                if name not in SPECS
            ],
            "contract_kept",
            expected=f"@hookimpl on hooks only: {', '.join(SPECS)}",
            do="correct the spelling, or take the mark away",
        )
        unmarked = [
            name for name in SPECS if inspect.isfunction(getattr(kind, name, None)) and name not in marked
        ]
        none_of(
            [f"{name} is named like a hook, and not marked" for name in unmarked],
            "contract_kept",
            expected="@hookimpl on every method that answers a hook",
            do="mark it with @hookimpl, or the core will never call it",
        )
        hold(
            {"list_orders", "create_order", "create_orders"} & set(marked),
            "contract_kept",
            expected="a source offers list_orders, a target create_order",
            seen=f"hooks: {', '.join(marked) or 'none'}",
            do="implement one of them",
        )

    @rule("contract_kept")
    def test_the_core_accepts_it(self, stand: Stand, offers: frozenset[str]) -> None:
        """It was registered and held against the specifications when the connection was made."""
        hold(
            stand.connection.offers == offers,
            "contract_kept",
            expected=f"the hooks of the class: {', '.join(sorted(offers))}",
            seen=f"the hooks of the connector: {', '.join(sorted(stand.connection.offers))}",
            do="mark methods of the class, not attributes that are set later",
        )

    @rule("contract_kept")
    def test_connectors_compare_by_identity(self, kind: Any) -> None:
        hold(
            kind.__eq__ is object.__eq__ and kind.__hash__ is object.__hash__,
            "contract_kept",
            expected="a connector that equals only itself",
            seen=f"{kind.__name__} has an __eq__ or __hash__ of its own",
            do="make the connector a plain class: no dataclass (or eq=False), no pydantic model",
        )

    @rule("contract_kept")
    def test_it_says_what_it_is(self, kind: Any) -> None:
        given = getattr(kind, "facts", None)
        hold(
            isinstance(given, Facts) and given.platform,
            "contract_kept",
            expected="`facts: Facts` on the class, with the platform's name for people",
            seen=repr(type(given).__name__),
            do="set `facts = Facts(platform=…, …)`",
        )
        model = getattr(kind, "settings_model", None)
        hold(
            isinstance(model, type) and issubclass(model, BaseModel),
            "contract_kept",
            expected="`settings_model`: a pydantic model",
            seen=repr(model),
            do="set `settings_model = AcmeSettings`",
        )
        hold(
            callable(getattr(kind, "close", None)),
            "contract_kept",
            expected="close()",
            seen="no close()",
            do="close the clients that `access.client` gave you; where there are none, let it do nothing",
        )

    @rule("contract_kept")
    def test_facts_agree_with_the_hooks(self, facts: Facts, offers: frozenset[str]) -> None:
        wrong = [f"batch_sizes names {name}" for name in sorted(set(facts.batch_sizes) - (BATCHES & offers))]
        wrong += [
            f"atomic_batches names {name}" for name in sorted(facts.atomic_batches - (BATCHES & offers))
        ]
        wrong += [
            f"the batch size of {name} is {size}" for name, size in facts.batch_sizes.items() if size < 1
        ]
        if facts.longest_key < 29:
            wrong.append(f"longest_key is {facts.longest_key}; a key has 29 characters")
        none_of(
            wrong,
            "contract_kept",
            expected="facts about batch hooks that are offered, and sizes above zero",
            do="correct `facts`",
        )

    @rule("settings_described")
    def test_every_setting_is_described(self, kind: Any) -> None:
        none_of(
            [
                f"{model.__name__}.{name} has no description"
                for model in _models(kind.settings_model)
                for name, field in model.model_fields.items()
                if not field.description
            ],
            "settings_described",
            expected="a description for each setting: `ordersync new` and `ordersync connectors` show it",
            do='write `Field(…, description="What it is, in which unit, where it is found.")`',
        )

    @rule("settings_described")
    def test_unknown_settings_are_refused(self, kind: Any) -> None:
        wrong = [
            f"{model.__name__} takes settings that it does not know"
            for model in _models(kind.settings_model)
            if model.model_config.get("extra") != "forbid"
        ]
        none_of(
            wrong,
            "settings_described",
            expected="a misspelt setting is an error",
            do='inherit from ordersync.Frozen, or set model_config = ConfigDict(extra="forbid")',
        )

    @rule("settings_described")
    @rule("secrets_hidden")
    def test_secrets_are_secret_strings(self, kind: Any) -> None:
        wrong = [
            f"{model.__name__}.{name} is a plain string"
            for model in _models(kind.settings_model)
            for name, field in model.model_fields.items()
            if name.endswith(SECRET_WORDS) and str in _parts(field.annotation) and field.repr
        ]
        none_of(
            wrong,
            "secrets_hidden",
            expected="credentials are SecretStr",
            do="annotate it SecretStr, and call get_secret_value() where it is sent",
        )

    @rule("secrets_hidden")
    def test_wrong_settings_do_not_show(self, kind: Any) -> None:
        fields = dict(kind.settings_model.model_fields)
        secret = next((name for name, field in fields.items() if SecretStr in _parts(field.annotation)), None)
        if secret is None:
            pytest.skip("no secret among the settings")
        try:
            kind.settings_model.model_validate({secret: {"canary": "c4n4ry"}, "no_such_setting": "c4n4ry"})
        except ValidationError as error:
            shown = f"{error} {error!r}"
        else:
            broken("settings_described", expected="an error", seen="none", do="refuse unknown settings")
        hold(
            "c4n4ry" not in shown,
            "secrets_hidden",
            expected="an error about settings that shows no value",
            seen="the value stands in pydantic's message",
            do="inherit from ordersync.Frozen, or set model_config = ConfigDict(hide_input_in_errors=True)",
        )


def _models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    waiting, seen = [model], set()
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        yield one
        for field in one.model_fields.values():
            waiting += [
                part
                for part in _parts(field.annotation)
                if isinstance(part, type) and issubclass(part, BaseModel)
            ]


def _parts(annotation: Any) -> Iterator[Any]:
    arguments = typing.get_args(annotation)
    if not arguments:
        yield annotation
    for argument in arguments:
        yield from _parts(argument)


def _written(annotation: Any) -> str:
    if isinstance(annotation, types.UnionType) or typing.get_args(annotation):
        return str(annotation).replace("typing.", "").replace("collections.abc.", "")
    return getattr(annotation, "__name__", str(annotation))
