"""A local, stateful stand-in for Odoo 17.0 and 19.0 (sale, stock, account) over JSON-RPC and, in 19, JSON-2."""

from .server import Sandbox

__all__ = ["Sandbox"]
