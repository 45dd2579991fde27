"""The commands of conda that Snakemake calls, on py-rattler's solver and installer.

Environment variables: ``CHANNEL_ALIAS``, the base URL of channels, and ``CONDA_ROOT``, which holds ``bin/activate``.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import rattler
import yaml


def create_environment(file: Path, prefix: Path) -> None:
    """Solve and install an environment file, then its pip section."""
    environment = yaml.safe_load(file.read_text())
    specs = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    pins = [pin for entry in environment["dependencies"] if isinstance(entry, dict) for pin in entry["pip"]]
    asyncio.run(install(environment["channels"], specs, prefix))
    if pins:
        subprocess.run([prefix / "bin/python", "-m", "pip", "install", "--quiet", *pins], check=True)


async def install(channels: list[str], specs: list[str], prefix: Path) -> None:
    """Solve the specs in the channels and install the result."""
    alias = rattler.ChannelConfig(channel_alias=os.environ["CHANNEL_ALIAS"])
    platforms = [rattler.Subdir.current(), rattler.Subdir("noarch")]
    records = await rattler.solve([rattler.Channel(name, alias) for name in channels], specs, platforms=platforms)
    cache = Path(os.environ["CONDA_ROOT"], "pkgs")
    await rattler.install(records, prefix, cache_dir=cache, show_progress=False)


def main(arguments: list[str]) -> None:
    """Run one command line."""
    match arguments:
        case ["info", "--json"]:
            print(json.dumps({"conda_prefix": os.environ["CONDA_ROOT"], "platform": str(rattler.Subdir.current())}))
        case ["--version"]:
            print("conda 26.1.0")
        case ["config", "--get", "channel_priority", "--json"]:
            print(json.dumps({"get": {"channel_priority": "strict"}}))
        case ["clean", *_]:
            pass  # the package cache is deleted with the test's folder
        case ["env", "create", *options]:
            parser = argparse.ArgumentParser()
            parser.add_argument("--file", type=Path)
            parser.add_argument("--prefix", type=Path)
            known, _ = parser.parse_known_args(options)
            create_environment(known.file, known.prefix)
        case _:
            sys.exit(f"not a command of this front end: conda {' '.join(arguments)}")


if __name__ == "__main__":
    main(sys.argv[1:])
