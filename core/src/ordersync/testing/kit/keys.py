"""Idempotency keys: a write that is sent again under its key is answered as the first time, and not done again.

    once = IdempotencyKeys("Idempotency-Key", hours=24)

It is a part like any other: declare it, and every POST, PUT and PATCH obeys it.
"""

from __future__ import annotations

import copy
import hashlib
from datetime import datetime, timedelta
from typing import Any

from werkzeug.wrappers import Request, Response

from ordersync.testing.kit.faults import Fault
from ordersync.testing.kit.parts import Part

__all__ = ["IdempotencyKeys"]


class IdempotencyKeys(Part):
    """What was answered, by key, for so many hours. Refusals are not kept: nothing was done."""

    def __init__(self, header: str = "Idempotency-Key", *, hours: float = 24.0) -> None:
        self.header, self.hours = header, hours
        self.repeated = 0
        """Writes that were answered from memory."""
        self._kept: dict[str, dict[str, Any]] = {}

    def before(self, request: Request) -> Response | None:
        """The first answer, if this write came before. Raises Fault 422 `key_reused` if it was another one."""
        kept = self._kept.get(self._key(request))
        if kept is None or kept["until"] <= self._now:
            return None
        if kept["asked"] != _asked(request):
            raise Fault(422, "key_reused", f"{self.header} was used for another request.")
        self.repeated += 1
        return Response(
            kept["body"].encode(), kept["status"], headers=[tuple(one) for one in kept["headers"]]
        )

    def after(self, request: Request, response: Response) -> None:
        """Remember an answer."""
        key = self._key(request)
        if key and response.status_code < 400:
            self._kept[key] = {
                "asked": _asked(request),
                "status": response.status_code,
                "headers": [list(one) for one in response.headers],
                "body": response.get_data(as_text=True),
                "until": self._now + timedelta(hours=self.hours),
            }

    @property
    def _now(self) -> datetime:
        return self.sandbox.clock.now()

    def _key(self, request: Request) -> str:
        return request.headers.get(self.header, "") if request.method in ("POST", "PUT", "PATCH") else ""

    def state(self) -> Any:
        return copy.deepcopy(self._kept)

    def restore(self, state: Any) -> None:
        self._kept = copy.deepcopy(state)


def _asked(request: Request) -> str:
    return hashlib.sha256(f"{request.method} {request.path} ".encode() + request.get_data()).hexdigest()
