"""An extension: it renames what a shop calls its gift wrap, and tells somebody about every order that stands."""

from ordersync import Order, Placed, Problem, hookimpl


class Example:
    """Named in a route's `extensions`; found by its entry point in the group `ordersync.extensions`."""

    def __init__(self) -> None:
        self.told: list[str] = []

    @hookimpl
    def shape_order(self, order: Order) -> Order | None:
        """Pure: the same order in gives the same order out. None leaves it as it is."""
        if "gift" not in order.tags:
            return None
        return order.model_copy(update={"note": f"GIFT. {order.note or ''}".strip()})

    @hookimpl
    def on_order_created(self, order: Order, placed: Placed) -> None:
        """Told after the fact; whatever this raises is recorded and hurts nobody."""
        self.told.append(f"{order.number} is {placed.ref.number}")

    @hookimpl
    def on_order_parked(self, source_id: str, problem: Problem) -> None:
        """An order needs a person."""
        self.told.append(f"{source_id} waits: {problem.message}")
