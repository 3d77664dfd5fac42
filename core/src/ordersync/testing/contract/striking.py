"""Letting blows fall upon the calls of hooks, and what the calls come to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from ordersync.errors import NotOffered, OrderSyncError, PluginBroken
from ordersync.testing.contract.asking import ASKINGS, READS, WRITES
from ordersync.testing.contract.blows import Blow
from ordersync.testing.contract.saying import broken
from ordersync.testing.contract.stand import Stand, error_of, value_of
from ordersync.testing.contract.wire import Strike

__all__ = ["ODD_BODIES", "Outcome", "naive", "outcome_of", "struck_reads", "struck_writes", "twins"]

ODD_BODIES = (b"[]", b"{}", b"null", b'"no"', b'{"errors": null, "error": 1, "message": [2]}')
"""JSON that no vendor answers with."""


@dataclass
class Outcome:
    """What a call came to: a value, or an error of ours; `crash` is what a connector let out besides."""

    value: Any = None
    error: OrderSyncError | None = None
    crash: str = ""
    seconds: float = 0.0
    """Of the clock."""

    @property
    def well(self) -> bool:
        """It gave an answer."""
        return self.error is None and not self.crash

    def __str__(self) -> str:
        if self.crash:
            return self.crash
        return (
            f"{type(self.error).__name__}: {self.error}"
            if self.error
            else f"an answer ({_short(self.value)})"
        )


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_short(one) for one in value[:4]) + (" …" if len(value) > 4 else "") or "nothing"
    return type(value).__name__


def outcome_of(stand: Stand, call: Callable[[], Any]) -> Outcome:
    """Make the call."""
    begun = stand.clock.now()
    try:
        answer = call()
        made = Outcome(value_of(answer), error_of(answer))
    except PluginBroken as error:
        cause = error.__cause__
        made = Outcome(crash=f"PluginBroken: {error.message}" + (f" ({cause})"[:200] if cause else ""))
    except OrderSyncError as error:
        made = Outcome(error=error)
    made.seconds = (stand.clock.now() - begun).total_seconds()
    return made


def struck_reads(
    stand: Stand, blow: Blow, *, times: int | None = 1, each: bool = False
) -> Iterator[tuple[str, Outcome, Outcome]]:
    """`(hook, undisturbed, struck)` for each reading hook that makes requests; `each`: once for each request of a call
    (four at most). Skips if no hook makes any."""
    return _struck(stand, blow, READS, times=times, each=each)


def struck_writes(
    stand: Stand, blow: Blow, *, times: int | None = 1, each: bool = False
) -> Iterator[tuple[str, Outcome, Outcome]]:
    """As `struck_reads`, for writing hooks; only requests that ask for a change are struck."""
    return _struck(stand, blow, WRITES, times=times, each=each)


def _struck(
    stand: Stand, blow: Blow, hooks: Sequence[str], *, times: int | None, each: bool
) -> Iterator[tuple[str, Outcome, Outcome]]:
    tried = 0
    for hook in hooks:
        if hook not in stand.connection.offers:
            continue
        try:
            calm, turns = _rehearsed(stand, hook)
            for turn in range(turns if each else 1):
                call = ASKINGS[hook].prepare(stand)
                strike = Strike(blow, "writes" if hook in WRITES else "all", first=turn, times=times)
                with stand.wire.striking(strike):
                    found = outcome_of(stand, call)
                if strike.struck:
                    tried += 1
                    yield hook, calm, found
        except (NotOffered, pytest.skip.Exception):
            continue
    if not tried:
        pytest.skip("no hook of this kind makes a request")


def _rehearsed(stand: Stand, hook: str) -> tuple[Outcome, int]:
    """One call that nothing disturbs, so that what is looked up once is known; and how many requests it made.

    A read is rehearsed anew when something was written since: it may answer another order more.
    """
    known = stand.rehearsals.get(hook)
    if known is None or (hook in READS and known[2] != _writes(stand)):
        call = ASKINGS[hook].prepare(stand)
        with stand.wire.watching() as alone:
            calm = outcome_of(stand, call)
        if not calm.well:
            broken(
                "contract_kept",
                expected=f"{hook} answers on an account that works",
                seen=str(calm),
                do=f"make {hook} work before its failures are looked at",
            )
        requests = sum(one.write or hook in READS for one in alone)
        known = stand.rehearsals[hook] = calm, min(4, max(1, requests)), _writes(stand)
    return known[0], known[1]


def _writes(stand: Stand) -> int:
    return sum(one.write for one in stand.wire.exchanges)


def naive(error: OrderSyncError | None) -> bool:
    """Whether an error names a moment that is not in UTC."""
    when = getattr(error, "when", None)
    return when is not None and when.utcoffset() != timedelta(0)


def twins(stand: Stand) -> list[str]:
    """Orders that stand twice under one key, in the sandbox."""
    if stand.sandbox is None:
        return []
    keys = [one.key for one in stand.sandbox.standing() if one.key]
    return [
        f"{keys.count(key)} orders stand under one key" for key in sorted(set(keys)) if keys.count(key) > 1
    ]
