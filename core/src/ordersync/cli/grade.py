"""The command `quality`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:  # noqa: ARG001 - it is being written
    """Add the command."""
