"""The site file: reads it, checks it as a whole, and returns a Config before anything runs."""

from agent.config.load import Config, DeviceConfig, load_config
from agent.config.site import SiteSpec
from agent.config.spec import PositionSpec

__all__ = ["Config", "DeviceConfig", "PositionSpec", "SiteSpec", "load_config"]
