"""The base class of every record that is read from a file, and the types of paths in it."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Strict, ValidationInfo


class StrictModel(BaseModel):
    """The base class: frozen; unknown keys are errors, values are never coerced from text."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _beside(path: Path, info: ValidationInfo) -> Path:
    folder: Path = (info.context or {}).get("folder", Path())
    return folder / path


FilePath = Annotated[Path, Strict(False), AfterValidator(_beside)]
"""A path; a document's ``validate`` resolves relative ones in the folder of its file."""


def _file_beside(name: str, info: ValidationInfo) -> str:
    return str(_beside(Path(name), info)) if name.endswith((".yaml", ".yml")) else name


NameOrFile = Annotated[str, AfterValidator(_file_beside)]
"""The name of a built-in item, or the path of a YAML file, resolved like a ``FilePath``."""
