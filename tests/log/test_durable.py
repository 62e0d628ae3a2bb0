"""Files that are replaced whole."""

import threading
from pathlib import Path

from service.log import durable


def test_two_who_replace_a_file_at_once_leave_one_of_their_texts_whole(tmp_path: Path) -> None:
    """Writers that share a process never write into one another's file, and leave nothing beside it."""
    path = tmp_path / "seen.json"
    texts = [bytes([65 + number]) * 200_000 for number in range(6)]

    def often(text: bytes) -> None:
        for _ in range(10):
            durable.replace(path, text)

    writers = [threading.Thread(target=often, args=(text,)) for text in texts]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        if path.exists():
            assert path.read_bytes() in texts
    assert path.read_bytes() in texts
    assert [path] == list(tmp_path.iterdir())
    assert 0o600 == path.stat().st_mode & 0o777


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    """A replacement that fails changes nothing and leaves nothing beside it."""
    path = tmp_path / "seen.json"
    path.mkdir()  # a directory cannot be replaced by a file
    (path / "kept").write_text("old")
    try:
        durable.replace(path, b"new")
    except OSError:
        failed = True
    else:
        failed = False
    assert (True, "old") == (failed, (path / "kept").read_text())
    assert [path] == list(tmp_path.iterdir())
