"""Tables of the generated pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["table"]


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, each row on a line of its own; a bar within a cell is escaped, an empty cell becomes a dash."""
    lines = [list(columns), ["---"] * len(columns)]
    lines += [[cell.replace("|", "\\|") or "-" for cell in row] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
