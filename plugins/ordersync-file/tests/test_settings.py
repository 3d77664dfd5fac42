"""What the settings refuse, what the account is, and what the README says of both."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ordersync.discovery import offered
from ordersync.hookspecs import ConnectorSpecs
from ordersync.web import Access
from ordersync_file import FileConnector

TEXT = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def test_one_side_is_wanted_and_two_that_differ(tmp_path: Path) -> None:
    model = FileConnector.settings_model
    with pytest.raises(ValueError, match="`path`"):
        model()
    with pytest.raises(ValueError, match="must differ"):
        model(path=tmp_path, output=tmp_path / "x" / "..")


def test_facts_and_account_are_stable(tmp_path: Path) -> None:
    first = FileConnector(FileConnector.settings_model(path=tmp_path, late_days=3), Access())
    account = first.check_access()
    assert account == FileConnector(first.settings, Access()).check_access()
    assert account.facts is not None
    assert account.facts.overlap.days == 3
    named = FileConnector(FileConnector.settings_model(path=tmp_path, account="shop"), Access())
    assert named.check_access().id == "shop"


def test_the_hooks_that_are_left_out_are_those() -> None:
    told = set(re.findall(r"`(\w+)`", TEXT.split("Hooks that are left out")[1].split("\n\n")[0]))
    hooks = {name for name in vars(ConnectorSpecs) if not name.startswith("_")}
    assert told == hooks - set(offered(FileConnector))
