"""A caller takes nothing for a reply that was cut, wherever it was cut: what proofs say of replies rests on that."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from prove.calls import Caller

BODY = b'{"promise":"prm_1"}'
HEAD = (
    b"HTTP/1.1 201 Created\r\nx-request-id: req_0123456789abcdef00000001\r\nidempotent-replayed: true\r\n"
    b"retry-after: 3\r\ncontent-length: 19\r\n\r\n"
)


@contextmanager
def answering(reply: bytes) -> Iterator[str]:
    """A server that says this to one caller, whatever is asked, and goes away."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            caller, _ = listener.accept()
            with caller:
                seen = b""
                while not seen.endswith(b"{}"):
                    seen += caller.recv(65_536)
                caller.sendall(reply)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def test_a_whole_reply_is_read_with_what_its_head_says() -> None:
    with answering(HEAD + BODY) as address:
        caller = Caller(address, "secret")
        reply = caller.post("/v1/promises", "k-1", {})
        caller.close()

    assert (reply.status, reply.body, reply.is_repeat) == (201, BODY, True)
    assert (reply.process, reply.retry_after_seconds) == ("0123456789abcdef", 3)


@pytest.mark.parametrize("length", range(len(HEAD + BODY)))
def test_a_reply_that_was_cut_is_none(length: int) -> None:
    with (
        answering((HEAD + BODY)[:length]) as address,
        pytest.raises((OSError, http.client.HTTPException)),
    ):
        Caller(address, "secret").post("/v1/promises", "k-1", {})
