"""What arrives as an upload, before anybody has asked for it: no more of a file is kept than may be uploaded."""

from __future__ import annotations

import io
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler


class _Zeros(io.RawIOBase):
    """As many zeros as there were bytes: whoever reads instead of asking for the size finds a file that is too large as well."""

    def __init__(self, size: int) -> None:
        self.left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        given = min(len(buffer), self.left)
        buffer[:given] = bytes(given)
        self.left -= given
        return given


class Oversized(UploadedFile):  # type: ignore[type-arg]
    """What stands for a file that was too large: its name and how large it was. Its content is gone."""

    def __init__(self, name: str, size: int, content_type: str) -> None:
        content: Any = _Zeros(size)
        super().__init__(content, name, content_type, size)


class WithinLimit(FileUploadHandler):
    """The first of the upload handlers: lets the others have no byte of a file once it is beyond `UPLOAD_LIMIT`.

    The rest of the request is read and let go, so that the browser gets our answer and the form its other fields; in place of the
    file the form finds an `Oversized`, which `store_file` refuses like any file that is too large.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin to count."""
        super().new_file(*args, **kwargs)
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Pass a chunk on while the file is within the limit."""
        self.received += len(raw_data)
        return raw_data if self.received <= settings.UPLOAD_LIMIT else None

    def file_complete(self, file_size: int) -> Oversized | None:
        """Stand in for a file that was too large; leave any other to the handlers that follow."""
        if self.received <= settings.UPLOAD_LIMIT:
            return None
        return Oversized(self.file_name or "", self.received, self.content_type or "")
