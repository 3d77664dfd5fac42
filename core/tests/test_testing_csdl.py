"""The validator of CSDL documents: what it finds, names and lets pass, in the spellings of OData 2 to 4."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from defusedxml.common import EntitiesForbidden

from ordersync.errors import BadInput
from ordersync.testing.csdl import Csdl, parts_of_batch
from ordersync.testing.openapi import Deviation, Exchange, Known
from ordersync.testing.specs import vendor_specs

MODERN = b"""<?xml version="1.0"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="Shop" Alias="S" xmlns="http://docs.oasis-open.org/odata/ns/edm">
  <EnumType Name="YesNo"><Member Name="no" Value="0"/><Member Name="yes" Value="1"/></EnumType>
  <EnumType Name="Days" IsFlags="true"><Member Name="mon" Value="1"/><Member Name="tue" Value="2"/></EnumType>
  <ComplexType Name="Line"><Property Name="Sku" Type="Edm.String"/><Property Name="Quantity" Type="Edm.Double"/></ComplexType>
  <ComplexType Name="Loose" OpenType="true"/>
  <EntityType Name="Base"><Key><PropertyRef Name="Id"/></Key><Property Name="Id" Type="Edm.Int32" Nullable="false"/></EntityType>
  <EntityType Name="Order" BaseType="S.Base">
    <Property Name="Note" Type="Edm.String"/><Property Name="Total" Type="Edm.Decimal"/>
    <Property Name="Big" Type="Edm.Int64"/><Property Name="At" Type="Edm.DateTimeOffset"/>
    <Property Name="On" Type="Edm.Date"/><Property Name="Time" Type="Edm.TimeOfDay"/>
    <Property Name="Paid" Type="Edm.Boolean"/><Property Name="Open" Type="Shop.YesNo"/>
    <Property Name="Days" Type="Shop.Days"/><Property Name="Uid" Type="Edm.Guid"/>
    <Property Name="Lines" Type="Collection(Shop.Line)"/><Property Name="Extra" Type="Shop.Loose"/>
    <NavigationProperty Name="Buyer" Type="Shop.Base"/>
  </EntityType>
  <Action Name="Cancel" IsBound="true"><Parameter Name="it" Type="Shop.Order"/><Parameter Name="Why" Type="Edm.String"/></Action>
  <Action Name="Preview"><Parameter Name="Order" Type="Shop.Order"/><ReturnType Type="Shop.Order"/></Action>
  <Function Name="Info"><ReturnType Type="Shop.Line"/></Function>
  <Function Name="Names"><ReturnType Type="Collection(Edm.String)"/></Function>
  <EntityContainer Name="C"><EntitySet Name="Orders" EntityType="Shop.Order"/><Singleton Name="Me" Type="Shop.Base"/>
    <ActionImport Name="Preview" Action="Shop.Preview"/><FunctionImport Name="Info" Function="Shop.Info"/>
    <FunctionImport Name="Names" Function="Shop.Names"/>
  </EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""

