"""For plugin authors: new, quality. What they need is an extra of its own, imported when it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordersync.cli import grade, scaffold

if TYPE_CHECKING:
    import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
    scaffold.register(app)
    grade.register(app)
