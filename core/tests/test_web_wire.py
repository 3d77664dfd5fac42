"""Real failures on a loopback socket: what the operating system and httpx make of them."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from ordersync.errors import BadSettings, InDoubt, TryLater, UnexpectedReply, Unreachable
from ordersync.web import Access, Client, VirtualClock

Behaviour = Callable[[socket.socket], None]
OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"id": 1}'


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


def heard(connection: socket.socket) -> bytes:
    """One request, headers and body; b"" if the other side hung up."""
    text = b""
    while b"\r\n\r\n" not in text:
        part = connection.recv(65536)
        if not part:
            return b""
        text += part
    head, _, body = text.partition(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answering(*parts: bytes, pause: float = 0.0) -> Behaviour:
    def behave(connection: socket.socket) -> None:
        while heard(connection):
            for part in parts:
                connection.sendall(part)
                time.sleep(pause)
            if not parts[0].startswith(b"HTTP/1.1 200 OK\r\nContent-Type"):
                return

    return behave


def closing(connection: socket.socket) -> None:
    heard(connection)


def resetting(connection: socket.socket) -> None:
    heard(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def speaking_plainly(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


class Server:
    """Behaves as told on each connection in turn, the last way for ever."""

    def __init__(self, *behaviours: Behaviour) -> None:
        self._behaviours = list(behaviours)
        self.connections = 0
        self.ending = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(0.02)
        self.port = int(self._listening.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}/api"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while not self.ending.is_set():
            try:
                connection, _ = self._listening.accept()
            except TimeoutError:
                continue
            self.connections += 1
            connection.settimeout(10)
            behaviour = self._behaviours.pop(0) if len(self._behaviours) > 1 else self._behaviours[0]
            thread = threading.Thread(target=self._serve, args=(behaviour, connection), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, behaviour: Behaviour, connection: socket.socket) -> None:
        with connection:
            try:
                behaviour(connection)
            except OSError:
                pass

    def hanging(self, connection: socket.socket) -> None:
        heard(connection)
        self.ending.wait(10)

    def trickling(self, connection: socket.socket) -> None:
        heard(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not self.ending.wait(0.02):
            connection.sendall(b"1")

    def close(self) -> None:
        self.ending.set()
        self._threads[0].join(10)
        self._listening.close()
        for thread in self._threads[1:]:
            thread.join(10)


@contextmanager
def served(*behaviours: Behaviour, timeout: float = 5.0) -> Iterator[tuple[Server, Client]]:
    server = Server(*behaviours)
    client = Access(clock=VirtualClock()).client(server.url, timeout=timeout, attempts=3)
    try:
        yield server, client
    finally:
        client.close()
        server.close()


FAULTS: dict[str, Behaviour] = {
    "closed without an answer": closing,
    "reset after the request": resetting,
    "closed inside the headers": answering(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "closed inside the body": answering(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"id": 1'),
    "closed inside a chunk": answering(
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{"id": 1'
    ),
    "closed before the last chunk": answering(
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{"id": 1}\r\n'
    ),
    "not HTTP": answering(b"220 mail.example ESMTP\r\n"),
    "not what it says it is": answering(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n" + b'{"id": 1}'
    ),
    "cut off, without a length": answering(b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"id": 1'),
    "a bad gateway": answering(b"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_lost_answer_leaves_a_write_in_doubt(fault: str) -> None:
    with served(FAULTS[fault]) as (server, client):
        with pytest.raises(InDoubt) as doubt:
            client.post("orders", json={"n": 1})
        assert server.connections == 1
        assert doubt.value.__context__ is None


@pytest.mark.parametrize("fault", FAULTS)
def test_a_read_is_repeated_after_a_lost_answer(fault: str) -> None:
    with served(FAULTS[fault], FAULTS[fault], answering(OK)) as (server, client):
        assert client.get("orders").data == {"id": 1}
        assert server.connections == 3
    with served(FAULTS[fault]) as (server, client):
        with pytest.raises(TryLater) as later:
            client.get("orders")
        assert server.connections == 3
        assert not isinstance(later.value, Unreachable)


def test_a_server_that_hangs() -> None:
    with served(closing, timeout=0.4) as (server, client):
        server._behaviours[:] = [server.hanging]
        with pytest.raises(InDoubt, match="ReadTimeout"):
            client.post("orders", json={})
        assert server.connections == 1
        server._behaviours[:] = [server.hanging, answering(OK)]
        assert client.get("orders").data == {"id": 1}


def test_a_body_that_trickles_for_ever() -> None:
    with served(closing, timeout=0.1) as (server, client):
        server._behaviours[:] = [server.trickling]
        started = time.monotonic()
        with pytest.raises(InDoubt, match="ReadTimeout"):
            client.post("orders", json={})
        assert time.monotonic() - started < 5


def test_a_body_that_is_slow_but_comes() -> None:
    slow = answering(OK[:-6], OK[-6:-3], OK[-3:], pause=0.05)
    with served(slow, timeout=2) as (_, client):
        assert client.post("orders", json={}).data == {"id": 1}


def test_a_refused_connection_sends_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    clock = VirtualClock()
    before = clock.now()
    with Access(clock=clock).client(f"http://127.0.0.1:{port}", attempts=3) as client:
        for method in ("GET", "POST"):
            with pytest.raises(Unreachable, match="ConnectError") as error:
                client.send(method, "orders")
            assert error.value.__context__ is None
    assert (clock.now() - before).total_seconds() == 3


def test_a_name_that_does_not_exist_sends_nothing() -> None:
    with (
        Access(clock=VirtualClock()).client("http://shop.invalid", attempts=1) as client,
        pytest.raises(Unreachable),
    ):
        client.post("orders")


def test_tls_that_does_not_come_about_sends_nothing() -> None:
    with served(speaking_plainly) as (server, _):
        address = f"https://127.0.0.1:{server.port}"
        with (
            Access(clock=VirtualClock()).client(address, attempts=1) as client,
            pytest.raises(Unreachable, match="ConnectError"),
        ):
            client.post("orders")


def test_a_kept_connection_that_the_server_has_closed_is_not_used_for_a_write() -> None:
    def once(connection: socket.socket) -> None:
        heard(connection)
        connection.sendall(OK)

    with served(once) as (server, client):
        for n in range(3):
            assert client.post("orders", json=n).data == {"id": 1}
            time.sleep(0.05)
        assert server.connections == 3


def test_a_redirect_is_not_followed_and_its_target_never_asked() -> None:
    with served(answering(OK)) as (other, _):
        there = f"http://127.0.0.1:{other.port}/api".encode()
        redirect = answering(b"HTTP/1.1 307 x\r\nLocation: " + there + b"\r\nContent-Length: 0\r\n\r\n")
        with served(redirect) as (server, client):
            with pytest.raises(UnexpectedReply):
                client.get("orders", headers={"authorization": "Bearer canary"})
            assert (server.connections, other.connections) == (1, 0)


def test_a_proxy_of_the_environment_is_used_on_the_real_network_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(answering(OK)) as (proxy, _):
        monkeypatch.delenv("NO_PROXY")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        with Access().client("http://shop.invalid") as client:
            assert client.get().data == {"id": 1}
        in_process = Access(transport=httpx.MockTransport(lambda request: httpx.Response(200, json="here")))
        assert in_process.client("http://shop.invalid").get().data == "here"
        assert proxy.connections == 1


def test_a_client_that_is_closed_while_it_waits() -> None:
    with served(closing) as (server, client):
        server._behaviours[:] = [server.hanging]
        errors: list[BaseException] = []

        def work() -> None:
            try:
                client.post("orders", json={})
            except (InDoubt, Unreachable) as error:
                errors.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        while not server.connections:
            time.sleep(0.01)
        time.sleep(0.05)
        client.close()
        server.ending.set()
        thread.join(10)
        assert [type(error) for error in errors] == [InDoubt]


def test_a_name_that_changes_its_mind_is_not_followed_to_a_private_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    answers = [["93.184.215.14"], ["127.0.0.1"]]

    def resolve(host: str, port: object, *rest: object, **options: object) -> list[tuple[object, ...]]:
        asked.append(host)
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in found]

    with served(answering(OK)) as (server, _):
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        access = Access(clock=VirtualClock(), allow_private_addresses=False)
        with (
            access.client(f"http://shop.example:{server.port}") as client,
            pytest.raises(BadSettings, match="private"),
        ):
            client.get("orders")
        assert (server.connections, asked) == (0, ["shop.example"] * 2)


def test_the_address_that_was_checked_is_the_one_that_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    from ordersync.web.addresses import PublicOnly

    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if request.url.host == "2606:2800:21f::1":
            raise httpx.ConnectError("no IPv6 here")
        return httpx.Response(200)

    def resolve(host: str, port: object, *rest: object, **options: object) -> list[tuple[object, ...]]:
        found = ["2606:2800:21f::1", "93.184.215.14"]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with httpx.Client(transport=PublicOnly(httpx.MockTransport(answer))) as http:
        assert http.post("https://shop.example:8443/orders", content=b"{}").status_code == 200
    assert [request.url.host for request in requests] == ["2606:2800:21f::1", "93.184.215.14"]
    assert str(requests[0].url) == "https://[2606:2800:21f::1]:8443/orders"
    assert {request.headers["host"] for request in requests} == {"shop.example:8443"}
    assert {request.extensions["sni_hostname"] for request in requests} == {"shop.example"}
