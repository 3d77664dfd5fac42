"""Log lines for people and as JSON: the words of the run are in each, secrets in none."""

from __future__ import annotations

import json
import logging
import threading

import pytest

from ordersync.logs import Blots, bound, configured, words

CANARY = "canary-0123456789"


def test_json_lines_carry_run_order_and_request(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("ordersync.transfer.test")
    with configured(1, "json"), bound(run="r1"):
        with bound(order="os-1"):
            log.info("created %s", "#1", extra={"request_id": "q1"})
        log.info("done")
        log.debug("hidden")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert first["message"] == "created #1"
    assert (first["run"], first["order"], first["request_id"]) == ("r1", "os-1", "q1")
    assert first["level"] == "info"
    assert first["time"].endswith("+00:00")
    assert "order" not in second


def test_lines_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("ordersync.test")
    with configured(2), bound(run="r1", order="os-1"):
        log.debug("one\ntwo \x1b[31m")
        try:
            raise KeyError(CANARY)
        except KeyError:
            log.exception("went wrong")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].endswith("DEBUG   one two ?[31m [run=r1 order=os-1]")
    assert "went wrong (KeyError) [run=r1 order=os-1]" in lines[1]
    assert CANARY not in "".join(lines)


def test_warnings_only_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    with configured():
        logging.getLogger("ordersync.test").info("no")
        logging.getLogger("ordersync.test").warning("yes")
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("format", ["people", "json"])
def test_known_secrets_are_blotted_out(capsys: pytest.CaptureFixture[str], format: str) -> None:
    blots = Blots()
    with configured(2, "json" if format == "json" else "people", blots=blots):
        blots.add(frozenset({CANARY}))
        logging.getLogger("ordersync.test").warning("token %s", CANARY, extra={"header": CANARY})
    said = capsys.readouterr().err
    assert CANARY not in said
    assert "***" in said


def test_other_libraries_are_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with configured(2):
        logging.getLogger("httpx").info("GET https://example.com/?token=%s", CANARY)
    assert capsys.readouterr().err == ""


def test_what_was_set_up_is_back(caplog: pytest.LogCaptureFixture) -> None:
    with configured(2):
        pass
    with caplog.at_level("INFO", "ordersync"):
        logging.getLogger("ordersync.test").info("seen")
    assert caplog.messages == ["seen"]


def test_words_can_be_handed_to_a_thread() -> None:
    seen: list[dict[str, str]] = []
    with bound(run="r1"):
        mine = words()

        def work() -> None:
            assert words() == {}
            with bound(**mine, order="os-2"):
                seen.append(dict(words()))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert seen == [{"run": "r1", "order": "os-2"}]
    assert words() == {}
