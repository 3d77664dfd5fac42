"""The settings file: what is refused names file, line, TOML path, expectation and the closest valid name."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

import jsonschema
import pytest
from pydantic import BaseModel, Field, SecretStr, field_validator

from ordersync import BadSettings, FieldProblem
from ordersync.settings import (
    Settings,
    check_connection,
    check_extension,
    load_settings,
    plain_secrets,
    secret_values,
    settings_of,
    settings_schema,
    template,
    toml_value,
)
from ordersync.settings.template import End

CANARY = "shpat-canary-0123456789"
GOOD = """
[connections.shop]
connector = "north"
shop = "a.example"
access_token = "${NORTH_TOKEN}"

[connections.erp]
connector = "south"

[routes.orders]
source = "shop"
target = "erp"

[routes.orders.policies]
money = "shop"
"""


class North(BaseModel):
    """A connector's settings."""

    shop: str = Field(description="The shop's address.", examples=["a.example"])
    access_token: SecretStr = Field(description="A token.")
    port: int = 443
    ratio: float = 0.5
    quiet: bool = False
    mode: Literal["fast", "safe"] = "safe"
    note: str | None = None

    @field_validator("shop")
    @classmethod
    def _has_a_dot(cls, value: str) -> str:
        if "." not in value:
            raise ValueError(f"{value} is not an address")
        return value


class Slack(BaseModel):
    url: SecretStr


def written(folder: Path, text: str) -> Path:
    path = folder / "ordersync.toml"
    path.write_text(text, "utf-8")
    return path


def problems(folder: Path, text: str, env: dict[str, str] | None = None) -> dict[str, FieldProblem]:
    """What is wrong with a file and its connection `shop`, by place."""
    path = written(folder, text)
    with pytest.raises(BadSettings) as caught:
        check_connection(load_settings(path, env=env or {}), "shop", North, env=env or {})
    assert str(path) in str(caught.value)
    assert CANARY not in str(caught.value)
    return {problem.place: problem for problem in caught.value.problems}


def test_good(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, GOOD), env={})
    assert settings.routes["orders"].source == "shop"
    assert settings.ledger.url == f"sqlite:///{(tmp_path / 'ordersync.db').as_posix()}"
    made = check_connection(settings, "shop", North, env={"NORTH_TOKEN": CANARY})
    assert made.access_token.get_secret_value() == CANARY
    assert settings.connection("erp").options == {}


def test_times_and_amounts_are_exact(tmp_path: Path) -> None:
    text = GOOD + "tolerance = 0.01\n[routes.orders.filters]\nplaced_from = 2026-01-01T00:00:00+01:00\n"
    route = load_settings(written(tmp_path, text), env={}).routes["orders"]
    assert route.policies.tolerance == Decimal("0.01")
    assert route.filters.placed_from == datetime(2025, 12, 31, 23, tzinfo=UTC)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="ordersync init"):
        load_settings(tmp_path / "none.toml")


def test_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "o.toml").write_bytes(b'a = "\xff"')
    with pytest.raises(BadSettings, match="UTF-8"):
        load_settings(tmp_path / "o.toml")


def test_toml_syntax_names_line_and_column(tmp_path: Path) -> None:
    found = problems(tmp_path, "[ledger]\nurl = sqlite\n")
    (place,) = found
    assert place == "line 2, column 7"


