"""The settings file: read, checked (JSON Schema first, then pydantic), its secrets put in; and written for a start."""

from ordersync.settings.document import Document, read_document, toml_key, toml_value
from ordersync.settings.load import (
    ConnectionSettings,
    LedgerSettings,
    Settings,
    check_connection,
    check_extension,
    load_settings,
    settings_of,
)
from ordersync.settings.schema import settings_schema
from ordersync.settings.secrets import plain_secrets, references, secret_values
from ordersync.settings.template import SETTINGS_FILE, template

__all__ = [
    "SETTINGS_FILE",
    "ConnectionSettings",
    "Document",
    "LedgerSettings",
    "Settings",
    "check_connection",
    "check_extension",
    "load_settings",
    "plain_secrets",
    "read_document",
    "references",
    "secret_values",
    "settings_of",
    "settings_schema",
    "template",
    "toml_key",
    "toml_value",
]
