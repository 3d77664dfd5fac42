"""What will go is told to the author who uses it; what is new has a default, and hurts no older plugin."""

from __future__ import annotations

import warnings
from typing import Annotated, Any

import pluggy
import pytest

from ordersync.connection import Connection, signature_problems
from ordersync.deprecation import (
    Deprecated,
    OrderSyncDeprecation,
    deprecated,
    deprecated_parameter,
    fields_used,
)
from ordersync.hookspecs import PROJECT, hookimpl
from ordersync.model import Account, Facts, Frozen
from ordersync.signatures import deprecated_uses

_one = pluggy.HookspecMarker(PROJECT)(firstresult=True)


class FactsOfTomorrow(Facts):
    old_limit: Annotated[int, Deprecated("0.4", "0.5", "Set page_size instead.")] = 0


class Found(Frozen):
    id: str
    old_number: Annotated[str, Deprecated("0.4", "0.5", "Set id instead.")] = ""


class SpecsOfTomorrow:
    """The hooks as they may be one day."""

    @deprecated(since="0.4", removal="0.5", remedy="Implement get_order instead.")
    @_one
    def find_number(self, number: str) -> str | None:
        """A hook that will go."""

    @deprecated_parameter("number", since="0.4", removal="0.5", remedy="Take order_id instead.")
    @_one
    def get_order(self, order_id: str, number: str = "", fresh: bool = False) -> Found | None:
        """A hook with a parameter that will go, and one that is new."""

    @_one
    def check_access(self, thorough: bool = True) -> Account | None:
        """A hook that stays."""


class Tomorrow(Connection):
    specs = SpecsOfTomorrow


class Older:
    """Written before `fresh` was there."""

    @hookimpl
    def get_order(self, order_id: str) -> Found | None:
        return Found(id=order_id)


class Newer:
    @hookimpl
    def get_order(self, order_id: str, fresh: bool) -> Found | None:
        return Found(id=f"{order_id} {fresh}")


class OldFashioned:
    facts = FactsOfTomorrow(old_limit=5)

    @hookimpl
    def find_number(self, number: str) -> str | None:
        return number

    @hookimpl
    def get_order(self, order_id: str, number: str) -> Found | None:
        return Found(id=order_id, old_number="7")


def told(connector: Any, name: str, **asked: Any) -> list[warnings.WarningMessage]:
    """The warnings while a connection is made, and once asked."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        connection = Tomorrow("x", name, connector)
        if asked:
            connection._ask("get_order", **asked)
    return seen


def test_a_new_parameter_has_a_default_and_older_plugins_go_on() -> None:
    asked = {"order_id": "1", "fresh": True}
    assert Tomorrow("x", "older", Older())._ask("get_order", **asked).id == "1"
    assert Tomorrow("x", "newer", Newer())._ask("get_order", **asked).id == "1 True"
    assert Tomorrow("x", "newer", Newer())._ask("get_order", order_id="1").id == "1 False"
    assert signature_problems(Newer(), SpecsOfTomorrow) == []


def test_a_plugin_that_uses_nothing_old_is_told_nothing() -> None:
    assert told(Older(), "older", order_id="1") == []
    assert told(Newer(), "newer", order_id="1") == []


def test_whoever_uses_what_will_go_is_told_where_and_what_to_do() -> None:
    seen = told(OldFashioned(), "old-fashioned", order_id="1")
    assert [str(one.message) for one in seen] == [
        "The plugin 'old-fashioned' uses find_number (deprecated since 0.4, gone in 0.5): Implement get_order instead.",
        "The plugin 'old-fashioned' uses get_order(number) (deprecated since 0.4, gone in 0.5): Take order_id instead.",
        "The plugin 'old-fashioned' uses FactsOfTomorrow.old_limit (deprecated since 0.4, gone in 0.5): Set page_size instead.",
        "The plugin 'old-fashioned' uses Found.old_number (deprecated since 0.4, gone in 0.5): Set id instead.",
    ]
    assert all(one.category is OrderSyncDeprecation for one in seen)
    assert {one.filename for one in seen} == {__file__}
    code = OldFashioned.find_number.__code__
    assert seen[0].lineno == code.co_firstlineno


def test_it_is_told_once_for_each_plugin() -> None:
    assert len(told(OldFashioned(), "one-shop")) == 3
    assert told(OldFashioned(), "one-shop") == []
    assert len(told(OldFashioned(), "another")) == 3


def test_authors_see_it_as_an_error_in_their_tests() -> None:
    with pytest.raises(OrderSyncDeprecation, match="find_number"):
        Tomorrow("x", "strict", OldFashioned())
    assert issubclass(OrderSyncDeprecation, DeprecationWarning)


def test_a_list_tells_it_without_building_anything() -> None:
    uses = [str(use) for use in deprecated_uses(OldFashioned, SpecsOfTomorrow)]
    assert [use.partition(" ")[0] for use in uses] == ["find_number", "get_order(number)"]


def test_only_fields_that_were_given_count() -> None:
    assert fields_used(FactsOfTomorrow()) == []
    assert fields_used(Facts(page_size=3)) == []
    assert [use.what for use in fields_used(FactsOfTomorrow(old_limit=0))] == ["FactsOfTomorrow.old_limit"]
    assert fields_used(None) == []


def test_a_mark_on_a_parameter_that_is_not_there_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="has no parameter 'nothing'"):
        deprecated_parameter("nothing", since="0.4", removal="0.5", remedy="")(SpecsOfTomorrow.check_access)
