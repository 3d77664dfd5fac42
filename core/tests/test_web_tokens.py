"""Token stores: compare and swap, between threads and between processes; private; whole after a crash."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ordersync.errors import BadInput, BadSettings, TryLater
from ordersync.web import FileTokens, KeyringTokens, MemoryTokens, TokenStore
from ordersync.web.lock import held

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX rights")


@pytest.fixture
def keyring_in_memory() -> Iterator[None]:
    keyring = pytest.importorskip("keyring")
    from keyring.backend import KeyringBackend

    kept: dict[tuple[str, str], str] = {}

    class InMemory(KeyringBackend):
        priority = 1.0

        def get_password(self, service: str, username: str) -> str | None:
            return kept.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            kept[service, username] = password

    before = keyring.get_keyring()
    keyring.set_keyring(InMemory())  # type: ignore[no-untyped-call]  # keyring is not typed
    yield
    keyring.set_keyring(before)


STORES: dict[str, Callable[[Path], TokenStore]] = {
    "memory": lambda folder: MemoryTokens(),
    "file": lambda folder: FileTokens(folder / "deep" / "tokens.json"),
    "keyring": lambda folder: KeyringTokens(lock_path=folder / "deep" / "keyring.lock"),
}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path, keyring_in_memory: None) -> TokenStore:
    return STORES[request.param](tmp_path)


def test_compare_and_swap(store: TokenStore) -> None:
    assert store.get("shop/refresh") is None
    assert not store.swap("shop/refresh", "old", "new")
    assert store.swap("shop/refresh", None, "one ü \U0001f600")
    assert store.get("shop/refresh") == "one ü \U0001f600"
    assert not store.swap("shop/refresh", None, "two")
    assert store.swap("shop/refresh", "one ü \U0001f600", "two")
    assert store.swap("erp/refresh", None, "three")
    assert (store.get("shop/refresh"), store.get("erp/refresh")) == ("two", "three")
    assert "two" not in repr(store)


def count(store: TokenStore, times: int) -> None:
    done = 0
    while done < times:
        old = store.get("n")
        done += store.swap("n", old, str(int(old or 0) + 1))


def test_several_threads(store: TokenStore) -> None:
    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(count, store, 10) for _ in range(4)]:
            each.result()
    assert store.get("n") == "40"


COUNT = """
import sys
from ordersync.web import FileTokens
store, done = FileTokens(sys.argv[1]), 0
while done < 20:
    old = store.get("n")
    done += store.swap("n", old, str(int(old or 0) + 1))
"""


def test_several_processes(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    workers = [subprocess.Popen([sys.executable, "-c", COUNT, str(path)]) for _ in range(3)]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    assert FileTokens(path).get("n") == "60"
    assert sorted(child.name for child in tmp_path.iterdir()) == ["tokens.json", "tokens.json.lock"]


DIE = """
import os, sys
from pathlib import Path
from ordersync.web.lock import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read() if sys.argv[2] == "wait" else os._exit(9)
"""


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    lock = tmp_path / "x.lock"
    command = [sys.executable, "-c", DIE, str(lock), "die"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 9
    with held(lock, timeout=0):
        pass


def test_a_lock_that_another_process_holds(tmp_path: Path) -> None:
    lock = tmp_path / "x.lock"
    command = [sys.executable, "-c", DIE, str(lock), "wait"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(TryLater, match=r"x\.lock"), held(lock, timeout=0.02):
            pass
        assert other.stdin
        other.stdin.close()
        with held(lock, timeout=10):
            pass


def test_a_lock_excludes_threads(tmp_path: Path) -> None:
    inside, most = 0, 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        with held(tmp_path / "x.lock"):
            with guard:
                inside += 1
                most = max(most, inside)
            with guard:
                inside -= 1

    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(work) for _ in range(20)]:
            each.result()
    assert most == 1


@posix
def test_the_file_is_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        FileTokens(tmp_path / "own" / "tokens.json").swap("a", None, "b")
    finally:
        os.umask(before)
    modes = {
        path.name: path.stat().st_mode & 0o777
        for path in (tmp_path / "own", tmp_path / "own/tokens.json", tmp_path / "own/tokens.json.lock")
    }
    assert modes == {"own": 0o700, "tokens.json": 0o600, "tokens.json.lock": 0o600}


@posix
def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text('{"a": "canary"}')
    path.chmod(0o640)
    for work in (lambda: FileTokens(path).get("a"), lambda: FileTokens(path).swap("a", "canary", "new")):
        with pytest.raises(BadInput, match="640") as bad:
            work()
        assert "canary" not in str(bad.value)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}', '{"canary'])
def test_a_damaged_file_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tokens.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(BadInput, match="damaged") as bad:
        FileTokens(path).get("a")
    assert "canary" not in str(bad.value)
    assert bad.value.__context__ is None


def test_a_file_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FileTokens(tmp_path / "tokens.json")
    store.swap("a", None, "old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadInput, match="No space left"):
        store.swap("a", "old", "new")
    assert store.get("a") == "old"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(BadInput, match="cannot be used"):
        FileTokens(tmp_path / "x" / "tokens.json").get("a")


def test_without_the_keyring_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(BadSettings, match=r"ordersync\[keyring\]"):
        KeyringTokens()


def test_a_keyring_that_is_locked(
    tmp_path: Path, keyring_in_memory: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keyring
    from keyring.errors import KeyringLocked

    def locked(*names: str) -> Any:
        raise KeyringLocked("canary")

    monkeypatch.setattr(keyring, "get_password", locked)
    store = KeyringTokens(lock_path=tmp_path / "keyring.lock")
    with pytest.raises(BadInput, match="KeyringLocked") as bad:
        store.swap("a", None, "b")
    assert "canary" not in str(bad.value)
    assert bad.value.__context__ is None
