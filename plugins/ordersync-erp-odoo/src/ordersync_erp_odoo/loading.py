"""`load`: Odoo's one call that writes records under external ids of our choosing, in one transaction.

It answers success whatever happens; only `ids` tells. The same external id again is an update, never a second record:
ten loads of one id at once made one record every time (measured on 17 and 19).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from ordersync import BatchRefused, FieldProblem, InDoubt, Refused, TryLater
from ordersync.web import Access
from ordersync_erp_odoo.rpc import Odoo
from ordersync_erp_odoo.wire import LoadReply

__all__ = ["Loader"]

ATTEMPTS = 4
CONFLICT = "serialize"
"""In the message of a load that met another one on the same external id: PostgreSQL's own word, not translated."""


class Loader:
    """Writes records by `load`."""

    def __init__(self, odoo: Odoo, access: Access) -> None:
        self._odoo = odoo
        self._access = access

    def load(
        self,
        model: str,
        columns: Sequence[str],
        records: Sequence[Sequence[Sequence[str]]],
        *,
        repeatable: bool = False,
    ) -> list[int]:
        """Write `records`, each one or more rows of cells, all or none; their ids in the same order.

        After a conflict with another writer it is tried again, since that stored nothing. `repeatable` says that a
        lost answer may be followed by the same call. Raises Refused (BatchRefused for several records, naming the
        culprit where Odoo does), TryLater if the conflict lasts, InDoubt.
        """
        for attempt in range(ATTEMPTS):
            reply = self._load(model, columns, records, repeatable)
            if reply.ids is not None and len(reply.ids) == len(records):
                return list(reply.ids)
            if not any(CONFLICT in message.message for message in reply.messages):
                raise _refused(reply, records)
            self._access.clock.sleep(0.5 * 2**attempt)
        raise TryLater("Somebody else writes the same records in Odoo.")

    def _load(
        self,
        model: str,
        columns: Sequence[str],
        records: Sequence[Sequence[Sequence[str]]],
        repeatable: bool,
    ) -> LoadReply:
        answer: Any = self._odoo.call(
            model,
            "load",
            write=not repeatable,
            context=QUIET,
            fields=list(columns),
            data=[list(row) for record in records for row in record],
        )
        try:
            return LoadReply.model_validate(answer)
        except ValidationError:
            raise InDoubt(
                "Odoo's answer to a load cannot be read. Whether the write happened is not known."
            ) from None


QUIET: Mapping[str, Any] = {"tracking_disable": True, "mail_create_nolog": True, "tz": "UTC"}
"""Without chatter messages and followers, as the totals were measured; times in UTC: a load reads them in the zone of
the context, else in that of the user's preferences (its source)."""


def _refused(reply: LoadReply, records: Sequence[Sequence[object]]) -> Refused:
    problems = tuple(
        FieldProblem(message.place, " ".join(message.message.split())[:300]) for message in reply.messages
    )
    if len(records) == 1:
        return Refused("Odoo refuses the record", fields=problems)
    index: int | None = None
    for message in reply.messages:
        if message.row is None:
            continue
        first = 0
        for i, record in enumerate(records):
            if first <= message.row < first + len(record):
                index = i
                break
            first += len(record)
        break
    return BatchRefused("Odoo refuses the batch; nothing of it was stored", index=index, fields=problems)
