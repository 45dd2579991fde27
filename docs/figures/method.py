"""Draw docs/images/method.svg: the steps of DGInStyle. Command: python -m docs.figures.method."""

from docs.figures.drawing import COLOURS, Box, canvas, draw_arrow, draw_box, save

BLUE, ORANGE = COLOURS["generator"][1], COLOURS["segmentation"][1]
SWAP = "layout of the label map, style of the world,\nweather of the prompt"


def main(path: str = "docs/images/method.svg") -> None:
    """Draw the figure: training of the generator above, generation in the middle, segmentation below."""
    figure, axes = canvas(100, 62)
    source = draw_box(axes, Box(2, 3, 20, 9), "files", "Source", "images and label maps\nof one domain (a game)")
    style = draw_box(axes, Box(40, 3, 20, 9), "generator", "U$^S$", "the prior, in the\nstyle of the source")
    control = draw_box(axes, Box(78, 3, 20, 9), "generator", "ControlNet", "layout: label map\n→ image, on U$^S$")
    prior = draw_box(axes, Box(2, 19, 20, 9), "generator", "Prior U$^P$", "text-to-image model\nthat knows the world")
    swap = draw_box(axes, Box(56, 19, 42, 9), "generator", "Style swap: ControlNet on U$^P$", SWAP)
    made = draw_box(axes, Box(2, 35, 32, 9), "files", "Generated images", "in many styles, with their label maps")
    fused = draw_box(
        axes, Box(56, 35, 42, 9), "generator", "Two passes, fused", "small objects again, with more pixels"
    )
    model = draw_box(axes, Box(40, 51, 28, 9), "segmentation", "Segmentation model", "of source and generated images")
    targets = draw_box(axes, Box(78, 51, 20, 9), "files", "mIoU on targets", "domains that no\nstep has seen")
    draw_arrow(axes, source.right, style.left, "DreamBooth", BLUE)
    draw_arrow(axes, (prior.x + 16, prior.y), (style.x, style.y + 7.5), "", BLUE)
    draw_arrow(axes, style.right, control.left, "rare class\nsampling", BLUE)
    draw_arrow(axes, control.bottom, (control.bottom[0], swap.y), "", BLUE)
    draw_arrow(axes, prior.right, swap.left, "as it was", BLUE)
    draw_arrow(axes, swap.bottom, fused.top, "", BLUE)
    draw_arrow(axes, fused.left, made.right, "", BLUE)
    draw_arrow(axes, (made.x + 26, made.y + made.height), (model.x, model.y + 3), "", ORANGE)
    axes.plot([2, 0.8, 0.8, 38], [7.5, 7.5, 57, 57], color=ORANGE, linewidth=1.4)
    draw_arrow(axes, (37, 57), (model.x, 57), "", ORANGE)
    draw_arrow(axes, model.right, targets.left, "", ORANGE)
    save(figure, path)


if __name__ == "__main__":
    main()
