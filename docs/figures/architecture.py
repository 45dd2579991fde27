"""Draw docs/images/architecture.svg: the packages, their rooms, and the files they exchange.

Rooms and their layers are those that the tests check. Command: python -m docs.figures.architecture.
"""

from pathlib import Path

from matplotlib.axes import Axes

from docs.figures.drawing import COLOURS, GREY, INK, Box, canvas, draw_arrow, draw_box, save
from tests.test_rooms import LAYERS

ROOMS = {
    "datasets": "fetch, verify, convert, training sets",
    "miniworld": "renders streets and labels",
    "diffusion": "the prior and its networks",
    "training": {"dginstyle": "DreamBooth, ControlNet", "segmodel": "loop, RCS,\nSHADE"},
    "generation": "style swap, fusion, other kinds",
    "prior": "trains the mini prior",
    "cards": "cards, export, hub",
    "models": "SegFormer, DAFormer, HRDA, DeepLabV2, DINOv2",
    "configs": "one file\nper model",
    "evaluation": "windows,\nmIoU, quality",
    "tables": "gains,\nintervals, ranks",
    "filtering": "of generated\nlabels, by a judge",
    "report": "all of a run on one page",
    "integrity": "invariants of a run",
}
FILES = (
    ("data sets", "images, trainIds,\nmanifest, report"),
    ("U$^S$, ControlNet", "diffusers folders"),
    ("generated set", "shards, metadata"),
    ("training set", "CSV of images\nand label maps"),
)
RESULTS = (
    ("weights", "of each model,\nset and seed"),
    ("evaluations", "confusion matrix\nper image"),
    ("tables, figures", "dg_miou.csv,\nreport"),
)
WIDTH, TOP = 114, 14


def folders(package: str) -> list[list[str]]:
    """Return the rooms of a package that are folders, by layer from top to bottom."""
    layers = [sorted(room for room in layer if Path(package, room).is_dir()) for layer in LAYERS[package]]
    return [layer for layer in reversed(layers) if layer]


def draw_package(axes: Axes, package: str, place: Box, colour: str, title: str) -> None:
    """Draw a package with its rooms, upper layers above lower ones, and its single modules at the bottom."""
    draw_box(axes, place, colour, package, title, at_top=True)
    layers = folders(package)
    height = (place.height - 11) / len(layers)
    for row, rooms in enumerate(layers):
        width = (place.width - 2 - 2 * len(rooms)) / len(rooms)
        for column, room in enumerate(rooms):
            what = ROOMS[room] if isinstance(ROOMS[room], str) else ROOMS[room][package]
            box = Box(place.x + 2 + column * (width + 2), place.y + 7 + row * height, width, height - 1.6)
            draw_box(axes, box, "plain", f"{room}/", what)
    modules = "modules: images, labels, options, checkpoint, cli, …"
    axes.text(*place.bottom, f"\n{modules}\n", size=9, color=INK, ha="center", va="bottom")


def draw_files(axes: Axes, left: float, width: float, files: tuple[tuple[str, str], ...], top: float) -> None:
    """Draw files from left to right in the order in which they are made."""
    step = width / len(files)
    boxes = [Box(left + i * step, top, step - 3, 8.6) for i in range(len(files))]
    for box, (title, text) in zip(boxes, files, strict=True):
        draw_box(axes, box, "files", title, text)
    for box, following in zip(boxes, boxes[1:], strict=False):
        draw_arrow(axes, box.right, following.left)


def main(path: str = "docs/images/architecture.svg") -> None:
    """Draw the figure."""
    figure, axes = canvas(WIDTH, 85)
    workflow = draw_box(
        axes,
        Box(2, 2, WIDTH - 4, 7.5),
        "workflow",
        "workflow/: Snakemake",
        "reads config/*.yaml, plans the jobs, calls one command of a package in each rule; dvc.yaml has them as stages",
    )
    left, right = Box(2, TOP, 60, 52), Box(66, TOP, 46, 52)
    draw_package(axes, "dginstyle", left, "generator", "data, diffusion, generation: python -m dginstyle")
    draw_package(axes, "segmodel", right, "segmentation", "segmentation: python -m segmodel")
    for package, colour in ((left, "generator"), (right, "segmentation")):
        draw_arrow(axes, (package.top[0], workflow.y + workflow.height), package.top, "", COLOURS["workflow"][1])
        draw_arrow(axes, package.bottom, (package.bottom[0], 71.5), "", COLOURS[colour][1])
    draw_files(axes, 2, 63, FILES, 72)
    draw_files(axes, 66, 49, RESULTS, 72)
    draw_arrow(axes, (62, 76.3), (66, 76.3))
    axes.text(2, 83, "results/<benchmark>/: the packages meet in files only", size=9, color=GREY)
    save(figure, path)


if __name__ == "__main__":
    main()
