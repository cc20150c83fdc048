"""The schemas that evidence is held against."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tests.drivers.harness import corpus


@pytest.fixture(scope="session")
def schema() -> Draft202012Validator:
    """The published schema of OCP TV's output, version 2.0."""
    found = [json.loads(p.read_text()) for p in (corpus() / "schemas" / "ocptv").glob("*.json")]
    registry: Registry[Any] = Registry().with_resources(
        (each["$id"], Resource.from_contents(each)) for each in found
    )
    root = next(each for each in found if each["title"] == "OutputArtifact")
    return Draft202012Validator(root, registry=registry)
