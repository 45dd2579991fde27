"""One function per verb: its signature is the command line, its docstring the help."""

import importlib
import sys

from jsonargparse import auto_cli


def run_verb(program: str, verbs: dict[str, str], arguments: list[str]) -> None:
    """Import and call the function that the first argument names.

    Args:
        program: how the program was called, for the help text.
        verbs: verb to ``"module:function"``; only the chosen verb's module is imported, so that a data verb does not
            wait for torch.
        arguments: the command line after the program's name.
    """
    if not arguments or arguments[0] not in verbs:
        known = "\n  ".join(verbs)
        asked = f"unknown command {arguments[0]!r}" if arguments and arguments[0] not in ("-h", "--help") else ""
        sys.exit(f"{asked}\nusage: {program} COMMAND [--help | options]\ncommands:\n  {known}".lstrip())
    module, function = verbs[arguments[0]].split(":")
    call = getattr(importlib.import_module(module), function)
    auto_cli(call, args=arguments[1:], prog=f"{program} {arguments[0]}", as_positional=False)
