"""The page of a generated set."""

import json
import re
import shutil
import subprocess

import pytest

from dginstyle.cards.gallery import chosen, gallery

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
CHOICE = """<script>
const menu = document.querySelector("select[name=weather]");
menu.value = "night";
menu.dispatchEvent(new Event("change", {bubbles: true}));
const shown = [...document.querySelectorAll("section")].filter((section) => !section.hidden);
const names = shown.map((section) => section.getAttribute("aria-labelledby"));
document.title = `${document.querySelector("output").textContent}, sections ${names}`;
</script>"""


@pytest.fixture
def page(generated, tmp_path):
    """The page of the set, with at most some images."""

    def call(images=240):
        gallery(generated=generated, output=tmp_path / "gallery.html", images=images)
        return (tmp_path / "gallery.html").read_text()

    return call


def test_images_stand_beside_their_label_maps_by_weather(page):
    text = page()
    assert re.findall(r'<h2 id="([^"]+)">', text) == ["weather-night", "weather-plain-prompt"]
    assert text.count("<figure ") == 4 and text.count('data-weather="night" data-class="rider"') == 2
    assert re.findall(r'alt="([^"]+)"', text)[:2] == ["generated image: sidewalk", "label map: sidewalk"]
    assert "<option>rider</option>" in text and "</span>sidewalk</li>" in text


def test_page_loads_nothing(page):
    assert not re.findall(r'(?:src|href)="(?!data:)', page())


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on the PATH; install it: apt-get install chromium")
def test_a_weather_can_be_chosen(page, tmp_path):
    (tmp_path / "chosen.html").write_text(page().replace("</body>", f"{CHOICE}</body>"))
    command = [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    command += ["--dump-dom", (tmp_path / "chosen.html").as_uri()]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
    assert "<title>2 of 4 images, sections weather-night</title>" in printed


def test_images_are_chosen_evenly_from_weathers_and_classes():
    items = [
        {"index": index, "weather": "night" if index < 5 else "", "class_name": "car" if index < 90 else "bus"}
        for index in range(100)
    ]
    found = chosen(items, 6)
    assert [item["index"] for item in found] == sorted(item["index"] for item in found)
    assert sorted((item["weather"], item["class_name"]) for item in found) == [
        *[("", "bus")] * 2, *[("", "car")] * 2, *[("night", "car")] * 2,
    ]  # fmt: skip


def test_page_says_how_many_images_it_leaves_out(page):
    assert "2 of 4 images" in page(images=2)


def test_a_set_of_others_has_a_page_too(generated, page):
    lines = [json.loads(line) for line in (generated / "metadata.jsonl").read_text().splitlines()]
    kept = [{key: line[key] for key in ("index", "file_name", "label")} for line in lines]
    (generated / "metadata.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in kept))
    assert 'data-weather="unknown" data-class="unknown"' in page()


def test_a_missing_image_stops_with_a_message(generated, page):
    (generated / "shards/0/2.png").unlink()
    with pytest.raises(SystemExit, match="cannot be read .* generate and gather again"):
        page()
