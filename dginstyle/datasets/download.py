"""A download that survives cut connections: it goes on where it stopped, also in a later process."""

import errno
import json
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
"""Seconds to connect, and between two pieces of the answer."""
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP states that pass by themselves."""
SLOWEST = 1024
"""Bytes per second below which a connection counts as dead."""
STALL = 60
"""Seconds over which that is measured."""
LONGEST_PAUSE = 600
"""Seconds; a server that asks for more waits for the next call."""


class Interrupted(Exception):
    """The transfer stopped early; trying again makes sense, after ``pause`` seconds where the server names them."""

    pause: float = 0.0


class Stalled(Interrupted):
    """The server drips so slowly that a new connection is the better hope."""


class DiskFull(Exception):
    """There is no room for what is still to come; what has arrived is kept."""


class Refused(Exception):
    """The server will not give the file, however often it is asked."""


@dataclass(frozen=True)
class Origin:
    """What the partial file is a piece of, kept beside it.

    Attributes:
        url: where it came from, without credentials.
        validator: strong ETag or date of last change; None where the server tells neither.
        size: bytes of the whole file; None where the server does not say.
    """

    url: str
    validator: str | None
    size: int | None


def download(url: str, target: Path, attempts: int = 6, backoff: float = 1.0, checked: bool = True) -> int | None:
    """Bring ``url`` to the file ``target``, going on from what is there of an earlier download of the same file.

    Args:
        url: HTTP or HTTPS.
        target: file that grows; ``<target>.json`` beside it remembers what it is a piece of.
        attempts: how many times in a row the connection may fail without bringing a byte more than ever before.
        backoff: seconds before the second attempt, doubled for each further one, a minute at most, unless the server
            asks for more.
        checked: the caller knows a digest of the file. If not, a server that does not say where it ends is refused.

    Returns:
        the size that the server states, None where it states none.

    Raises:
        Refused: the server says no.
        DiskFull: the disk is too small.
        Interrupted: the last of the attempts failed; what has arrived is kept.
    """
    failures, furthest = 0, _size(target)
    while True:
        try:
            return _attempt(url, target, checked)
        except requests.exceptions.SSLError as error:
            raise Refused(f"the server's certificate is not trusted ({_cause(error)})") from error
        except (Interrupted, requests.ConnectionError, requests.Timeout) as error:
            reason = str(error) if isinstance(error, Interrupted) else f"no connection ({type(error).__name__})"
            wanted = error.pause if isinstance(error, Interrupted) else 0.0
            came_further = _size(target) > furthest and not isinstance(error, Stalled)
            failures = 1 if came_further else failures + 1
            furthest = max(furthest, _size(target))
        except requests.RequestException as error:  # no such address, endless redirects
            raise Refused(f"{type(error).__name__}: {error}") from error
        if failures >= attempts or wanted > LONGEST_PAUSE:
            raise Interrupted(reason)
        pause = max(wanted, min(60.0, backoff * 2 ** (failures - 1)))
        print(f"{shown(url)}: {reason}; next attempt in {pause:.0f} s", file=sys.stderr)
        time.sleep(pause)


def remote_size(url: str) -> int | None:
    """Return the bytes of a file as its server states them, None where it does not or cannot be asked now."""
    try:
        with requests.head(url, headers=_headers(0, None), allow_redirects=True, timeout=TIMEOUT) as response:
            length = response.headers.get("Content-Length")
            return int(length) if response.ok and length else None
    except requests.RequestException:
        return None


def forget(target: Path) -> None:
    """Remove a partial download and what is remembered of it."""
    target.unlink(missing_ok=True)
    _note(target).unlink(missing_ok=True)


def shown(url: str) -> str:
    """Return a URL without what may be secret: user, password and query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def _attempt(url: str, target: Path, checked: bool) -> int | None:
    """Ask once for what is missing and write what comes."""
    origin = _read_origin(target)
    start = _size(target) if origin and origin.url == shown(url) else 0
    with requests.get(url, headers=_headers(start, origin), stream=True, timeout=TIMEOUT) as response:
        if start and response.status_code == 416:
            return _at_the_end(response, target, origin)
        _refuse_errors(response)
        if url.startswith("https:") and not response.url.startswith("https:"):
            raise Refused(f"the server leads from https to {shown(response.url)}, which anyone on the way could change")
        start = start if response.status_code == 206 else 0
        size = _stated_size(response, start)
        if start and origin.size not in (None, size):
            forget(target)
            raise Interrupted(f"{shown(url)} changed while it was downloaded")
        if size is None and not (checked or response.raw.chunked):
            raise Refused(
                "the server does not say how long the file is, so that a cut-off one would look whole; "
                "give its md5 or sha256 with the package in the configuration"
            )
        _require_space(target, (size or 0) - start)
        if not start:
            forget(target)  # never written over: it could be a link, or be taken for a piece of the new file
        _remember(target, Origin(shown(url), _validator(response), size))
        _append(response, target, start, size)
    if size is not None and _size(target) < size:
        raise Interrupted(f"the connection ended after {_size(target)} of {size} bytes")
    return size


