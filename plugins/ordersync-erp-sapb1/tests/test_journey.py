"""Whole journeys through the real transfer, with and without faults."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from ordersync.connection import Connection
from ordersync.testing.prove import Pair, Prover, schedules_after
from ordersync.testing.prove.faults import Died
from ordersync.testing.trial import Trial

SHARE = 11
"""Every eleventh schedule; all of them take a minute."""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logger = logging.getLogger("ordersync")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    yield
    logger.setLevel(before)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_reference_to_sap_and_nothing_twice(version: str) -> None:
    with Trial("erp-sapb1", {}, side="target", options={"version": version}) as trial:
        assert trial.run() == 1
        assert trial.wrong() == []
        assert trial.sync().created == 0


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_sap_to_reference(version: str) -> None:
    with Trial("erp-sapb1", {}, side="source", options={"version": version}) as trial:
        assert trial.run() == 1
        assert trial.wrong() == []


def test_faults_on_the_way_break_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every eleventh schedule of one fault. A process that died logs out of nothing."""
    close = Connection.close

    def closed(self: Connection) -> None:
        try:
            close(self)
        except Died:
            pass

    monkeypatch.setattr(Connection, "close", closed)
    prover = Prover(Pair("erp-sapb1", "erp-sapb1", orders=1))
    schedules = list(schedules_after((), prover.sites))
    assert len(schedules) > 200
    try:
        for schedule in schedules[::SHARE]:
            wrong, _ = prover.attempt(schedule)
            assert wrong == [], (str(schedule[0]), prover.sites[schedule[0].site])
    finally:
        prover.pair.close()
