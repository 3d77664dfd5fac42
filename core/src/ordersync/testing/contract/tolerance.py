"""A field that the platform adds tomorrow breaks nothing."""

from __future__ import annotations

import pytest

from ordersync.testing.contract.asking import ASKINGS
from ordersync.testing.contract.saying import none_of, rule
from ordersync.testing.contract.striking import outcome_of
from ordersync.testing.contract.subject import OpenStand, Subject

__all__ = ["Tolerance"]


class Tolerance(Subject):
    """Every hook, while each object in each JSON answer has a field more."""

    @rule("unknown_fields_ignored")
    @pytest.mark.parametrize("which", ["reads", "writes"])
    def test_a_new_field_is_ignored(self, open_stand: OpenStand, which: str) -> None:
        calm, grown = open_stand(orders=20), open_stand(orders=20)
        grow = calm.inside().grown
        if grow({"a": 1}) == {"a": 1}:
            pytest.skip("the platform's answers hold what was asked for and nothing else")
        wrong, asked = [], 0
        for hook, asking in ASKINGS.items():
            if hook not in calm.connection.offers or asking.writes != (which == "writes"):
                continue
            try:
                plain, call = asking.prepare(calm), asking.prepare(grown)
            except pytest.skip.Exception:
                continue
            grown.wire.grown = grow
            with grown.wire.watching() as seen:
                one, other = outcome_of(calm, plain), outcome_of(grown, call)
            grown.wire.grown = None
            asked += any(
                "json" in each.response.headers.get("content-type", "") for each in seen if each.response
            )
            if one.well and not other.well:
                wrong.append(f"{hook}: {other}")
            elif one.well and _bare(one.value) != _bare(other.value):
                wrong.append(f"{hook}: another answer than without the new field")
        if not asked:
            pytest.skip(f"no {which} are answered in JSON")
        none_of(
            wrong,
            "unknown_fields_ignored",
            expected="the same answers, with a field more in every object",
            do='let wire models ignore what they do not know (extra="ignore");\n'
            "where the keys of an object are data, say so in the sandbox: override Sandbox.grown",
        )


def _bare(value: object) -> object:
    """What two sandboxes answer alike: numbers of new records differ between runs, kinds and counts do not."""
    if isinstance(value, list):
        return [_bare(one) for one in value]
    lines, orders = getattr(value, "lines", None), getattr(value, "orders", None)
    return (
        type(value).__name__,
        len(lines) if lines is not None else 0,
        len(orders) if orders is not None else 0,
    )
