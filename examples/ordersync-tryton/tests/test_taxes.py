"""What Tryton makes of prices and taxes, oddity by oddity. What is said of it was seen on a real server, version 8.2."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from conftest import KEY, line
from ordersync import Refused, Tax


@pytest.mark.parametrize(
    ("net", "rate", "tryton", "shop"), [("1.50", "0.19", "0.28", "0.29"), ("0.50", "0.19", "0.10", "0.10")]
)
def test_half_a_cent_is_rounded_to_even_and_corrected(
    open_office: Any, net: str, rate: str, tryton: str, shop: str
) -> None:
    office = open_office()
    placed = office.connector.create_order(office.draft(line(0, net, rate), tax=shop))
    assert placed.totals is not None
    assert placed.totals.tax == Decimal(shop)
    corrected = tryton != shop
    assert [each.position for each in placed.lines] == ([0, None] if corrected else [0])
    assert office.connector.find_order(KEY) == placed


@pytest.mark.parametrize(("net", "tax"), [("5.50", "0.47"), ("0.49", "0.05"), ("0.20", "0.02")])
def test_two_taxes_of_a_line_are_rounded_together(open_office: Any, net: str, tax: str) -> None:
    """0.49 bears 0.035525 and 0.006125: rounded alone 0.04 and 0.01, and together 0.04165, so 0.04 and a correction."""
    office = open_office()
    placed = office.connector.create_order(office.draft(line(0, net, "0.0725", "0.0125"), tax=tax))
    assert placed.totals.tax == Decimal(tax)
    assert len(placed.lines) == (2 if net == "0.49" else 1)


def test_two_taxes_of_less_than_half_a_cent_are_never_sent(open_office: Any) -> None:
    """0.03 bears 0.003 and 0.0026625: both are rounded to nothing, and the server looks for a cent to add for ever."""
    office = open_office()
    with pytest.raises(Refused, match="never finish"):
        office.connector.create_order(office.draft(line(0, "0.03", "0.1", "0.08875"), tax="0.01"))
    assert office.sandbox.standing() == []


@pytest.mark.parametrize(("rounding", "lines"), [("document", 2), ("line", 3)])
def test_taxes_are_rounded_over_the_document_or_line_by_line(
    open_office: Any, rounding: str, lines: int
) -> None:
    """0.19 × 0.13 is 0.0247: twice 0.02 line by line, 0.05 over the document."""
    office = open_office(rounding=rounding)
    draft = office.draft(line(0, "0.13", "0.19"), line(1, "0.13", "0.19"), tax="0.05")
    assert len(office.connector.create_order(draft).lines) == lines


def test_without_a_correction_tax_what_would_differ_is_refused_unsent(open_office: Any) -> None:
    office = open_office(correction="no")
    with pytest.raises(Refused, match="correction_tax"):
        office.connector.create_order(office.draft(line(0, "1.50", "0.19"), tax="0.29"))
    assert office.sandbox.standing() == []
    assert office.connector.check_access(thorough=True).facts.arithmetic.tax == "rates"


def test_a_tax_that_is_wrong_by_more_than_rounding_is_never_corrected(open_office: Any) -> None:
    office = open_office()
    with pytest.raises(Refused, match="Rounding alone cannot"):
        office.connector.create_order(office.draft(line(0, "100.00", "0.19"), tax="7.00"))


def test_a_discounted_price_has_four_digits_or_is_refused(open_office: Any) -> None:
    office = open_office()
    placed = office.connector.create_order(office.draft(line(0, "100.84", quantity="3"), tax="0"))
    assert (placed.totals.net, next(iter(office.sandbox.lines))["unit_price"]) == (
        Decimal("100.84"),
        Decimal("33.6133"),
    )
    with pytest.raises(Refused, match="four digits"):
        office.connector.create_order(
            office.draft(line(0, "1000.01", quantity="7001"), tax="0", key=KEY[:-1] + "a")
        )


def test_a_tax_without_a_rate_becomes_a_line(open_office: Any) -> None:
    office = open_office()
    plain = line(0, "10.00")
    unrated = plain.amounts.model_copy(update={"taxes": (Tax(title="Duty", amount=Decimal("1.23")),)})
    placed = office.connector.create_order(
        office.draft(plain.model_copy(update={"amounts": unrated}), tax="1.23")
    )
    assert placed.totals.tax == Decimal("1.23")


def test_a_rate_that_several_taxes_have_is_chosen_by_the_settings(open_office: Any) -> None:
    office = open_office()
    office.sandbox.add(
        "account.tax", name="MwSt services", type="percentage", rate=Decimal("0.19"), company=1
    )
    with pytest.raises(Refused, match="several taxes of 19"):
        office.connector.create_order(office.draft(line(0, "1.00", "0.19"), tax="0.19"))
    chosen = open_office(settings={"taxes": {"0.190": "MwSt"}})
    chosen.sandbox.add(
        "account.tax", name="MwSt services", type="percentage", rate=Decimal("0.19"), company=1
    )
    assert chosen.connector.create_order(
        chosen.draft(line(0, "1.00", "0.19"), tax="0.19")
    ).totals.tax == Decimal("0.19")
