"""The whole file of a site: what stands at its top level."""

from pydantic import Field

from agent.config.mqtt import MqttSpec
from agent.config.spec import (
    CredentialsSpec,
    DefaultsSpec,
    EventsSpec,
    EvidenceSpec,
    FilePath,
    HttpSpec,
    Model,
    Name,
    ProbeSpec,
    RackSpec,
    ReloadSpec,
    TrapsSpec,
    WriteStimulusSpec,
)


class SiteSpec(Model):
    """The whole file."""

    schema_: str | None = Field(None, alias="$schema")
    site: Name = "default"
    profiles: list[FilePath] = Field(
        default_factory=list, description="folders of your own profiles"
    )
    credentials: dict[Name, CredentialsSpec] = Field(default_factory=dict)
    defaults: DefaultsSpec = Field(default_factory=DefaultsSpec)
    http: HttpSpec = Field(default_factory=HttpSpec)
    reload: ReloadSpec = Field(default_factory=ReloadSpec)
    events: EventsSpec = Field(default_factory=EventsSpec)
    mqtt: MqttSpec | None = None
    probe: ProbeSpec | None = None
    traps: TrapsSpec | None = None
    evidence: EvidenceSpec | None = None
    stimuli: dict[Name, list[str] | WriteStimulusSpec] = Field(
        default_factory=dict,
        description="what a test on hardware does for a stimulus: a command and its arguments, or"
        " one confirmed write to a device; end_NAME ends it",
    )
    racks: list[RackSpec] = Field(default_factory=list)
