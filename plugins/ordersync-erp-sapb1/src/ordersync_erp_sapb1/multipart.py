"""The bodies of `$batch`: a change set written, and the answer to it read. The same in v1 and v2, but for statuses.

    --batch                                       --batchresponse_…
    Content-Type: multipart/mixed;boundary=set    Content-Type: multipart/mixed; boundary=changesetresponse_…
      --set                                         --changesetresponse_…
      Content-Type: application/http                Content-Type: application/http
      Content-ID: 1                                 Content-ID: 1

      POST /b1s/v2/Orders                           HTTP/1.1 201 Created

A change set that was refused is answered by one part without a change set around it.
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

__all__ = ["Operation", "Part", "answered", "change_set"]

_STATUS = re.compile(rb"\s*HTTP/\d\.\d (\d{3})[^\r\n]*\r?\n")


@dataclass(frozen=True)
class Operation:
    """One request of a change set; `path` is relative to the Service Layer's root."""

    method: str
    path: str
    body: Mapping[str, Any]


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
        lines += [
            b"--set_os",
            b"Content-Type: application/http",
            b"Content-Transfer-Encoding: binary",
            b"Content-ID: %d" % number,
            b"",
            f"{each.method} {root}{each.path}".encode(),
            b"Content-Type: application/json",
            b"",
            dump(dict(each.body)),
        ]
    lines += [b"--set_os--", b"--batch_os--", b""]
    return b"\r\n".join(lines), "multipart/mixed; boundary=batch_os"


def answered(body: bytes, content_type: str) -> list[Part]:
    """The parts of an answer, also those within change sets. What cannot be read is left out."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    whole = BytesParser(policy=policy.compat32).parsebytes(head + body)
    return [part for message in whole.walk() if (part := _part(message)) is not None]


def _part(message: Message) -> Part | None:
    if message.is_multipart():
        return None
    payload = message.get_payload(decode=True)
    found = _STATUS.match(payload) if isinstance(payload, bytes) else None
    if not found or not isinstance(payload, bytes):
        return None
    content_id = str(message.get("Content-ID", "")).strip("<> ")
    headers, _, inner = payload[found.end() :].replace(b"\r\n", b"\n").partition(b"\n\n")
    inside = re.search(rb"(?im)^Content-ID:\s*<?(\d+)", headers)
    if inside and not content_id:
        content_id = inside[1].decode()
    try:
        data = read(inner.strip()) if inner.strip() else None
    except BadInput:
        data = None
    return Part(int(found[1]), data, int(content_id) if content_id.isdecimal() else None)
