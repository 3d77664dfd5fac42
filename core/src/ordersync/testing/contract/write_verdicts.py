"""Writes that go wrong on the way: a lost answer is doubt and never a repetition; what was refused was not done."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ordersync.errors import AccessDenied, InDoubt, Refused, TryLater, UnexpectedReply
from ordersync.testing.contract import blows
from ordersync.testing.contract.blows import Blow
from ordersync.testing.contract.saying import broken, none_of, rule
from ordersync.testing.contract.stand import Stand
from ordersync.testing.contract.striking import ODD_BODIES, Outcome, naive, outcome_of, struck_writes, twins
from ordersync.testing.contract.subject import OpenStand, Subject
from ordersync.testing.contract.wire import Strike

__all__ = ["WriteVerdicts"]

RULE = "errors_by_remedy"


class WriteVerdicts(Subject):
    """Writes: a lost answer is doubt, never a repetition; what was refused was not done."""

    def _judged(
        self,
        stand: Stand,
        blow: Blow,
        what: str,
        allowed: Callable[[Outcome], bool],
        *,
        expected: str,
        do: str,
        times: int | None = 1,
        each: bool = False,
    ) -> None:
        wrong = []
        for hook, _, found in struck_writes(stand, blow, times=times, each=each):
            if not allowed(found):
                wrong.append(f"{hook}: {found}")
        wrong += twins(stand)
        none_of(wrong, RULE, expected=f"{what}: {expected}", do=do)

    @rule(RULE)
    @rule("rate_budget")
    @pytest.mark.parametrize("form", ["seconds", "date"])
    def test_a_write_that_was_slowed_down_is_sent_again(self, lasting_stand: Stand, form: str) -> None:
        self._judged(
            lasting_stand,
            blows.slowed_down(lasting_stand.clock, 7, date=form == "date"),
            "a write meets 429 with Retry-After: 7",
            lambda found: found.well and found.seconds >= 7,
            expected="nothing was done, so it is sent again, not before 7 s have passed",
            do="let the client wait: it honours Retry-After; no `except TryLater` around writes",
        )

    @rule(RULE)
    def test_a_write_that_cannot_be_sent_is_sent_later(self, lasting_stand: Stand) -> None:
        self._judged(
            lasting_stand,
            blows.unreachable(),
            "the connection for a write is refused once",
            lambda found: found.well,
            expected="nothing was sent, so it is sent again",
            do="leave it to the client: Unreachable is no doubt",
        )

    @rule(RULE)
    @pytest.mark.parametrize("how", ["429", "no connection"])
    def test_a_write_that_never_went_out_is_for_later(self, lasting_stand: Stand, how: str) -> None:
        blow = blows.slowed_down(lasting_stand.clock, 5) if how == "429" else blows.unreachable()
        self._judged(
            lasting_stand,
            blow,
            f"every write meets {how}",
            lambda found: isinstance(found.error, TryLater) and not naive(found.error),
            expected="TryLater, not InDoubt: nothing was done",
            do="let TryLater pass; do not turn every failure of a write into InDoubt",
            times=None,
        )

    @rule(RULE)
    @pytest.mark.parametrize("status", [401, 403])
    def test_a_write_without_rights_is_denied(self, lasting_stand: Stand, status: int) -> None:
        self._judged(
            lasting_stand,
            blows.said(status),
            f"every write meets HTTP {status}",
            lambda found: isinstance(found.error, AccessDenied),
            expected="AccessDenied: a person must look at the credentials",
            do="leave 401 and 403 to the client's verdict table",
            times=None,
        )

    @rule(RULE)
    @pytest.mark.parametrize("status", [404, 409, 422])
    def test_a_refused_write_says_so(self, lasting_stand: Stand, status: int) -> None:
        wrong = []
        for hook, _, found in struck_writes(lasting_stand, blows.said(status), times=None):
            gone = hook == "unsubscribe" and status == 404 and found.well
            nowhere = status == 404 and isinstance(found.error, AccessDenied | UnexpectedReply)
            if not isinstance(found.error, Refused) and not gone and not nowhere:
                wrong.append(f"{hook}: {found}")
        none_of(
            wrong + twins(lasting_stand),
            RULE,
            expected=f"every write meets HTTP {status}: Refused (or NotFound), not InDoubt: nothing was done",
            do="leave 4xx to the client's verdict table; put the vendor's words into Refused.fields",
        )

    @rule(RULE)
    @rule("never_twice")
    @pytest.mark.parametrize(
        "how", ["time-out", "time-out before", "500", "502 after", "truncated", "a web page", "reset"]
    )
    def test_a_write_whose_answer_is_lost_is_in_doubt(self, lasting_stand: Stand, how: str) -> None:
        blow: Blow = {
            "time-out": blows.lost(lasting_stand.clock),
            "time-out before": blows.lost_before(lasting_stand.clock),
            "500": blows.said(500),
            "502 after": blows.said_after(502),
            "truncated": blows.cut_off,
            "a web page": blows.page_instead,
            "reset": blows.reset,
        }[how]
        self._judged(
            lasting_stand,
            blow,
            f"the answer to a write is lost ({how})",
            lambda found: isinstance(found.error, InDoubt) or (found.well),
            expected="InDoubt (or the right answer, if the connector looked and knows), and nothing twice",
            do="send writes without `repeatable=True`; read nothing into an answer that cannot be read;\n"
            "only what the platform itself makes once per key may be sent again",
            each=how == "time-out",
        )

    @rule(RULE)
    @pytest.mark.parametrize("status", [200, 422])
    def test_an_answer_of_another_form_to_a_write_is_no_crash(
        self, lasting_stand: Stand, status: int
    ) -> None:
        wrong = []
        for body in ODD_BODIES if status == 200 else ODD_BODIES[-2:]:
            blow = blows.said_after(200, body) if status == 200 else blows.said(status, body)
            for hook, _, found in struck_writes(lasting_stand, blow):
                if found.crash or (status == 200 and isinstance(found.error, TryLater | UnexpectedReply)):
                    wrong.append(f"{hook}, answered {body.decode()}: {found}")
        none_of(
            wrong,
            RULE,
            expected=f"HTTP {status} with JSON of another form than the vendor's: "
            + ("InDoubt, for it may have been done" if status == 200 else "an error of ours")
            + "; never a crash",
            do="validate the body with a wire model; after a write that was accepted a ValidationError is InDoubt",
        )

    @rule("never_twice")
    @rule("key_found_again")
    def test_what_is_in_doubt_is_found_by_its_key(self, open_stand: OpenStand) -> None:
        stand = open_stand()
        stand.inside()
        offers = stand.connection.offers
        if not {"create_order", "create_orders"} & offers or not {"find_order", "find_orders"} & offers:
            pytest.skip("needs a connector that creates orders and finds them by key")
        stand.place()
        draft = stand.draft()
        with stand.wire.striking(Strike(blows.lost(stand.clock), "writes")) as strike:
            found = outcome_of(stand, lambda: stand.create(draft))
        if not strike.struck:
            pytest.skip("creating an order makes no request")
        stand.let_it_settle(doubt=True)
        there, again = len(stand.standing_with(draft.key)), stand.find(draft.key)
        if (again is not None) != (there == 1) or there > 1:
            broken(
                "never_twice",
                expected="after a lost answer, settle time and index lag, find_order tells whether the order stands",
                seen=f"create_order: {found}; {there} stand; find_order: {'found' if again else 'None'}",
                do="stamp the key with the same request that creates the order, where find_order looks",
            )
