"""Bodies of requests and answers as a person can read them: JSON, a form, text; what cannot be read is removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl, urlencode

from ordersync.errors import BadInput
from ordersync.testing.recording.kinds import Kind
from ordersync.testing.recording.scrubber import Notes, Scrubber
from ordersync.web import dump, read

__all__ = ["Body", "body_of", "body_sent", "body_text", "scrubbed_body"]

Body = Mapping[str, Any]
"""One of `{"json": …}`, `{"form": [[name, value], …]}`, `{"text": …}`, `{"removed": bytes}`; empty if there is none."""


def body_of(raw: bytes, content_type: str) -> Body:
    """The body, decoded. `raw` is decompressed."""
    if not raw:
        return {}
    header = Message()
    header["content-type"] = content_type or "application/octet-stream"
    kind, charset = header.get_content_type(), str(header.get_param("charset") or "utf-8")
    try:
        text = raw.decode(charset).removeprefix("\ufeff")
    except (UnicodeDecodeError, LookupError):
        return {"removed": len(raw)}
    if kind.startswith("multipart/") or "\0" in text:
        return {"removed": len(raw)}
    if kind == "application/x-www-form-urlencoded":
        pairs = parse_qsl(text, keep_blank_values=True)
        if pairs:
            return {"form": [list(pair) for pair in pairs]}
    if "json" in kind or text.lstrip()[:1] in ("{", "["):
        try:
            return {"json": read(text)}
        except BadInput:
            pass
    return {"text": text}


def scrubbed_body(body: Body, scrubber: Scrubber, notes: Notes | None) -> Body:
    """The same without anything secret or personal."""
    if "json" in body:
        return {"json": scrubber.value(body["json"], (), notes)}
    if "form" in body:
        return {"form": [list(pair) for pair in scrubber.pairs(body["form"], (), notes)]}
    if "text" in body:
        return {"text": scrubber.text(body["text"], (), notes)}
    if "removed" in body and notes:
        notes.replaced(Kind.BINARY, ())
    return body


def body_sent(body: Body) -> bytes:
    """The bytes that a replay sends: UTF-8; an empty line of zeros where a body was removed."""
    if "json" in body:
        return dump(body["json"])
    if "form" in body:
        return urlencode([tuple(pair) for pair in body["form"]]).encode()
    if "text" in body:
        return str(body["text"]).encode()
    return b"\0" * int(body.get("removed", 0))


def body_text(headers: Sequence[Sequence[str]]) -> str:
    """The content type among headers."""
    return next((value for name, value in headers if name == "content-type"), "")
