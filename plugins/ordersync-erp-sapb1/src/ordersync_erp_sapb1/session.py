"""Sessions of the Service Layer: one for all threads, logged in when needed, and again when it has expired."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping

from ordersync import AccessDenied, OrderSyncError, UnexpectedReply
from ordersync.web import Access, Client
from ordersync_erp_sapb1.faults import verdicts
from ordersync_erp_sapb1.settings import SapB1Settings
from ordersync_erp_sapb1.wire import Session

__all__ = ["Sessions"]

_COOKIE = re.compile(r"\b(B1SESSION|ROUTEID)=([^;,\s]+)")


class Sessions:
    """The cookies `B1SESSION` (who) and `ROUTEID` (on which node), as `ordersync.web.Auth`.

    A login is dear and takes a licence: threads share one. A session ends after `SessionTimeout` idle minutes, and is
    then refused with 401 and code 301 ("Working with SAP Business One Service Layer", 3.1.1); nothing was done.
    """

    def __init__(self, settings: SapB1Settings, access: Access) -> None:
        self._settings = settings
        self._log = access.log
        self._client: Client = access.client(
            f"{settings.url.rstrip('/')}/b1s/{settings.version}", verdicts=verdicts
        )
        self._lock = threading.Lock()
        self._cookie = ""
        self.version = ""
        """What the last login said of the version, such as `1000110`."""

    def headers(self, method: str, url: str, body: bytes) -> Mapping[str, str]:  # noqa: ARG002 - Auth's signature
        """The session's cookies; logs in first if there is no session. Raises what the login raises."""
        with self._lock:
            if not self._cookie:
                self._cookie = self._login()
            return {"cookie": self._cookie}

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Log in again, unless another thread has done so already.

        The refused session is forgotten first: if the login's answer is lost, the next attempt logs in, and is not
        refused once more with credentials that are good.
        """
        with self._lock:
            if self._cookie == refused.get("cookie"):
                self._cookie = ""
                self._cookie = self._login()
            return True

    def _login(self) -> str:
        try:
            reply = self._client.post("Login", json=_credentials(self._settings), repeatable=True)
        except AccessDenied as denied:
            raise AccessDenied(
                f"The Service Layer refuses the login: {denied.message}",
                remedy="Check `company`, `user`, `password`, and that the user has a licence. The path is case-sensitive.",
                request_id=denied.request_id,
            ) from None
        session = Session.model_validate(reply.data if isinstance(reply.data, dict) else {})
        cookies = dict(_COOKIE.findall(reply.headers.get("set-cookie", "")))
        cookies.setdefault("B1SESSION", session.SessionId)
        if not cookies["B1SESSION"]:
            raise UnexpectedReply("The Service Layer gives no session.", request_id=reply.request_id)
        self.version = session.Version
        return "; ".join(f"{name}={value}" for name, value in cookies.items())

    def close(self) -> None:
        """Log out, so that the licence is free; a failure is told in the log."""
        with self._lock:
            if self._cookie:
                try:
                    self._client.post(
                        "Logout", headers={"cookie": self._cookie}, repeatable=False, expect_json=False
                    )
                except OrderSyncError as error:
                    self._log.info("could not log out: %s", error)
                self._cookie = ""
            self._client.close()

    def __repr__(self) -> str:
        return f"Sessions({self._settings.company})"


def _credentials(settings: SapB1Settings) -> dict[str, str]:
    return {
        "CompanyDB": settings.company,
        "UserName": settings.user,
        "Password": settings.password.get_secret_value(),
    }
