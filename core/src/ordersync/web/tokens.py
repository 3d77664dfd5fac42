"""Where tokens that rotate live: compare-and-swap, so that two refreshers cannot undo each other."""

from __future__ import annotations

import os
import stat
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Protocol, TypeVar

from ordersync.errors import BadInput, BadSettings
from ordersync.web.lock import held
from ordersync.web.read import dump, read

__all__ = ["FileTokens", "KeyringTokens", "MemoryTokens", "TokenStore"]

T = TypeVar("T")


class TokenStore(Protocol):
    """Tokens by name (`shop/refresh`). Values never appear in a `repr`, an error or a log. Used by several threads."""

    def get(self, name: str) -> str | None:
        """The token, or None."""

    def swap(self, name: str, old: str | None, new: str) -> bool:
        """Store `new` if the token still is `old`; False (and nothing stored) if somebody was faster."""


class MemoryTokens:
    """Tokens of this process, gone with it."""

    def __init__(self) -> None:
        self._tokens: dict[str, str] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> str | None:
        """The token, or None."""
        with self._lock:
            return self._tokens.get(name)

    def swap(self, name: str, old: str | None, new: str) -> bool:
        """Store `new` if the token still is `old`; False (and nothing stored) if somebody was faster."""
        with self._lock:
            if self._tokens.get(name) != old:
                return False
            self._tokens[name] = new
            return True

    def __repr__(self) -> str:
        return f"MemoryTokens({len(self._tokens)})"


class FileTokens:
    """Tokens in one private file (mode 0600), shared by the processes of one machine.

    The file is replaced as a whole, so that a crash leaves the old or the new one. Every call raises BadInput if the
    file cannot be read or written, is damaged, or may be read by others; TryLater if another process holds its lock
    for 10 seconds.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path).resolve()
        self._lock_path = self._path.with_name(f"{self._path.name}.lock")

    def get(self, name: str) -> str | None:
        """The token, or None."""
        return self._locked(lambda: self._tokens().get(name))

    def swap(self, name: str, old: str | None, new: str) -> bool:
        """Store `new` if the token still is `old`; False (and nothing stored) if somebody was faster."""

        def swapped() -> bool:
            tokens = self._tokens()
            if tokens.get(name) != old:
                return False
            self._write(dump(tokens | {name: new}))
            return True

        return self._locked(swapped)

    def _locked(self, work: Callable[[], T]) -> T:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with held(self._lock_path):
                return work()
        except OSError as error:
            problem = error.strerror or type(error).__name__
        raise BadInput(f"The token file {self._path} cannot be used: {problem}.")

    def _tokens(self) -> dict[str, str]:
        if not self._path.exists():
            return {}
        with self._path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read()
        if os.name == "posix" and mode & 0o077:
            raise BadInput(
                f"The token file {self._path} may be read by others (mode {mode:o}).",
                remedy="Take their rights away (chmod 600), and consider its tokens known.",
            )
        tokens: object = None
        try:
            tokens = read(text)
        except BadInput:
            pass
        if not isinstance(tokens, dict) or not all(isinstance(token, str) for token in tokens.values()):
            raise BadInput(
                f"The token file {self._path} is damaged.",
                remedy="Remove it and authorise the connections again.",
            )
        return tokens

    def _write(self, text: bytes) -> None:
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        if os.name == "posix":
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def __repr__(self) -> str:
        return f"FileTokens({str(self._path)!r})"


class KeyringTokens:
    """Tokens in the keyring of the person who runs the process (needs the extra `keyring`).

    A keyring cannot compare and swap: a lock file beside the person's state does it for the processes of one machine.
    Raises BadSettings if the extra is not installed; every call raises BadInput if the keyring is locked or absent.
    """

    def __init__(self, service: str = "ordersync", *, lock_path: str | Path | None = None) -> None:
        self._service = service
        self._keyring = _keyring()
        self._lock_path = Path(lock_path) if lock_path else _state_folder() / "keyring.lock"

    def get(self, name: str) -> str | None:
        """The token, or None."""
        return self._asked(lambda: self._read(name))

    def swap(self, name: str, old: str | None, new: str) -> bool:
        """Store `new` if the token still is `old`; False (and nothing stored) if somebody was faster."""

        def swapped() -> bool:
            with held(self._lock_path):
                if self._read(name) != old:
                    return False
                self._keyring.set_password(self._service, name, new)
                return True

        return self._asked(swapped)

    def _read(self, name: str) -> str | None:
        token = self._keyring.get_password(self._service, name)
        return token if isinstance(token, str) else None

    def _asked(self, work: Callable[[], T]) -> T:
        try:
            self._lock_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return work()
        except (self._keyring.errors.KeyringError, OSError) as error:
            problem = type(error).__name__
        raise BadInput(
            f"The keyring cannot be used ({problem}).", remedy="Unlock it, or keep the tokens in a file."
        )

    def __repr__(self) -> str:
        return f"KeyringTokens({self._service!r})"


def _keyring() -> ModuleType:
    try:
        import keyring
        import keyring.errors
    except ModuleNotFoundError:
        pass
    else:
        return keyring
    raise BadSettings("The keyring package is not installed.", remedy="Install ordersync[keyring].")


def _state_folder() -> Path:
    from platformdirs import user_state_path

    return user_state_path("ordersync", appauthor=False)
