"""The prior's corpus: captioned photographs without labels, laid out as an image folder with ``metadata.jsonl``."""

import json
from collections.abc import Iterator

from dginstyle.miniworld import render_photo
from dginstyle.miniworld.options import PublisherOptions
from dginstyle.miniworld.publishers.entry import Entry, png

PACKAGE = "prior_corpus.zip"


def pack_prior(options: PublisherOptions, seed: int) -> Iterator[Entry]:
    """Yield the photographs, then their metadata."""
    lines = []
    for index in range(options.scenes):
        photo = render_photo(index, seed)
        name = f"images/{index + 1:06d}.png"
        line = {"file_name": name, "text": photo.caption, "classes": photo.classes, "weather": photo.weather}
        lines.append(json.dumps(line) + "\n")
        yield Entry(PACKAGE, name, png(photo.image))
    yield Entry(PACKAGE, "metadata.jsonl", "".join(lines).encode())
