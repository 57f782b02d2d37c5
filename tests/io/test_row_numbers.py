"""The row that a message names is the line of the file that an editor shows, whatever was done to the table before."""

import pytest

from sre_anomaly.config.build import build
from sre_anomaly.errors import UserError

WIDE = [f"2024-01-01 00:{n:02},{n}" for n in range(30)]
LONG = [f"2024-01-01 00:{n:02},{metric},{n}" for n in range(30) for metric in ("cpu", "memory")]
BROKEN, LATER = "2024-01-01 00:40,x", "2024-01-01 00:41,1"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["time,cpu", *WIDE, BROKEN, LATER], "row 32: 'x' is not a number"),
        (["time,metric,value", *LONG, "2024-01-01 00:40,cpu,x"], "column 'cpu': row 62: 'x' is not a number"),
        (["time,metric,value", *LONG[:9], "now,cpu,1", *LONG], "row 11: 'now' is not a time"),
        (["time,metric,value", *LONG[:9], ",cpu,1", *LONG], "row 11 has no time"),
        (["time,metric,value", "2024-01-01 00:00,cpu,5 MiB", *LONG[1:]], "row 4: '1' has no unit"),
        (["time,cpu", *WIDE[:9], "", *WIDE[9:], "", "", BROKEN, LATER], "row 35: 'x' is not a number"),
        (["time,cpu", *WIDE[:9], "", *WIDE[9:], ",7"], "row 33 has no time"),
        (["time,cpu", *WIDE, "time,cpu", "2024-01-01 00:40,5", "2024-01-01 00:41,x"], "row 34: 'x'"),
        (["a report", "", "time,cpu", *WIDE[:9], "", *WIDE[9:], BROKEN, LATER], "row 35: 'x' is not a number"),
        (["time,cpu,note", *(f'{row},"two\nlines"' for row in WIDE), f"{BROKEN},-"], "row 62: 'x' is not a number"),
    ],
)  # fmt: skip
def test_the_row_is_that_of_the_file(tmp_path, lines, said):
    """Of long tables too, and where lines are empty, repeat the header, stand before it or are cells of several lines."""
    path = tmp_path / "m.csv"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(UserError, match=said):
        next(iter(build("data", {"name": "csv", "path": str(path)}).frames()))
