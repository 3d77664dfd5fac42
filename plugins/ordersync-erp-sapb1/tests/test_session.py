"""Sessions: cookies, nodes, expiry, one login for all threads; pages; errors."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest

from ordersync import (
    AccessDenied,
    InDoubt,
    NotFound,
    Refused,
    TryLater,
    UnexpectedReply,
)
from ordersync_erp_sapb1.service import PAGE
from ordersync_erp_sapb1.wire import Country, Fault, Head


def test_both_cookies_go_with_every_request(desk: Any) -> None:
    desk.connector.resolve_sku("LAMP-01")
    (name, session) = next(iter(desk.sandbox.sessions.items()))
    assert desk.wire.requests[-1].headers["cookie"] == f"B1SESSION={name}; ROUTEID={session['node']}"
    assert desk.sandbox.logins == 1


def test_an_expired_session_is_renewed_once_and_the_request_sent_again(desk: Any) -> None:
    desk.connector.resolve_sku("LAMP-01")
    desk.clock.sleep(31 * 60)
    assert desk.connector.resolve_sku("LAMP-01") is not None
    assert desk.sandbox.logins == 2
    statuses = [one.status for one in desk.recorder.exchanges]
    assert statuses == [200, 200, 401, 200, 200]


def test_threads_share_one_login_after_expiry(open_desk: Any) -> None:
    desk = open_desk()
    desk.connector.resolve_sku("LAMP-01")
    desk.clock.sleep(31 * 60)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(desk.connector.resolve_sku, ["LAMP-01"] * 12))
    assert all(found)
    assert desk.sandbox.logins == 2


def test_a_session_that_another_thread_renewed_is_not_renewed_again(open_desk: Any) -> None:
    desk = open_desk()
    sessions = desk.connector._service._sessions
    old = sessions.headers("GET", "", b"")
    assert sessions.renew(old)
    new = sessions.headers("GET", "", b"")
    assert sessions.renew(old)
    assert sessions.headers("GET", "", b"") == new != old
    assert desk.sandbox.logins == 2


def test_a_login_that_is_refused_again_ends_in_access_denied(open_desk: Any) -> None:
    desk = open_desk()
    desk.connector.resolve_sku("LAMP-01")
    desk.sandbox.password = "changed"
    desk.sandbox.sessions.clear()
    with pytest.raises(AccessDenied, match="refuses the login") as caught:
        desk.connector.resolve_sku("LAMP-01")
    assert "case-sensitive" in caught.value.remedy


def test_the_session_is_given_back_at_the_end(desk: Any) -> None:
    desk.connector.resolve_sku("LAMP-01")
    desk.connector.close()
    assert desk.sandbox.sessions == {}
    assert desk.recorder.exchanges[-1].status == 204


def test_the_path_of_the_login_minds_its_case(open_desk: Any) -> None:
    """`/login` is 401 with code 301 (NangoHQ/nango pull request 6638)."""
    desk = open_desk()
    login = {"CompanyDB": "SBODEMO", "UserName": "interface", "Password": desk.sandbox.password}
    with httpx.Client(transport=desk.sandbox.transport(), base_url="http://s") as client:
        answer = client.post("/b1s/v2/login", json=login)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "301")
        assert client.post("/b1s/v2/Login", json=login).status_code == 200


def test_a_session_belongs_to_its_node(open_desk: Any) -> None:
    desk = open_desk()
    desk.connector.resolve_sku("LAMP-01")
    name = next(iter(desk.sandbox.sessions))
    with httpx.Client(transport=desk.sandbox.transport(), base_url="http://s") as client:
        answer = client.get("/b1s/v2/Items", headers={"cookie": f"B1SESSION={name}"})
    assert answer.status_code == 401


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_next_links_of_both_versions_are_followed(open_desk: Any, version: str) -> None:
    desk = open_desk(options={"version": version, "page_cap": "2"})
    rows = list(desk.connector._service.rows(Country))
    assert len(rows) == len({row.Code for row in rows}) == 7
    link = "odata.nextLink" if version == "v1" else "@odata.nextLink"
    first = next(one for one in desk.recorder.exchanges if "/Countries" in one.url)
    assert link.encode() in first.answer_body
    assert f"odata.maxpagesize={PAGE}" in first.request_headers["prefer"]


def test_pages_are_of_twenty_unless_asked_otherwise(open_desk: Any) -> None:
    desk = open_desk(orders=25)
    desk.connector.resolve_sku("LAMP-01")
    cookie = desk.wire.requests[-1].headers["cookie"]
    with httpx.Client(transport=desk.sandbox.transport(), base_url="http://s") as client:
        for headers, count in (({}, 20), ({"B1S-PageSize": "7"}, 7), ({"Prefer": "odata.maxpagesize=0"}, 25)):
            answer = client.get("/b1s/v1/Orders", headers={"cookie": cookie, **headers}).json()
            assert len(answer["value"]) == count
            assert ("odata.nextLink" in answer) == (count < 25)


def test_a_link_to_another_host_is_not_followed(open_desk: Any) -> None:
    desk = open_desk()

    def tamper(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        if "/Countries" in request.url.path:
            return httpx.Response(
                200, json={"value": [], "@odata.nextLink": "https://evil.example/Countries"}
            )
        return response

    desk.wire.tamper = tamper
    with pytest.raises(UnexpectedReply, match="credentials are never sent"):
        list(desk.connector._service.rows(Country))


ANSWERS: list[tuple[int, dict[str, Any] | None, type[Exception]]] = [
    (400, {"code": -10, "message": {"lang": "en-us", "value": "taken  [OCRD.CardCode]"}}, Refused),
    (400, {"code": "-5002", "message": "no  [ORDR.CardCode]", "details": []}, Refused),
    (404, {"code": -2028, "message": {"lang": "en-us", "value": "No matching records found"}}, NotFound),
    (400, {"code": "-2028", "message": "No matching records found (ODBC -2028)"}, NotFound),
    (401, {"code": "100000027", "message": "Login failed"}, AccessDenied),
    (412, {"code": "-2039", "message": "Another user modified data"}, TryLater),
    (500, {"code": 305, "message": {"lang": "en-us", "value": "Switch company error: -1102"}}, TryLater),
    (500, {"code": -1, "message": {"lang": "en-us", "value": "Internal error"}}, InDoubt),
    (502, None, InDoubt),
    (400, {"code": "-5006", "message": "not supported"}, Refused),
]


@pytest.mark.parametrize(("status", "error", "kind"), ANSWERS)
def test_errors_of_both_versions_are_what_to_do(
    open_desk: Any, status: int, error: dict[str, Any] | None, kind: type[Exception]
) -> None:
    desk = open_desk()
    desk.connector.resolve_sku("LAMP-01")
    answer = httpx.Response(status, json={"error": error}) if error else httpx.Response(status, text="<h1>")
    desk.wire.tamper = lambda request, response: response if "Log" in request.url.path else answer
    with pytest.raises(kind) as caught:
        desk.connector._service.send("POST", "Orders(1)/Close")
    assert type(caught.value) is kind
    if isinstance(caught.value, Refused) and error and "[" in str(error["message"]):
        assert caught.value.fields[0].place in ("OCRD.CardCode", "ORDR.CardCode")
    desk.wire.tamper = None


def test_a_body_without_an_error_is_judged_by_its_status(open_desk: Any) -> None:
    desk = open_desk()
    desk.wire.tamper = lambda request, response: (
        response if "Login" in request.url.path else httpx.Response(400, json={"error": "x"})
    )
    with pytest.raises(Refused, match="HTTP 400"):
        list(desk.connector._service.rows(Head))
    desk.wire.tamper = None


def test_fault_texts_are_short_and_on_one_line() -> None:
    assert Fault(code="-10", message="a\n  b" + "x" * 999).text.startswith("a bxxx")
    assert len(Fault(code="-10", message="x" * 999).text) == 300
    assert Fault.model_validate({"code": -10, "message": None}).text == ""


def test_a_login_asks_for_the_company_and_keeps_the_release(open_desk: Any) -> None:
    desk = open_desk()
    account = desk.connector.check_access(thorough=False)
    assert desk.wire.body(desk.wire.requests[0])["CompanyDB"] == "SBODEMO"
    assert account.api_version == "v2, 1000190"
    assert account.id == "sapb1.sandbox/SBODEMO"


def test_a_session_is_kept_alive_by_use(desk: Any) -> None:
    for _ in range(4):
        desk.connector.resolve_sku("LAMP-01")
        desk.clock.sleep(timedelta(minutes=20).total_seconds())
    assert desk.sandbox.logins == 1
