"""A procedural street world: the mini benchmark's stand-in for GTA, the prior's photographs and the unseen targets.

Layout (:mod:`~dginstyle.miniworld.layout`) and appearance (:mod:`~dginstyle.miniworld.appearance`) are drawn
independently, so that the same streets can be rendered in any domain's appearance.
"""

from dginstyle.miniworld.scene import DOMAINS, Scene, render_photo, render_scene

__all__ = ["DOMAINS", "Scene", "render_photo", "render_scene"]