@pytest.mark.parametrize(
    ("before", "after", "place", "said"),
    [
        ("routes.orders.policies", "routes.orders.policis", "routes.orders.policis", "Did you mean 'policies'"),
        ('money = "shop"', 'mony = "shop"', "routes.orders.policies.mony", "line 15: unknown key. Did you mean 'money'"),
        ('target = "erp"', 'target = "erp"\nmoney = "shop"', "routes.orders.money", "into the table 'policies'"),
        ('money = "shop"', 'money = "shp"', "routes.orders.policies.money", "Did you mean 'shop'"),
        ('money = "shop"', "confirm = 1", "routes.orders.policies.confirm", "expected true or false"),
        ('money = "shop"', "adjustment = -1", "routes.orders.policies.adjustment", "at least 0"),
        ('money = "shop"', "window = 0", "routes.orders.policies.window", "must be at least 1"),
        ('money = "shop"', "window = 1001", "routes.orders.policies.window", "must be at most 1000"),
        ('money = "shop"', 'window = "all"', "routes.orders.policies.window", "expected a whole number"),
        ('source = "shop"', 'source = "shp"', "routes.orders.source", "Did you mean 'shop'"),
        ('source = "shop"', "", "routes.orders.source", "is missing: expected text"),
        ('connector = "north"', "", "connections.shop.connector", "is missing"),
        ("[connections.erp]", '[connections."e rp"]', 'connections."e rp"', "letters, digits"),
        ("[connections.shop]", "[connection.shop]\n[connections.shop]", "connection", "Did you mean 'connections'"),
        ('money = "shop"', "[routes.orders.extension_settings.x]\na = 1", "routes.orders.extension_settings.x", "does not use"),
        ('money = "shop"', "[routes.orders.filters]\nplaced_from = 2026-01-01", "routes.orders.filters.placed_from", "timezone"),
        ('money = "shop"', '[routes.orders.filters]\nstatuses = ["opn"]', "routes.orders.filters.statuses[0]", "Did you mean 'open'"),
        ('shop = "a.example"', 'shp = "a.example"', "connections.shop.shp", "line 4: unknown key. Did you mean 'shop'"),
        ('shop = "a.example"', 'shp = "a.example"', "connections.shop.shop", "is missing"),
        ('shop = "a.example"', "shop = 5", "connections.shop.shop", "expected text"),
        ('shop = "a.example"', 'shop = "a.example"\nport = "x"', "connections.shop.port", "expected a whole number"),
        ('shop = "a.example"', 'shop = "a.example"\nmode = "fst"', "connections.shop.mode", "Did you mean 'fast'"),
        ('shop = "a.example"', 'shop = "a.example"\nnote = 5', "connections.shop.note", "expected text"),
        ('"${NORTH_TOKEN}"', '"${NORTH"', "connections.shop.access_token", "begins a reference"),
        ('"${NORTH_TOKEN}"', '"${file:gone}"', "connections.shop.access_token", "gone cannot be read"),
    ],
)  # fmt: skip
def test_wrong(tmp_path: Path, before: str, after: str, place: str, said: str) -> None:
    assert before in GOOD
    found = problems(tmp_path, GOOD.replace(before, after), {"NORTH_TOKEN": CANARY})
    assert said in found[place].problem
    assert found[place].problem.startswith("line ")


def test_a_missing_variable_names_place_and_variable(tmp_path: Path) -> None:
    found = problems(tmp_path, GOOD)
    assert "NORTH_TOKEN is not set" in found["connections.shop.access_token"].problem


def test_a_validators_message_never_shows_the_value(tmp_path: Path) -> None:
    text = GOOD.replace("a.example", CANARY)
    found = problems(tmp_path, text, {"NORTH_TOKEN": CANARY})
    assert found["connections.shop.shop"].problem.endswith("*** is not an address")


def test_what_is_not_used_needs_no_secret(tmp_path: Path) -> None:
    assert load_settings(written(tmp_path, GOOD), env={}).route("orders").name == "orders"


def test_references(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{CANARY}\n")
    text = GOOD.replace(
        '"${NORTH_TOKEN}"', '"${file:token}"\nport = "${PORT:-8069}"\nquiet = "${Q}"\nnote = "$${x} ${E:-}$5"'
    )
    settings = load_settings(written(tmp_path, text), env={})
    made = check_connection(settings, "shop", North, env={"Q": "true"})
    assert made.access_token.get_secret_value() == CANARY
    assert (made.port, made.quiet, made.note) == (8069, True, "${x} $5")


def test_floats_may_be_written_as_such(tmp_path: Path) -> None:
    settings = load_settings(
        written(tmp_path, GOOD.replace('shop = "a.example"', 'shop = "a.b"\nratio = 0.25')), env={}
    )
    assert check_connection(settings, "shop", North, env={"NORTH_TOKEN": "x"}).ratio == 0.25


def test_the_ledger_can_be_overridden(tmp_path: Path) -> None:
    url = f"postgresql://me:{CANARY}@db/orders"
    settings = load_settings(written(tmp_path, GOOD), env={"ORDERSYNC_LEDGER": url})
    assert settings.ledger.url == url
    assert CANARY not in repr(settings) + repr(settings.ledger) + settings.ledger.shown
    assert CANARY in secret_values(settings, {})
    memory = load_settings(written(tmp_path, GOOD), env={"ORDERSYNC_LEDGER": "sqlite://"})
    assert memory.ledger.url == "sqlite://"


def test_no_secret_in_repr(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, GOOD.replace("${NORTH_TOKEN}", CANARY)), env={})
    shown = repr(settings) + repr(settings.connections["shop"]) + str(settings)
    assert CANARY not in shown
    assert plain_secrets(settings, "shop", North) == ("connections.shop.access_token",)
    assert CANARY in secret_values(settings, {})


