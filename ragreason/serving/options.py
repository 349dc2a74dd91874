"""What a server is told: where it listens, who may ask, and how much."""

import ipaddress
from dataclasses import dataclass, field

from ragreason.errors import ConfigError


@dataclass(frozen=True)
class Options:
    """Limits of one server. Raises ConfigError for an address that others can reach without `keys`.

    `most_runs` are at work at once; who comes then is told to come again (429). A run that takes
    longer than `most_seconds` is ended. At shutdown, runs have `grace_s` to finish; what is left
    goes on from its checkpoint when the server starts again.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    keys: tuple[str, ...] = field(default=(), repr=False)
    most_runs: int = 64
    most_body_bytes: int = 1 << 20
    most_seconds: float = 600.0
    grace_s: float = 20.0

    def __post_init__(self) -> None:
        if not self.keys and not self.local:
            raise ConfigError(
                f"'{self.host}' can be reached from other machines, and no keys are set; set "
                "RAGREASON_SERVE_KEYS to one or more keys with commas between, or --host 127.0.0.1"
            )
        if any(len(key) < 16 for key in self.keys):
            raise ConfigError("a key of RAGREASON_SERVE_KEYS is shorter than 16 characters")

    @property
    def local(self) -> bool:
        """Whether only this machine reaches it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
