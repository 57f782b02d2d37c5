"""A browser for tests of pages: Debian's Chromium, which no page may make ask anything of anybody."""

import shutil
import time
from contextlib import contextmanager

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium: apt-get install chromium")


@contextmanager
def opened(path, width=1200, height=900, scheme="light", script=True):
    """Open a page; what it complains of or asks for beside itself fails the test at the end."""
    from playwright.sync_api import sync_playwright

    faults = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, java_script_enabled=script
        )
        page = context.new_page()
        page.on(
            "console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda asked: faults.append(asked.url) if asked.url != address else None)
        address = path.resolve().as_uri()
        page.goto(address)
        yield page
        browser.close()
    assert not faults, faults


def wait_for_charts(page, count):
    """Wait until so many charts are drawn; the page's own policy forbids to wait by a script of ours."""
    until = time.monotonic() + 20
    while page.evaluate("chartsShown()[2]") < count:
        assert time.monotonic() < until, "the charts are not drawn"
        page.wait_for_timeout(20)
