"""Recording and scrubbing: what goes into a file, what does not, and in which form."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import phonenumbers
import pytest
from pydantic import BaseModel, SecretStr

from ordersync.errors import BadInput
from ordersync.testing.recording import Kind, Recorder, Recording, Rules, Scrubber, record, recording_schema
from ordersync.testing.recording.leaks import traces_of
from ordersync.web import Access, dump

SECRET = "shp/at+ä&canary=1"
PERSON = {
    "first_name": "Quixotéa",
    "last_name": "O'Kanaryen",
    "email": "quix.kanary@vogelhaus.de",
    "phone": "030 87654321",
    "address1": "17 Vögelweide",
    "city": "Piepsdorf",
    "zip": "SW1A 9QQ",
    "browser_ip": "84.17.33.9",
    "country_code": "DE",
}


class Settings(BaseModel):
    url: str
    token: SecretStr
    language: str = "de"


def scrubbed(value: Any, rules: Rules | None = None, secrets: Iterable[str] = (SECRET,)) -> Any:
    """As a recording does it: everything is learnt before anything is written."""
    scrubber = Scrubber(rules, secrets=secrets, key=b"test")
    scrubber.value(value)
    return scrubber.value(value)


def recorded(
    answer: Callable[[httpx.Request], httpx.Response], *requests: httpx.Request, **options: Any
) -> Recording:
    settings = Settings(url="https://laden.kanarienvogel.de", token=SecretStr(SECRET))
    recorder = Recorder("acme", settings=settings, **options)
    with httpx.Client(transport=recorder.transport(httpx.MockTransport(answer))) as client:
        for request in requests:
            client.send(request)
    return recorder.recording()


def test_what_a_recording_is_for_stays() -> None:
    order = {
        "id": 450789469,
        "admin_graphql_api_id": "gid://shopify/Order/450789469",
        "order_number": "R-1001",
        "financial_status": "Paid",
        "currency": "EUR",
        "total_price": "19.90",
        "rate": Decimal("0.0887500"),
        "created_at": "2026-11-21T12:00:00+01:00",
        "modified": "2026-11-21 12:00:00",
        "taxes_included": True,
        "nothing": None,
        "line_items": [{"sku": "MUG-ROT", "quantity": 2, "price": "9.95", "type": "line_item"}],
        "key": "os-abcdefghijklmnopqrstuvwxyz",
        "scopes": "read_orders,write_orders",
        "uuid": "7b7f3c1e-0f0e-4a52-9a0b-8f2f5c0a1d11",
    }
    assert scrubbed(order) == order
    assert str(scrubbed(order)["rate"]) == "0.0887500"


def test_personal_values_are_replaced_in_kind() -> None:
    found = scrubbed(PERSON)
    assert found["first_name"].isalpha()
    assert found["first_name"].istitle()
    assert found["email"].endswith("@example.com")
    assert phonenumbers.is_valid_number(phonenumbers.parse(found["phone"]))
    assert "55501" in found["phone"]
    assert found["zip"][4] == " "
    assert [sign.isdigit() for sign in found["zip"]] == [sign.isdigit() for sign in PERSON["zip"]]
    assert found["browser_ip"].startswith("192.0.2.")
    assert found["country_code"] == "DE"
    assert not set(found.values()) & set(PERSON.values()) - {"DE"}


def test_one_value_gets_one_stand_in_wherever_it_stands() -> None:
    found = scrubbed(
        {
            "customer": PERSON,
            "billing": {"name": "Quixotéa O'Kanaryen", "phone": "+49 30 87654321"},
            "note": "For QUIXOTÉA, call +493087654321",
            "handle": "from-quixotéa",
            "raw": json.dumps({"first_name": "Quixotéa", "mail": PERSON["email"].upper()}),
            "page": f"<b title='{PERSON['email']}'>Quixot&eacute;a</b>",
            "link": f"https://laden.kanarienvogel.de/a?email={quote(PERSON['email'])}&page=2",
            "cursor": base64.b64encode(json.dumps({"email": PERSON["email"]}).encode()).decode(),
            "domain": [["email", "=", PERSON["email"]]],
            "many2one": {"partner_id": [7, "Quixotéa O'Kanaryen"]},
            "query": "query { customers(query: \"email:'quix.kanary@vogelhaus.de'\") { id } }",
        }
    )
    name, email, phone = (found["customer"][each] for each in ("first_name", "email", "phone"))
    assert found["billing"]["name"].split(" ")[0] == name
    assert found["billing"]["phone"] == phone
    assert found["note"].endswith(phone)
    assert name.upper() in found["note"]
    assert found["handle"] == f"from-{name.lower()}"
    assert json.loads(found["raw"]) == {"first_name": name, "mail": email}
    assert found["page"] == f"<b title='{email}'>{name}</b>"
    assert found["link"].endswith(f".example/a?email={quote(email, safe='')}&page=2")
    assert json.loads(base64.b64decode(found["cursor"])) == {"email": email}
    assert found["domain"] == [["email", "=", email]]
    assert found["many2one"]["partner_id"] == [7, found["billing"]["name"]]
    assert found["query"] == f"query {{ customers(query: \"email:'{email}'\") {{ id }} }}"


def test_two_recordings_share_no_stand_in() -> None:
    first, second = (Scrubber().value(PERSON) for _ in range(2))
    for name in ("first_name", "last_name", "email", "city"):
        assert first[name] != second[name]


def test_two_values_never_become_one() -> None:
    scrubber = Scrubber()
    emails = {scrubber.text(f"buyer{number}@shop.de", ("email",)) for number in range(2000)}
    names = {
        scrubber.text(f"name{chr(97 + number % 26) * (number // 26 + 1)}", ("city",)) for number in range(500)
    }
    phones = {scrubber.text(f"+4930876{number:04}", ("phone",)) for number in range(600)}
    assert len(phones) == 600
    assert len(emails) == 2000
    assert len(names) == 500


@pytest.mark.parametrize("field", ["note", "unheard_of", "gift_message", "value"])
def test_free_text_is_replaced_unless_something_says_that_it_is_harmless(field: str) -> None:
    found = scrubbed({field: "Bitte klingeln bei Piep, Code 478812, 2 Stück zu 19.90"})[field]
    assert found.endswith("19.90")
    for word in ("Bitte", "klingeln", "Piep", "478812"):
        assert word not in found
    assert scrubbed({field: "Shipping discount"})[field] == "Shipping discount"


def test_a_plain_word_that_is_somebodys_name_is_replaced() -> None:
    found = scrubbed({"customer": {"last_name": "Price"}, "note": "Price asked for a discount"})
    assert "Price" not in found["note"]
    assert found["note"].endswith("discount")


def test_an_author_adds_rules() -> None:
    rules = Rules(
        fields={"product.title": Kind.KEEP, "rank": Kind.SECRET},
        patterns=[(r"\bDOOR-\d+", Kind.SECRET)],
        words=frozenset({"tasse"}),
    )
    found = scrubbed(
        {
            "product": {"title": "Rote Tasse"},
            "title": "Rote Tasse",
            "rank": "colonel",
            "code": "x DOOR-17",
            "id": "DOOR-17",
        },
        rules,
    )
    assert found["product"]["title"] == "Rote Tasse"
    assert found["title"].endswith(" Tasse")
    assert not found["title"].startswith("Rote")
    assert found["rank"].startswith("scrubbed-")
    assert found["id"].startswith("scrubbed-")
    assert "DOOR-17" not in found["code"]


def test_secrets_are_replaced_in_every_spelling() -> None:
    spelt = {
        "plain": f"the {SECRET}!",
        "percent": f"x={quote(SECRET, safe='')}&y",
        "base64": base64.b64encode(f"user:{SECRET}".encode()).decode(),
        "json": json.dumps({"a": SECRET}),
        "escaped": json.dumps(SECRET),
        "html": "<i>shp/at+&auml;&amp;canary=1</i>",
        "hex": SECRET.encode().hex(),
        SECRET: 1,
    }
    text = dump(scrubbed(spelt))
    for trace in traces_of(SECRET):
        assert trace not in text


def test_the_last_look_finds_a_secret_that_slipped_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is refused if a value that is known stands in it, in whatever spelling."""
    monkeypatch.setattr(Scrubber, "value", lambda _self, value, _path=(), _notes=None: value)
    answer = {"x": base64.b64encode(f"..{SECRET}".encode()).decode()}
    with pytest.raises(BadInput, match="/exchanges/0: a secret still stands there") as error:
        recorded(lambda _: httpx.Response(200, json=answer), httpx.Request("GET", "https://a.example/x"))
    assert SECRET not in str(error.value)


