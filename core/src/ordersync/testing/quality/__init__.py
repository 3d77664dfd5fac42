"""The quality scale: what a connector's card promises, and how each promise is checked."""

from ordersync.testing.quality.rules import RULES, Level, Proof, Rule

__all__ = ["RULES", "Level", "Proof", "Rule"]
