"""What an installed package shows: each defect that a rule forbids, planted once."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from acme_package import CONNECTOR, HOOKS_LEFT_OUT, README, SANDBOX, Plant, planting

from ordersync.errors import BadInput, BadSettings
from ordersync.testing.quality.findings import Found
from ordersync.testing.quality.installed import connectors, look_up
from ordersync.testing.quality.package import CHECKS
from ordersync.testing.quality.rules import RULES, Proof


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    with planting(tmp_path, monkeypatch) as plant:
        yield plant


def test_every_rule_about_packages_has_a_check() -> None:
    assert set(CHECKS) == {name for name, rule in RULES.items() if rule.proof is Proof.PACKAGE}


@pytest.mark.parametrize("rule", CHECKS)
def test_a_sound_package_keeps_every_rule(plant: Plant, rule: str) -> None:
    plant()
    finding = CHECKS[rule](look_up("acme"))
    assert (finding.found, len(finding.says)) == (Found.KEPT, 1)


def broken(rule: str) -> str:
    finding = CHECKS[rule](look_up("acme"))
    assert finding.found is Found.BROKEN
    return "\n".join(finding.says)


@pytest.mark.parametrize(
    ("sandbox", "told"),
    [
        ("from ordersync_acme import mapping\n", "ordersync_acme.sandbox → ordersync_acme.mapping"),
        ("from ordersync_acme.wire import *\n", "ordersync_acme.sandbox → ordersync_acme.wire"),
        ("from . import wire\n", "ordersync_acme.sandbox → ordersync_acme.wire"),
        ("import ordersync_acme.mapping\n", "ordersync_acme.sandbox → ordersync_acme.mapping"),
        (
            "def late() -> None:\n    from ordersync_acme import wire\n",
            "ordersync_acme.sandbox → ordersync_acme.wire",
        ),
        (
            "from ordersync_acme.connector import AcmeSettings\n",
            "ordersync_acme.sandbox → ordersync_acme.connector → ordersync_acme.mapping",
        ),
    ],
)
def test_a_sandbox_that_reaches_wire_or_mapping_is_told_the_way(
    plant: Plant, sandbox: str, told: str
) -> None:
    plant({"sandbox.py": f"{SANDBOX}\n{sandbox}"})
    assert told in broken("sandbox_independent")


def test_a_sandbox_that_is_a_package_is_read_whole(plant: Plant) -> None:
    modules = {"sandbox/__init__.py": SANDBOX, "sandbox/orders.py": "from .. import wire\n"}
    plant({"sandbox.py": None, **modules})
    assert "ordersync_acme.sandbox.orders → ordersync_acme.wire" in broken("sandbox_independent")


def test_a_missing_sandbox_is_told(plant: Plant) -> None:
    plant({"sandbox.py": None})
    assert "brings no sandbox" in broken("sandbox_independent")


@pytest.mark.parametrize(
    ("found", "put", "told"),
    [
        ("`page_size`", "page size", "it does not name the setting `page_size`"),
        ("`receive` ", "", "it does not say that `receive` is left out"),
        ("## What it cannot do", "## More", "no section on what it does not do"),
        ("## Facts, and how sure they are", "## More", "no section on where its facts come from"),
        ("The vendor's manual, version 7.", "", "no section on where its facts come from"),
    ],
)
def test_a_readme_that_keeps_something_back_is_told(plant: Plant, found: str, put: str, told: str) -> None:
    assert found in README
    plant(readme=README.replace(found, put))
    assert told in broken("documented")


def test_a_setting_that_stands_in_an_example_only_is_not_described(plant: Plant) -> None:
    example = "```toml\npage_size = 50 # `page_size`\n```"
    plant(readme=README.replace("| `page_size` | orders per page |", example))
    assert "`page_size`" in broken("documented")


def test_no_readme_at_all(plant: Plant) -> None:
    plant(readme="")
    assert 'set readme = "README.md"' in broken("documented")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"py.typed": None}, "ordersync_acme/py.typed is missing"),
        ({"quality.toml": None}, '"quality.toml" = "ordersync_acme/quality.toml"'),
        ({"mapping.py": "def account(name) -> str:\n    return name\n"}, "account: no annotation of name"),
        (
            {"mapping.py": "def account(name: str):\n    return name\n"},
            "account: no annotation of its answer",
        ),
        ({"mapping.py": "def account(*names) -> str:\n    return ''\n"}, "account: no annotation of names"),
    ],
)
def test_an_untyped_package_is_told_where(plant: Plant, changes: dict[str, str | None], told: str) -> None:
    plant(changes)
    assert told in broken("typed")


@pytest.mark.parametrize(
    ("requires", "told"),
    [
        ("", "does not require the core"),
        ("Requires-Dist: ordersync", "no lowest version"),
        ("Requires-Dist: ordersync>=0.1", "too new"),
        ("Requires-Dist: ordersync<1", "no lowest version"),
        ("Requires-Dist: ordersync>=0.1,<1; extra == 'x'", "does not require the core"),
        ("Requires-Dist: ordersync-more>=0.1,<1", "does not require the core"),
    ],
)
def test_a_range_of_the_core_that_is_open_is_told(plant: Plant, requires: str, told: str) -> None:
    plant(requires=requires)
    assert told in broken("core_declared")


@pytest.mark.parametrize("range_", ["ordersync[oauth1]>=0.1,<1", "ordersync~=0.1", "OrderSync==0.1.0"])
def test_other_ways_to_say_the_range(plant: Plant, range_: str) -> None:
    plant(requires=f"Requires-Dist: {range_}")
    assert CHECKS["core_declared"](look_up("acme")).found is Found.KEPT


def test_an_editable_installation_is_read_where_its_source_is(plant: Plant, tmp_path: Path) -> None:
    folder = plant({"quality.toml": None})
    tree = tmp_path / "a source tree"
    tree.mkdir()
    direct = {"url": tree.as_uri(), "dir_info": {"editable": True}}
    info = folder.parent / "ordersync_acme-1.2.3.dist-info"
    (info / "direct_url.json").write_text(json.dumps(direct), "utf-8")
    assert look_up("acme").card is None
    (tree / "quality.toml").write_text("[rules]\n", "utf-8")
    (tree / "README.md").write_text("# newer\n", "utf-8")
    assert look_up("acme").card == tree / "quality.toml"
    assert look_up("acme").readme == "# newer\n"
    (folder / "quality.toml").write_text("[rules]\n", "utf-8")
    assert look_up("acme").card == folder / "quality.toml"
    direct["dir_info"] = {}
    (info / "direct_url.json").write_text(json.dumps(direct), "utf-8")
    assert look_up("acme").tree is None


def test_a_single_module_is_no_package_that_could_carry_a_card(plant: Plant, tmp_path: Path) -> None:
    plant()
    (tmp_path / "ordersync_flat.py").write_text(
        CONNECTOR.replace("from ordersync_acme import mapping", ""), "utf-8"
    )
    info = tmp_path / "ordersync_acme-1.2.3.dist-info" / "entry_points.txt"
    info.write_text("[ordersync.connectors]\nacme = ordersync_flat:AcmeConnector\n", "utf-8")
    with pytest.raises(BadInput, match="is no package"):
        look_up("acme")


def test_the_cores_own_connector_is_not_judged(plant: Plant) -> None:
    plant()
    assert "acme" in connectors()
    assert "reference" not in connectors()
    with pytest.raises(BadInput, match="is the core's own"):
        look_up("reference")
    with pytest.raises(BadSettings, match="Did you mean 'acme'"):
        look_up("acne")


def test_the_planted_package_leaves_out_every_hook_but_one() -> None:
    assert len(HOOKS_LEFT_OUT.split()) == 22
