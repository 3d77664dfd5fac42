"""WooCommerce's error bodies, and which of our errors each is. Seen on WooCommerce 11.0.1 unless said otherwise."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from ordersync import (
    AccessDenied,
    FieldProblem,
    NotFound,
    OrderSyncError,
    Refused,
    UnexpectedReply,
)
from ordersync.web import Reply, default_error
from ordersync_woocommerce.wire import ErrorBody

__all__ = ["error_body", "judged", "of_entry"]

_PERSONAL = re.compile(r"\S+@\S+")
_GONE = re.compile(r"^woocommerce_rest_(shop_order|order|product|shop_webhook|shop_coupon)?_?invalid_id$")
_LOGIN = (401, 403)
_REFUSED_500 = ("woocommerce_rest_cannot_create_order_refund",)
"""A refund that is too large is answered with 500, and nothing is done."""
_KEY = "Check the API key, its owner's role (shop manager) and its permissions under WooCommerce > Advanced."


def judged(reply: Reply, repeatable: bool) -> OrderSyncError | None:
    """The error that a reply is; None if it is a success. A `web` verdict.

    404 without a JSON body means that nobody answers for the API there; PUT of an unknown order is a 400.
    """
    if reply.status < 400:
        return default_error(reply, repeatable)
    body = error_body(reply.data)
    if body is None:
        if reply.status == 404:
            return UnexpectedReply(
                "There is no REST API at this address.",
                remedy='Check `url`; where WordPress has plain permalinks, set permalinks = "plain".',
            )
        return default_error(reply, repeatable)
    if reply.status in _LOGIN:
        return AccessDenied(said(body), remedy=_KEY, scopes=_missing(body))
    if body.code == "rest_no_route":
        return UnexpectedReply(
            "The site has no WooCommerce REST API v3 there.",
            remedy="Check `url`, and that WooCommerce is active.",
        )
    if reply.status == 500 and body.code in _REFUSED_500:
        return Refused(said(body), fields=_fields(body))
    if reply.status in (400, 404) and _GONE.match(body.code):
        return NotFound(said(body))
    return default_error(reply, repeatable, message=said(body), fields=_fields(body))


def error_body(data: Any) -> ErrorBody | None:
    """The vendor's error; None if the body is something else."""
    if not isinstance(data, Mapping) or "code" not in data:
        return None
    try:
        return ErrorBody.model_validate(data)
    except ValidationError:
        return None


def of_entry(body: ErrorBody) -> OrderSyncError:
    """The error of one entry of a batch: nothing was done for it, or it was refused."""
    if _GONE.match(body.code):
        return NotFound(said(body))
    if str(body.data.status) in map(str, _LOGIN):
        return AccessDenied(said(body), remedy=_KEY)
    return Refused(said(body), fields=_fields(body))


def said(body: ErrorBody) -> str:
    """The vendor's sentence with its code; what looks like an e-mail address is left out."""
    sentence = re.sub(r"<[^>]*>", "", body.message).strip()
    return f"{_PERSONAL.sub('…', sentence)[:300]} [{body.code}]"


def _missing(body: ErrorBody) -> tuple[str, ...]:
    return tuple(
        word for word in ("read", "write") if f"does not have {word} permissions" in body.message.lower()
    )


def _fields(body: ErrorBody) -> tuple[FieldProblem, ...]:
    params = body.data.params
    if isinstance(params, Mapping):
        return tuple(
            FieldProblem(str(name), _PERSONAL.sub("…", str(problem))[:300], body.code)
            for name, problem in params.items()
        )
    if isinstance(params, list):
        return tuple(FieldProblem(str(name), "is missing", body.code) for name in params)
    return ()
