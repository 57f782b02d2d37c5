"""Charts are thinned without losing what matters, and packed so that a browser reads back the same numbers."""

import base64

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sre_anomaly.page.charts import FEWEST, MOST_CHARTS, NUMBERS, Line, charts
from sre_anomaly.page.document import document
from sre_anomaly.page.thinning import extremes
from sre_anomaly.page.thumbnail import bars, thumbnail


def columns_of(line):
    """Return what a browser would unpack."""
    numbers = np.frombuffer(base64.b64decode(line["data"]), dtype="<f4")
    return numbers.reshape(line["columns"], line["points"])


@given(st.integers(1, 5000), st.integers(2, 400), st.integers(0, 2**31))
def test_no_spike_is_lost(rows, points, seed):
    """The highest and the lowest value are always among the points that are kept, and these are few."""
    values = np.random.default_rng(seed).normal(size=rows)
    kept = extremes(values, points)
    assert values[kept].max() == values.max()
    assert values[kept].min() == values.min()
    assert len(kept) <= max(rows if rows <= points else 0, points + 2)
    assert (np.diff(kept) > 0).all()


def test_a_short_line_is_whole():
    """A line that fits is packed with every value, NaN included, and the rows they belong to."""
    values = np.array([1.0, np.nan, 3.5])
    (line,) = charts([Line("cpu", values)], 0.0, 60.0)["lines"]
    rows, packed = columns_of(line)
    np.testing.assert_array_equal(rows, [0, 1, 2])
    np.testing.assert_array_equal(packed, values)


def test_rows_near_an_alert_are_all_kept():
    """Of a long line every row around an alert is there, so that one can look at it minute by minute, and the ends of gaps."""
    values = np.random.default_rng(0).normal(size=400_000)
    values[300_000:300_040] = np.nan
    shown = charts([Line("cpu", values, np.zeros((400_000, 3)))], 0.0, 60.0, closely=[(5_000, 5_400)])
    rows = columns_of(shown["lines"][0])[0].astype(int)
    assert set(range(5_000, 5_401)) <= set(rows)
    assert {299_999, 300_000, 300_039, 300_040} <= set(rows)
    assert shown["thinned"]


def test_a_page_stays_small():
    """Sixty metrics of a million rows and a band, with many alerts, stay far below eight megabytes."""
    many = [
        Line(f"m{number}", np.zeros(100_000), np.zeros((100_000, 3))) for number in range(MOST_CHARTS + 5)
    ]
    shown = charts(many, 0.0, 60.0, closely=[(at, at + 150) for at in range(0, 100_000, 300)])
    assert len(shown["lines"]) == MOST_CHARTS
    numbers = sum(line["points"] * line["columns"] for line in shown["lines"])
    assert numbers <= 1.1 * max(NUMBERS, FEWEST * MOST_CHARTS * 5)


def test_text_from_data_is_text():
    """A metric's name can neither end an element, nor add one."""
    name = "</script><img src=x onerror=alert(1)>'\""
    shown = charts([Line(name, np.arange(3.0))], 0.0, 60.0)
    page = document(name, [thumbnail(np.arange(5.0), label=name)], shown)
    assert "<img src=x" not in page
    assert page.count("</script>") == 1 + 3  # the data and three scripts of ours


def test_pictures_of_nothing_and_of_one_value():
    """A stretch without a value says so; one value, or equal ones, are drawn."""
    assert "no values" in thumbnail(np.full(5, np.nan))
    assert "polyline" in thumbnail(np.array([np.nan, 3.0, np.nan]))
    assert "polyline" in thumbnail(np.full(4, 7.0), np.full((4, 3), 7.0), parts=[(1, 2)])
    assert "over" in bars([5], 4, "pages")
