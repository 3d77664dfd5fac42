"""What an HTTP status means for the caller: one table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

__all__ = ["STATUS", "Verdict", "verdict"]


class Verdict(StrEnum):
    """What the caller learns from a status."""

    OK = "ok"
    """It was done."""
    RETRY = "retry"
    """Nothing was done; try again later."""
    LIMITED = "limited"
    """Nothing was done; the platform names its limit."""
    DOUBT = "doubt"
    """Unknown whether it was done: a read is repeated, a write is in doubt."""
    DENIED = "denied"
    """Credentials or rights; nothing was done."""
    MISSING = "missing"
    """What the request names is not there."""
    REFUSED = "refused"
    """Understood, and no; the same request would be refused again."""
    BROKEN = "broken"
    """Not what the vendor documents; nothing was done."""


STATUS: Mapping[int, Verdict] = {
    200: Verdict.OK,
    201: Verdict.OK,
    202: Verdict.OK,
    203: Verdict.OK,
    204: Verdict.OK,
    207: Verdict.OK,
    302: Verdict.DOUBT,
    303: Verdict.DOUBT,
    400: Verdict.REFUSED,
    401: Verdict.DENIED,
    402: Verdict.DENIED,
    403: Verdict.DENIED,
    404: Verdict.MISSING,
    405: Verdict.BROKEN,
    406: Verdict.BROKEN,
    407: Verdict.DENIED,
    408: Verdict.DOUBT,
    409: Verdict.REFUSED,
    410: Verdict.MISSING,
    412: Verdict.REFUSED,
    413: Verdict.REFUSED,
    414: Verdict.BROKEN,
    415: Verdict.BROKEN,
    421: Verdict.RETRY,
    422: Verdict.REFUSED,
    423: Verdict.RETRY,
    425: Verdict.RETRY,
    426: Verdict.BROKEN,
    429: Verdict.LIMITED,
    430: Verdict.DENIED,
    431: Verdict.BROKEN,
    500: Verdict.DOUBT,
    501: Verdict.BROKEN,
    502: Verdict.DOUBT,
    503: Verdict.DOUBT,
    504: Verdict.DOUBT,
    505: Verdict.BROKEN,
    507: Verdict.REFUSED,
    509: Verdict.LIMITED,
    520: Verdict.DOUBT,
    521: Verdict.DOUBT,
    522: Verdict.DOUBT,
    523: Verdict.DOUBT,
    524: Verdict.DOUBT,
}


def verdict(status: int) -> Verdict:
    """The verdict on `status`; what the table lacks goes by its hundred, and what no hundred covers is in doubt."""
    if status in STATUS:
        return STATUS[status]
    return {1: Verdict.BROKEN, 2: Verdict.OK, 3: Verdict.BROKEN, 4: Verdict.REFUSED}.get(
        status // 100, Verdict.DOUBT
    )
