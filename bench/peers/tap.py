# The frameworks are installed in the peers' environment alone.
# mypy: ignore-errors
"""A tap of the bench's source, as the SDK's documentation teaches it, with the SDK's fast messages."""

from __future__ import annotations

from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.pagination import JSONPathPaginator

from bench.peers.loading import MOST
from bench.stopwatch import measured

_TEXT = th.StringType
_ADDRESS = th.ObjectType(
    *(
        th.Property(name, _TEXT)
        for name in "first_name last_name line1 city postcode country subdivision phone".split()
    )
)


class Orders(RESTStream):
    """The orders, by cursor."""

    name = "orders"
    path = "/orders"
    primary_keys = ("id",)
    replication_key = "updated_at"
    is_sorted = True
    records_jsonpath = "$.orders[*]"
    schema = th.PropertiesList(
        *(th.Property(name, _TEXT) for name in "id number status payment_status currency".split()),
        th.Property("placed_at", th.DateTimeType),
        th.Property("updated_at", th.DateTimeType),
        th.Property(
            "customer",
            th.ObjectType(
                *(th.Property(name, _TEXT) for name in "id email first_name last_name phone".split())
            ),
        ),
        th.Property("billing", _ADDRESS),
        th.Property("shipping", _ADDRESS),
        th.Property(
            "lines",
            th.ArrayType(
                th.ObjectType(
                    *(th.Property(name, _TEXT) for name in "id sku title unit_price net tax".split()),
                    th.Property("quantity", th.IntegerType),
                )
            ),
        ),
        th.Property(
            "freight", th.ObjectType(*(th.Property(name, _TEXT) for name in ("title", "net", "tax")))
        ),
        *(th.Property(name, _TEXT) for name in "tax_percent net tax total note".split()),
        th.Property("tags", th.ArrayType(_TEXT)),
    ).to_dict()

    @property
    def url_base(self):
        return self.config["api_url"]

    def get_new_paginator(self):
        return JSONPathPaginator("$.next")

    def get_url_params(self, context, next_page_token):  # noqa: ARG002 - the SDK calls it so
        return {"limit": MOST, "cursor": next_page_token or "0"}


class TapBench(Tap):
    name = "tap-bench"
    message_writer_class = MsgSpecWriter
    config_jsonschema = th.PropertiesList(th.Property("api_url", _TEXT, required=True)).to_dict()

    def discover_streams(self):
        return [Orders(self)]


if __name__ == "__main__":
    with measured():
        TapBench.cli(standalone_mode=False)