def test_secrets_of_extensions(tmp_path: Path) -> None:
    text = GOOD.replace('target = "erp"', 'target = "erp"\nextensions = ["slack"]')
    text += '[routes.orders.extension_settings.slack]\nurl = "${SLACK_TOKEN}"\n'
    settings = load_settings(written(tmp_path, text), env={})
    made = check_extension(settings, "orders", "slack", Slack, env={"SLACK_TOKEN": CANARY})
    assert made.url.get_secret_value() == CANARY
    assert CANARY in secret_values(settings, {"SLACK_TOKEN": CANARY})
    with pytest.raises(BadSettings, match="SLACK_TOKEN"):
        check_extension(settings, "orders", "slack", Slack, env={})


def test_unknown_names_have_close_matches(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, GOOD), env={})
    with pytest.raises(BadSettings, match="Did you mean 'orders'"):
        settings.route("order")
    with pytest.raises(BadSettings, match="Did you mean 'shop'"):
        settings.connection("shp")


def test_settings_from_plain_data() -> None:
    settings = settings_of({"connections": {"a": {"connector": "x"}}}, env={})
    assert isinstance(settings, Settings)
    with pytest.raises(BadSettings, match="conections"):
        settings_of({"conections": {}}, env={})


def test_the_composed_schema_is_a_schema_and_fits() -> None:
    schema = settings_schema({"north": North})
    jsonschema.Draft202012Validator.check_schema(schema)
    check = jsonschema.Draft202012Validator(schema)
    fine = {"connections": {"a": {"connector": "north", "shop": "x", "access_token": "y", "port": "${PORT}"}}}
    assert check.is_valid(fine)
    fine["connections"]["a"]["prt"] = "1"
    assert not check.is_valid(fine)
    json.dumps(schema)


def test_the_template_can_be_read(tmp_path: Path) -> None:
    text = template(End("shop", "north", North), End("erp", "south"))
    assert 'access_token = "${NORTH_ACCESS_TOKEN}"' in text
    assert '# The shop\'s address.\nshop = "a.example"' in text
    assert '# mode = "safe"' in text
    settings = load_settings(written(tmp_path, text), env={})
    check_connection(settings, "shop", North, env={"NORTH_ACCESS_TOKEN": "x"})


def test_every_commented_key_of_the_template_is_valid(tmp_path: Path) -> None:
    lines = []
    for line in template(End("shop", "north", North), End("erp", "south")).splitlines():
        bare = line.removeprefix("# ")
        lines.append(bare if line.startswith("# ") and (" = " in bare.partition("#")[0]) else line)
    text = "\n".join(lines).replace("extensions = []", "extensions = []")
    settings = load_settings(written(tmp_path, text), env={})
    check_connection(settings, "shop", North, env={"NORTH_ACCESS_TOKEN": "x"})
    assert settings.routes["orders"].aliases == {"OLD-SKU": "NEW-SKU"}


def test_two_connections_of_one_connector_have_variables_of_their_own() -> None:
    text = template(End("a", "north", North), End("b", "north", North))
    assert "${A_ACCESS_TOKEN}" in text
    assert "${B_ACCESS_TOKEN}" in text


def test_toml_values() -> None:
    assert toml_value({"a": [1, True, Decimal("0.10"), 'q"', datetime(2026, 1, 1, tzinfo=UTC)]}) == (
        '{ a = [1, true, 0.10, "q\\"", 2026-01-01T00:00:00+00:00] }'
    )


def test_no_plugin_is_imported_by_reading(tmp_path: Path) -> None:
    code = (
        "import sys; from ordersync.settings import load_settings; load_settings(sys.argv[1]);"
        "print([m for m in sys.modules if m.startswith(('ordersync_', 'stevedore', 'sqlalchemy', 'httpx'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(written(tmp_path, GOOD))], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
