"""How a sandbox says no: a fault is raised anywhere, and the sandbox writes it in its vendor's shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["Fault"]


class Fault(Exception):
    """A refusal: status, a short code, a message, and what the vendor's shape needs besides.

    The kit itself raises these codes, which `RestSandbox.error_body` may translate: `bad_request` 400, `bad_json` 400,
    `unauthorized` 401, `forbidden` 403, `not_found` 404, `method_not_allowed` 405, `taken` 409, `invalid` 422,
    `too_many_requests` 429; a token endpoint's own are those of RFC 6749.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        """`more` is kept for the vendor's shape: `field="email"`."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self.more = more
