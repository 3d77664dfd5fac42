"""The first version of a sandbox, written out from a vendor's OpenAPI document: for when the document cannot be shipped.

    python -m ordersync.testing.kit.skeleton acme.openapi.yml --platform acme --only 'GET /v2/orders*' > sandbox.py

Every operation becomes an endpoint that answers what the document shows. From there on it is the author's: answer from
`self.orders` and `self.pages`, one endpoint after the other. `ordersync[authors]` brings what this needs.
"""

from __future__ import annotations

import argparse
import json
import keyword
import pprint
import re
import sys
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from textwrap import indent
from typing import Any

from ordersync.testing.kit.openapi import answer_of
from ordersync.testing.kit.rest import RestSandbox
from ordersync.testing.openapi import Described, OpenApi

__all__ = ["skeleton"]

_OWN = frozenset({"self", "call", "parts", "journal", *dir(RestSandbox)})
"""Names that an endpoint must not take."""
_HEAD = '''"""A local stand-in for {platform}, begun from its OpenAPI document."""

from __future__ import annotations

{decimal}from typing import Any, ClassVar

from ordersync.testing.kit import Call, RestSandbox, route

__all__ = ["Sandbox"]


class Sandbox(RestSandbox):
    """What the document shows, until it is written."""

    platform: ClassVar[str] = "{platform}"

    def settings(self, base_url: str) -> dict[str, Any]:
        """A connection's section of the settings file."""
        return {{"url": base_url}}
'''


def skeleton(api: OpenApi, platform: str, *, only: Iterable[str] = ("*",)) -> str:
    """A module with the class `Sandbox`. `only` are patterns of operations, `GET /v2/orders*`.

    Raises ValueError if no operation matches, or if the platform's name is no entry name.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]*", platform):
        raise ValueError("a platform is named in small letters, digits and dashes")
    chosen = [one for one in api.operations() if any(fnmatchcase(one.name, pattern) for pattern in only)]
    if not chosen:
        raise ValueError("the document has no such operation; patterns look like 'GET /v2/orders*'")
    taken: set[str] = set()
    body = "".join(_endpoint(one, taken) for one in chosen)
    decimal = "from decimal import Decimal\n" if "Decimal(" in body else ""
    return _HEAD.format(platform=platform, decimal=decimal) + body


def _endpoint(operation: Described, taken: set[str]) -> str:
    method, _, path = operation.name.partition(" ")
    words = [_identifier(word) for word in re.findall(r"\{([^}]*)\}", path)]
    for word in words:
        path = re.sub(r"\{[^}]*\}", f"<{word}>", path, count=1)
    name = _identifier(operation.content.get("operationId") or operation.name)
    while name in taken:
        name += "_too"
    taken.add(name)
    answer = answer_of(operation)
    status = f", status={answer.status}" if answer.status not in (None, 200, 204) else ""
    parameters = "".join(f", {word}: str" for word in words)
    said = " ".join(str(operation.content.get("summary") or operation.name).split()).replace('"', "'")
    shown = indent(f"return {_literal(answer.body)}", " " * 8)
    return (
        f"\n    @route({json.dumps(method)}, {json.dumps(path)}{status})\n"
        f"    def {name}(self, call: Call{parameters}) -> Any:\n"
        f'        """{said.replace(chr(92), "/").rstrip(".")}."""\n{shown}\n'
    )


def _literal(value: Any) -> str:
    return pprint.pformat(value, width=100, sort_dicts=False)


def _identifier(text: str) -> str:
    """`getOrder-Lines` → `get_order_lines`; never one of Python's own words, nor of the sandbox's."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    made = re.sub(r"\W+", "_", apart, flags=re.ASCII).strip("_").lower() or "operation"
    made = f"o_{made}" if made[0].isdigit() else made
    return f"{made}_" if keyword.iskeyword(made) or made in _OWN else made


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m ordersync.testing.kit.skeleton", description=__doc__)
    parser.add_argument("document", type=Path, nargs="+")
    parser.add_argument("--platform", required=True)
    parser.add_argument("--only", action="append", metavar="PATTERN")
    given = parser.parse_args(arguments)
    sys.stdout.write(skeleton(OpenApi(*given.document), given.platform, only=given.only or ("*",)))


if __name__ == "__main__":
    main()
