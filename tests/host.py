"""Counts what the host reads from tensors and sends to a device, for tests that steps do not wait for a GPU.

No value can be read on the meta device, so a step that runs there never makes the host wait for one. Use it without
inference mode, in which torch does not show the operations that a read or a copy consists of.
"""

from collections import Counter
from contextlib import contextmanager

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

READING = {"aten._local_scalar_dense", "aten.nonzero", "aten.is_nonzero", "aten.equal", "aten.masked_select"}
COPYING = {"aten._to_copy", "aten.copy_"}


@contextmanager
def host_access():
    """Yield a counter of ``read`` values and ``sent`` tensors."""
    counted = Counter()
    with Operations(counted), Functions(counted):
        yield counted


class Operations(TorchDispatchMode):
    """Counts operations that read values, and copies between devices."""

    def __init__(self, counted):
        super().__init__()
        self.counted = counted

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        result = function(*arguments, **(keywords or {}))
        name = str(function).rpartition(".")[0]
        self.counted["read"] += name in READING
        if name in COPYING:
            self.counted["sent"] += arguments[name == "aten.copy_"].device != result.device
        return result


class Functions(TorchFunctionMode):
    """Counts tensors made on a device from Python values, and indices given as lists."""

    def __init__(self, counted):
        super().__init__()
        self.counted = counted

    def __torch_function__(self, function, types, arguments=(), keywords=None):
        keywords = keywords or {}
        if function in (torch.tensor, torch.as_tensor):
            self.counted["sent"] += torch.device(keywords.get("device") or "cpu").type != "cpu"
        self.counted["sent"] += function is torch.Tensor.__getitem__ and isinstance(arguments[1], list)
        return function(*arguments, **keywords)