def test_headers_and_cookies() -> None:
    recording = recorded(
        lambda _: httpx.Response(
            200,
            headers=[
                ("Set-Cookie", "B1SESSION=canary-session; path=/; HttpOnly"),
                ("Link", '<https://laden.kanarienvogel.de/orders?page=2>; rel="next"'),
                ("X-Shop-Signature", "canary+signature="),
                ("X-RateLimit-Remaining", "39"),
                ("X-Request-Id", "7b7f3c1e-0f0e"),
            ],
            json=[],
        ),
        httpx.Request(
            "GET",
            "https://laden.kanarienvogel.de/orders?consumer_key=ck_canary12&page=1",
            headers={
                "Authorization": f"Bearer {SECRET.replace('ä', 'a')}",
                "Cookie": "B1SESSION=canary-session",
            },
        ),
    )
    (exchange,) = recording.exchanges
    asked, answered = dict(exchange.asked.headers), dict(exchange.answer.headers)
    assert asked["authorization"].startswith("Bearer scrubbed-")
    assert answered["set-cookie"] == f"{asked['cookie']}; path=/; HttpOnly"
    assert answered["link"].startswith(f'<{recording.origins[0]}/orders?page=2>; rel="next"')
    assert answered["x-ratelimit-remaining"] == "39"
    assert answered["x-request-id"] == "7b7f3c1e-0f0e"
    assert dict(exchange.asked.query)["page"] == "1"
    assert exchange.asked.scrubbed == ("query:consumer_key",)
    text = recording.text()
    assert b"canary" not in text
    assert b"kanarienvogel" not in text
    assert recording.settings["url"] == recording.origins[0]
    assert recording.settings["token"].startswith("scrubbed-")


