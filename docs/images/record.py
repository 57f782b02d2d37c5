"""Record the moving picture of the README: ``python docs/images/record.py``, with Chromium installed."""

import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Page, sync_playwright

COMMAND = Path(sys.executable).with_name("sre-anomaly")
TARGET = Path(__file__).with_name("page.gif")
SIZE = (960, 640)
STEPS = (
    ("", 500, 2600),
    *((f"window.scrollTo(0, {top})", 300, 500) for top in (200, 420, 620)),
    ("document.getElementById('charts').previousElementSibling.scrollIntoView()", 700, 1500),
    *((f"document.querySelector('[data-zoom={zoom}]').click()", 300, 900) for zoom in ("week", "day")),
    ("document.querySelector('#alerts button').click()", 500, 2400),
    ("document.getElementById('alerts').scrollIntoView()", 300, 2600),
)
"""What is done to the page, how long it settles and how long it is shown, in milliseconds."""


def main() -> None:
    """Make metrics, run, open the page, and keep a frame of each step."""
    with TemporaryDirectory() as folder:
        for words in (["generate", "to=made_up.csv", "data.days=28", "data.count=4"], ["made_up.csv"]):
            subprocess.run([str(COMMAND), *words], cwd=folder, check=True, capture_output=True)
        page_file = (Path(folder) / "outputs" / "latest" / "report.html").resolve()
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
            page.goto(page_file.as_uri())
            frames = list(_steps(page))
            browser.close()
    palette = [frame.convert("P", palette=Image.Palette.ADAPTIVE, colors=64) for frame, _ in frames]
    palette[0].save(
        TARGET, save_all=True, append_images=palette[1:], duration=[wait for _, wait in frames], loop=0
    )


def _steps(page: Page) -> list[tuple[Image.Image, int]]:
    """Return what is seen after each step, and for how many milliseconds."""
    frames = []
    for script, settle, shown in STEPS:
        if script:
            page.evaluate(script)
        page.wait_for_timeout(settle)
        frames.append((Image.open(BytesIO(page.screenshot())).convert("RGB"), shown))
    return frames


if __name__ == "__main__":
    main()
