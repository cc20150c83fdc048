"""Model of a site file: its top-level keys."""

from typing import Annotated

from pydantic import Field

from agent.config.mqtt import Mqtt
from agent.config.restart import Restart
from agent.config.spec import (
    CredentialsSpec,
    EventsSpec,
    EvidenceSpec,
    HttpSpec,
    Name,
    PollDefaultsSpec,
    ProbeSpec,
    RackSpec,
    ReloadSpec,
    TrapsSpec,
    WriteStimulusSpec,
)
from agent.parse.strict_model import FilePath, StrictModel


class SiteSpec(StrictModel):
    """A site file."""

    schema_: str | None = Field(None, alias="$schema")
    site: Annotated[Name, Restart()] = "default"
    profiles: list[FilePath] = Field(
        default_factory=list, description="folders of additional profiles"
    )
    credentials: dict[Name, CredentialsSpec] = Field(default_factory=dict)
    defaults: PollDefaultsSpec = Field(default_factory=PollDefaultsSpec)
    http: HttpSpec = Field(default_factory=HttpSpec)
    reload: Annotated[ReloadSpec, Restart()] = Field(default_factory=ReloadSpec)
    events: Annotated[EventsSpec, Restart()] = Field(default_factory=EventsSpec)
    mqtt: Annotated[Mqtt | None, Restart()] = None
    probe: Annotated[ProbeSpec | None, Restart()] = None
    traps: Annotated[TrapsSpec | None, Restart()] = None
    evidence: Annotated[EvidenceSpec | None, Restart()] = None
    stimuli: dict[Name, list[str] | WriteStimulusSpec] = Field(
        default_factory=dict,
        description="actions of hardware tests by stimulus: a command and its arguments, or one"
        " confirmed write to a device; end_NAME ends the stimulus NAME",
    )
    racks: list[RackSpec] = Field(default_factory=list)
