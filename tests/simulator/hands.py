"""A served rack in a test's hands: break it, wait, read it through noise."""

from statistics import fmean

from tests.simulator.bench import Bench


class Rack:
    """A served rack in a test's hands: break, wait, read."""

    def __init__(self, rack: Bench) -> None:
        self.bench = rack
        self.site = rack.site

    def wait(self, seconds: float) -> None:
        self.site.advance(seconds)

    def inject(self, fault: str, /, **params: object) -> None:
        self.site.injector.inject(fault, params)

    async def number(self, device: str, metric: str, **labels: str) -> float:
        return (await self.bench.read(device)).number(metric, **labels)

    async def word(self, device: str, metric: str, **labels: str) -> str:
        return str((await self.bench.read(device)).value(metric, **labels))

    async def series(self, device: str, count: int, metric: str, **labels: str) -> list[float]:
        found = []
        for _ in range(count):
            self.wait(1.0)
            found.append(await self.number(device, metric, **labels))
        return found

    async def mean(self, device: str, metric: str, **labels: str) -> float:
        """Over some seconds, to read through the noise."""
        return fmean(await self.series(device, 8, metric, **labels))

    async def alarms(self, device: str) -> set[str]:
        shown = (await self.bench.read(device)).all("rack_alarm_active", "alarm")
        return {alarm for alarm, value in shown.items() if value == 1}

    async def failures(self, device: str) -> int:
        return len((await self.bench.look(device, 0.1, 0)).failures)
