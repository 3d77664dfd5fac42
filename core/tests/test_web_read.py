"""JSON: exact in, exact out, and every fault is an error of ours that quotes nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordersync.errors import BadInput
from ordersync.web import dump, read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", Decimal("0.1")),
        ("20.0", Decimal("20.0")),
        ("1e2", Decimal("1E+2")),
        ("-0.0", Decimal("-0.0")),
        ("0.30000000000000000000000000000000004", Decimal("0.30000000000000000000000000000000004")),
        ("12345678901234567890", 12345678901234567890),
        ("-9223372036854775809", -9223372036854775809),
        ("123456789012345678901234567890", 123456789012345678901234567890),
    ],
)
def test_numbers_are_exact_both_ways(text: str, value: Decimal | int) -> None:
    for body in (text, text.encode()):
        found = read(body)
        assert (type(found), str(found)) == (type(value), str(value))
    again = read(dump(value))
    assert (type(again), str(again)) == (type(value), str(value))


@settings(deadline=None)
@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**40), max_value=10**40))
def test_every_decimal_comes_back(value: Decimal) -> None:
    assert read(dump({"price": value})) == {"price": value}


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(st.characters(codec="utf-8")),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
        max_leaves=10,
    )
)
def test_reads_what_the_standard_library_reads(value: Any) -> None:
    assert read(json.dumps(value)) == value
    assert json.loads(dump(value)) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>canary</html>",
        b'{"canary": 1',
        b'"canary \xff"',
        b'["canary", NaN]',
        b'["canary", 1e1001]',
        b'["canary", 1e-1001]',
        b'["canary", 1e99999999999999999999]',
        b'["canary", 0e1001]',
        b'["canary", 0e-99999]',
        b'["canary", 0.' + b"0" * 1001 + b"1]",
        b'["canary", ' + b"9" * 5000 + b"]",
        b'["canary", 0.' + b"9" * 5000 + b"]",
        b"[" * 200_000,
    ],
    ids=lambda body: body[:24].decode("ascii", "replace"),
)
def test_what_cannot_be_read_is_bad_input(body: bytes) -> None:
    with pytest.raises(BadInput) as bad:
        read(body)
    assert "canary" not in str(bad.value)
    assert bad.value.__cause__ is None
    assert bad.value.__context__ is None


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'\xef\xbb\xbf{"id": 1}', {"id": 1}),
        ('\ufeff{"id": 1}', {"id": 1}),
        (b'"cut \\ud83d"', "cut \ufffd"),
        (b'"\\ud83d\\ude00 \\ude00x"', "\U0001f600 \ufffdx"),
        (b'"\\\\ud83d \\ud83d"', "\\ud83d \ufffd"),
    ],
)
def test_common_faults_are_mended(body: bytes | str, value: Any) -> None:
    assert read(body) == value


@settings(deadline=None)
@given(
    st.from_regex(r"-?(0|[1-9][0-9]{0,60})\.[0-9]{1,60}([eE][+-]?[0-9]{1,3})?", fullmatch=True),
)
def test_a_number_is_what_its_text_says(text: str) -> None:
    found = read(text)
    assert (type(found), found.as_tuple()) == (Decimal, Decimal(text).as_tuple())


@settings(deadline=None)
@given(
    st.recursive(
        st.none()
        | st.floats()
        | st.decimals()
        | st.integers(-(10**30), 10**30)
        | st.integers(0xCB7FF000, 0xCB7FFFFF)
        | st.text(st.characters(codec="utf-8")),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
        max_leaves=10,
    )
)
def test_a_number_that_is_not_finite_is_found_wherever_it_stands(value: Any) -> None:
    def finite(one: Any) -> bool:
        if isinstance(one, (list, dict)):
            return all(map(finite, one.values() if isinstance(one, dict) else one))
        return one.is_finite() if isinstance(one, Decimal) else not isinstance(one, float) or isfinite(one)

    for body in (value, [None, value], {"a": None, "b": (value,)}):
        if finite(value):
            dump(body)
        else:
            with pytest.raises(BadInput):
                dump(body)


@dataclass
class Priced:
    price: Any


@pytest.mark.parametrize(
    "value",
    [
        Decimal("NaN"),
        [Decimal("Infinity")],
        {"a": float("nan")},
        ({"a": (1, float("inf"))},),
        Priced(Decimal("-Infinity")),
        "\ud83d",
    ],
    ids=repr,
)
def test_what_json_does_not_know_is_not_written(value: Any) -> None:
    with pytest.raises(BadInput):
        dump(value)


def test_null_and_words_that_look_like_numbers_are_written() -> None:
    assert json.loads(dump([None, 0xCB7FF000, 2**70, "\u02ff\u07ff"])) == [
        None,
        0xCB7FF000,
        2**70,
        "\u02ff\u07ff",
    ]
    value = {"a": None, "b": "NaN Infinity null", "c": [Priced(None)]}
    assert json.loads(dump(value)) == {"a": None, "b": "NaN Infinity null", "c": [{"price": None}]}
