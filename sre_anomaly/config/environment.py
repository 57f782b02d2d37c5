"""What comes from the environment stays there: files, pages and commands say where it came from, not what it is."""

from typing import Any, Self

from omegaconf import OmegaConf

FROM = "${oc.env:"


class FromEnvironment(str):
    """A text of a config that an environment variable holds; ``written`` is what stands in the config for it.

    Examples
    --------
    >>> token = FromEnvironment.of("s3cret", "${oc.env:TOKEN}")
    >>> token == "s3cret", without_secrets({"token": token})
    (True, {'token': '${oc.env:TOKEN}'})
    """

    __slots__ = ("written",)
    written: str

    @classmethod
    def of(cls, value: str, written: str) -> Self:
        """Return a text with what stands for it."""
        made = cls(value)
        made.written = written
        return made

    def __reduce__(self) -> Any:
        return FromEnvironment.of, (str(self), self.written)


def marked(value: Any, written: Any) -> Any:
    """Return a resolved config in which each text knows whether it is from the environment; ``written`` is the same unresolved."""
    if isinstance(value, dict) and isinstance(written, dict):
        return {key: marked(one, written.get(key)) for key, one in value.items()}
    if isinstance(value, list) and isinstance(written, list):
        return [marked(one, other) for one, other in zip(value, written, strict=True)]
    if isinstance(value, str) and isinstance(written, str) and FROM in written:
        return FromEnvironment.of(value, written)
    return value


def without_secrets(config: Any) -> Any:
    """Return a config, or a part of it, as it may be written down."""
    if isinstance(config, dict):
        return {key: without_secrets(one) for key, one in config.items()}
    if isinstance(config, (list, tuple)):
        return [without_secrets(one) for one in config]
    return config.written if isinstance(config, FromEnvironment) else config


def with_secrets(config: Any) -> Any:
    """Return what `without_secrets` wrote down with what the environment holds now."""
    if isinstance(config, dict):
        return {key: with_secrets(one) for key, one in config.items()}
    if isinstance(config, list):
        return [with_secrets(one) for one in config]
    if isinstance(config, str) and FROM in config:
        return FromEnvironment.of(str(OmegaConf.create({"value": config})["value"]), config)
    return config
