"""Import mmengine without transformers, of which it offers an optimizer that nothing here uses.

That import takes a third of the start of each command that runs a model, seconds of a core.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

IMPORTS_TRANSFORMERS = "mmengine.optim.optimizer.builder"


class WithoutTransformers(MetaPathFinder):
    """Finds mmengine's module of optimizers, and has it loaded as if transformers were not installed."""

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the module's spec with a loader that hides transformers; None for every other module."""
        if fullname != IMPORTS_TRANSFORMERS or "transformers" in sys.modules:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec and isinstance(spec.loader, SourceFileLoader):
            spec.loader = HidingLoader(fullname, spec.loader.path)
        return spec


class HidingLoader(SourceFileLoader):
    """Loads a module whose imports of transformers fail."""

    def exec_module(self, module: ModuleType) -> None:
        """Execute the module."""
        sys.modules["transformers"] = None
        try:
            super().exec_module(module)
        finally:
            del sys.modules["transformers"]
