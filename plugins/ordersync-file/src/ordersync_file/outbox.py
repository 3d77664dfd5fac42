"""Where created orders and customers are kept: one file each, or one JSON Lines file. Safe for several processes.

Whoever writes holds a lock that the operating system gives up when the process dies. A document is written beside its
place and moved there whole; a line is appended whole, and one that a dying process left unfinished is removed first:
it was never acknowledged. A last line that is whole and only lacks its end (an editor's work) is kept.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from ordersync import AccessDenied, BadInput, OrderSyncError, TryLater, UnexpectedReply
from ordersync.web import read
from ordersync_file.wire import CustomerDocument, OrderDocument

__all__ = ["Customers", "Folder", "Lines", "Orders", "file_name"]

_SAFE = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(10))}
)
_LOCK = ".ordersync.lock"

_Model = TypeVar("_Model", bound=BaseModel)


def file_name(key: str) -> str:
    """A name for the document of `key` that every file system takes: the key itself, or a digest of it."""
    if _SAFE.fullmatch(key) and key not in _DEVICES:
        return f"{key}.json"
    digest = base64.b32encode(hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest())
    return f"x-{digest.decode('ascii').lower()[:26]}.json"


class Orders(Protocol):
    """The two ways of keeping orders."""

    def get(self, key: str) -> OrderDocument | None:
        """The order as it stands; None if there is none."""

    def put(self, document: OrderDocument) -> None:
        """Keep the order as it stands now. Call it under `lock`."""

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Alone among all processes on this machine."""


class Folder:
    """One file per order, named by its key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> OrderDocument | None:
        document = _load(self._folder / file_name(key), OrderDocument)
        return document if document and document.id == key else None

    def put(self, document: OrderDocument) -> None:
        _replace(self._folder / file_name(document.id), document)

    @contextmanager
    def lock(self) -> Iterator[None]:
        with _alone(self._folder):
            yield


class Lines:
    """One line per state of an order; the last one of a key is the order as it stands."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._guard = threading.Lock()
        self._places: dict[str, int] = {}
        self._seen = 0
        self._which: tuple[int, int] | None = None

    def get(self, key: str) -> OrderDocument | None:
        with self._guard, _trouble(self._file):
            try:
                stream = self._file.open("rb")
            except FileNotFoundError:
                return None
            with stream:
                self._catch_up(stream.fileno())
                if key not in self._places:
                    return None
                stream.seek(self._places[key])
                return _read(stream.readline(), self._file, OrderDocument)

    def put(self, document: OrderDocument) -> None:
        body = document.model_dump_json().encode("utf-8") + b"\n"
        with self._guard, _trouble(self._file):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a+b", buffering=0) as stream:
                whole = _complete(stream.fileno())
                stream.seek(whole)
                tail = stream.readall()
                if tail.strip() and _entry(tail) is not None:
                    whole += len(tail)
                    body = b"\n" + body
                stream.truncate(whole)
                try:
                    if stream.write(body) != len(body):
                        raise OSError("the line was not written whole")
                    os.fsync(stream.fileno())
                except OSError:
                    stream.truncate(whole)
                    raise

    @contextmanager
    def lock(self) -> Iterator[None]:
        with _alone(self._file.parent):
            yield

    def _catch_up(self, handle: int) -> None:
        """Read the lines that were added since; all of them if it is another file or a shorter one."""
        status = os.fstat(handle)
        which = (status.st_dev, status.st_ino)
        if which != self._which or status.st_size < self._seen:
            self._places, self._seen, self._which = {}, 0, which
        if status.st_size == self._seen:
            return
        with os.fdopen(os.dup(handle), "rb") as stream:
            stream.seek(self._seen)
            for line in stream:
                whole = line.endswith(b"\n")
                entry = _entry(line) if line.strip() else {}
                if entry is None and not whole:
                    return
                if entry is None:
                    raise _not_ours(self._file)
                if entry.get("format") == OrderDocument.model_fields["format"].default:
                    self._places[str(entry.get("id"))] = self._seen
                if not whole:
                    return
                self._seen += len(line)


