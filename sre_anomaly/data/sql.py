"""Your own metrics from a database: what one query answers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sre_anomaly.errors import DataError
from sre_anomaly.frame import MetricFrame
from sre_anomaly.io.asked.sql import answer
from sre_anomaly.io.files.reading import FileReading
from sre_anomaly.registry import register
from sre_anomaly.sources import DataSource

FLEET = re.compile(r": for each by itself, experiment=fleet.*")


@register("data", "sql")
@dataclass
class SqlSource(FileReading, DataSource):
    """One entity: a time and a column for each metric, or a row for each value with the metric's name beside it."""

    url: str
    query: str
    secret_env: str | None = None

    def frames(self) -> Iterator[MetricFrame]:
        """Yield the one frame.

        Raises
        ------
        DataError
            If the database does not answer or refuses the query, or a time or a number of the answer cannot be read.
        """
        place = answer(self.url, self.query, self.secret_env)
        try:
            frame = self.frame(place, self.incidents)
        except DataError as error:
            said = str(error).replace(str(place), "the answer to data.query")
            raise DataError(FLEET.sub("; choose one with WHERE in data.query", said)) from None
        yield replace(frame, name="sql")