OLD = b"""<?xml version="1.0"?>
<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"
  xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"><edmx:DataServices m:DataServiceVersion="2.0">
<Schema Namespace="Old" xmlns="http://schemas.microsoft.com/ado/2008/09/edm">
  <EntityType Name="OrderType"><Key><PropertyRef Name="Id"/></Key><Property Name="Id" Type="Edm.String" Nullable="false"/>
    <Property Name="Total" Type="Edm.Decimal"/><Property Name="At" Type="Edm.DateTime"/><Property Name="Clock" Type="Edm.Time"/>
    <NavigationProperty Name="to_Item" Relationship="Old.Items" FromRole="a" ToRole="b"/></EntityType>
  <EntityType Name="ItemType"><Property Name="Sku" Type="Edm.String"/></EntityType>
  <Association Name="Items"><End Type="Old.OrderType" Multiplicity="1" Role="a"/><End Type="Old.ItemType" Multiplicity="*" Role="b"/></Association>
  <EntityContainer Name="C"><EntitySet Name="Orders" EntityType="Old.OrderType"/>
    <FunctionImport Name="release" ReturnType="Old.OrderType" m:HttpMethod="POST"><Parameter Name="Id" Type="Edm.String"/></FunctionImport>
  </EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""


def exchange(
    method: str,
    path: str,
    body: Any = None,
    answer: Any = None,
    status: int = 200,
    base: str = "https://x/odata/",
) -> Exchange:
    return Exchange(
        method,
        base + path,
        status,
        {"content-type": "application/json"},
        b"" if body is None else json.dumps(body).encode(),
        {"content-type": "application/json"},
        b"" if answer is None else json.dumps(answer).encode(),
    )


def found(one: Exchange, metadata: bytes = MODERN, known: tuple[Known, ...] = ()) -> list[str]:
    return [str(each) for each in Csdl(metadata, root="/odata/", known=known).check([one])]


GOOD = {
    "@odata.etag": 'W/"1"',
    "Id": 1,
    "Note": None,
    "Total": "12.50",
    "Big": "9007199254740993",
    "At": "2026-10-01T09:30:00Z",
    "On": "2026-10-01",
    "Time": "09:30:00",
    "Paid": True,
    "Open": "yes",
    "Days": "mon,tue",
    "Uid": "01234567-89ab-cdef-0123-456789abcdef",
    "Lines": [{"Sku": "A", "Quantity": 1.5}],
    "Extra": {"Anything": 1},
    "Buyer": {"Id": 7},
}


def test_what_is_right_passes() -> None:
    assert found(exchange("POST", "Orders", GOOD, GOOD, 201)) == []
    page = {"@odata.context": "x", "value": [GOOD], "@odata.nextLink": "Orders?$skip=1"}
    assert found(exchange("GET", "Orders?$top=1", answer=page)) == []
    assert found(exchange("GET", "Orders(1)", answer=GOOD)) == []
    assert found(exchange("GET", "Me", answer={"Id": 1})) == []
    assert found(exchange("POST", "Orders(1)/Cancel", {"Why": "x"}, status=204)) == []
    assert found(exchange("POST", "Preview", {"Order": GOOD}, GOOD)) == []
    assert found(exchange("GET", "Info", answer={"Sku": "A"})) == []
    assert found(exchange("GET", "Names", answer={"value": ["A"]})) == []
    assert found(exchange("GET", "$metadata")) == []
    assert found(exchange("GET", "Orders(1)/Buyer", answer={"Id": 2})) == []
    assert found(exchange("GET", "elsewhere", base="https://x/")) == [], "not of this service"


@pytest.mark.parametrize(
    ("change", "path", "expected"),
    [
        ({"Nothing": 1}, "/Nothing", "no such property"),
        ({"Id": "1"}, "/Id", "Edm.Int32, a whole number"),
        ({"Id": 2**31}, "/Id", "Edm.Int32, a whole number"),
        ({"Id": True}, "/Id", "Edm.Int32, a whole number"),
        ({"Id": None}, "/Id", "Edm.Int32, not null"),
        ({"Note": 5}, "/Note", "Edm.String"),
        ({"Total": "much"}, "/Total", "Edm.Decimal, a number or its text"),
        ({"Big": 1.5}, "/Big", "Edm.Int64, a number or its text"),
        ({"At": "2026-10-01"}, "/At", "Edm.DateTimeOffset, in its form"),
        ({"On": "01.10.2026"}, "/On", "Edm.Date, in its form"),
        ({"Time": "9:30"}, "/Time", "Edm.TimeOfDay, in its form"),
        ({"Paid": "true"}, "/Paid", "Edm.Boolean"),
        ({"Open": "maybe"}, "/Open", "a member of Shop.YesNo"),
        ({"Open": True}, "/Open", "a member of Shop.YesNo"),
        ({"Days": "mon,sun"}, "/Days", "a member of Shop.Days"),
        ({"Uid": "x"}, "/Uid", "Edm.Guid, in its form"),
        ({"Lines": {"Sku": "A"}}, "/Lines", "a list of Shop.Line"),
        ({"Lines": ["A"]}, "/Lines/*", "an object of Shop.Line"),
        ({"Lines": [{"Sku": "A"}, {"Quantity": "1"}]}, "/Lines/*/Quantity", "Edm.Double, a number"),
        ({"Lines": [{"Price": 1}]}, "/Lines/*/Price", "no such property"),
        ({"Buyer": {"Name": "x"}}, "/Buyer/Name", "no such property"),
    ],
)
def test_each_wrong_value_is_named_in_requests_and_answers(
    change: dict[str, Any], path: str, expected: str
) -> None:
    bad = {**GOOD, **change}
    assert found(exchange("POST", "Orders", bad, GOOD, 201)) == [
        f"POST Orders body {path}: expected {expected}"
    ]
    assert found(exchange("GET", "Orders(1)", answer=bad)) == [
        f"GET Orders({{key}}) answer 200 {path}: expected {expected}"
    ]
    assert found(exchange("GET", "Orders", answer={"value": [bad]})) == [
        f"GET Orders answer 200 /value/*{path}: expected {expected}"
    ]
    assert found(exchange("POST", "Preview", {"Order": bad}, GOOD)) == [
        f"POST Preview body /Order{path}: expected {expected}"
    ]


def test_no_value_is_quoted() -> None:
    (told,) = found(exchange("POST", "Orders", {"Id": "secret-value"}, status=204))
    assert "secret-value" not in told


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "Nothing", "GET Nothing (whole): expected an entity set or operation of the metadata"),
        ("GET", "Preview", "GET Preview (whole): expected to be asked by POST"),
        ("GET", "Orders(1)/Cancel", "GET Orders({key})/Cancel (whole): expected to be asked by POST"),
        (
            "POST",
            "Orders(1)/Explode",
            "POST Orders({key})/Explode (whole): expected a property or bound operation of Shop.Order",
        ),
    ],
)
def test_unknown_places_are_named(method: str, path: str, expected: str) -> None:
    assert found(exchange(method, path, status=204)) == [expected]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("$select=Id,Nothing", "$select/Nothing"),
        ("$expand=Buyer($select=Id),Seller", "$expand/Seller"),
        ("$orderby=Id desc,Price", "$orderby/Price"),
        ("$filter=Price eq 1", "$filter/Price"),
        ("$filter=startswith(Name,'Price eq 1') and Id gt 5", "$filter/Name"),
        ("$filter=Buyer/Name eq 'x'", "$filter/Buyer/Name"),
        ("$filter=lengthy(Note) eq 1", "$filter"),
        ("$filtr=Id eq 1", "$filtr"),
    ],
)
def test_names_in_queries_are_held_against_the_type(query: str, path: str) -> None:
    (told,) = found(exchange("GET", f"Orders?{query}", answer={"value": []}))
    assert told.startswith(f"GET Orders query {path}: expected ")


def test_queries_that_are_right_pass() -> None:
    query = (
        "$select=Id,Buyer/Id,*&$expand=Buyer&$orderby=At desc,Id&$top=5&$skip=1&sap-client=100&$filter="
        "(Id eq 1 or Id gt -2.5) and not contains(Note,'it''s Price') and At ge 2026-10-01T00:00:00Z and Open eq 'yes' "
        "and Buyer/Id ne null and endswith(Note,'x') and Paid eq true"
    )
    assert found(exchange("GET", f"Orders?{query}", answer={"value": []})) == []


def test_errors_have_code_and_message() -> None:
    good = {"error": {"code": "1", "message": "no"}}
    assert found(exchange("GET", "Orders", answer=good, status=400)) == []
    assert found(exchange("GET", "Orders", answer={"fault": 1}, status=400)) == [
        "GET Orders answer 400 /error: expected an error with code and message"
    ]


def test_what_is_no_json_or_no_list_is_named() -> None:
    one = exchange("GET", "Orders", answer={"rows": []})
    assert found(one) == ["GET Orders answer 200 /value: expected a list"]
    broken = Exchange("POST", "https://x/odata/Orders", 200, {}, b"{", {}, b"<h1>")
    assert found(broken) == [
        "POST Orders answer 200 (whole): expected JSON",
        "POST Orders body (whole): expected JSON",
    ]
    assert found(exchange("POST", "Preview", [1], status=204)) == [
        "POST Preview body (whole): expected an object of parameters"
    ]


def test_known_deviations_pass_and_the_others_are_raised() -> None:
    bad = exchange("POST", "Orders", {"Id": 1, "At": "2026-10-01", "Price": 1}, status=204)
    known = Known("POST Orders body /At", "the vendor's own samples have days")
    assert [one.partition(":")[0] for one in found(bad, known=(known,))] == ["POST Orders body /Price"]
    with pytest.raises(AssertionError, match=r"POST Orders body /Price: expected no such property"):
        Csdl(MODERN, root="/odata/", known=[known]).hold([bad])
    assert Csdl(MODERN).check([bad, bad])[0] == Deviation(
        "POST Orders body", "/At", "Edm.DateTimeOffset, in its form"
    )


def test_the_old_spelling() -> None:
    good = {
        "__metadata": {"uri": "x"},
        "Id": "1",
        "Total": "12.50",
        "At": "/Date(1130112000000)/",
        "Clock": "PT09H30M00S",
        "to_Item": {"__deferred": {"uri": "x"}},
    }
    assert Csdl(OLD).version == 2
    assert found(exchange("GET", "Orders('1')", answer={"d": good}), OLD) == []
    deep = {**good, "to_Item": {"results": [{"Sku": "A"}]}}
    assert found(exchange("GET", "Orders?$expand=to_Item", answer={"d": {"results": [deep]}}), OLD) == []
    wrong = {**good, "to_Item": {"results": [{"Skew": "A"}]}}
    assert found(exchange("GET", "Orders", answer={"d": {"results": [wrong]}}), OLD) == [
        "GET Orders answer 200 /d/results/*/to_Item/*/Skew: expected no such property"
    ]
    assert found(exchange("POST", "Orders", {"Id": "1", "to_Item": [{"Sku": 5}]}, status=204), OLD) == [
        "POST Orders body /to_Item/*/Sku: expected Edm.String"
    ]
    assert found(exchange("GET", "Orders('1')/to_Item", answer={"d": {"results": [{"Sku": "A"}]}}), OLD) == []
    assert found(exchange("POST", "release?Id='1'", answer={"d": good}), OLD) == []
    assert (
        found(
            exchange(
                "GET",
                "Orders?$filter=At ge datetime'2026-10-01T00:00:00' and substringof('x',Id)",
                answer={"value": [good]},
            ),
            OLD,
        )
        == []
    )


def test_requests_within_a_batch_are_checked() -> None:
    part = "Content-Type: application/http\r\n\r\n"
    request = (
        "--b\r\nContent-Type: multipart/mixed; boundary=s\r\n\r\n"
        f'--s\r\n{part}POST /odata/Orders HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{{"Id": "x"}}\r\n--s--\r\n'
        f"--b\r\n{part}GET Orders?$select=Nothing\r\n\r\n\r\n--b--\r\n"
    )
    answer = (
        f'--a\r\n{part}HTTP/1.1 201 Created\r\n\r\n{{"Price": 1}}\r\n'
        f'--a\r\n{part}HTTP/1.1 200 OK\r\nX: y\r\n\r\n{{"value": []}}\r\n--a--\r\n'
    )
    one = Exchange(
        "POST",
        "https://x/odata/$batch",
        200,
        {"content-type": "multipart/mixed; boundary=b"},
        request.encode(),
        {"content-type": "multipart/mixed; boundary=a"},
        answer.encode(),
    )
    assert [(part.method, part.url, part.status) for part in parts_of_batch(one)] == [
        ("POST", "/odata/Orders", 201),
        ("GET", "https://x/odata/Orders?$select=Nothing", 200),
    ]
    assert [line.partition(": ")[0] for line in found(one)] == [
        "GET Orders query $select/Nothing",
        "POST Orders answer 201 /Price",
        "POST Orders body /Id",
    ]


def test_the_root_may_be_left_out() -> None:
    one = exchange("GET", "Orders?$select=Nothing", answer={"value": []}, base="https://x/deep/er/")
    assert [str(each) for each in Csdl(MODERN).check([one])] == [
        "GET Orders query $select/Nothing: expected a property of Shop.Order"
    ]


def test_a_file_may_be_compressed_and_must_be_metadata(tmp_path: Path) -> None:
    file = tmp_path / "m.xml.gz"
    file.write_bytes(gzip.compress(MODERN))
    assert Csdl(file).version == 4
    with pytest.raises(BadInput, match="no Schema"):
        Csdl(b"<a/>")
    with pytest.raises(EntitiesForbidden):
        Csdl(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')


def test_the_vendors_documents_are_read() -> None:
    b1 = Csdl(vendor_specs("sap-business-one") / "csdl" / "metadata.v2.xml.gz")
    s4 = Csdl(vendor_specs("sap-s4hana") / "edmx" / "API_SALES_ORDER_SRV.edmx.xml")
    assert (b1.version, s4.version) == (4, 2)
    recorded = json.loads(
        (vendor_specs("sap-s4hana") / "recorded" / "A_SalesOrder.collection.json").read_text("utf-8")
    )
    url = f"https://s4.example.com{recorded['path']}"
    real = Exchange("GET", url, 200, {}, b"", {}, json.dumps(recorded["response"]).encode())
    told = s4.check([real])
    assert {one.expected for one in told} == {"no such property"}, "it was recorded on another release"
    assert len(told) < 30
