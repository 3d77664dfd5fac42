"""A recording as a file: one readable JSON document with a published schema, `recording.schema.json` beside this module."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import msgspec

from ordersync.errors import BadInput, FieldProblem
from ordersync.testing.recording.bodies import Body
from ordersync.web import dump, read

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

__all__ = ["FORMAT", "Answer", "Asked", "Exchange", "Recording", "Replaced", "recording_schema"]

FORMAT = "ordersync-recording/1"
Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Asked:
    """A request."""

    method: str
    path: str
    """With the base path, without host and query; percent-encoded."""
    query: Sequence[tuple[str, str]] = ()
    """Decoded, as it stood."""
    headers: Headers = ()
    """Names in lower case, sorted."""
    body: Body = field(default_factory=dict)
    scrubbed: Sequence[str] = ()
    """Where values were replaced: `query:email`, `body:/customer/email`, `path`. A replay cannot compare these exactly."""


@dataclass(frozen=True)
class Answer:
    """What came back: an answer, or `error`, the name of the httpx error that came instead."""

    status: int = 0
    headers: Headers = ()
    body: Body = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True)
class Exchange:
    """One request and what came back."""

    asked: Asked
    answer: Answer


@dataclass(frozen=True)
class Replaced:
    """How many values of a kind were replaced at a place; positions in lists are `*`."""

    kind: str
    place: str
    count: int


@dataclass(frozen=True)
class Recording:
    """Scrubbed exchanges with one account, in the order in which they were asked."""

    platform: str
    exchanges: Sequence[Exchange] = ()
    api_version: str = ""
    connector: str = ""
    """Distribution and version, `ordersync-woocommerce 0.1.0`."""
    core: str = ""
    recorded: str = ""
    """When it began, ISO 8601, UTC."""
    origins: Sequence[str] = ()
    """Stand-ins of the hosts that were asked, the first one first."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The connection's settings, scrubbed: they build a connector for the replay."""
    replaced: Sequence[Replaced] = ()

    def text(self) -> bytes:
        """The file: UTF-8 JSON, indented, numbers with all their digits."""
        return msgspec.json.format(dump(self._document()), indent=1) + b"\n"

    def save(self, path: str | Path) -> Path:
        """Write the file, whole or not at all. Raises OSError if it cannot be written."""
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f"{file.name}.part")
        part.write_bytes(self.text())
        return part.replace(file)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a file. Raises BadInput, naming the place, if it is not a recording; OSError if it cannot be read."""
        return cls.parse(Path(path).read_bytes(), name=Path(path).name)

    @classmethod
    def parse(cls, text: bytes, *, name: str = "recording") -> Self:
        """The recording in a file's text. Raises BadInput."""
        try:
            document = read(text)
        except BadInput as error:
            raise BadInput(f"{name} is not a recording.", problems=error.problems) from None
        problems = _problems(document)
        if problems:
            raise BadInput(
                f"{name} is not a recording.",
                problems=problems,
                remedy="Record it again, or mend the places by hand.",
            )
        return cls(
            platform=document["platform"],
            api_version=document["api_version"],
            connector=document["connector"],
            core=document["core"],
            recorded=document["recorded"],
            origins=tuple(document["origins"]),
            settings=document["settings"],
            replaced=tuple(Replaced(**one) for one in document["replaced"]),
            exchanges=tuple(_exchange(one) for one in document["exchanges"]),
        )

    def report(self) -> list[tuple[str, str, int]]:
        """What was replaced: (kind, place, how often), by kind and place; never the values."""
        return [(one.kind, one.place, one.count) for one in self.replaced]

    def with_exchanges(self, exchanges: Sequence[Exchange]) -> Self:
        """The same recording with other exchanges: cut to what a test needs."""
        return replace(self, exchanges=tuple(exchanges))

    def _document(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "platform": self.platform,
            "api_version": self.api_version,
            "connector": self.connector,
            "core": self.core,
            "recorded": self.recorded,
            "origins": list(self.origins),
            "settings": dict(self.settings),
            "replaced": [{"kind": r.kind, "place": r.place, "count": r.count} for r in self.replaced],
            "exchanges": [
                {"request": _request_json(one.asked), "response": _answer_json(one.answer)}
                for one in self.exchanges
            ],
        }


def recording_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a recording."""
    file = resources.files("ordersync.testing.recording") / "recording.schema.json"
    schema: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return schema


@cache
def _validator() -> Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(recording_schema())


def _problems(document: Any) -> tuple[FieldProblem, ...]:
    found = []
    for error in _validator().iter_errors(document):
        place = "".join(f"/{step}" for step in error.absolute_path)
        asked: Any = error.schema if isinstance(error.schema, dict) else {}
        given: Any = error.instance
        said = f"expected {asked.get('description', error.validator)}"
        if error.validator == "required":
            missing = sorted(set(asked.get("required", ())) - set(given))
            said = f"is missing: {', '.join(missing)}"
        if error.validator == "additionalProperties":
            said = f"has unknown names; known: {', '.join(asked['properties'])}"
        found.append(FieldProblem(place, said))
    return tuple(sorted(set(found), key=lambda one: (one.place, one.problem)))


def _pairs(pairs: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in pairs)


def _request_json(asked: Asked) -> dict[str, Any]:
    return {
        "method": asked.method,
        "path": asked.path,
        "query": [list(pair) for pair in asked.query],
        "headers": [list(pair) for pair in asked.headers],
        "body": dict(asked.body),
        "scrubbed": list(asked.scrubbed),
    }


def _answer_json(answer: Answer) -> dict[str, Any]:
    if answer.error:
        return {"error": answer.error}
    return {
        "status": answer.status,
        "headers": [list(pair) for pair in answer.headers],
        "body": dict(answer.body),
    }


def _exchange(one: Mapping[str, Any]) -> Exchange:
    asked, answer = one["request"], one["response"]
    return Exchange(
        Asked(
            method=asked["method"],
            path=asked["path"],
            query=_pairs(asked["query"]),
            headers=_pairs(asked["headers"]),
            body=asked["body"],
            scrubbed=tuple(asked["scrubbed"]),
        ),
        Answer(error=answer["error"])
        if "error" in answer
        else Answer(answer["status"], _pairs(answer["headers"]), answer["body"]),
    )
