"""For plugin authors: the sandbox kit, seeded data, and the reference platform."""

from ordersync.testing.sandbox import Sandbox, Served, StandingOrder, serve

__all__ = ["Sandbox", "Served", "StandingOrder", "serve"]
