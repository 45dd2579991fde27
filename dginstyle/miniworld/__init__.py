"""A procedural street world: the mini benchmark's stand-in for GTA, the prior's photographs and the unseen targets.

What stands where (:mod:`~dginstyle.miniworld.layout`) is drawn apart from what it looks like
(:mod:`~dginstyle.miniworld.appearance`), so that the same streets can be seen in any domain's light.
"""

from dginstyle.miniworld.scene import DOMAINS, Scene, render_photo, render_scene

__all__ = ["DOMAINS", "Scene", "render_photo", "render_scene"]
