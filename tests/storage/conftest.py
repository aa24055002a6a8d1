"""Places of both kinds, on a real S3 server process and on the disk, for one suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reelgate.media.blobs import BlobStore, open_place
from reelgate.media.buckets import Credentials, Patience
from reelgate.testing.s3 import ACCESS_KEY, SECRET_KEY, S3Server, s3_server

WHO = Credentials(key=ACCESS_KEY, secret=SECRET_KEY)
HURRIED = Patience(connect_s=2, answer_s=1, silence_s=2, upload_s=2, tries=0)
"""For stores that will not answer: a test waits no longer than it has to."""


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture
def bucket(s3: S3Server) -> str:
    """The address of a bucket of the test's own."""
    return s3.address(s3.bucket(), "clips")


@pytest.fixture(params=["disk", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "disk":
        return BlobStore(tmp_path)
    return BlobStore(tmp_path, open_place(request.getfixturevalue("bucket"), tmp_path, WHO))
