"""What users of Odoo's interfaces report of them, as switches; see `ordersync.testing.quirks`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ordersync.testing.quirks import Quirk, Setting

__all__ = ["OWN", "Conflicts", "EqualUpdatedAt", "ExpiringToken", "SilentEdit", "SlowIndex"]


class SlowIndex(Quirk):
    """Over JSON-2 nothing that is read or searched shows what was written a moment ago: a replica answers.

    Odoo sends what only reads to a replica of the database where one is configured. Writes, and all of JSON-RPC, go to
    the database itself; so an order that was just made is there, and is neither found nor shown.
    """

    name = "slow_index"
    settings: ClassVar[Mapping[str, Setting]] = {
        "seconds": Setting("20", "that the replica is behind", least=0)
    }
    told = (
        "https://github.com/odoo/odoo/pull/112000",
        "https://github.com/odoo/odoo/pull/186014",
    )


class EqualUpdatedAt(Quirk):
    """All orders that the database is born with have one and the same `write_date`, as after an import.

    What one transaction writes has its date. A listing that goes on behind the last date it saw leaves out the rest.
    """

    name = "equal_updated_at"
    told = ("https://github.com/NangoHQ/integration-templates/pull/598",)


class SilentEdit(Quirk):
    """Lines of an order are changed, or it is delivered, and the order's own `write_date` stays what it was.

    No listing by time of change shows the order again; only looking at it does.
    """

    name = "silent_edit"
    told = ("https://github.com/odoo/odoo/pull/208283",)


class ExpiringToken(Quirk):
    """The API key runs out in the middle of a run: from one request to the next it is refused.

    The sandbox's `settings()` hold the next key from then on; it lasts as long.
    """

    name = "expiring_token"
    settings: ClassVar[Mapping[str, Setting]] = {"requests": Setting("45", "that a key is good for", least=1)}
    told = (
        "https://github.com/ERP-Ukraine/odoo-rpc-dart/issues/55",
        "https://github.com/odoo/odoo/issues/41442",
    )

    def __init__(self, value: str = "", *, seed: int = 0) -> None:
        super().__init__(value, seed=seed)
        self.issued = 1
        """How many keys there were."""
        self._spent = 0

    def spend(self) -> bool:
        """One more request with the key that is good now; False if it was one too many and there is a new one."""
        self._spent += 1
        if self._spent <= self.whole("requests"):
            return True
        self._spent = 0
        self.issued += 1
        return False


class Conflicts(Quirk):
    """A write meets another one at the same record: "could not serialize access due to concurrent update".

    Nothing of it is stored. Over `load` it comes as a success without ids, which looks like a refusal for good.
    """

    name = "conflicts"
    settings: ClassVar[Mapping[str, Setting]] = {
        "first": Setting("2", "the first so many loads meet one", least=1)
    }
    told = (
        "https://github.com/odoo/odoo/issues/23086",
        "https://github.com/OCA/server-tools/pull/1639",
    )


OWN: tuple[type[Quirk], ...] = (SlowIndex, EqualUpdatedAt, SilentEdit, ExpiringToken, Conflicts)
