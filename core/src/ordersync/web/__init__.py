"""HTTP done well once, for every connector."""

from ordersync.web.access import Access
from ordersync.web.client import Auth, Client
from ordersync.web.clock import Clock, SystemClock, VirtualClock
from ordersync.web.memory import Memory
from ordersync.web.oauth import Grant, Refreshing, token_endpoint
from ordersync.web.paging import (
    cursor_pages,
    link_header_pages,
    next_field_pages,
    next_link,
    numbered_pages,
    offset_pages,
)
from ordersync.web.patience import Bucket, patiently, retry_after
from ordersync.web.read import dump, read
from ordersync.web.reply import Reply, Verdicts, default_error
from ordersync.web.signing import Basic, SignedRequests
from ordersync.web.tokens import FileTokens, KeyringTokens, MemoryTokens, TokenStore
from ordersync.web.verdict import Verdict, verdict

__all__ = [
    "Access",
    "Auth",
    "Basic",
    "Bucket",
    "Client",
    "Clock",
    "FileTokens",
    "Grant",
    "KeyringTokens",
    "Memory",
    "MemoryTokens",
    "Refreshing",
    "Reply",
    "SignedRequests",
    "SystemClock",
    "TokenStore",
    "Verdict",
    "Verdicts",
    "VirtualClock",
    "cursor_pages",
    "default_error",
    "dump",
    "link_header_pages",
    "next_field_pages",
    "next_link",
    "numbered_pages",
    "offset_pages",
    "patiently",
    "read",
    "retry_after",
    "token_endpoint",
    "verdict",
]
