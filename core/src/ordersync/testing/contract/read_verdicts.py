"""Reads that go wrong on the way: what may pass is asked again, what will not arrives as the error that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ordersync.errors import AccessDenied, InDoubt, Refused, TryLater, UnexpectedReply
from ordersync.model import Account, Page
from ordersync.testing.contract import blows
from ordersync.testing.contract.asking import ASKINGS
from ordersync.testing.contract.blows import Blow
from ordersync.testing.contract.saying import none_of, rule
from ordersync.testing.contract.stand import Stand
from ordersync.testing.contract.striking import ODD_BODIES, Outcome, naive, outcome_of, struck_reads
from ordersync.testing.contract.subject import OpenStand, Subject

__all__ = ["ReadVerdicts"]

RULE = "errors_by_remedy"


class ReadVerdicts(Subject):
    """Reads: what may pass is asked again, what will not is told by its name."""

    def _repeated(
        self, stand: Stand, blow: Blow, what: str, *, at_least: float = 0, each: bool = True
    ) -> None:
        wrong = []
        for hook, calm, found in struck_reads(stand, blow, each=each):
            if found.error or found.crash:
                wrong.append(f"{hook}: {found}")
            elif not _same(calm.value, found.value):
                wrong.append(f"{hook}: another answer than without {what}")
            elif found.seconds < at_least:
                wrong.append(f"{hook}: asked again after {found.seconds:g} s")
        none_of(
            wrong,
            RULE,
            expected=f"after {what} the read is asked again"
            + (f", not before {at_least:g} s have passed" if at_least else "")
            + ", and gives the same answer",
            do="send it with `access.client(…)`, which repeats reads; a read that is a POST needs `repeatable=True`;\n"
            "let TryLater and RateLimited pass instead of catching them",
        )

    @rule(RULE)
    @rule("rate_budget")
    @pytest.mark.parametrize("form", ["seconds", "date"])
    def test_a_read_waits_as_long_as_retry_after_asks(self, lasting_stand: Stand, form: str) -> None:
        blow = blows.slowed_down(lasting_stand.clock, 7, date=form == "date")
        self._repeated(lasting_stand, blow, "429 with Retry-After", at_least=7, each=False)

    @rule(RULE)
    @pytest.mark.parametrize("status", [500, 502])
    def test_a_read_is_repeated_after_a_server_error(self, lasting_stand: Stand, status: int) -> None:
        self._repeated(lasting_stand, blows.said(status), f"HTTP {status}", each=status == 502)

    @rule(RULE)
    def test_a_read_is_repeated_after_a_lost_answer(self, lasting_stand: Stand) -> None:
        self._repeated(lasting_stand, blows.lost(lasting_stand.clock), "a time-out")

    @rule(RULE)
    def test_a_read_is_repeated_after_no_connection(self, lasting_stand: Stand) -> None:
        self._repeated(lasting_stand, blows.unreachable(), "a refused connection", each=False)

    @rule(RULE)
    def test_a_read_is_repeated_after_half_an_answer(self, lasting_stand: Stand) -> None:
        self._repeated(lasting_stand, blows.cut_off, "a truncated answer", each=False)

    def _always(
        self,
        stand: Stand,
        blow: Blow,
        what: str,
        allowed: Callable[[str, Outcome], bool],
        expected: str,
        do: str,
    ) -> None:
        wrong = []
        for hook, _, found in struck_reads(stand, blow, times=None):
            if not allowed(hook, found):
                wrong.append(f"{hook}: {found}")
        none_of(wrong, RULE, expected=f"when {what}: {expected}", do=do)

    @rule(RULE)
    @pytest.mark.parametrize("how", ["429", "500", "time-out", "no connection", "truncated"])
    def test_a_read_that_never_succeeds_is_for_later(self, lasting_stand: Stand, how: str) -> None:
        blow = {
            "429": blows.slowed_down(lasting_stand.clock, 5),
            "500": blows.said(500),
            "time-out": blows.lost(lasting_stand.clock),
            "no connection": blows.unreachable(httpx.ConnectTimeout),
            "truncated": blows.cut_off,
        }[how]
        wide = (TryLater, UnexpectedReply) if how == "truncated" else TryLater
        self._always(
            lasting_stand,
            blow,
            f"every request meets {how}",
            lambda _, found: isinstance(found.error, wide) and not naive(found.error),
            "TryLater, whose `when` is aware if it is set",
            "let the client's error pass; a swallowed one looks like an empty account",
        )

    @rule(RULE)
    @rule("rate_budget")
    def test_a_long_wait_is_told_and_not_waited(self, lasting_stand: Stand) -> None:
        hour = 3600

        def told(_: str, found: Outcome) -> bool:
            when = getattr(found.error, "when", None)
            return isinstance(found.error, TryLater) and when is not None and found.seconds < hour / 2

        self._always(
            lasting_stand,
            blows.slowed_down(lasting_stand.clock, hour),
            "Retry-After asks for an hour",
            told,
            "TryLater at once, with `when` an hour ahead",
            "raise the client's RateLimited as it is: the caller decides whether to wait",
        )

    @rule(RULE)
    @pytest.mark.parametrize("status", [401, 403])
    def test_a_read_without_rights_is_denied(self, lasting_stand: Stand, status: int) -> None:
        def denied(hook: str, found: Outcome) -> bool:
            if hook == "check_access" and status == 403 and isinstance(found.value, Account):
                return bool(found.value.missing_scopes or found.value.problems)
            return isinstance(found.error, AccessDenied)

        self._always(
            lasting_stand,
            blows.said(status),
            f"every request meets HTTP {status}",
            denied,
            "AccessDenied" + (" (check_access may name missing_scopes or problems)" if status == 403 else ""),
            "leave 401 and 403 to the client's verdict table, or map the vendor's own words to AccessDenied",
        )

    @rule(RULE)
    @pytest.mark.parametrize("status", [404, 409, 422])
    def test_a_read_that_is_refused_says_so(self, lasting_stand: Stand, status: int) -> None:
        def refused(hook: str, found: Outcome) -> bool:
            if isinstance(found.error, Refused | UnexpectedReply | AccessDenied):
                return True
            nothing = found.error is None and not found.crash and _nothing(found.value)
            return status == 404 and nothing and hook not in ("list_orders", "check_access")

        self._always(
            lasting_stand,
            blows.said(status),
            f"every request meets HTTP {status}",
            refused,
            "Refused or UnexpectedReply"
            + (
                ", or None from a hook that looks for one thing; never an empty listing"
                if status == 404
                else ""
            ),
            "read an error's body only after its form was checked, and leave the rest to `default_error`",
        )

    @rule(RULE)
    @pytest.mark.parametrize("status", [200, 422])
    def test_an_answer_of_another_form_is_no_crash(self, open_stand: OpenStand, status: int) -> None:
        wrong = []
        for body in ODD_BODIES if status == 200 else ODD_BODIES[-2:]:
            stand = open_stand(orders=3)
            for hook, calm, found in struck_reads(stand, blows.said(status, body), times=None):
                if found.crash or isinstance(found.error, InDoubt):
                    wrong.append(f"{hook}, answered {body.decode()}: {found}")
                again = outcome_of(stand, ASKINGS[hook].prepare(stand))
                if not again.well or not _same(calm.value, again.value):
                    wrong.append(f"{hook}, asked again after it had been answered {body.decode()}: {again}")
                    break
        none_of(
            wrong,
            RULE,
            expected=f"HTTP {status} with JSON of another form than the vendor's: an error of ours, never a crash,\n"
            "            and the next call finds everything as it was",
            do="validate every body with a wire model, and turn its ValidationError into UnexpectedReply\n"
            "(a vendor's error body: look before you index; what cannot be read goes to `default_error`);\n"
            "remember nothing of an answer before it was validated",
        )

    @rule(RULE)
    def test_a_web_page_is_not_taken_for_an_answer(self, lasting_stand: Stand) -> None:
        self._always(
            lasting_stand,
            blows.page_instead,
            "every request is answered by a web page with status 200",
            lambda _, found: isinstance(found.error, UnexpectedReply | TryLater),
            "UnexpectedReply",
            "leave `expect_json` on where JSON is promised",
        )


def _same(calm: Any, found: Any) -> bool:
    if isinstance(calm, Account):
        return isinstance(found, Account) and calm.id == found.id
    if isinstance(calm, list) and any(isinstance(one, Page) for one in calm):
        return [order.id for page in calm for order in page.orders] == [
            order.id for page in found for order in page.orders
        ]
    return bool(calm == found)


def _nothing(value: Any) -> bool:
    if isinstance(value, list):
        return all(one is None or one == [] for one in value)
    return value is None
