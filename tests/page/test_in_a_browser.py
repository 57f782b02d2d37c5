"""The page of a run, in a browser: nothing is fetched, nothing fails, and zoom and filter do what they say."""

import time

import numpy as np
import pandas as pd
import pytest

from browser import needs_browser, opened, wait_for_charts
from sre_anomaly.cli.main import main

pytestmark = needs_browser
ROWS = 14 * 288


@pytest.fixture(scope="module")
def page_of_a_run(tmp_path_factory):
    """Return the page of a run over two metrics with three incidents."""
    folder = tmp_path_factory.mktemp("run")
    noise = np.random.default_rng(5)
    hours = np.arange(ROWS) / 12
    table = pd.DataFrame(
        {
            "time": pd.date_range("2024-03-04", periods=ROWS, freq="5min", tz="UTC"),
            "cpu": 40 + 10 * np.sin(2 * np.pi * hours / 24) + noise.normal(0, 1, ROWS),
            "latency_ms": 120 + noise.normal(0, 4, ROWS),
        }
    )
    table.loc[2900:2920, "cpu"] += 40
    table.loc[3300:3306, "latency_ms"] += 300
    table.loc[3700:3730, "cpu"] += 45
    table.to_csv(folder / "metrics.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        main(["experiment=csv", "data.path=metrics.csv", "forecaster=none", "hindsight=false"])
    return folder / "outputs" / "latest" / "report.html"


@pytest.mark.parametrize(("width", "scheme"), [(400, "light"), (800, "dark"), (1400, "light")])
def test_it_opens_without_a_request_and_fits(page_of_a_run, width, scheme):
    """On a phone, a tablet and a desk: no error, no request, no sideways scrolling, and the charts are drawn."""
    with opened(page_of_a_run, width=width, scheme=scheme) as page:
        page.locator("#charts").scroll_into_view_if_needed()
        wait_for_charts(page, 2)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator(".chart canvas").count() >= 2


def test_zoom_moves_every_chart(page_of_a_run):
    """A drag over one chart, a button, a key and a card's button show another stretch of time, all charts the same."""
    with opened(page_of_a_run) as page:
        page.locator("#charts").scroll_into_view_if_needed()
        wait_for_charts(page, 2)
        first, last, _ = page.evaluate("chartsShown()")
        page.get_by_role("button", name="Day").click()
        begin, end, _ = page.evaluate("chartsShown()")
        assert end - begin == pytest.approx(86_400)
        box = page.locator(".u-over").first.bounding_box()
        y = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + box["width"] / 4, y)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 2, y, steps=5)
        page.mouse.up()
        dragged = page.evaluate("chartsShown()")
        assert dragged[1] - dragged[0] == pytest.approx(86_400 / 4, rel=0.05)
        page.locator(".chart").first.focus()
        page.keyboard.press("-")
        wider = page.evaluate("chartsShown()")
        assert wider[1] - wider[0] == pytest.approx(2 * (dragged[1] - dragged[0]))
        page.keyboard.press("0")
        assert page.evaluate("chartsShown()")[:2] == [first, last]
        page.locator("#alerts button").first.click()
        near = page.evaluate("chartsShown()")
        assert near[1] - near[0] < 86_400


def test_cards_are_filtered_and_linked(page_of_a_run):
    """A filter by metric leaves that metric's cards and says how many; a card has a link to itself."""
    with opened(page_of_a_run) as page:
        cards = page.locator("#alerts .card")
        total = cards.count()
        assert total >= 3
        page.locator("select[name=metric]").select_option("latency_ms")
        left = page.locator("#alerts .card:visible")
        assert 0 < left.count() < total
        assert page.locator("#shown").inner_text() == f"{left.count()} of {total}"
        link = left.first.locator("h3 a").get_attribute("href")
        assert page.locator(link).count() == 1


def test_it_is_read_without_script(page_of_a_run):
    """Without JavaScript the sentence, the cards and the picture of the whole period are there."""
    with opened(page_of_a_run, script=False) as page:
        assert page.locator(".headline").is_visible()
        assert page.locator("main img").first.is_visible()
        assert page.locator("#alerts .card").first.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_shut_out(page_of_a_run, scheme):
    """A checker of accessibility finds no serious fault, by day and by night."""
    from axe_playwright_python.sync_playwright import Axe

    with opened(page_of_a_run, scheme=scheme) as page:
        page.locator("#charts").scroll_into_view_if_needed()
        wait_for_charts(page, 2)
        found = Axe().run(page).response["violations"]
    serious = [
        (one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")
    ]
    assert not serious


@pytest.mark.slow
def test_a_large_run_opens_and_zooms_at_once(tmp_path):
    """Eight metrics of 35,000 rows, with bands: open and zoomed within a second and a half each."""
    from sre_anomaly.page.charts import Line, charts
    from sre_anomaly.page.document import document
    from sre_anomaly.report.run.explore import CONTROLS

    noise = np.random.default_rng(1)
    lines = [Line(f"m{n}", noise.normal(size=35_000), noise.normal(size=(35_000, 3))) for n in range(8)]
    path = tmp_path / "page.html"
    path.write_text(document("large", [CONTROLS, "<div id='charts'></div>"], charts(lines, 1.7e9, 300.0)))
    begin = time.monotonic()
    with opened(path, height=2000) as page:
        launched = time.monotonic()
        page.reload()
        wait_for_charts(page, 8)
        assert time.monotonic() - launched < 1.5
        zoomed = page.evaluate(
            "() => { const t = performance.now(); document.querySelector('[data-zoom=week]').click();"
            " return new Promise((done) => requestAnimationFrame(() => done(performance.now() - t))); }"
        )
        assert zoomed < 1500
    assert path.stat().st_size < 2_000_000
    assert begin < launched
