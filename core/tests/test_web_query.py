"""What stands behind the `?`: byte by byte what httpx would write, but in the order in which it was asked."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, quote_plus

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordersync.errors import BadInput
from ordersync.web import Access
from ordersync.web.query import with_params

SHOP = httpx.URL("https://shop.example/api/orders")
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)


@settings(deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5))
def test_it_is_written_as_httpx_writes_it(pairs: list[tuple[str, str]]) -> None:
    grouped = sorted(pairs, key=lambda pair: pair[0])
    for params in (grouped, dict(pairs)):
        found = with_params(SHOP, params)
        theirs = httpx.URL(SHOP, params=params)
        assert (found, str(found), found.raw_path, found.query) == (
            theirs,
            str(theirs),
            theirs.raw_path,
            theirs.query,
        )
    assert parse_qsl(with_params(SHOP, pairs).query.decode(), keep_blank_values=True) == pairs
    assert SHOP.query == b""


def test_every_sign() -> None:
    text = "".join(map(chr, range(0x250))) + "\u20ac\U0001f600"
    assert with_params(SHOP, {"q": text}).query.decode() == f"q={quote_plus(text)}"


@pytest.mark.parametrize("params", [None, {}, []])
def test_nothing_asked_leaves_the_address_as_it_is(params: Any) -> None:
    assert with_params(httpx.URL("https://shop.example/a?b=1"), params) == "https://shop.example/a?b=1"


def test_what_is_asked_stands_in_place_of_the_address_s_own_query() -> None:
    found = with_params(httpx.URL("https://shop.example/a?b=1#c"), {"d": "2"})
    assert str(found) == str(httpx.URL("https://shop.example/a?b=1#c", params={"d": "2"}))


@pytest.mark.parametrize(
    "params", [{"page": 2}, {"open": True}, {"since": None}, {"ids": ["1", "2"]}, [("id", 1)]]
)
def test_what_is_no_text_is_left_to_httpx(params: Any) -> None:
    assert with_params(SHOP, params) == httpx.URL(SHOP, params=params)


def test_an_httpx_that_keeps_its_parts_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    class Elsewhere(httpx.URL):
        def __getattribute__(self, name: str) -> Any:
            if name == "_uri_reference":
                return object.__getattribute__(self, "_parts")
            return super().__getattribute__(name)

        def __setattr__(self, name: str, value: object) -> None:
            if name == "_uri_reference" and "_parts" in self.__dict__:
                return
            super().__setattr__("_parts" if name == "_uri_reference" else name, value)

    url = Elsewhere(str(SHOP))
    monkeypatch.setattr("ordersync.web.query.httpx.URL", Elsewhere)
    assert str(with_params(url, {"a": "b c"})) == f"{SHOP}?a=b+c"


@pytest.mark.parametrize("params", [{"q": "\ud83d"}, {"q": "x" * 70_000}, {"\udcff": ""}])
def test_what_cannot_be_written_is_not_sent(params: dict[str, str]) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={})

    access = Access(transport=httpx.MockTransport(answer))
    with access.client("https://shop.example/api") as client:
        with pytest.raises(BadInput, match="cannot be written down") as bad:
            client.get("orders", params=params)
        assert "x" * 100 not in str(bad.value)
        assert client.get("orders", params={"q": "x" * 50_000}).status == 200
    assert [len(request.url.query) for request in asked] == [50_002]
