"""The stand-in for SAP Business One: one company behind a Service Layer that answers v1 and v2."""

from .server import Sandbox as Sandbox

__all__ = ["Sandbox"]
