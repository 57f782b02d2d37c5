"""What a database answers to one query, which is never let write."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from sre_anomaly.errors import ConfigError, DataError, missing
from sre_anomaly.io.samples.source import folder_of_copies

FIRST_WORD = re.compile(r"(?:\s+|--[^\n]*\n|/\*.*?\*/|\()*(\w+)", re.DOTALL)
"""Behind comments and brackets."""
READS = ("select", "with", "values", "table", "from")
"""What it may begin with; what it may do is up to the database, which is told that nothing is written."""
READ_ONLY = {
    "sqlite": "PRAGMA query_only = ON",
    "postgresql": "SET TRANSACTION READ ONLY",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
    "oracle": "SET TRANSACTION READ ONLY",
}
"""How a database is told so; of any other the transaction is rolled back."""


def answer(url: str, query: str, secret_env: str | None = None) -> Path:
    """Return where the answer to a query lies as a table; the password is looked up in the environment.

    Raises
    ------
    ConfigError
        If the address is none, holds a password, or the query would not read.
    DataError
        If the database does not answer, or refuses the query.
    """
    try:
        import sqlalchemy as sa
    except ImportError:
        raise DataError("databases are asked through SQLAlchemy: pip install 'sre-anomaly[sql]'") from None
    if not _reads(query):
        raise ConfigError(
            "data.query: has to be one that reads, such as 'SELECT time, host, metric, value FROM samples'"
        )
    address = _address(sa, url, secret_env)
    with _in_one_line(sa, address):
        engine = sa.create_engine(address, poolclass=sa.NullPool)
        with engine.connect() as connection:
            if statement := READ_ONLY.get(engine.dialect.name):
                connection.exec_driver_sql(statement)
            # A colon in a query is a colon, and no place for a parameter.
            found = connection.execute(sa.text(query.replace(":", r"\:")))
            rows = pd.DataFrame(found.fetchall() if found.returns_rows else [])
            table = rows.set_axis(list(found.keys()), axis=1) if len(rows) else rows
            connection.rollback()
    if table.empty:
        raise DataError("data.query: the database answers without a single row")
    table.columns = [str(name) for name in table.columns]
    place = Path(tempfile.mkdtemp(dir=folder_of_copies())) / "sql.parquet"
    for name in table.columns:
        if pd.api.types.is_object_dtype(table[name]):
            table[name] = table[name].astype("string")
    table.to_parquet(place)
    return place


def _reads(query: str) -> bool:
    found = FIRST_WORD.match(query)
    return found is not None and found[1].lower() in READS


def _address(sa: Any, url: str, secret_env: str | None) -> Any:
    try:
        address = sa.engine.make_url(url)
    except sa.exc.ArgumentError:
        # What was written may hold a password.
        raise ConfigError(
            "data.url: is no address of a database; write one such as postgresql+psycopg://reader@db:5432/metrics or sqlite:///metrics.db"
        ) from None
    if address.password is not None:
        raise ConfigError(
            "data.url: no password here: name the environment variable that has it with data.secret_env=DB_PASSWORD"
        )
    if secret_env is not None:
        if not os.environ.get(secret_env):
            raise ConfigError(f"data.secret_env: there is no environment variable {secret_env!r}")
        address = address.set(password=os.environ[secret_env])
    if address.get_backend_name() == "sqlite":
        path = Path(address.database or "").expanduser()
        if not path.is_file():
            raise DataError(missing("data.url", path))
        address = address.set(database=str(path))
    return address


@contextmanager
def _in_one_line(sa: Any, address: Any) -> Iterator[None]:
    """Say in one line what a database or its driver says, never with the password."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise DataError(f"data.url: {address.drivername} needs a driver: pip install {error.name}") from None
    except sa.exc.NoSuchModuleError:
        raise ConfigError(f"data.url: SQLAlchemy knows no database {address.drivername!r}") from None
    except sa.exc.SQLAlchemyError as error:
        said = " ".join(str(getattr(error, "orig", None) or error).split())
        if address.password:
            said = said.replace(str(address.password), "***")
        raise DataError(f"data.query: {address.render_as_string()}: {said}") from None