class Customers:
    """One file per customer, named by its key, and under `by` who has which e-mail address or phone number."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> CustomerDocument | None:
        document = _load(self._folder / file_name(key), CustomerDocument)
        return document if document and document.id == key else None

    def having(self, kind: str, value: str) -> list[CustomerDocument]:
        """The customers that were created with this `id`, `email` or `phone`."""
        listed = _load(self._pointer(kind, value), _Keys)
        found = [self.get(key) for key in (listed.keys if listed else ())]
        return [document for document in found if document is not None]

    def put(self, document: CustomerDocument, known_by: dict[str, str]) -> None:
        """Keep a customer, to be found by each `kind: value` too. Call it under `lock`."""
        for kind, value in known_by.items():
            place = self._pointer(kind, value)
            listed = _load(place, _Keys)
            keys = listed.keys if listed else ()
            if document.id not in keys:
                _replace(place, _Keys(keys=(*keys, document.id)))
        _replace(self._folder / file_name(document.id), document)

    @contextmanager
    def lock(self) -> Iterator[None]:
        with _alone(self._folder):
            yield

    def _pointer(self, kind: str, value: str) -> Path:
        digest = hashlib.sha256(f"{kind}:{value}".encode("utf-8", "surrogatepass")).digest()
        return self._folder / "by" / f"{base64.b32encode(digest).decode('ascii').lower()[:26]}.json"


class _Keys(BaseModel):
    keys: tuple[str, ...]


def _load(file: Path, model: type[_Model]) -> _Model | None:
    with _trouble(file):
        try:
            body = file.read_bytes()
        except FileNotFoundError:
            return None
        return _read(body, file, model)


def _read(body: bytes, file: Path, model: type[_Model]) -> _Model:
    try:
        return model.model_validate(read(body))
    except (BadInput, ValidationError):
        raise _not_ours(file) from None


def _entry(line: bytes) -> dict[str, Any] | None:
    """A line's object; empty for other JSON, None for what is no JSON (an unfinished line)."""
    try:
        entry = read(line)
    except BadInput:
        return None
    return entry if isinstance(entry, dict) else {}


def _not_ours(file: Path) -> UnexpectedReply:
    return UnexpectedReply(
        f"{file.name} in the output is not as it was written.",
        remedy="Put the file right from a backup, or move it away.",
    )


def _replace(file: Path, document: BaseModel) -> None:
    """Write the document beside its place, then move it there whole."""
    body = document.model_dump_json(indent=2).encode("utf-8") + b"\n"
    with _trouble(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=file.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(body)
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).replace(file)
            _settle(file.parent)
        except OSError:
            with suppress(OSError):
                Path(name).unlink()
            raise


def _settle(folder: Path) -> None:
    """Have the folder itself on the disk, where the system can: else a power cut may forget the new name."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _complete(handle: int) -> int:
    """How many bytes of the file are complete lines."""
    end = os.lseek(handle, 0, os.SEEK_END)
    while end:
        start = max(end - 65536, 0)
        os.lseek(handle, start, os.SEEK_SET)
        block = os.read(handle, end - start)
        newline = block.rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


@contextmanager
def _trouble(file: Path) -> Iterator[None]:
    """What the file system refuses, by what can be done about it. Nothing was written then."""
    try:
        yield
    except PermissionError as error:
        raise AccessDenied(
            f"{file.name} cannot be read or written ({error.strerror}).",
            remedy="Give this user the right to read and write the output.",
        ) from None
    except OSError as error:
        raise _later(file, error) from None


def _later(file: Path, error: OSError) -> OrderSyncError:
    return TryLater(
        f"{file.name} cannot be read or written ({error.strerror or error}).",
        remedy="See whether the disk is full or the share is gone; nothing was written.",
    )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait for the folder's lock; the operating system frees it if its holder dies."""
    with _trouble(folder):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        with _trouble(folder):
            _take(handle)
        try:
            yield
        finally:
            _free(handle)
    finally:
        os.close(handle)


if sys.platform == "win32":
    import msvcrt

    def _take(handle: int) -> None:
        while True:
            os.lseek(handle, 0, os.SEEK_SET)
            try:
                msvcrt.locking(handle, msvcrt.LK_LOCK, 1)
            except OSError:
                continue
            return

    def _free(handle: int) -> None:
        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _take(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX)

    def _free(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)