def test_bodies_are_decoded_and_read() -> None:
    xml = f"<Order><CardName>{PERSON['first_name']}</CardName><DocTotal>19.90</DocTotal></Order>"
    answers = iter(
        [
            httpx.Response(
                200,
                headers={"content-encoding": "gzip", "content-type": "application/json"},
                content=gzip.compress(b'{"total": 10.10, "tax": 1E+2, "n": 12345678901234567890}'),
            ),
            httpx.Response(200, headers={"content-type": "application/xml"}, content=xml.encode()),
            httpx.Response(200, headers={"content-type": "application/pdf"}, content=b"%PDF\xff\x00canary"),
            httpx.Response(502, headers={"content-type": "text/html"}, content=b"<html>Bad gateway</html>"),
        ]
    )
    form = httpx.Request(
        "POST", "https://a.example/token", data={"client_secret": "canary-of-form", "page": "1"}
    )
    gets = [httpx.Request("GET", "https://a.example/x") for _ in range(3)]
    recording = recorded(lambda _: next(answers), form, *gets)
    bodies = [one.answer.body for one in recording.exchanges]
    assert bodies[0] == {
        "json": {"total": Decimal("10.10"), "tax": Decimal("1E+2"), "n": 12345678901234567890}
    }
    assert b"10.10" in recording.text()
    assert bodies[1]["text"].endswith("<DocTotal>19.90</DocTotal></Order>")
    assert PERSON["first_name"] not in bodies[1]["text"]
    assert bodies[2] == {"removed": 12}
    assert recording.exchanges[0].asked.body["form"][1] == ["page", "1"]
    assert not any(name == "content-encoding" for name, _ in recording.exchanges[0].answer.headers)
    assert b"canary" not in recording.text()


