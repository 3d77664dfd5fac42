"""How the stand-in says no: `nsError` bodies with the statuses and codes that are documented or reported."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from ordersync.web import dump

__all__ = ["Fault", "bad_content", "bad_query", "missing", "user_error"]

_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    429: "Too Many Requests",
    500: "Internal Server Error",
}
_SECTIONS = {401: "15.5.2", 403: "15.5.4", 404: "15.5.5", 405: "15.5.6", 500: "15.6.1"}
ERROR_TYPE = "application/vnd.oracle.resource+json; type=error; charset=UTF-8"


class Fault(Exception):
    """An answer that is an error; `where` are further members of its detail (`o:errorPath` …)."""

    def __init__(self, status: int, code: str, detail: str, **where: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.where = status, code, detail, where

    def response(self) -> Response:
        """As NetSuite writes it."""
        detail: dict[str, Any] = {"detail": self.detail}
        detail.update({f"o:error{name}": value for name, value in self.where.items()})
        detail["o:errorCode"] = self.code
        section = _SECTIONS.get(self.status, "15.5.1")
        body = {
            "type": f"https://www.rfc-editor.org/rfc/rfc9110.html#section-{section}",
            "title": _TITLES.get(self.status, "Error"),
            "status": self.status,
            "o:errorDetails": [detail],
        }
        return Response(dump(body), self.status, content_type=ERROR_TYPE)


def bad_content(detail: str, path: str = "") -> Fault:
    """Something in a body is not known, or of the wrong kind."""
    return Fault(400, "INVALID_CONTENT", detail, **({"Path": path} if path else {}))


def user_error(detail: str, path: str = "") -> Fault:
    """The record would not be saved in the interface either."""
    return Fault(400, "USER_ERROR", detail, **({"Path": path} if path else {}))


def missing(detail: str = "The record instance does not exist. Provide a valid record instance ID.") -> Fault:
    """The record is not there."""
    return Fault(404, "NONEXISTENT_ID", detail, Path="id")


def bad_query(said: str) -> Fault:
    """SuiteQL does not understand, or the role may not read."""
    text = f"Invalid search query. Detailed unprocessed description follows. {said}"
    return Fault(400, "INVALID_PARAMETER", text, QueryParam="q")
