"""The bench measures what it says: its servers see everything that is wrong, and its peers are right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
ORDERS = 20

_SCRIPT = """
import json
from dataclasses import asdict
from bench.cases.carrying import OURS, PEERS
from bench.running import run
from bench.service import served

by_hand = next(peer for peer in PEERS if peer.name == "by_hand")
with served({orders}) as service:
    runs = run(OURS, service), run(by_hand, service)
print(json.dumps([asdict(one) for one in runs]))
"""


def _python(code: str) -> Any:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_run_of_ordersync_and_of_the_script_by_hand_is_right() -> None:
    """`run` raises unless every order stands once, with its lines, its customer and its totals."""
    ours, by_hand = _python(_SCRIPT.format(orders=ORDERS))

    for one in (ours, by_hand):
        assert one["seconds"] > 0 < one["cpu"]
        assert one["peak_kib"] > 10_000
    assert ours["notes"] == {"created": ORDERS, "parked": 0, "failed": 0, "totals_checked": ORDERS}
    assert ours["requests"]["create orders"] == 1
    assert by_hand["requests"]["create order"] == ORDERS
    assert by_hand["requests"]["customer"] == ORDERS


def test_what_is_wrong_on_the_target_is_seen() -> None:
    """Nothing is carried, then one order is, short of a line, twice and with another buyer."""
    draft = {
        "number": "0",
        "customer": "K0",
        "lines": [{"item": "I0", "quantity": 1, "net": "4.99", "tax": "1.00"}],
    }
    code = f"""
import json, urllib.request
from bench.service import served
with served(2) as service:
    service.fresh()
    nothing = service.audit().wrong
    for _ in range(2):
        urllib.request.urlopen(service.target + "/orders", json.dumps({draft!r}).encode()).read()
    print(json.dumps([nothing, service.audit().wrong]))
"""
    nothing, some = _python(code)

    assert nothing == ["order 0 is missing", "order 1 is missing"]
    assert "order 0 stands 2 times" in some
    assert "order 1 is missing" in some
    assert any(line.startswith("order 0 comes to 499 + 100 cents") for line in some)
    assert any(line.startswith("order 0 has other lines") for line in some)


def test_a_key_makes_one_order_however_often_it_is_sent() -> None:
    code = """
import json, urllib.request
from bench.service import served
draft = {"key": "os-1", "number": "0", "customer": "K0", "lines": []}
with served(1) as service:
    service.fresh()
    ids = [
        json.load(urllib.request.urlopen(service.target + "/orders", json.dumps(draft).encode()))["id"]
        for _ in range(3)
    ]
    print(json.dumps([ids, service.audit().requests["create order"]]))
"""
    ids, asked = _python(code)

    assert ids == ["T0", "T0", "T0"]
    assert asked == 3


def test_every_room_is_entered_and_they_take_no_more_than_all() -> None:
    """A function that is renamed would leave its room empty."""
    code = f"""
import json
from dataclasses import asdict
from bench.cases.rooms import _COUNTED
from bench.rooms import _FUNCTIONS, _LEDGER
from bench.running import run
from bench.service import served

with served({ORDERS}) as service:
    one = run(_COUNTED, service)
print(json.dumps([asdict(one), [_LEDGER, *(room for room, _, _ in _FUNCTIONS)]]))
"""
    one, rooms = _python(code)

    took = one["notes"]["rooms"]
    assert set(took) == set(rooms)
    assert all(seconds > 0 for seconds in took.values())
    assert sum(took.values()) < one["cpu"]


@pytest.mark.parametrize("side", ["source", "target"])
@pytest.mark.parametrize("platform", ["bigcommerce", "erp-odoo", "woocommerce"])
def test_requests_are_counted_as_the_platform_counts_them(platform: str, side: str) -> None:
    code = f"""
import json
from bench.cases.requests import _Counting

trial = _Counting({platform!r}, {side!r}, 12, {{}})
born = trial.sandbox.requests
trial.sync()
print(json.dumps([trial.count, trial.sandbox.requests - born]))
trial.close()
"""
    count, asked = _python(code)

    assert sum(count.values()) == asked
    assert count["begin"] > 0
    assert count["created" if side == "target" else "read"] > 0
    assert set(count) <= {
        "begin",
        "read",
        "items",
        "customers found",
        "customers made",
        "keys looked for",
        "created",
        "confirmed",
    }
