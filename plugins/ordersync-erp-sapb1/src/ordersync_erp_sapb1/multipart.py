"""The bodies of `$batch`: change sets and single requests written, and the answers to them read. The same in v1 and v2,
but for statuses.

    --batch                                       --batchresponse_…
    Content-Type: multipart/mixed;boundary=set    Content-Type: multipart/mixed; boundary=changesetresponse_…
      --set                                         --changesetresponse_…
      Content-Type: application/http                Content-Type: application/http
      Content-ID: 1                                 Content-ID: 1

      POST /b1s/v2/Orders                           HTTP/1.1 201 Created

A change set that was refused is answered by one part without a change set around it. Single requests stand in the batch
itself, without a Content-ID; the first that fails is the last that is answered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email import policy
from email.message import Message
from email.parser import BytesParser
from typing import Any

from ordersync import BadInput
from ordersync.web import dump, read

__all__ = ["Operation", "Part", "answered", "answered_in_turn", "change_set", "singles"]

_HEADS = (b"Content-Type: application/http", b"Content-Transfer-Encoding: binary")
_STATUS = re.compile(rb"\s*HTTP/\d\.\d (\d{3})[^\r\n]*\r?\n")


@dataclass(frozen=True)
class Operation:
    """One request of a batch; `path` is relative to the Service Layer's root."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Part:
    """One answer. `content_id` is the operation's number from 1, None if the answer does not say."""

    status: int
    data: Any
    content_id: int | None = None


def change_set(root: str, operations: Sequence[Operation]) -> tuple[bytes, str]:
    """The body and its content type."""
    lines: list[bytes] = [b"--batch_os", b"Content-Type: multipart/mixed; boundary=set_os", b""]
    for number, each in enumerate(operations, start=1):
        lines += [b"--set_os", *_HEADS, b"Content-ID: %d" % number, b"", *_request(root, each)]
    lines += [b"--set_os--", b"--batch_os--", b""]
    return b"\r\n".join(lines), "multipart/mixed; boundary=batch_os"


def singles(root: str, operations: Sequence[Operation]) -> tuple[bytes, str]:
    """The body and its content type: each request by itself, none of them undone if another fails."""
    lines: list[bytes] = []
    for each in operations:
        lines += [b"--batch_os", *_HEADS, b"", *_request(root, each)]
    lines += [b"--batch_os--", b""]
    return b"\r\n".join(lines), "multipart/mixed; boundary=batch_os"


def _request(root: str, operation: Operation) -> list[bytes]:
    line = f"{operation.method} {root}{operation.path}".encode()
    if operation.body is None:
        return [line, b"", b""]
    return [line, b"Content-Type: application/json", b"", dump(dict(operation.body))]


def answered(body: bytes, content_type: str) -> list[Part]:
    """The parts of an answer, also those within change sets. What cannot be read is left out."""
    return [part for message in _parsed(body, content_type).walk() if (part := _part(message)) is not None]


def answered_in_turn(body: bytes, content_type: str, operations: int) -> list[Part] | None:
    """The answers to the first of so many single requests, in their order: to all, or to those up to one that failed.

    None if it is anything else, or not JSON, so that no answer is ever taken for that to another request.
    """
    whole = _parsed(body, content_type)
    messages = whole.get_payload() if whole.is_multipart() else []
    parts = [_part(each) if isinstance(each, Message) else None for each in messages]
    read_all = [part for part in parts if part is not None and (part.status >= 400 or part.data is not None)]
    failed = [part.status >= 400 for part in read_all]
    if not read_all or len(read_all) < len(parts) or len(parts) > operations or any(failed[:-1]):
        return None
    return read_all if len(parts) == operations or failed[-1] else None


def _parsed(body: bytes, content_type: str) -> Message:
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    return BytesParser(policy=policy.compat32).parsebytes(head + body)


def _part(message: Message) -> Part | None:
    if message.is_multipart():
        return None
    payload = message.get_payload(decode=True)
    found = _STATUS.match(payload) if isinstance(payload, bytes) else None
    if not found or not isinstance(payload, bytes):
        return None
    content_id = str(message.get("Content-ID", "")).strip("<> ")
    rest = payload[found.end() :].replace(b"\r\n", b"\n")
    headers, _, inner = (b"\n" + rest).partition(b"\n\n")
    inside = re.search(rb"(?im)^Content-ID:\s*<?(\d+)", headers)
    if inside and not content_id:
        content_id = inside[1].decode()
    try:
        data = read(inner.strip()) if inner.strip() else None
    except BadInput:
        data = None
    return Part(int(found[1]), data, int(content_id) if content_id.isdecimal() else None)