def test_what_was_recorded_reaches_the_connector_as_it_came() -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200,
            headers={"content-encoding": "gzip"},
            content=gzip.compress(b'{"email": "a@b.de", "x": 1.10}'),
        )

    recorder = Recorder("acme")
    access = Access(transport=recorder.transport(httpx.MockTransport(answer)))
    with access.client("https://a.example") as client:
        assert client.get("x").data == {"email": "a@b.de", "x": Decimal("1.10")}
    assert b"a@b.de" not in recorder.recording().text()


def test_an_answer_that_did_not_come_is_recorded() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("of canary", request=request)

    recorder = Recorder("acme")
    transport = recorder.transport(httpx.MockTransport(answer))
    with httpx.Client(transport=transport) as client, pytest.raises(httpx.ReadTimeout):
        client.get("https://a.example/x")
    assert recorder.recording().exchanges[0].answer.error == "ReadTimeout"


def test_what_is_learnt_late_is_replaced_in_what_was_recorded_early() -> None:
    answers = iter([{"handle": "from-quixkanary"}, {"last_name": "Quixkanary"}])
    gets = [httpx.Request("GET", "https://a.example/x") for _ in range(2)]
    recording = recorded(lambda _: httpx.Response(200, json=next(answers)), *gets)
    assert b"quixkanary" not in recording.text().lower()


def test_a_file_is_written_when_the_block_ends_well(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "one.json"
    with record(file, "acme") as recorder:
        way = recorder.transport(httpx.MockTransport(lambda _: httpx.Response(200, json={"id": 1})))
        with httpx.Client(transport=way) as client:
            client.get("https://a.example/x")
    assert Recording.load(file) == recorder.recording()
    assert Recording.load(file).text() == file.read_bytes()
    with pytest.raises(RuntimeError), record(tmp_path / "two.json", "acme"):
        raise RuntimeError
    assert not (tmp_path / "two.json").exists()


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda d: d.pop("exchanges"), "is missing: exchanges"),
        (lambda d: d.update(format="other"), '/format: expected "ordersync-recording/1"'),
        (
            lambda d: d["exchanges"][0]["request"].update(path="x"),
            "/exchanges/0/request/path: expected a path",
        ),
        (
            lambda d: d["exchanges"][0]["response"].update(status="200"),
            "/exchanges/0/response/status: expected an HTTP",
        ),
        (
            lambda d: d["exchanges"][0]["response"].update(body={"jsn": 1}),
            "/exchanges/0/response/body: has unknown names",
        ),
        (lambda d: d.update(more=1), "has unknown names"),
        (lambda d: d["exchanges"][0]["response"].pop("status"), "/exchanges/0/response"),
    ],
)
def test_a_bad_file_names_the_place(change: Callable[[Any], object], place: str) -> None:
    good = recorded(lambda _: httpx.Response(200, json={}), httpx.Request("GET", "https://a.example/x"))
    document = json.loads(good.text())
    change(document)
    with pytest.raises(BadInput) as error:
        Recording.parse(json.dumps(document).encode(), name="orders.json")
    assert "orders.json is not a recording" in str(error.value)
    assert place in str(error.value)
    with pytest.raises(BadInput, match="is not a recording"):
        Recording.parse(b"{")


def test_the_schema_is_one() -> None:
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(recording_schema())


def test_the_report_counts_by_kind_and_place() -> None:
    answer = {"orders": [{"email": "a@b.de", "note": "Bitte"}, {"email": "c@d.de", "note": ""}]}
    recording = recorded(
        lambda _: httpx.Response(200, json=answer), httpx.Request("GET", "https://a.example/x")
    )
    assert recording.report() == [
        ("e-mail", "response body:/orders/*/email", 2),
        ("text", "response body:/orders/*/note", 1),
    ]
