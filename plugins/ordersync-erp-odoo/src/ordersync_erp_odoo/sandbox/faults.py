"""What goes wrong inside, each with the class name that travels in the answer (measured)."""

from __future__ import annotations

__all__ = [
    "AccessDenied",
    "AccessFault",
    "AttributeFault",
    "DatabaseFault",
    "DateFault",
    "Fault",
    "KeyFault",
    "MissingFault",
    "TypeFault",
    "UserFault",
    "ValidationFault",
    "ValueFault",
]


class Fault(Exception):
    """A failure that the server reports: `name` is the class a client sees, `status` what JSON-2 answers with."""

    name = "builtins.Exception"
    status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class AccessDenied(Fault):
    """Bad password or key."""

    name = "odoo.exceptions.AccessDenied"
    status = 401


class AccessFault(Fault):
    """No right, a private method, a record rule."""

    name = "odoo.exceptions.AccessError"
    status = 403


class UserFault(Fault):
    """Wrong state, locked, refused by a business rule."""

    name = "odoo.exceptions.UserError"
    status = 422


class ValidationFault(Fault):
    """A constraint, or a missing required value."""

    name = "odoo.exceptions.ValidationError"
    status = 422


class MissingFault(Fault):
    """A record that does not exist."""

    name = "odoo.exceptions.MissingError"
    status = 404

    def __init__(self, model: str, record: int, uid: int) -> None:
        super().__init__(
            f"Record does not exist or has been deleted.\n(Record: {model}({record},), User: {uid})"
        )


class ValueFault(Fault):
    """An unknown field, a bad date, text where a number belongs."""

    name = "builtins.ValueError"


class TypeFault(Fault):
    """Wrong arguments of a method."""

    name = "builtins.TypeError"
    status = 422


class KeyFault(Fault):
    """An unknown service, or an unknown column of an import in 17."""

    name = "builtins.KeyError"


class AttributeFault(Fault):
    """An unknown method."""

    name = "builtins.AttributeError"
    status = 404


class DateFault(Fault):
    """A value of a condition that the database cannot read as a date (17)."""

    name = "psycopg2.errors.InvalidDatetimeFormat"


class DatabaseFault(Fault):
    """An unknown database."""

    name = "psycopg2.OperationalError"
