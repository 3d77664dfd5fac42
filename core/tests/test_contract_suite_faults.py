"""Each planted defect is seen by the contract suite, and its author is told what to change."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from planted import FAULTS, Fault

HERE = Path(__file__).parent
FILE = """
from planted import FAULTS
from sample_platform import SampleSandbox
from ordersync.testing.contract import ConnectorContract
"""
CLASS = """

class Test{number}(ConnectorContract):
    connector = FAULTS[{name!r}].connector
    sandbox = SampleSandbox
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest says of all of them: each faulty connector and the test that should see its fault."""
    folder = tmp_path_factory.mktemp("planted")
    file = folder / "test_planted.py"
    classes = (CLASS.format(number=number, name=name) for number, name in enumerate(FAULTS))
    file.write_text(FILE + "".join(classes), "utf-8")
    nodes = [f"{file.name}::Test{number}::{fault.test}" for number, fault in enumerate(FAULTS.values())]
    options = ["-q", "--tb=short", "-p", "no:cacheprovider", "-p", "no:xdist", f"--rootdir={folder}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *nodes],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(("number", "fault"), list(enumerate(FAULTS.values())), ids=list(FAULTS))
def test_a_planted_fault_is_seen(said: str, number: int, fault: Fault) -> None:
    failures = re.findall(
        rf"^_+ Test{number}\.(\w+)[^\n]* _+\n(.*?)(?=^[_=]{{5}})", said, re.MULTILINE | re.DOTALL
    )
    assert {name for name, _ in failures} == {fault.test}
    texts = "".join(text for _, text in failures)
    assert fault.told in texts
    for part in ("rule ", "expected:", "seen:", "to do:", "page:     docs/quality/"):
        assert part in texts
