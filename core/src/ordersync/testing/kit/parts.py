"""What a sandbox is made of: parts, declared on its class and copied for each sandbox, each with its own memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ordersync.testing.kit.routes import Route
    from ordersync.testing.sandbox import Sandbox

__all__ = ["Part"]


class Part:
    """A table, a gate, a throttle: whatever belongs to one sandbox and remembers something.

    What a subclass's `__init__` keeps must be copyable; a declared part is never used itself, only its copies.
    """

    name = ""
    """Under which it was declared."""
    sandbox: Sandbox
    """Whose part it is. Its `clock`, `lock`, `seed` and quirks are the ones to use."""

    def begin(self, name: str, sandbox: Sandbox) -> None:
        """Belong to a sandbox, which is not made yet: its clock and quirks are there only later."""
        self.name, self.sandbox = name, sandbox

    def routes(self) -> Iterable[Route]:
        """The endpoints that the part answers by itself; `target` is the name of one of its methods."""
        return ()

    def state(self) -> Any:
        """What a restart must keep, as plain data; None: nothing."""
        return None

    def restore(self, state: Any) -> None:
        """Become what `state()` described."""
