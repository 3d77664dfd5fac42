"""Gathers what is known of one order, from the ledger and both platforms, to explain its amounts. Reads only."""

from __future__ import annotations

from dataclasses import replace

from ordersync.errors import Ambiguous, BadInput
from ordersync.extensions import Extensions
from ordersync.ledger import Row, State
from ordersync.model import Draft, Failed, Order, Placed, Problem
from ordersync.transfer.drafting import make_draft
from ordersync.transfer.explain import Evidence, explain
from ordersync.transfer.figures import Explained
from ordersync.transfer.prepare import Prepared
from ordersync.transfer.survey import Survey

__all__ = ["Inquiry"]


class Inquiry:
    """Asks both ends of a route about one order."""

    def __init__(self, survey: Survey, extensions: Extensions) -> None:
        """`extensions` are the route's: they shape the order and its draft."""
        self._survey = survey
        self._extensions = extensions
        self._notes: list[str] = []

    def explain(self, order: str) -> Explained:
        """Every amount of `order` (the source's id, or a number that the ledger knows).

        Raises BadInput if nobody knows the order; AccessDenied, TryLater, UnexpectedReply, LedgerTrouble.
        """
        survey, self._notes = self._survey, []
        row = self._row(order)
        survey.begin(writing=False)
        source_id = row.source_id if row else order
        told = self._told(source_id)
        if row is None and told is None:
            raise BadInput(
                f"Neither the ledger of route {survey.route.name!r} nor its source knows an order {order!r}.",
                remedy="Give the source's id of the order, or a number that "
                f"`ordersync orders {survey.route.name}` lists.",
            )
        key = row.key if row else survey.preparer.key_of(source_id)
        payload = survey.ledger.payload(survey.route.name, source_id)
        sent = Draft.model_validate_json(payload) if payload else None
        problems = survey.ledger.problems(survey.route.name, source_id) if row else []
        if row and row.problem and row.problem.code not in {problem.code for problem in problems}:
            problems.insert(0, row.problem)
        evidence = Evidence(
            route=survey.route,
            source_id=source_id,
            key=key,
            row=row,
            facts=survey.target.facts,
            sent=sent,
            placed=self._placed(key),
            problems=tuple(problems),
        )
        return explain(self._with_order(evidence, told))

    def _row(self, order: str) -> Row | None:
        """By the source's id, else by its number. Raises BadInput if several orders have the number."""
        ledger, route = self._survey.ledger, self._survey.route.name
        rows = list(ledger.rows(route, source_ids=[order]))
        rows = rows or [row for row in ledger.rows(route) if row.number == order]
        if len(rows) > 1:
            ids = ", ".join(row.source_id for row in rows)
            raise BadInput(
                f"The route {route!r} has {len(rows)} orders with the number {order!r}.",
                remedy=f"Name one by the source's id: {ids}.",
            )
        return rows[0] if rows else None

    def _told(self, source_id: str) -> Order | None:
        source = self._survey.source
        if "get_order" not in source.offers:
            self._notes.append(
                f"The connector {source.platform!r} cannot be asked for one order: its own amounts are not known."
            )
            return None
        told = source.get_order(source_id)
        if told is None:
            self._notes.append("The source has this order no longer: its own amounts are not known.")
        return told

    def _placed(self, key: str) -> Placed | None:
        target = self._survey.target
        if not {"find_order", "find_orders"} & target.offers:
            self._notes.append(
                f"The connector {target.platform!r} cannot look for an order by its key: what the target computed is "
                "known only from the problem, if there is one."
            )
            return None
        (outcome,) = self._survey.find([key])
        if isinstance(outcome, Failed):
            if not isinstance(outcome.error, Ambiguous):
                raise outcome.error
            self._notes.append(
                f"Several orders on the target carry the key: {', '.join(outcome.error.candidates)}."
            )
            return None
        placed = outcome.value
        if placed is None:
            self._notes.append("No order on the target carries the key.")
        elif placed.totals is None:
            self._notes.append("The target does not state the order's totals.")
        return placed

    def _with_order(self, evidence: Evidence, told: Order | None) -> Evidence:
        """The order shaped, in the chosen money set, and drafted for the target with what is found there."""
        if told is None:
            return replace(evidence, notes=tuple(self._notes))
        preparer = self._survey.preparer
        one = preparer.shape(told)
        if one.verdict == "go":
            preparer.look_up([one])
        if one.verdict == "go":
            preparer.draft(one)
        if one.wait is not None:
            self._notes.append(f"The target could not be asked about everything: {one.wait.why.message}")
        self._notes.append(
            "The source's connector hands over amounts that are already allocated to the charges. How the source came "
            "to them is not kept; it is derived as far as one rule gives exactly these amounts."
        )
        order = one.order
        ref = one.draft.customer_ref if one.draft else None
        plain = make_draft(
            order, key=one.key, platform=self._survey.source.platform, items=one.items, customer=ref
        )
        pointers = [place for place, _ in order.priced()] + (["/rounding"] if order.rounding else [])
        return replace(
            evidence,
            told=told.in_set(order.money_set),
            order=order,
            draft=self._extensions.shape_draft(plain, order),
            places=tuple((line.key, place) for line, place in zip(plain.lines, pointers, strict=True)),
            problems=(*evidence.problems, *self._todays(evidence, one)),
            notes=tuple(self._notes),
        )

    def _todays(self, evidence: Evidence, one: Prepared) -> list[Problem]:
        """What is in the way of the order today and not in the ledger; only a note where it was sent already."""
        known = {problem.code for problem in evidence.problems}
        found = [
            problem
            for problem in (one.problem, *one.others)
            if problem is not None and problem.code not in known
        ]
        if evidence.row is not None and evidence.row.state in (State.DONE, State.SENDING, State.IN_DOUBT):
            self._notes += [f"Today it would not be sent: {problem.message}." for problem in found]
            return []
        return found
