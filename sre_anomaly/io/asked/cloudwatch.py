"""Asking Amazon CloudWatch for the values of metrics over time."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.frame import Array
from sre_anomaly.io.prometheus import AwayError

ATTEMPTS = 8
"""So often a question is asked that is throttled or gets no answer; longer waits lie between them each time."""
MOST_QUERIES = 500
"""CloudWatch takes no more in one question."""
SECOND = 10**9
THROTTLED = ("Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException")
NO_ENTRY = (
    "AccessDenied", "AccessDeniedException", "UnrecognizedClientException", "InvalidClientTokenId", "ExpiredToken",
    "ExpiredTokenException", "SignatureDoesNotMatch", "AuthFailure",
)  # fmt: skip
Query = dict[str, Any]
"""A metric, or metric math, as ``MetricDataQueries`` of CloudWatch's GetMetricData has it."""


@dataclass(frozen=True)
class CloudWatch:
    """GetMetricData and ListMetrics, signed in as boto3 does: environment, files of the AWS command, role of the machine.

    Parameters
    ----------
    region : str or None
        None: the one that the environment or the profile names.
    profile : str or None
        Of ``~/.aws/config``.
    endpoint : str or None
        The address, where it is not Amazon's own.
    """

    region: str | None = None
    profile: str | None = None
    endpoint: str | None = None

    def values(
        self, queries: Sequence[Query], first: int, last: int, step: int
    ) -> tuple[dict[str, dict[str, Array]], list[str]]:
        """Return what each query was worth at each tick from ``first`` to ``last``.

        Parameters
        ----------
        queries : sequence of Query
            Those that return data; more than `MOST_QUERIES` are refused.
        first, last, step : int
            Nanoseconds; a value is of the period that begins at its tick.

        Returns
        -------
        (dict of id to dict of label to float64 (n,), list of str)
            NaN where there is no value, and what CloudWatch says beside it. Only a query that searches has several labels.

        Raises
        ------
        DataError
            If there is no answer, or it is refused.
        """
        if len(queries) > MOST_QUERIES:
            raise DataError(
                f"CloudWatch answers {MOST_QUERIES} metrics at once, and these are {len(queries)}: name fewer"
            )
        count = (last - first) // step + 1
        found: dict[str, dict[str, Array]] = {
            query["Id"]: {} for query in queries if query.get("ReturnData", True)
        }
        said: dict[str, None] = {}
        asked = {
            "MetricDataQueries": list(queries), "StartTime": _time(first), "EndTime": _time(last + step),
            "ScanBy": "TimestampAscending",
        }  # fmt: skip
        pages = self._client.get_paginator("get_metric_data")
        with self._in_one_line():
            for page in pages.paginate(**asked):
                messages = [page.get("Messages"), *(one.get("Messages") for one in page["MetricDataResults"])]
                said |= {str(one.get("Value")): None for some in messages for one in some or ()}
                for result in page["MetricDataResults"]:
                    if result.get("StatusCode") in ("Forbidden", "InternalError"):
                        raise DataError(f"CloudWatch: {result['Id']}: {result['StatusCode']}{_why(said)}")
                    label = str(result.get("Label", ""))
                    column = found[result["Id"]].setdefault(label, np.full(count, np.nan))
                    at = np.array([round(time.timestamp()) for time in result["Timestamps"]], dtype=np.int64)
                    place, rest = np.divmod(at * SECOND - first, step)
                    values = np.array(result["Values"], dtype=float)
                    fits = (rest == 0) & (place >= 0) & (place < count) & np.isfinite(values)
                    column[place[fits]] = values[fits]
        return found, list(said)

    def dimensions(
        self, namespace: str, metric: str, given: Mapping[str, str], name: str | None = None
    ) -> list[dict[str, str]]:
        """Return the dimensions of each metric that is called so and has those given, and a further one where it is named.

        Raises
        ------
        DataError
            If there is no answer.
        """
        asked = [{"Name": key, "Value": value} for key, value in given.items()] + (
            [{"Name": name}] if name else []
        )
        pages = self._client.get_paginator("list_metrics")
        with self._in_one_line():
            return [
                {one["Name"]: one["Value"] for one in found["Dimensions"]}
                for page in pages.paginate(Namespace=namespace, MetricName=metric, Dimensions=asked)
                for found in page["Metrics"]
            ]

    @cached_property
    def _client(self) -> Any:
        try:
            import boto3
            from botocore.config import Config
        except ImportError:
            raise DataError(
                "CloudWatch is asked through boto3: pip install 'sre-anomaly[cloudwatch]'"
            ) from None
        config = Config(
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            connect_timeout=10, read_timeout=60, user_agent_extra="sre-anomaly",
        )  # fmt: skip
        with self._in_one_line():
            session = boto3.Session(profile_name=self.profile, region_name=self.region)
            return session.client("cloudwatch", endpoint_url=self.endpoint, config=config)

    @contextmanager
    def _in_one_line(self) -> Iterator[None]:
        """Turn what boto3 raises into the line that a user needs."""
        from botocore import exceptions

        try:
            yield
        except exceptions.NoRegionError:
            raise ConfigError(
                "data.region: name the region, such as eu-central-1, or set AWS_DEFAULT_REGION"
            ) from None
        except exceptions.ProfileNotFound as error:
            raise ConfigError(f"data.profile: {_line(error)}") from None
        except (ValueError, exceptions.ParamValidationError) as error:
            raise ConfigError(f"CloudWatch cannot be asked like this: {_line(error)}") from None
        except exceptions.ClientError as error:
            raise _refusal(error.response.get("Error", {})) from None
        except (
            exceptions.NoCredentialsError, exceptions.PartialCredentialsError,
            exceptions.CredentialRetrievalError, exceptions.TokenRetrievalError, exceptions.SSOError,
        ) as error:  # fmt: skip
            raise DataError(
                f"CloudWatch: {_line(error)}; sign in as for the command aws, or name data.profile"
            ) from None
        except exceptions.BotoCoreError as error:
            raise AwayError(f"CloudWatch does not answer: {_line(error)}") from None


def _refusal(said: Mapping[str, Any]) -> DataError:
    code, text = str(said.get("Code", "?")), _line(said.get("Message") or "no reason given")
    if code in THROTTLED:
        return AwayError(f"CloudWatch throttles ({code}), asked {ATTEMPTS} times: {text}")
    if code in NO_ENTRY:
        return DataError(
            f"CloudWatch does not let us in ({code}): {text}; it takes cloudwatch:GetMetricData, and cloudwatch:ListMetrics for a fleet"
        )
    if code.isdecimal() or code in ("InternalServiceError", "InternalServiceFault", "ServiceUnavailable"):
        return AwayError(f"CloudWatch answers {code}: {text[:200]}")
    return DataError(f"CloudWatch refuses the question ({code}): {text}")


def _line(text: Any) -> str:
    return " ".join(str(text).split())


def _why(said: Mapping[str, None]) -> str:
    return f": {'; '.join(said)}" if said else ""


def _time(at: int) -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at // SECOND, UTC)
