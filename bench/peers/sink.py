# The frameworks are installed in the peers' environment alone.
# mypy: ignore-errors
"""A target with a batch sink for the bench's target, as the SDK's documentation teaches it, with the SDK's fast messages."""

from __future__ import annotations

import httpx
from singer_sdk import BatchSink, Target
from singer_sdk import typing as th
from singer_sdk.contrib.msgspec import MsgSpecReader

from bench.peers.loading import MOST, Loader
from bench.stopwatch import measured


class OrderSink(BatchSink):
    max_size = MOST

    def __init__(self, **given):
        super().__init__(**given)
        self._loader = Loader(
            httpx.Client(), self.config["api_url"], batches=self.config["batches"], read_back=False
        )

    def process_batch(self, context):
        self._loader.load(context["records"])


class TargetBench(Target):
    name = "target-bench"
    message_reader_class = MsgSpecReader
    default_sink_class = OrderSink
    config_jsonschema = th.PropertiesList(
        th.Property("api_url", th.StringType, required=True),
        th.Property("batches", th.BooleanType, required=True),
    ).to_dict()


if __name__ == "__main__":
    with measured():
        TargetBench.cli(standalone_mode=False)
