"""`$batch`: requests in a multipart body, one after another; those of a change set all or none (manual, 3.11).

    --batch                                        --batchresponse_1
    Content-Type: multipart/mixed; boundary=set    Content-Type: multipart/mixed; boundary=changesetresponse_1

The first failure ends the batch. A failed change set is answered by its error alone, without a change set around it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from email import policy
from email.message import Message
from email.parser import BytesParser
from http import HTTPStatus
from typing import Any

from werkzeug.wrappers import Response

from .faults import Fault

__all__ = ["answer_batch"]

_LINE = re.compile(rb"\s*(GET|POST|PATCH|PUT|DELETE) (\S+)(?: HTTP/\d\.\d)?\r?\n?")
Ask = Callable[[str, str, bytes], Response]
"""Method, path, body → what it is answered outside of a batch."""


def answer_batch(
    body: bytes,
    content_type: str,
    ask: Ask,
    keep: Callable[[], Any],
    restore: Callable[[Any], None],
    status: int,
) -> Response:
    """The whole answer. `keep` and `restore` are for change sets that fail."""
    whole = _parsed(body, content_type)
    if not whole.is_multipart():
        raise Fault(-1000, "Batch request is not complete.")
    boundary = "batchresponse_1"
    out: list[bytes] = []
    for part in whole.get_payload():
        assert isinstance(part, Message)
        if part.is_multipart():
            made, failed = _change_set(part, ask, keep, restore)
        else:
            response = _one(part, ask)
            made, failed = _written(response, None), response.status_code >= 400
        out += [f"--{boundary}\r\n".encode(), made]
        if failed:
            break
    out.append(f"--{boundary}--\r\n".encode())
    return Response(b"".join(out), status, content_type=f"multipart/mixed;boundary={boundary}")


def _parsed(body: bytes, content_type: str) -> Message:
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    return BytesParser(policy=policy.compat32).parsebytes(head + body)


def _change_set(
    part: Message, ask: Ask, keep: Callable[[], Any], restore: Callable[[Any], None]
) -> tuple[bytes, bool]:
    before = keep()
    boundary = "changesetresponse_1"
    out = [f"Content-Type: multipart/mixed;boundary={boundary}\r\n\r\n".encode()]
    for inner in part.get_payload():
        assert isinstance(inner, Message)
        response = _one(inner, ask, writes=True)
        if response.status_code >= 400:
            restore(before)
            return _written(response, None), True
        out += [f"--{boundary}\r\n".encode(), _written(response, str(inner.get("Content-ID", "")))]
    out.append(f"--{boundary}--\r\n".encode())
    return b"".join(out), False


def _one(part: Message, ask: Ask, *, writes: bool = False) -> Response:
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    found = _LINE.match(payload)
    if not found or (writes and found[1] == b"GET"):
        raise Fault(-1000, "Batch request is not complete.")
    rest = payload[found.end() :].replace(b"\r\n", b"\n")
    _, _, body = (b"\n" + rest).partition(b"\n\n")
    return ask(found[1].decode(), found[2].decode(), body.strip())


def _written(response: Response, content_id: str | None) -> bytes:
    phrase = HTTPStatus(response.status_code).phrase
    head = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
    if content_id:
        head += f"Content-ID: {content_id}\r\n"
    inner = f"HTTP/1.1 {response.status_code} {phrase}\r\nContent-Type: application/json\r\n\r\n"
    return (head + "\r\n" + inner).encode() + response.get_data() + b"\r\n"
