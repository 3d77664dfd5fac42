"""A small connector package as an installer puts it on the path, to be planted with defects."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from stevedore import ExtensionManager

from ordersync.testing.quality import RULES, Proof

CONNECTOR = """\
from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from ordersync import Account, Facts, hookimpl
from ordersync_acme import mapping


class AcmeSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    url: str = Field(description="the shop's address")
    page_size: int = Field(default=50, description="orders per page")


class AcmeConnector:
    settings_model = AcmeSettings
    facts = Facts(platform="Acme", api_version="7")

    def __init__(self, settings: AcmeSettings, access: object) -> None:
        self.settings = settings

    @hookimpl
    def check_access(self) -> Account:
        return Account(id=mapping.account("acme"))
"""
SANDBOX = """\
from __future__ import annotations

from ordersync.testing import Sandbox as Base


class Sandbox(Base):
    platform = "acme"
"""
MAPPING = "def account(name: str) -> str:\n    return name\n"
HOOKS_LEFT_OUT = """\
`add_line_item` `check_discount` `check_stock` `check_stocks` `create_customer` `create_customers` `create_order`
`create_orders` `find_customer` `find_customers` `find_order` `find_orders` `get_order` `get_orders` `list_orders`
`receive` `resolve_sku` `resolve_skus` `subscribe` `unsubscribe` `update_order` `update_orders`
"""
README = f"""\
# ordersync-acme

## Settings

| `url` | the shop's address |
| `page_size` | orders per page |

## What it cannot do

{HOOKS_LEFT_OUT}
## Facts, and how sure they are

The vendor's manual, version 7.
"""
CARD = "[rules]\n" + "".join(
    f'{name} = {{status = "done", how = "so"}}\n'
    for name, rule in RULES.items()
    if not rule.hooks and rule.proof in (Proof.SUITE, Proof.PACKAGE)
)
FILES: Mapping[str, str] = {
    "__init__.py": "from ordersync_acme.connector import AcmeConnector\n\n__all__ = ['AcmeConnector']\n",
    "connector.py": CONNECTOR,
    "mapping.py": MAPPING,
    "wire.py": "",
    "sandbox.py": SANDBOX,
    "py.typed": "",
    "quality.toml": CARD,
}
REQUIRES = "Requires-Dist: ordersync>=0.1,<1"
Plant = Callable[..., Path]
"""`plant({"file": text or None}, readme=…, requires=…)`: the package's folder."""


@contextmanager
def planting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    """Gives a `Plant`; what it installed is gone when the block ends. Child processes find it too."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def plant(
        changes: Mapping[str, str | None] | None = None, *, readme: str = README, requires: str = REQUIRES
    ) -> Path:
        folder = tmp_path / "ordersync_acme"
        folder.mkdir()
        for name, text in {**FILES, **(changes or {})}.items():
            if text is not None:
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).write_text(text, "utf-8")
        info = tmp_path / "ordersync_acme-1.2.3.dist-info"
        info.mkdir()
        lines = ["Metadata-Version: 2.1", "Name: ordersync-acme", "Version: 1.2.3", requires]
        lines += ["Description-Content-Type: text/markdown", "", readme]
        (info / "METADATA").write_text("\n".join(line for line in lines[:4] if line) + "\n", "utf-8")
        with (info / "METADATA").open("a", encoding="utf-8") as metadata:
            metadata.write("\n".join(lines[4:]))
        entry = "[ordersync.connectors]\nacme = ordersync_acme:AcmeConnector\n"
        (info / "entry_points.txt").write_text(entry, "utf-8")
        importlib.invalidate_caches()
        ExtensionManager.ENTRY_POINT_CACHE.clear()
        return folder

    try:
        yield plant
    finally:
        ExtensionManager.ENTRY_POINT_CACHE.clear()
        for name in [name for name in sys.modules if name.partition(".")[0] == "ordersync_acme"]:
            del sys.modules[name]
