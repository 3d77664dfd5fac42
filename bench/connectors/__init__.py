"""The bench's platform as ordersync knows it: a source, a target that takes batches, a target that takes single orders."""

from bench.connectors.connector import BatchTarget, SingleTarget, Source

__all__ = ["BatchTarget", "SingleTarget", "Source"]
