"""What the README says is so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from ordersync.discovery import offered
from ordersync.hookspecs import ConnectorSpecs
from ordersync_erp_sapb1 import SapB1Connector

TEXT = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def test_every_setting_is_in_the_table() -> None:
    rows = [row for row in TEXT.split("## Settings")[1].split("```")[0].splitlines() if row.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert named == set(SapB1Connector.settings_model.model_fields)


def test_the_example_is_a_good_section() -> None:
    section = tomllib.loads(TEXT.split("```toml")[1].split("```")[0])["connections"]["sap"]
    assert section.pop("connector") == "erp-sapb1"
    assert SapB1Connector.settings_model.model_validate(section).version == "v2"


def test_the_hooks_that_are_left_out_are_those() -> None:
    told = set(re.findall(r"`(\w+)`", TEXT.split("Hooks that are left out")[1].split("\n\n")[0]))
    hooks = {name for name in vars(ConnectorSpecs) if not name.startswith("_")}
    assert told == hooks - set(offered(SapB1Connector))
