"""Everything that can go wrong, in branches named by what the caller should do next.

OrderSyncError
├── TryLater                nothing was done; the same call may be made again, at `when` or after a pause
│   ├── RateLimited         the platform's own limit; `when` is what it asked for
│   └── Unreachable         no connection came about (DNS, refused, TLS, proxy): nothing was sent
├── InDoubt                 a write was sent and no answer is known: look for its key, never guess
├── Refused                 the platform refuses this order: `fields` says why, field by field
│   ├── NotFound            something the order refers to is not there (any more)
│   ├── Ambiguous           several where one was expected: a person must choose
│   └── BatchRefused        an atomic batch was refused as a whole: nothing was made
├── AccessDenied            credentials or scope: stop and ask a person
├── NotOffered              the connector does not do this
├── BadInput                what somebody handed in is wrong: the place, what was expected, what to do
│   └── BadSettings         the same, in the settings file
├── Halted                  the route stands still: a person must look first, and let it go on
├── PluginBroken            an installed plugin cannot be used, and why
├── LedgerTrouble           the ledger cannot be read or written; nothing is sent
└── UnexpectedReply         the reply is not what the vendor documents
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = [
    "AccessDenied",
    "Ambiguous",
    "BadInput",
    "BadSettings",
    "BatchRefused",
    "FieldProblem",
    "Halted",
    "InDoubt",
    "LedgerTrouble",
    "NotFound",
    "NotOffered",
    "OrderSyncError",
    "PluginBroken",
    "RateLimited",
    "Refused",
    "TryLater",
    "UnexpectedReply",
    "Unreachable",
]


@dataclass(frozen=True)
class FieldProblem:
    """One thing that a platform or a schema has against one value; never the value itself."""

    place: str
    """Where: the platform's field name, a JSON Pointer or a TOML path; `""` is the whole."""
    problem: str
    """What is wrong, in the platform's words or ours."""
    code: str = ""
    """The platform's code for it, if it gave one."""

    def __str__(self) -> str:
        code = f" [{self.code}]" if self.code else ""
        return f"{self.place}: {self.problem}{code}" if self.place else f"{self.problem}{code}"


class OrderSyncError(Exception):
    """The root. `message` is for people and holds no secret and no personal datum.

    `remedy` says what to do, `request_id` is the platform's own id of the request.
    """

    def __init__(self, message: str, *, remedy: str = "", request_id: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.request_id = request_id

    def __str__(self) -> str:
        parts = [self.message]
        if self.remedy:
            parts.append(self.remedy)
        if self.request_id:
            parts.append(f"(request {self.request_id})")
        return " ".join(parts)


class TryLater(OrderSyncError):
    """Nothing was done; the same call may be made again, at `when` (aware, UTC) if the platform said so."""

    def __init__(
        self, message: str, *, when: datetime | None = None, remedy: str = "", request_id: str = ""
    ) -> None:
        super().__init__(message, remedy=remedy, request_id=request_id)
        self.when = when


class RateLimited(TryLater):
    """The platform's limit was met; nothing was done."""


class Unreachable(TryLater):
    """No connection came about, so nothing was sent."""


class InDoubt(OrderSyncError):
    """A write was sent and whether it happened is not known."""


class Refused(OrderSyncError):
    """The platform understood and said no; the same request would be refused again."""

    def __init__(
        self,
        message: str,
        *,
        fields: tuple[FieldProblem, ...] = (),
        remedy: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(message, remedy=remedy, request_id=request_id)
        self.fields = fields

    def __str__(self) -> str:
        said = super().__str__()
        return f"{said}: {'; '.join(map(str, self.fields))}" if self.fields else said


class NotFound(Refused):
    """Something that the request names is not there."""


class Ambiguous(Refused):
    """Several candidates where exactly one was expected; `candidates` are the platform's ids."""

    def __init__(
        self,
        message: str,
        *,
        candidates: tuple[str, ...] = (),
        remedy: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(message, remedy=remedy, request_id=request_id)
        self.candidates = candidates


class BatchRefused(Refused):
    """An atomic batch was refused and nothing was made; `index` is the culprit where the platform names it."""

    def __init__(
        self,
        message: str,
        *,
        index: int | None = None,
        fields: tuple[FieldProblem, ...] = (),
        remedy: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(message, fields=fields, remedy=remedy, request_id=request_id)
        self.index = index


class AccessDenied(OrderSyncError):
    """Credentials or scope. `scopes` names what is missing, where the platform says so."""

    def __init__(
        self, message: str, *, scopes: tuple[str, ...] = (), remedy: str = "", request_id: str = ""
    ) -> None:
        super().__init__(message, remedy=remedy, request_id=request_id)
        self.scopes = scopes


class NotOffered(OrderSyncError):
    """The connector does not implement what was asked of it."""


class BadInput(OrderSyncError):
    """What somebody handed in is wrong; `problems` names each place."""

    def __init__(self, message: str, *, problems: tuple[FieldProblem, ...] = (), remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.problems = problems

    def __str__(self) -> str:
        lines = [super().__str__(), *(f"  {problem}" for problem in self.problems)]
        return "\n".join(lines)


class BadSettings(BadInput):
    """The settings file is wrong."""


class Halted(OrderSyncError):
    """The route stands still after many failures of one cause; nothing was done."""


class PluginBroken(OrderSyncError):
    """An installed plugin cannot be used; other plugins are unharmed."""


class LedgerTrouble(OrderSyncError):
    """The ledger cannot be opened, read or written; nothing is sent without it."""


class UnexpectedReply(OrderSyncError):
    """The reply is not what the vendor documents, to a request that changed nothing."""
