"""What ``watch.yaml`` says of where values come from."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from sre_anomaly.clock import Duration


class Strict(BaseModel):
    """Settings of which each key is known, and none is changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Server(Strict):
    """A Prometheus, or what answers as one does."""

    url: str
    user: str | None = None
    secret_env: str | None = None
    headers: dict[str, str] = {}
    timeout: Duration = timedelta(seconds=30)

    @field_validator("url")
    @classmethod
    def _isaddress(cls, url: str) -> str:
        return address(url)

    def within(self, folder: Path) -> Self:
        """Return the same: an address is of no folder."""
        del folder
        return self


class GrowingFile(Strict):
    """A CSV file that others append to: a line for each time, or for each time, entity and metric."""

    file: Annotated[str, Field(min_length=1)]
    time: str = "time"
    """The column of times."""
    metric: str | None = None
    """With ``value``: the column that names the metric, where each line has one value."""
    value: str | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.metric is None) != (self.value is None):
            raise ValueError(
                "metric and value: give both (one value a line) or none (a column for each metric)"
            )
        return self

    def within(self, folder: Path) -> Self:
        """Return the same with the file as it is seen from a folder."""
        return self.model_copy(update={"file": str(folder / Path(self.file).expanduser())})


class Amazon(Strict):
    """Amazon CloudWatch, signed in as the command ``aws`` is."""

    region: str | None = None
    profile: str | None = None
    endpoint: str | None = None


class InCloudWatch(Strict):
    """CloudWatch, of which the labels of an entity are dimensions."""

    cloudwatch: Amazon

    def within(self, folder: Path) -> Self:
        """Return the same: it is of no folder."""
        del folder
        return self


SERVER_KIND, FILE_KIND, CLOUDWATCH_KIND = "(server)", "(file)", "(cloudwatch)"
KINDS: dict[str, type[BaseModel]] = {
    SERVER_KIND: Server, FILE_KIND: GrowingFile, CLOUDWATCH_KIND: InCloudWatch,
}  # fmt: skip


def _kind(given: Any) -> str:
    if not isinstance(given, dict):
        return next(kind for kind, one in KINDS.items() if isinstance(given, one))
    return FILE_KIND if "file" in given else CLOUDWATCH_KIND if "cloudwatch" in given else SERVER_KIND


Source = Annotated[
    Annotated[Server, Tag(SERVER_KIND)]
    | Annotated[GrowingFile, Tag(FILE_KIND)]
    | Annotated[InCloudWatch, Tag(CLOUDWATCH_KIND)],
    Discriminator(_kind),
]


def address(url: str) -> str:
    """Return an address that can be asked over HTTP.

    Raises
    ------
    ValueError
        If it is none, or has a password in it.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is no address; write one such as http://localhost:9090")
    if parts.username or parts.password:
        raise ValueError("no names and passwords here: use user and secret_env")
    return url
