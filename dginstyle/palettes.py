"""Palettes of label maps: an editor that reorders one changes the class of every value."""

import numpy as np
from cityscapesscripts.helpers.labels import labels as _TABLE
from cityscapesscripts.helpers.labels import trainId2label

IGNORE = 255
_EVALUATED = {label.color: train_id for train_id, label in trainId2label.items() if 0 <= train_id < IGNORE}
COLOUR_TO_TRAIN_ID = {label.color: IGNORE for label in _TABLE if label.ignoreInEval} | _EVALUATED
"""trainId by Cityscapes colour; a colour shared by an evaluated and an ignored class means the evaluated one."""


def require_own_colours(values: np.ndarray, palette: np.ndarray | None, train_ids: np.ndarray) -> None:
    """Refuse a label map whose palette has Cityscapes colours, but in another order than its values mean.

    Programs that reduce colours or sort a palette write such files: each value has the colour of another class. Only
    two or more such classes count, as single colours such as pure red are in other palettes too.

    Args:
        values: the label map (H, W) uint8.
        palette: its palette (n, 3) uint8 RGB; None passes, and so does one with other colours.
        train_ids: (256,) uint8, the trainId or 255 that each value means.

    Raises:
        ValueError: the colours of two or more classes contradict the values.
    """
    if palette is None:
        return
    used = np.flatnonzero(np.bincount(values.ravel(), minlength=256))
    shown = [COLOUR_TO_TRAIN_ID.get(tuple(colour)) for colour in palette[used[used < len(palette)]].tolist()]
    if None in shown or len(shown) < len(used):
        return
    possible = set(train_ids.tolist()) - {IGNORE}  # a set may merge classes, and then keeps the colours of both
    wrong = [place for place, colour in enumerate(shown) if colour in possible and colour != train_ids[used[place]]]
    if len({shown[place] for place in wrong}) > 1:
        name = trainId2label[shown[wrong[0]]].name
        raise ValueError(
            f"its palette was reordered: the value {used[wrong[0]]} has the colour of {name}, but does not mean it; "
            "write the values as grey levels, or restore the palette"
        )
