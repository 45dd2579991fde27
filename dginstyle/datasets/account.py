"""Cityscapes through its publisher's csDownload, with the account that csDownload has stored."""

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
    """Return where csDownload stores user and password; running ``csDownload -l`` once prompts for them."""
    return Path(appdirs.user_data_dir("cityscapesscripts", "cityscapes"), "credentials.json")


def download_with_account(package: str, target: Path) -> None:
    """Download a Cityscapes package to ``target``, resuming an interrupted download; csDownload verifies the MD5.

    Raises:
        Refused: no account is stored, the publisher rejects it, or there is no such package.
        Interrupted: the connection failed several times in a row; the partial file is kept.
    """
    if not credentials_file().is_file():
        raise Refused("csDownload has no account stored: run `csDownload -l` once to store yours")
    folder = target.with_name(f"{package}.csDownload")
    folder.mkdir(parents=True, exist_ok=True)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            attempt_download(package, folder)
            break
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            if attempt == ATTEMPTS:
                raise Interrupted(f"the connection to the publisher failed ({type(error).__name__})") from None
            print(f"{package}: connection lost, retrying in {PAUSE} s", file=sys.stderr)
            time.sleep(PAUSE)
    (folder / package).replace(target)
    shutil.rmtree(folder)


def attempt_download(package: str, folder: Path) -> None:
    """Log in and download the rest of ``folder/package``.

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
        (folder / package).unlink(missing_ok=True)  # also if it was complete: 416
        raise Refused(f"the publisher answers with status {error.response.status_code}") from None
    except (requests.RequestException, OSError):
        raise
    except Exception as error:  # csDownload raises Exception itself; its messages contain no password
        (folder / package).unlink(missing_ok=True)
        raise Refused(f"csDownload says: {error}") from None
