"""The contract: what the connector offers, and that its hooks can be called as the specifications say."""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ordersync.hookspecs import ConnectorSpecs
from ordersync.testing.contract import ConnectorContract
from ordersync.testing.seeds import catalogue
from ordersync.testing.trial import reference_orders
from ordersync.web import Access
from ordersync_file import FileConnector

SPECS = {name: hook for name, hook in vars(ConnectorSpecs).items() if not name.startswith("_")}
OFFERED = [name for name in vars(FileConnector) if name in SPECS]


class TestFile(ConnectorContract):
    """Files have no sandbox: three orders in an inbox, a catalogue, and an outbox."""

    platform = "file"

    def section(self, folder: Path) -> Mapping[str, Any]:
        """The settings of one test's own folder."""
        inbox = folder / "inbox"
        inbox.mkdir(exist_ok=True)
        for order in reference_orders(3):
            (inbox / f"{order.id}.json").write_text(order.model_dump_json(), "utf-8")
        known = folder / "catalogue.json"
        known.write_text(
            json.dumps([{"sku": product.sku, "stock": product.stock} for product in catalogue()]), "utf-8"
        )
        return {"path": inbox, "output": folder / "outbox", "catalogue": known}


def test_it_offers_both_sides() -> None:
    both = {
        "check_access",
        "list_orders",
        "get_order",
        "find_order",
        "create_order",
        "add_line_item",
        "update_order",
    }
    assert both <= set(OFFERED)
    marked = {name for name, member in vars(FileConnector).items() if hasattr(member, "ordersync_impl")}
    assert marked == set(OFFERED)


@pytest.mark.parametrize("name", OFFERED)
def test_signatures_are_those_of_the_specifications(name: str) -> None:
    hook, spec = getattr(FileConnector, name), SPECS[name]
    given, wanted = typing.get_type_hints(hook), typing.get_type_hints(spec)
    allowed = inspect.signature(spec).parameters
    for parameter in inspect.signature(hook).parameters.values():
        assert parameter.name in allowed
        assert parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        assert parameter.default is parameter.empty
        assert given.get(parameter.name) == wanted.get(parameter.name)
    assert given["return"] == wanted["return"]


def test_settings_are_described_and_closed(tmp_path: Path) -> None:
    model = FileConnector.settings_model
    assert all(field.description for field in model.model_fields.values())
    with pytest.raises(ValueError, match="Extra inputs"):
        model.model_validate({"path": tmp_path, "pathh": "x"})
    with pytest.raises(ValueError, match="`path`"):
        model()
    with pytest.raises(ValueError, match="must differ"):
        model(path=tmp_path, output=tmp_path / "x" / "..")


def test_facts_and_account_are_stable(tmp_path: Path) -> None:
    first = FileConnector(FileConnector.settings_model(path=tmp_path, late_days=3), Access())
    account = first.check_access()
    assert account == FileConnector(first.settings, Access()).check_access()
    assert account.facts is not None
    assert account.facts.unique_key
    assert account.facts.overlap.days == 3
    assert account.facts.arithmetic.line_total == account.facts.arithmetic.tax == "given"
    named = FileConnector(FileConnector.settings_model(path=tmp_path, account="shop"), Access())
    assert named.check_access().id == "shop"
    first.close()
