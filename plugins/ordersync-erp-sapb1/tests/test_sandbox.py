"""The stand-in: filters, sorting, arithmetic, errors, its memory; and that a served one speaks HTTP."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal
from typing import Any

import httpx
import pytest

from ordersync import OrderQuery
from ordersync.testing import serve
from ordersync.web import Access, VirtualClock
from ordersync_erp_sapb1 import SapB1Connector
from ordersync_erp_sapb1.sandbox import Sandbox


@pytest.fixture
def ask(open_desk: Any) -> Any:
    """Asks the sandbox as a program would, with a session: `ask("GET", "Items?$top=1")`."""
    desk = open_desk(orders=20)
    desk.connector.resolve_sku("LAMP-01")
    cookie = desk.wire.requests[-1].headers["cookie"]

    def asked(method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        with httpx.Client(transport=desk.sandbox.transport(), base_url="http://s/b1s/v2") as client:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return client.request(method, path, json=body, headers={"cookie": cookie, **named})

    asked.desk = desk  # type: ignore[attr-defined] # for looking inside
    return asked


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("ItemCode eq 'LAMP-01'", 1),
        ("startswith(ItemCode,'TSHIRT') or ItemCode eq 'MUG-01'", 5),
        ("not startswith(ItemCode,'SKU') and contains(ItemName,'Tea')", 3),
        ("substringof('Tea',ItemName)", 3),
        ("endswith(ItemCode,'-01') and (ItemCode ge 'M')", 3),
        ("QuantityOnStock gt 1019.5 and QuantityOnStock le 1020", 60),
        ("BarCode eq null", 2),
        ("ItemName ne 'x''y' and ItemCode lt 'B'", 0),
    ],
)
def test_filters(ask: Any, where: str, count: int) -> None:
    answer = ask("GET", f"Items?$filter={where}&$select=ItemCode", Prefer="odata.maxpagesize=0")
    assert len(answer.json()["value"]) == count


@pytest.mark.parametrize(
    "where", ["Nothing eq 1", "ItemCode eq", "ItemCode is 'x'", "(ItemCode eq 'x'", "floor(1)"]
)
def test_a_filter_that_cannot_be_read_is_an_error(ask: Any, where: str) -> None:
    answer = ask("GET", f"Items?$filter={where}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "-1000")


def test_sorting_and_skipping(ask: Any) -> None:
    rows = ask("GET", "Items?$orderby=ItemCode desc&$top=3&$skip=1").json()["value"]
    names = [row["ItemCode"] for row in rows]
    assert names == sorted(names, reverse=True)
    assert len(names) == 3
    assert ask("GET", "Items?$orderby=Nothing").status_code == 400
    assert ask("GET", "Items?$select=Nothing").status_code == 400


def test_a_date_is_compared_by_its_digits(ask: Any) -> None:
    for form in ("2026-09-01", "20260901", "2026-09-01T10:00:00Z"):
        found = ask("GET", f"Orders?$filter=DocDate eq '{form}'").json()["value"]
        assert found
        assert {row["DocDate"] for row in found} == {"2026-09-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"CardCode": "NOBODY"}, "-2028"),
        ({"DocumentLines": []}, "-5002"),
        ({"DocDueDate": None}, "-5002"),
        ({"DocCurrency": "XXX"}, "-5002"),
        ({"U_Nothing": "x"}, "-1000"),
        ({"NumAtCard": "x" * 101}, "-5002"),
        ({"AddressExtension": {"ShipToCountry": "XX"}}, "-5002"),
        ({"AddressExtension": {"ShipToCountry": "US", "ShipToState": "ZZ"}}, "-5002"),
        ({"DocumentLines": [{"ItemCode": "GONE"}]}, "-2028"),
        ({"DocumentLines": [{"ItemCode": "MUG-01", "VatGroup": "ZZ"}]}, "-5002"),
        ({"DocumentLines": [{"ItemCode": "MUG-01", "DiscountPercent": 101}]}, "-5002"),
        ({"DocumentLines": [{"ItemCode": "MUG-01", "WarehouseCode": "99"}]}, "-5002"),
        ({"DocumentLines": [{"ItemCode": "MUG-01", "Quantity": "many"}]}, "-1000"),
        ({"DocumentAdditionalExpenses": [{"ExpenseCode": 99}]}, "-2028"),
    ],
)
def test_orders_that_are_refused(ask: Any, change: dict[str, Any], code: str) -> None:
    good = {
        "CardCode": "C0001",
        "DocDueDate": "2026-11-01",
        "DocumentLines": [{"ItemCode": "MUG-01", "Quantity": 1, "UnitPrice": 10, "VatGroup": "S19"}],
    }
    assert ask("POST", "OrdersService_Preview", {"Document": good}).json()["DocTotal"] == 11.9
    before = len(ask.desk.orders())
    answer = ask("POST", "Orders", {**good, **change})
    assert (answer.status_code >= 400, answer.json()["error"]["code"]) == (True, code)
    assert len(ask.desk.orders()) == before
    assert ask("POST", "Orders", good, Prefer="return-no-content").status_code == 204


def test_documents_cannot_be_deleted_or_reopened(ask: Any) -> None:
    for method, path in (("DELETE", "Orders(1)"), ("POST", "Orders(1)/Reopen")):
        assert ask(method, path).json()["error"]["code"] == "-5006"
    assert ask("GET", "Orders(999)").status_code == 404
    assert ask("GET", "Nothing").status_code == 404
    assert ask("PUT", "Orders").status_code == 405


def test_an_etag_that_has_passed_is_refused(ask: Any) -> None:
    tag = ask("GET", "Orders(1)").headers["etag"]
    assert ask("PATCH", "Orders(1)", {"Comments": "a"}, If_Match=tag).status_code == 204
    answer = ask("PATCH", "Orders(1)", {"Comments": "b"}, If_Match=tag)
    assert (answer.status_code, answer.json()["error"]["code"]) == (412, "-2039")
    assert ask("GET", "Orders(1)").json()["Comments"] == "a"


def test_a_rows_tax_is_what_the_note_says(ask: Any) -> None:
    """SAP note 3379849: 4, 3 and 3 at 17.5 % are 1.75, of which the second row gives up a cent."""
    groups = ask.desk.sandbox.company.table("VatGroups")
    groups["N"] = {
        **groups["S19"],
        "Code": "N",
        "VatGroups_Lines": [{"Effectivefrom": "2000-01-01", "Rate": Decimal("17.5")}],
    }
    lines = [{"ItemCode": "MUG-01", "UnitPrice": price, "VatGroup": "N"} for price in (4, 3, 3)]
    body = {"CardCode": "C0001", "DocDueDate": "2026-11-01", "DocumentLines": lines}
    told = ask("POST", "OrdersService_Preview", {"Document": body}).json()
    assert told["VatSum"] == 1.75
    assert [row["NetTaxAmount"] for row in told["DocumentLines"]] == [0.70, 0.52, 0.53]


def test_prices_with_tax_stay_what_they_are(ask: Any) -> None:
    """answers.sap.com 12636616: 2 × 13.95, 11.95 and 12.95 are 77.70, of which 65.29 are net at 19 %."""
    lines = [
        {"ItemCode": "MUG-01", "Quantity": 2, "PriceAfterVAT": price, "VatGroup": "S19"}
        for price in (13.95, 11.95, 12.95)
    ]
    body = {"CardCode": "C0001", "DocDueDate": "2026-11-01", "DocumentLines": lines}
    told = ask("POST", "OrdersService_Preview", {"Document": body}).json()
    assert told["DocTotal"] == 77.70
    assert round(told["DocTotal"] - told["VatSum"], 2) == 65.29


def test_a_failed_change_set_leaves_nothing(ask: Any) -> None:
    before = copy.deepcopy(ask.desk.sandbox.company.state())
    part = "\r\n".join(
        [
            "--s",
            "Content-Type: application/http",
            "Content-ID: {id}",
            "",
            "POST /b1s/v2/BusinessPartners",
            "",
            '{{"CardCode":"{code}"}}',
        ]
    )
    parts = "\r\n".join([part.format(id=1, code="NEW"), part.format(id=2, code="C0001")])
    body = f"--b\r\nContent-Type: multipart/mixed; boundary=s\r\n\r\n{parts}\r\n--s--\r\n--b--\r\n"
    cookie = ask.desk.wire.requests[-1].headers["cookie"]
    with httpx.Client(transport=ask.desk.sandbox.transport(), base_url="http://s") as client:
        answer = client.post(
            "/b1s/v2/$batch",
            content=body,
            headers={"cookie": cookie, "content-type": "multipart/mixed; boundary=b"},
        )
    assert (
        answer.status_code,
        b"HTTP/1.1 400" in answer.content,
        b"changesetresponse" in answer.content,
    ) == (
        200,
        True,
        False,
    )
    assert ask.desk.sandbox.company.state() == before


def test_it_remembers_and_forgets() -> None:
    sandbox = Sandbox(clock=VirtualClock(), orders=5, seed=3)
    kept = pickle.dumps(sandbox.state())
    sandbox.company.table("Orders").clear()
    assert sandbox.standing() == []
    sandbox.restore(pickle.loads(kept))
    assert len(sandbox.standing()) == 5
    assert pickle.loads(kept) == sandbox.state()
    with pytest.raises(ValueError, match="localization is one of"):
        Sandbox(options={"localization": "mars"})


def test_the_same_seed_is_the_same_company() -> None:
    one, two = (Sandbox(clock=VirtualClock(), orders=10, seed=4).state() for _ in range(2))
    assert one == two


def test_it_can_be_served() -> None:
    sandbox = Sandbox(orders=3)
    with serve(sandbox) as served:
        given = sandbox.settings(served.url)
        given.pop("connector")
        connector = SapB1Connector(SapB1Connector.settings_model.model_validate(given), Access())
        try:
            (page,) = connector.list_orders(OrderQuery())
        finally:
            connector.close()
    assert len(page.orders) == 3
    assert sandbox.sessions == {}
