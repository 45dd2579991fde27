"""``fetch``: one package from a URL or a local path, verified before it gets its final name."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from dginstyle.checksums import remember
from dginstyle.datasets.account import credentials_file, download_with_account
from dginstyle.datasets.download import DiskFull, Interrupted, Refused, download, forget, redacted
from dginstyle.datasets.lock import locked_sha256, record
from dginstyle.datasets.registry import adapter_of_package
from dginstyle.datasets.verify import Checks, file_digest, listed_sha256, mismatches
from dginstyle.files import partial, readable


def fetch(
    *,
    url: str,
    output: Path,
    sha256: str | None = None,
    md5: str | None = None,
    checksums: str | None = None,
    lock: Path | None = None,
    downloader: Literal["csDownload"] | None = None,
) -> None:
    """Fetch a package and verify it; a file with the final name is always verified.

    An interrupted download is kept as ``<output>.partial`` and resumed by the next call.

    Args:
        url: HTTP(S) or file URL, or a local path, which is linked (or copied) and never changed.
        output: the file to write; its folder has the name of the set.
        sha256: the publisher's digest.
        md5: the publisher's digest.
        checksums: URL or path of a SHA256SUMS file that lists the package.
        lock: file that pins the SHA-256 of packages without a published digest on their first fetch.
        downloader: the publisher's own program, used if there is no file at the local path ``url``.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    checks = gather_checks(url, output, sha256, md5, checksums)
    name, lock = f"{output.parent.name}/{output.name}", None if checks.sha256 else lock
    if lock:
        checks = replace(checks, sha256=locked_sha256(lock, name))
    first_use = bool(lock) and checks.sha256 is None
    if checks != Checks() and not first_use and output.is_file() and not mismatches(output, checks):
        print(f"{output} exists and is verified")
        return
    size = fetch_partial(url, output, downloader, checked=checks != Checks())
    verify(url, output, replace(checks, size=size), lock)
    digest = checks.sha256 or file_digest(partial(output))
    if first_use:
        record(lock, name, digest)
    if not partial(output).is_symlink():  # a user's own file stays as it is
        remember(partial(output), digest.lower())
    partial(output).replace(output)
    forget(partial(output))
    print(f"{output}: {readable(output.stat().st_size)}, {outcome(checks, first_use, lock, digest)}")


def outcome(checks: Checks, first_use: bool, lock: Path | None, digest: str) -> str:
    """Return how a fetched package was verified."""
    if first_use:
        return f"{'verified; ' if checks.md5 else ''}first fetch: its sha256 {digest} is recorded in {lock}"
    return f"not verified, no checksum is configured; its sha256 is {digest}" if checks == Checks() else "verified"


def gather_checks(url: str, output: Path, sha256: str | None, md5: str | None, checksums: str | None) -> Checks:
    """Return the digests to check a package against.

    Raises:
        SystemExit: the SHA256SUMS file cannot be read, does not list the package, or contradicts ``sha256``.
    """
    if not checksums:
        return Checks(sha256=sha256, md5=md5)
    sums = read_sums(checksums, output)
    name = unquote(Path(urlsplit(url).path).name)
    listed = listed_sha256(sums, name) or listed_sha256(sums, output.name)
    if not listed:
        raise SystemExit(f"{redacted(checksums)} does not list {name}: correct `checksums` or the package's name")
    if sha256 and sha256.lower() != listed:
        raise SystemExit(f"{name}: sha256 is {sha256} in the configuration, but {redacted(checksums)} lists {listed}")
    return Checks(sha256=listed, md5=md5)


def read_sums(location: str, output: Path) -> str:
    """Return the content of a SHA256SUMS file at a URL or path; a URL is downloaded next to ``output``."""
    sums = partial(output.with_name(f"{output.name}.SHA256SUMS"))
    try:
        source = local_path(location)
        if source is None:
            download(location, sums)
        return (source or sums).read_text(errors="replace")  # lines of other files may be of any encoding
    except (OSError, Refused, DiskFull, Interrupted) as error:
        raise SystemExit(f"the checksums {redacted(location)} cannot be read: {error}") from None
    finally:
        forget(sums)


def local_path(url: str) -> Path | None:
    """Return the path of a file URL or plain path, None for an HTTP(S) URL.

    Raises:
        SystemExit: the URL is invalid, or its scheme is not supported.
    """
    try:
        scheme = urlsplit(url).scheme
    except ValueError as error:
        raise SystemExit(f"the URL is invalid ({error}): correct it") from None
    if scheme in ("http", "https"):
        return None
    if scheme == "file":
        return Path(url2pathname(urlsplit(url).path))
    if "://" in url:
        raise SystemExit(f"{redacted(url)}: {scheme} is not supported; use https, http, file or a local path")
    return Path(url)


def fetch_partial(url: str, output: Path, downloader: str | None, checked: bool) -> int | None:
    """Fetch a package to ``<output>.partial`` and return its size, if its origin states it.

    Raises:
        SystemExit: it cannot be fetched.
    """
    source = local_path(url)
    try:
        if source is None:
            return download(url, partial(output), checked=checked)
        if downloader and not source.is_file() and credentials_file().is_file():
            return download_with_account(output.name, partial(output))
        return link_or_copy(source, output)
    except Refused as error:
        raise SystemExit(f"{redacted(url)}: {error}. {manual_download(output)}") from None
    except DiskFull as error:
        raise SystemExit(
            f"{redacted(url)}: {error}; free some space and run the same command again to resume"
        ) from None
    except Interrupted as error:
        raise SystemExit(
            f"{redacted(url)}: {error}; run the same command again to resume. "
            f"If the server stays unavailable: {manual_download(output)}"
        ) from None


def link_or_copy(source: Path, output: Path) -> int:
    """Make ``<output>.partial`` a symbolic link to a local file, or a copy if links are not supported.

    Not a hard link: Snakemake touches its outputs, which would change the original's modification time.

    Raises:
        Refused: there is no such file.
        DiskFull: the copy does not fit.
        SystemExit: the file is ``output`` itself.
    """
    if not source.is_file():
        raise Refused("there is no such file")
    if source.absolute() == output.absolute():
        raise SystemExit(f"{source} is the output itself: choose another --output")
    size, free = source.stat().st_size, shutil.disk_usage(output.parent).free
    forget(partial(output))
    try:
        partial(output).symlink_to(source.resolve())
    except OSError:
        if size > free:
            raise DiskFull(f"a copy needs {readable(size)}, the disk has {readable(free)} free") from None
        shutil.copyfile(source, partial(output))
    return size


def verify(url: str, output: Path, checks: Checks, lock: Path | None) -> None:
    """Check ``<output>.partial`` and delete it on a mismatch.

    Raises:
        SystemExit: size or digest differ.
    """
    if problems := mismatches(partial(output), checks):
        forget(partial(output))
        other = f"line {output.parent.name}/{output.name} of {lock}" if lock else "the configured checksum"
        raise SystemExit(
            f"{output.name} from {redacted(url)} is not the published file: {'; '.join(problems)}. The download was "
            "deleted (a local original is not). Fetch it again; if the error persists, the origin is damaged or "
            f"{other} belongs to another version."
        )


def manual_download(output: Path) -> str:
    """Return where to download the package by hand and where to put it."""
    adapter = adapter_of_package(output.name)
    origin = (
        f"{output.name} is a package of {adapter.title}: download it from {adapter.page}"
        if adapter
        else "Download it by hand"
    )
    return (
        f"{origin}, and set its path under `packages:` in the configuration, or move it to where it is expected. "
        "The mini world's packages are written by `python -m dginstyle render-packages`."
    )
