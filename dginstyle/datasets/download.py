"""Resumable downloads: they survive lost connections and continue in a later process."""

import errno
import json
import os
import re
import shutil
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import requests
import urllib3
from tqdm import tqdm

from dginstyle.files import progress, readable

CHUNK = 1 << 20
TIMEOUT = (15, 60)
"""Connect and read timeouts in seconds."""
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP status codes that are worth a retry."""
SLOWEST = 1024
"""Bytes per second below which a connection counts as stalled."""
STALL = 60
"""Seconds over which the rate is measured."""
LONGEST_PAUSE = 600
"""Seconds; a server that requests a longer pause is retried only by the next call."""


class Interrupted(Exception):
    """The transfer stopped early and can be retried, after ``pause`` seconds if the server requests it."""

    pause: float = 0.0


class Stalled(Interrupted):
    """The transfer is so slow that a new connection is worthwhile."""


class DiskFull(Exception):
    """The rest does not fit on the disk; the partial file is kept."""


class Refused(Exception):
    """The server refuses the file; a retry is pointless."""


@dataclass(frozen=True)
class Origin:
    """The origin of a partial file, stored next to it.

    Attributes:
        url: URL without credentials.
        validator: strong ETag or Last-Modified; None if the server sends neither.
        size: bytes of the complete file; None if the server does not state it.
    """

    url: str
    validator: str | None
    size: int | None


def download(url: str, target: Path, attempts: int = 6, backoff: float = 1.0, checked: bool = True) -> int | None:
    """Download ``url`` to ``target``, resuming an earlier download of the same file.

    Args:
        url: HTTP or HTTPS.
        target: the partial file; ``<target>.json`` next to it records its origin.
        attempts: consecutive failures without progress before giving up.
        backoff: seconds before the second attempt, doubled for each further one up to a minute, or longer if the
            server requests it.
        checked: whether the caller verifies a digest; if not, servers that do not state the size are refused.

    Returns:
        The size that the server states, None if it does not.

    Raises:
        Refused: the server refuses the file.
        DiskFull: the file does not fit on the disk.
        Interrupted: the last attempt failed; the partial file is kept.
    """
    failures, furthest = 0, _size(target)
    while True:
        try:
            return _attempt(url, target, checked)
        except requests.exceptions.SSLError as error:
            raise Refused(f"the server's certificate is not trusted ({_root_cause(error)})") from error
        except (Interrupted, requests.ConnectionError, requests.Timeout) as error:
            reason = str(error) if isinstance(error, Interrupted) else f"no connection ({type(error).__name__})"
            wanted = error.pause if isinstance(error, Interrupted) else 0.0
            progressed = _size(target) > furthest and not isinstance(error, Stalled)
            failures = 1 if progressed else failures + 1
            furthest = max(furthest, _size(target))
        except requests.RequestException as error:  # invalid URL, too many redirects; the message may have the URL
            raise Refused(f"the URL cannot be used ({type(error).__name__})") from None
        if failures >= attempts or wanted > LONGEST_PAUSE:
            raise Interrupted(reason)
        pause = max(wanted, min(60.0, backoff * 2 ** (failures - 1)))
        print(f"{redacted(url)}: {reason}, retrying in {pause:.0f} s", file=sys.stderr)
        time.sleep(pause)


def remote_size(url: str) -> int | None:
    """Return a file's size in bytes according to its server, None if that is unknown or unreachable."""
    try:
        with requests.head(
            with_variables(url), headers=_headers(0, None), allow_redirects=True, timeout=TIMEOUT
        ) as response:
            length = response.headers.get("Content-Length")
            return int(length) if response.ok and length else None
    except (requests.RequestException, Refused, ValueError):
        return None


def forget(target: Path) -> None:
    """Delete a partial download and its recorded origin."""
    target.unlink(missing_ok=True)
    _origin_file(target).unlink(missing_ok=True)


