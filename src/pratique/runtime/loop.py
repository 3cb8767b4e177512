"""One thread that waits for everything at once (epoll(7)), and a way for other threads to have it do something."""

import os
import queue
import select
from collections.abc import Callable
from contextlib import suppress

Action = Callable[[], None]
POLL_S = 0.2
MAX_READY = 64


class EventLoop:
    """Actions by descriptor. All methods but `post` are for the loop's own thread. Opens descriptors: `close` it.

    `failed` is told when an action raised an error, whatever it is; the others are done all the same.
    """

    def __init__(self, failed: Callable[[Exception], None]) -> None:
        self._failed = failed
        self._actions: dict[int, Action] = {}
        self._inbox: queue.SimpleQueue[Action] = queue.SimpleQueue()
        self._epoll = select.epoll()
        self._wake_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self.register(self._wake_fd, self._drain)

    def register(self, fd: int, action: Action, events: int = select.EPOLLIN) -> None:
        """Do `action` whenever the descriptor has one of `events`."""
        self._actions[fd] = action
        self._epoll.register(fd, events)

    def unregister(self, fd: int) -> None:
        """Forget a descriptor that is still open; one that is not registered is no error."""
        if self._actions.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def post(self, action: Action) -> None:
        """From any thread: have the loop's thread do this. After `close` it is not done."""
        self._inbox.put(action)
        with suppress(OSError):
            os.eventfd_write(self._wake_fd, 1)

    def turn(self) -> None:
        """Wait up to POLL_S and do what is due."""
        for fd, _ in self._epoll.poll(POLL_S, MAX_READY):
            action = self._actions.get(fd)  # an action before it may have forgotten it
            if action is not None:
                self._do(action)

    def _do(self, action: Action) -> None:
        try:
            action()
        except Exception as error:  # one that nobody foresaw must not end the loop: every container would run free
            self._failed(error)

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake_fd)
        while not self._inbox.empty():
            self._do(self._inbox.get())

    def close(self) -> None:
        """Close what was opened. Registered descriptors belong to who opened them. May be called twice."""
        fd, self._wake_fd = self._wake_fd, -1
        if fd >= 0:
            os.close(fd)
        self._epoll.close()
