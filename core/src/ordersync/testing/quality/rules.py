"""The rules of the quality scale: one literal table. Each rule has a page of its own, and a name that never changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["RULES", "Level", "Proof", "Rule"]


class Level(StrEnum):
    """How far a connector has come; a level holds all rules of those before it."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"


class Proof(StrEnum):
    """Who says that a rule is kept."""

    SUITE = "suite"
    """Tests of the contract suite that carry the rule's name (`@rule("money_exact")`), run on the connector's sandbox."""
    PACKAGE = "package"
    """The installed package is looked at."""
    RUN = "run"
    """The real transfer runs against the connector's sandbox, with faults."""
    WORD = "word"
    """The card says where the evidence is; no machine can."""


@dataclass(frozen=True)
class Rule:
    """One rule of the scale."""

    name: str
    level: Level
    proof: Proof
    says: str
    """What holds when it is kept, in one sentence."""
    hooks: frozenset[str] = frozenset()
    """It concerns connectors that offer one of these; empty: all."""
    excusable: bool = True
    """Whether a card may exempt the connector, with a reason."""


_BRONZE, _SILVER, _GOLD = Level
_READS = frozenset({"list_orders"})
_WRITES = frozenset({"create_order", "create_orders"})


def _table(*rules: Rule) -> Mapping[str, Rule]:
    return {rule.name: rule for rule in rules}


RULES: Mapping[str, Rule] = _table(
    Rule("contract_kept", _BRONZE, Proof.SUITE, "Every hook can be called exactly as specified, and the core has nothing against the class.", excusable=False),
    Rule("settings_described", _BRONZE, Proof.SUITE, "Every setting has a description, and unknown ones are refused.", excusable=False),
    Rule("absent_is_none", _BRONZE, Proof.SUITE, "What is not there is answered with None, never with an error or the nearest hit.", excusable=False),
    Rule("errors_by_remedy", _BRONZE, Proof.SUITE, "Whatever goes wrong on the way or is refused there arrives as the error that says what to do."),
    Rule("pages_complete", _BRONZE, Proof.SUITE, "No order is missing or doubled at the edge of a page.", _READS),
    Rule("money_exact", _BRONZE, Proof.SUITE, "Amounts are Decimal from the wire to the model, and equal what the platform says.", excusable=False),
    Rule("times_aware", _BRONZE, Proof.SUITE, "Every time knows its zone.", excusable=False),
    Rule("key_found_again", _BRONZE, Proof.SUITE, "An order that was created is found by its key, after the index lag.", _WRITES),
    Rule("never_twice", _BRONZE, Proof.SUITE, "A create that is asked twice is as safe as the connector says.", _WRITES),
    Rule("secrets_hidden", _BRONZE, Proof.SUITE, "No secret and no personal datum shows in repr, logs, errors, tracebacks or the ledger."),
    Rule("sandbox_independent", _BRONZE, Proof.PACKAGE, "It brings a sandbox, which reads the vendor's documents on its own."),
    Rule("documented", _BRONZE, Proof.PACKAGE, "The README names every setting, what it does not do, and where each fact about the platform comes from.", excusable=False),
    Rule("typed", _BRONZE, Proof.PACKAGE, "The package is typed, says so, and carries its card.", excusable=False),
    Rule("core_declared", _BRONZE, Proof.PACKAGE, "Its metadata says for which versions of the core it was made.", excusable=False),
    Rule("nested_pages", _SILVER, Proof.SUITE, "An order with more lines than a page of lines holds comes whole.", _READS),
    Rule("unknown_fields_ignored", _SILVER, Proof.SUITE, "A field that the platform adds tomorrow breaks nothing."),
    Rule("lines_complete", _SILVER, Proof.SUITE, "Every line of a draft stands on the platform, and is named by its position.", _WRITES),
    Rule("totals_read_back", _SILVER, Proof.SUITE, "The totals that are answered are the platform's own.", _WRITES),
    Rule("customers_matched", _SILVER, Proof.SUITE, "A customer who is there is found, compared exactly, and made once.", frozenset({"find_customer"})),
    Rule("skus_exact", _SILVER, Proof.SUITE, "A SKU finds its own item or none, and several are an error.", frozenset({"resolve_sku"})),
    Rule("rate_budget", _SILVER, Proof.SUITE, "The platform's limit is kept ahead of time, and a wait that it asks for is waited."),
    Rule("thread_safe", _SILVER, Proof.SUITE, "Several threads may ask at once, up to what its facts say."),
    Rule("closes", _SILVER, Proof.SUITE, "close() lets go of everything, also twice."),
    Rule("webhooks_verified", _SILVER, Proof.SUITE, "A delivery counts only if its signature verifies over the raw bytes.", frozenset({"receive"})),
    Rule("documents_valid", _SILVER, Proof.WORD, "What it sends and what its sandbox answers is held against the vendor's own schema or recordings."),
    Rule("token_renewal", _SILVER, Proof.WORD, "A token that expires is renewed by one process at a time, and no call is lost by it."),
    Rule("batches", _GOLD, Proof.SUITE, "What the platform can take many at a time is offered many at a time, and answered one by one.", frozenset({"find_customers", "create_customers", "resolve_skus", "check_stocks", "create_orders", "find_orders", "get_orders", "update_orders"})),
    Rule("changes_once", _GOLD, Proof.SUITE, "A change of an order that is asked twice happens once.", frozenset({"update_order"})),
    Rule("trials_passed", _GOLD, Proof.RUN, "The real transfer keeps its promises under every quirk of the sandbox.", _READS | _WRITES),
    Rule("proved", _GOLD, Proof.RUN, "No single fault at any request or commit breaks a promise.", _WRITES),
    Rule("live_tested", _GOLD, Proof.WORD, "The contract suite ran against a real account or server.", excusable=False),
)  # fmt: skip
