"""WSGI applications that the tests mount."""

import json
import os
import signal
import socket
import sys
import threading
import time
import traceback
from urllib.parse import parse_qs
from wsgiref.validate import validator


def plain(start_response, text, status="200 OK"):
    body = text.encode("utf-8") if isinstance(text, str) else text
    start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
    return [body]


def report(environ, start_response):
    """Says what the environ is."""
    kept = {name: value for name, value in environ.items() if isinstance(value, (str, bool))}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(kept).encode()]


def echo(environ, start_response):
    """Sends the body back as it comes."""
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return iter(lambda: environ["wsgi.input"].read(10000), b"")


def reads(environ, start_response):
    """Reads the body in every way that there is."""
    body = environ["wsgi.input"]
    got = [body.read(3), body.readline(), body.readline(2), body.read(0), body.readlines(1), next(iter(body)), body.read(), body.read(),
           body.read(5), body.readline(), list(body)]
    return plain(start_response, repr(got))


class Closing:
    """An iterable that says when it is closed."""

    def __init__(self, environ, pieces):
        self.environ, self.pieces = environ, iter(pieces)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.pieces)

    def close(self):
        self.environ["wsgi.errors"].write("closed\n")


def closing(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return Closing(environ, [b"a", b"", b"b"])


def generator(environ, start_response):
    try:
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"a"
        yield b"b"
    finally:
        environ["wsgi.errors"].write("closed\n")


def write(environ, start_response):
    out = start_response("201 Made", [("Content-Type", "text/plain")])
    out(b"a")
    out(b"b")
    return [b"c"]


def nothing(environ, start_response):
    start_response("204 No Content", [])
    return []


def cookies(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Latin", "caf\xe9")])
    return [environ.get("HTTP_COOKIE", "none").encode()]


def wrapped(environ, start_response):
    """Sends a file by wsgi.file_wrapper."""
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return environ["wsgi.file_wrapper"](open(environ["test.file"], "rb"), 4096)


def raises(environ, start_response):
    """Raises, where the query says: before it answers, amid it, or on closing."""
    where = environ["QUERY_STRING"]
    if where == "before":
        raise RuntimeError("it went wrong")
    if where == "exit":
        sys.exit(3)
    if where == "nothing":
        return []
    if where == "header":
        return plain(start_response, "x", "200 OK\r\nX-Injected: yes")
    if where == "replaced":
        try:
            start_response("200 OK", [("Content-Type", "text/plain")])
            raise RuntimeError("it went wrong")
        except RuntimeError:
            start_response("503 Sorry", [("Content-Type", "text/plain")], sys.exc_info())
            return [b"sorry"]
    if where == "twice":
        start_response("200 OK", [("Content-Type", "text/plain")])
        start_response("200 OK", [("Content-Type", "text/plain")])
    start_response("200 OK", [("Content-Type", "text/plain")])

    def pieces():
        yield b"half"
        if where == "amid":
            raise RuntimeError("it went wrong")
        if where == "late":
            start_response("500 Oh", [], (RuntimeError, RuntimeError("it went wrong"), None))

    result = Closing(environ, pieces())
    if where == "closing":
        def close():
            raise RuntimeError("it went wrong")
        result.close = close
    return result


def endless(environ, start_response):
    """Streams until the client leaves, and says so. It does not read its body."""
    print("endless began")
    start_response("200 OK", [("Content-Type", "text/event-stream")])
    try:
        while True:
            yield b"data: x\n\n"
            time.sleep(0.001)
    except ConnectionError as error:
        environ["wsgi.errors"].write("never comes here\n")
    finally:
        print("endless was closed")


def upload(environ, start_response):
    """Reads a body that does not end well."""
    print("upload began")
    try:
        size = len(environ["wsgi.input"].read())
    except ConnectionError:
        print("upload was cut")
        raise
    print("upload was whole")
    return plain(start_response, str(size))


def waits(environ, start_response):
    """Answers when the file that test.file names is there."""
    print("waits began")
    while not os.path.exists(environ["test.file"]):
        time.sleep(0.005)
    return plain(start_response, "done")


def pid(environ, start_response):
    """Says which process it is."""
    return plain(start_response, str(os.getpid()))


def die(environ, start_response):
    """Ends its process by the signal that the query names."""
    os.kill(os.getpid(), int(environ["QUERY_STRING"]))
    time.sleep(10)


def hangs(environ, start_response):
    """Never ends, whatever happens to its client."""
    print("hangs began")
    time.sleep(1000)


kept = {}


def keeps(environ, start_response):
    """Keeps what it can write to and read from, and does so amid the next request."""
    def attempt(name):
        try:
            kept[name](*{"write": [b"of another request"], "read": []}[name])
            return name + " went on\n"
        except ConnectionError:
            return name + " raised\n"

    said = "".join(map(attempt, sorted(kept)))
    text = said + environ["wsgi.input"].read().decode()
    kept.update(write=start_response("200 OK", [("Content-Type", "text/plain")]), read=environ["wsgi.input"].read)
    return [text.encode()]


def forks(environ, start_response):
    """Answers after a child of it has come back."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    elif environ["QUERY_STRING"] == "exits":
        sys.exit()
    return plain(start_response, "parent" if child else "child")


def misuses(environ, start_response):
    """Writes to wsgi.errors what may not be written."""
    environ["wsgi.errors"].write(b"bytes")
    return plain(start_response, "never")


def deaf(environ, start_response):
    """Shuts the connections of the other threads."""
    own = environ["wsgi.input"].connection.sock.fileno()
    for number in range(4, 8):
        if number != own:
            socket.socket(fileno=os.dup(number)).shutdown(socket.SHUT_RDWR)
    return plain(start_response, "deaf")


class Unspeakable(BaseException):
    """No traceback can be made of it."""

    @property
    def __cause__(self):
        raise self


def breaks(environ, start_response):
    """Breaks its thread."""
    raise Unspeakable


barrier = threading.Barrier(4)


def meets(environ, start_response):
    """Answers when four requests are there at a time."""
    barrier.wait()
    return plain(start_response, "met")


def logs(environ, start_response):
    import logging
    logger = logging.Logger("test")
    logger.addHandler(logging.StreamHandler(environ["wsgi.errors"]))
    logger.warning("first\nsecond")
    logger.error("third")
    environ["wsgi.errors"].writelines(["fourth ", "caf\xe9 \udcff\n"])
    print("fifth")
    return plain(start_response, "logged")


def large(environ, start_response):
    """Sends as many bytes as the query says, in pieces of as many as are asked for."""
    query = parse_qs(environ["QUERY_STRING"])
    size, piece = int(query["size"][0]), int(query["piece"][0])
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return (b"x" * min(piece, size - at) for at in range(0, size, piece))


all_of_them = {name: app for name, app in list(globals().items()) if callable(app) and not name.startswith("_")}


def application(environ, start_response):
    """Hands a request on to the application that its path names, checked by wsgiref where it begins with /valid."""
    name = environ["PATH_INFO"].strip("/").split("/")
    if name[0] == "valid":
        return validator(all_of_them[name[1]])(environ, start_response)
    return all_of_them.get(name[0], report)(environ, start_response)


def factory():
    return application


class Sites:
    report = staticmethod(report)