def redacted(url: str) -> str:
    """Return a URL without user, password and query, which may be secret."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an invalid URL"
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def with_variables(url: str) -> str:
    """Return a URL with the values of environment variables for ``${NAME}``, which nothing but the request shows.

    Raises:
        Refused: a variable is not set.
    """

    def value(found: re.Match[str]) -> str:
        if found[1] not in os.environ:
            raise Refused(f"its URL names the environment variable {found[1]}, which is not set")
        return os.environ[found[1]]

    return re.sub(r"\$\{(\w+)\}", value, url)


def _attempt(url: str, target: Path, checked: bool) -> int | None:
    """Request the rest of the file once and append it."""
    origin = _read_origin(target)
    start = _size(target) if origin and origin.url == redacted(url) else 0
    with requests.get(with_variables(url), headers=_headers(start, origin), stream=True, timeout=TIMEOUT) as response:
        if start and response.status_code == 416:
            return _handle_unsatisfiable_range(response, target, origin)
        _raise_for_status(response)
        if url.startswith("https:") and not response.url.startswith("https:"):
            raise Refused(f"the server redirects from https to the insecure {redacted(response.url)}")
        start = start if response.status_code == 206 else 0
        size = _stated_size(response, start)
        if start and origin.size not in (None, size):
            forget(target)
            raise Interrupted(f"{redacted(url)} changed during the download")
        if size is None and not (checked or response.raw.chunked):
            raise Refused(
                "the server does not state the file's size, so a truncated file would go unnoticed: "
                "add its md5 or sha256 to the package in the configuration"
            )
        _require_space(target, (size or 0) - start)
        if not start:
            forget(target)  # not overwritten: it may be a link, or be mistaken for a part of the new file
        _write_origin(target, Origin(redacted(url), _validator(response), size))
        _append(response, target, start, size)
    if size is not None and _size(target) < size:
        raise Interrupted(f"the connection closed after {_size(target)} of {size} bytes")
    return size


def _headers(start: int, origin: Origin | None) -> dict[str, str]:
    headers = {"Accept-Encoding": "identity"}  # no compression: sizes and ranges refer to the file itself
    if start:
        headers["Range"] = f"bytes={start}-"
        if origin.validator:
            headers["If-Range"] = origin.validator
    return headers


def _raise_for_status(response: requests.Response) -> None:
    status = response.status_code
    if status in TRANSIENT:
        interruption = Interrupted(f"{urlsplit(response.url).hostname} answers {status} {response.reason}")
        interruption.pause = retry_after(response.headers.get("Retry-After", ""))
        raise interruption
    if status in (401, 403):
        raise Refused(f"the server requires an account ({status} {response.reason})")
    if status not in (200, 206):
        raise Refused(f"the server answers {status} {response.reason}")
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise Refused("the server answers with a web page instead of the file (a log-in page?)")


def _handle_unsatisfiable_range(response: requests.Response, target: Path, origin: Origin) -> int:
    """Return the size if the partial file is complete.

    Raises:
        Interrupted: the partial file belongs to another version; it is deleted.
    """
    size = _size(target)
    if response.headers.get("Content-Range", "") == f"bytes */{size}" and origin.size in (None, size):
        return size
    forget(target)
    raise Interrupted("the partial file did not match the file on the server")


def _stated_size(response: requests.Response, start: int) -> int | None:
    """Return the complete file's size from Content-Range or Content-Length."""
    if response.status_code == 206:
        stated = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
        if not stated or int(stated[1]) != start:
            raise Refused("the server sends a range that was not requested")
        return None if stated[2] == "*" else int(stated[2])
    length = response.headers.get("Content-Length")
    return int(length) if length else None


def _validator(response: requests.Response) -> str | None:
    """Return what identifies this version of the file; a weak ETag does not guarantee identical bytes."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified")


def retry_after(value: str) -> float:
    """Return the seconds of a Retry-After header, a number or a date; 0 if it is invalid."""
    try:
        return urllib3.Retry().parse_retry_after(value)
    except urllib3.exceptions.InvalidHeader:
        return 0.0


def _require_space(target: Path, size: int) -> None:
    free = shutil.disk_usage(target.parent).free
    if size > free:
        raise DiskFull(f"{readable(size)} are missing and the disk of {target.parent} has {readable(free)} free")


def _append(response: requests.Response, target: Path, start: int, size: int | None) -> None:
    """Append the response to the partial file.

    Raises:
        Interrupted: the connection was lost or stalled.
        DiskFull: the disk is full.
    """
    try:
        with target.open("ab") as file, _bar(target.name.removesuffix(".partial"), start, size) as bar:
            since, arrived = time.monotonic(), 0
            # undecoded: some servers declare a .tar.gz to be a compressed .tar
            while chunk := response.raw.read1(CHUNK, decode_content=False):
                file.write(chunk)
                bar.update(len(chunk))
                arrived += len(chunk)
                if (elapsed := time.monotonic() - since) >= STALL:
                    if arrived < SLOWEST * elapsed:
                        raise Stalled(f"the transfer stalled ({readable(arrived)} in {elapsed:.0f} s)")
                    since, arrived = time.monotonic(), 0
    except urllib3.exceptions.HTTPError as error:
        raise Interrupted("the connection was lost") from error
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DiskFull(f"the disk of {target.parent} is full after {readable(_size(target))} of the file") from None


def _root_cause(error: BaseException) -> str:
    while error.args and isinstance(inner := getattr(error.args[0], "reason", error.args[0]), BaseException):
        error = inner
    return str(error)


def _bar(name: str, start: int, size: int | None) -> tqdm:
    return progress(f"fetch {name}", initial=start, total=size, unit="B", unit_scale=True)


def _origin_file(target: Path) -> Path:
    return target.with_name(target.name + ".json")


def _read_origin(target: Path) -> Origin | None:
    try:
        return Origin(**json.loads(_origin_file(target).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _write_origin(target: Path, origin: Origin) -> None:
    _origin_file(target).write_text(json.dumps(asdict(origin)))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
