"""Our own behaviour between source and target, written as any extension is."""

from __future__ import annotations

from ordersync.hookspecs import hookimpl
from ordersync.model import Address, Charge, ChargeKind, Decision, Order, Problem, Route

__all__ = ["Aliases", "Fallbacks", "Rules", "shapers"]


def shapers(route: Route) -> list[tuple[str, object]]:
    """Our own shapers by name: those to which the route's settings give something to do."""
    named: list[tuple[str, object]] = [("defaults", Fallbacks(route))]
    return [*named, ("aliases", Aliases(route))] if route.aliases else named


class Fallbacks:
    """Gives an order what it does not say: an e-mail address, a country, the name of its shipping."""

    def __init__(self, route: Route) -> None:
        self._defaults = route.defaults

    @hookimpl
    def shape_order(self, order: Order) -> Order | None:
        changes: dict[str, object] = {}
        if self._defaults.email and not order.email:
            changes["email"] = self._defaults.email
        if self._defaults.country:
            changes |= self._countries(order, self._defaults.country)
        for charge in order.charges:
            if not charge.title:
                changes["charges"] = tuple(map(self._named, order.charges))
                break
        return order.model_copy(update=changes) if changes else None

    @staticmethod
    def _countries(order: Order, country: str) -> dict[str, Address]:
        return {
            field: address.model_copy(update={"country": country})
            for field, address in (("billing", order.billing), ("shipping", order.shipping))
            if address is not None and address.country is None
        }

    def _named(self, charge: Charge) -> Charge:
        if charge.title or charge.kind is not ChargeKind.SHIPPING:
            return charge
        return charge.model_copy(update={"title": self._defaults.shipping_title})


class Aliases:
    """Renames the source's SKUs to the target's."""

    def __init__(self, route: Route) -> None:
        self._aliases = route.aliases

    @hookimpl
    def shape_order(self, order: Order) -> Order | None:
        if not any(line.sku in self._aliases for line in order.lines):
            return None
        return order.model_copy(
            update={
                "lines": tuple(
                    line.model_copy(update={"sku": self._aliases[line.sku]})
                    if line.sku in self._aliases
                    else line
                    for line in order.lines
                )
            }
        )


class Rules:
    """Settles problems as the route's policies say; what they leave open parks."""

    def __init__(self, route: Route) -> None:
        self._policies = route.policies

    @hookimpl
    def settle_problem(self, problem: Problem) -> Decision | None:
        if problem.code in ("unknown_sku", "missing_sku") and self._policies.unknown_sku == "custom_line":
            return Decision(action="as_custom_line", reason="the route's policy for unknown SKUs")
        if problem.code == "out_of_stock" and self._policies.stock == "ignore":
            return Decision(action="go_on", reason="the route's policy for stock")
        return None