def _headers(start: int, origin: Origin | None) -> dict[str, str]:
    headers = {"Accept-Encoding": "identity"}  # sizes and ranges are those of the file itself
    if start:
        headers["Range"] = f"bytes={start}-"
        if origin.validator:
            headers["If-Range"] = origin.validator
    return headers


def _refuse_errors(response: requests.Response) -> None:
    status = response.status_code
    if status in TRANSIENT:
        interruption = Interrupted(f"{urlsplit(response.url).hostname} answers {status} {response.reason}")
        interruption.pause = retry_after(response.headers.get("Retry-After", ""))
        raise interruption
    if status in (401, 403):
        raise Refused(f"the server wants an account ({status} {response.reason})")
    if status not in (200, 206):
        raise Refused(f"the server answers {status} {response.reason}")
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise Refused("the server answers with a web page instead of the file (a log-in page?)")


def _at_the_end(response: requests.Response, target: Path, origin: Origin) -> int:
    """Handle "range not satisfiable": all is there, or what is there is not of this file."""
    size = _size(target)
    if response.headers.get("Content-Range", "") == f"bytes */{size}" and origin.size in (None, size):
        return size
    forget(target)
    raise Interrupted("the partial file did not belong to the file on the server")


def _stated_size(response: requests.Response, start: int) -> int | None:
    """Return the whole file's size from Content-Range or Content-Length."""
    if response.status_code == 206:
        stated = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
        if not stated or int(stated[1]) != start:
            raise Refused("the server sends another range than the one asked for")
        return None if stated[2] == "*" else int(stated[2])
    length = response.headers.get("Content-Length")
    return int(length) if length else None


def _validator(response: requests.Response) -> str | None:
    """Return what identifies this version of the file; a weak ETag does not promise the same bytes."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified")


def retry_after(value: str) -> float:
    """Return the seconds that a Retry-After header asks for, as a number or a date; 0 where it asks for nothing."""
    try:
        return urllib3.Retry().parse_retry_after(value)
    except urllib3.exceptions.InvalidHeader:
        return 0.0


def _require_space(target: Path, size: int) -> None:
    free = shutil.disk_usage(target.parent).free
    if size > free:
        raise DiskFull(f"{readable(size)} are still to come and the disk of {target.parent} has {readable(free)} free")


def _append(response: requests.Response, target: Path, start: int, size: int | None) -> None:
    """Write what comes, as it comes.

    Raises:
        Interrupted: the connection broke, or has become too slow.
        DiskFull: the disk took no more.
    """
    try:
        with target.open("ab") as file, _bar(target.name.removesuffix(".partial"), start, size) as bar:
            since, arrived = time.monotonic(), 0
            # the bytes as they lie on the server: some servers declare a .tar.gz to be a compressed .tar
            while chunk := response.raw.read1(CHUNK, decode_content=False):
                file.write(chunk)
                bar.update(len(chunk))
                arrived += len(chunk)
                if (elapsed := time.monotonic() - since) >= STALL:
                    if arrived < SLOWEST * elapsed:
                        raise Stalled(f"{readable(arrived)} came in {elapsed:.0f} s, which would take for ever")
                    since, arrived = time.monotonic(), 0
    except urllib3.exceptions.HTTPError as error:
        raise Interrupted("the connection broke") from error
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DiskFull(f"the disk of {target.parent} is full after {readable(_size(target))} of the file") from None


def _cause(error: BaseException) -> str:
    """Return the innermost reason of a chain of exceptions."""
    while error.args and isinstance(inner := getattr(error.args[0], "reason", error.args[0]), BaseException):
        error = inner
    return str(error)


def _bar(name: str, start: int, size: int | None) -> tqdm:
    return progress(f"fetch {name}", initial=start, total=size, unit="B", unit_scale=True)


def _note(target: Path) -> Path:
    return target.with_name(target.name + ".json")


def _read_origin(target: Path) -> Origin | None:
    try:
        return Origin(**json.loads(_note(target).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _remember(target: Path, origin: Origin) -> None:
    _note(target).write_text(json.dumps(asdict(origin)))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
