"""Under which terms the weights and data are that networks and generated sets are made from."""

from dataclasses import dataclass

from dginstyle.datasets.registry import ADAPTERS, adapter_named


@dataclass(frozen=True)
class Licence:
    """Terms of use.

    Attributes:
        identifier: name on the hub; ``other`` if the hub has none.
        title: name of the terms.
        terms: what they ask of whoever uses the work or what is derived from it.
        link: where they are.
    """

    identifier: str
    title: str
    terms: str
    link: str | None = None


OWN = Licence(
    "apache-2.0",
    "Apache License 2.0",
    "made by this repository alone: keep the notice",
    "https://www.apache.org/licenses/LICENSE-2.0",
)
OPENRAIL = Licence(
    "creativeml-openrail-m",
    "CreativeML OpenRAIL-M",
    "its use restrictions (attachment A) also bind derived weights and whoever gets them",
    "https://huggingface.co/spaces/CompVis/stable-diffusion-license",
)
GTA = Licence(
    "other",
    "terms of GTA5 (Playing for Data)",
    "research and education only, no commercial use",
    "https://download.visinf.tu-darmstadt.de/data/from_games/",
)
STABLE_DIFFUSION = ("stable-diffusion-v1-5/stable-diffusion-v1-5", "runwayml/stable-diffusion-v1-5")
MINI_PRIOR = "resources/mini_prior"


def of_prior(prior: str, is_own: bool) -> Licence:
    """Return the terms of a prior, a hub id or folder; ``is_own``: trained on rendered images by this repository."""
    if is_own:
        return OWN
    return OPENRAIL if prior in STABLE_DIFFUSION else Licence("other", f"terms of {prior}", "see its card")


def of_source(name: str, adapter: str | None, is_rendered: bool) -> Licence:
    """Return the terms of a source set.

    Args:
        name: its name in the configuration.
        adapter: the publisher's layout; None for an own set.
        is_rendered: whether the mini world rendered it.
    """
    if is_rendered:
        return OWN
    if adapter == "gta":
        return GTA
    if adapter not in ADAPTERS:
        return Licence("other", f"terms of the set {name}", "ask whoever made it")
    publisher = adapter_named(adapter)
    return Licence("other", f"terms of {publisher.title}", "most publishers allow research only", publisher.page)
