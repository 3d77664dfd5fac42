"""The base of everything in the model: frozen, strict about names, silent about values in errors."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

__all__ = ["Extra", "Frozen"]

Extra = dict[str, Any]
"""What a source said and the model has no word for; kept as it came, by the source's own names."""


class Frozen(BaseModel):
    """Immutable; unknown names are refused; a validation error never shows the value (it may be personal)."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
