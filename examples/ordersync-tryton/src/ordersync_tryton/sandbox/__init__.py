"""Tryton's stand-in. It was read off a real server's answers on its own, and never imports `wire` or `mapping`."""

from ordersync_tryton.sandbox.server import Sandbox as Sandbox
