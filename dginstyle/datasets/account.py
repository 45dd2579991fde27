"""Cityscapes through its publisher's own csDownload, with the account that csDownload has stored."""

import shutil
import sys
import time
from pathlib import Path

import appdirs
import requests
from cityscapesscripts.download import downloader

from dginstyle.datasets.download import Interrupted, Refused

ATTEMPTS = 6
PAUSE = 5
"""Seconds between two attempts."""


def credentials_file() -> Path:
    """Return where csDownload keeps user and password; it asks for them once, when a person runs ``csDownload -l``."""
    return Path(appdirs.user_data_dir("cityscapesscripts", "cityscapes"), "credentials.json")


def download_with_account(package: str, target: Path) -> None:
    """Bring a Cityscapes package to the file ``target``; an interrupted download goes on at the next call.

    csDownload compares the file with the publisher's MD5.

    Raises:
        Refused: no account is stored, or the publisher does not take it, or has no such package.
        Interrupted: the connection failed several times in a row; what has arrived is kept.
    """
    if not credentials_file().is_file():
        raise Refused("csDownload has no account stored: run `csDownload -l` once and let it store yours")
    folder = target.with_name(f"{package}.csDownload")
    folder.mkdir(parents=True, exist_ok=True)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            attempt_download(package, folder)
            break
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            if attempt == ATTEMPTS:
                raise Interrupted(f"the connection to the publisher fails ({type(error).__name__})") from None
            print(f"{package}: the connection broke, next attempt in {PAUSE} s", file=sys.stderr)
            time.sleep(PAUSE)
    (folder / package).replace(target)
    shutil.rmtree(folder)


def attempt_download(package: str, folder: Path) -> None:
    """Log in and let csDownload bring what is missing of ``folder/package``.

    Raises:
        Refused: as ``download_with_account``.
        requests.RequestException: the connection failed.
    """
    try:
        session = downloader.login()
        resume = (folder / package).exists()
        downloader.download_packages(
            session=session, package_names=[package], destination_path=str(folder), resume=resume
        )
    except requests.HTTPError as error:
        if error.response.status_code >= 500:
            raise requests.ConnectionError(f"status {error.response.status_code}") from None
        (folder / package).unlink(missing_ok=True)  # also where all of it was there already: 416
        raise Refused(f"the publisher answers {error.response.status_code}") from None
    except (requests.RequestException, OSError):
        raise
    except Exception as error:  # csDownload raises Exception itself; its texts name no password
        (folder / package).unlink(missing_ok=True)
        raise Refused(f"csDownload says: {error}") from None
