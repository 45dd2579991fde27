"""Screenshots of the report's sections, for docs/report.md: ``python -m docs.figures.report results/report.html``.

Needs a Chromium on the PATH.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageChops

OUTPUT = Path(__file__).parents[1] / "images/report"
WIDTH, HEIGHT, MARGIN = 980, 1600, 16  # pixels; longer sections are cut
COLOURS = 256
ONLY = "<style>main>section:not(#{}),nav,header{{display:none}}body{{display:block;padding:{}px}}</style></head>"


def main(page: str) -> None:
    """Write a PNG per section of a page."""
    source = Path(page).read_text()
    with tempfile.TemporaryDirectory() as folder:
        for name in re.findall(r'<section id="(\w+)"', source):
            shown = Path(folder, f"{name}.html")
            shown.write_text(source.replace("</head>", ONLY.format(name, MARGIN), 1))
            photograph(shown, shown.with_suffix(".png"))
            save(shown.with_suffix(".png"), OUTPUT / f"{name}.png")


def photograph(page: Path, output: Path) -> None:
    """Write a screenshot of a page, in light colours."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        sys.exit("no Chromium on the PATH; install it, for example apt-get install chromium")
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=20000"]
    options += [f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={output}"]
    subprocess.run([browser, *options, page.as_uri()], check=True, capture_output=True)


def save(screenshot: Path, output: Path) -> None:
    """Save a screenshot without the empty part at its bottom, in few colours."""
    with Image.open(screenshot) as opened:
        picture = opened.convert("RGB")
    empty = Image.new("RGB", picture.size, picture.getpixel((0, picture.height - 1)))
    bottom = (ImageChops.difference(picture, empty).getbbox() or (0, 0, 0, picture.height))[3]
    cut = picture.crop((0, 0, picture.width, min(bottom + MARGIN, picture.height)))
    output.parent.mkdir(parents=True, exist_ok=True)
    cut.quantize(COLOURS, kmeans=1).save(output, optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
