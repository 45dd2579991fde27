"""One function per verb: its signature is the command line, its docstring the help."""

import importlib
import inspect
import re
import sys
from argparse import Action, ArgumentError

from jsonargparse import DefaultHelpFormatter, auto_parser
from pydantic import ValidationError

from dginstyle.orphans import end_with_workflow
from dginstyle.system_errors import sentence


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
    command = f"{program} {arguments[0]}"
    parser = auto_parser(call, prog=command, as_positional=False, exit_on_error=False, formatter_class=HelpFormatter)
    end_with_workflow()
    try:
        values = vars(parser.instantiate_classes(parser.parse_args(arguments[1:])))
    except (ArgumentError, ValidationError) as error:
        sys.exit(f"{command}: {one_line(str(error))}; see {command} --help")
    try:
        call(**{name: values[name] for name in inspect.signature(call).parameters})
    except SystemExit as stop:
        raise SystemExit(printable(stop.code) if isinstance(stop.code, str) else stop.code) from None
    except Exception as error:
        if told := sentence(error):
            sys.exit(printable(told))
        raise


def printable(message: str) -> str:
    """Return a message with the control characters of file names escaped, which a terminal would obey."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", lambda found: f"\\x{ord(found[0]):02x}", message)


class HelpFormatter(DefaultHelpFormatter):
    """Shows ``int`` for ``Annotated[int, Ge(ge=1)]``: error messages and docs/options.md state the ranges."""

    def _get_type_str(self, action: Action) -> str | None:
        hint = super()._get_type_str(action)
        return hint and plain_type(hint)


def plain_type(hint: str) -> str:
    """Return a type hint's text without constraints."""
    hint = re.sub(r", \w+\((?:[^()]|\([^()]*\))*\)", "", hint)
    while (plain := re.sub(r"Annotated\[((?:[^\[\]]|\[[^\[\]]*\])*)\]", r"\1", hint)) != hint:
        hint = plain
    return re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", hint)


def one_line(message: str) -> str:
    """Return a parser's message on one line, without pydantic's notes."""
    notes = r"\d+ validation errors? for \S+|\[type=[^\]]*\]|For further information visit \S+"
    return " ".join(re.sub(notes, "", message).split())
