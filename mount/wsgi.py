"""The worker of mount.WSGI: it serves one WSGI application (PEP 3333) by FastCGI.

It is run as "python3 - APP THREADS PROCESSES" with this text as its standard input. File
descriptor 3 is the line to the program that started it: "ready", or "error" and a
traceback, goes out on it, and when it ends that program has gone. From 4 on there is one
connected socket for each thread. It needs nothing but Python's standard library, 3.9 or
later.
"""

import importlib
import importlib.machinery
import importlib.util
import os
import select
import socket
import struct
import sys
import threading
import traceback

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR = 1, 2, 3, 4, 5, 6, 7
HEADER = struct.Struct(">BBHHBx")
LONG = struct.Struct(">I")
MAX_CONTENT = 65535
MAX_PENDING = 1 << 20  # bytes of a request's body that are held to see what comes after them
ENDED_WELL = HEADER.pack(1, END, 1, 8, 0) + bytes(8)
ENDED_BADLY = HEADER.pack(1, END, 1, 8, 0) + LONG.pack(1) + bytes(4)


class ClientGone(ConnectionError):
    """The client has left, or did not send all of its body, or has its answer."""


class Connection:
    """A connection, which carries one request at a time."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""
        self.lock = threading.Lock()  # of sending: an application may log from other threads
        self.owner = None  # the Input of the request that it carries
        self.process = os.getpid()
        self.poll = select.poll()
        self.poll.register(sock, select.POLLIN)

    def take(self, size):
        """Return the next bytes, or None when the connection has ended."""
        while len(self.buffer) < size:
            more = self.sock.recv(65536)
            if not more:
                return None
            self.buffer = self.buffer + more if self.buffer else more
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def record(self):
        """Return type and content of the next record, (None, b"") at the end."""
        head = self.take(8)
        if head is None:
            return None, b""
        _, kind, _, size, padding = HEADER.unpack(head)
        content = self.take(size + padding)
        if content is None:
            return None, b""
        return kind, content[:size] if padding else content

    def readable(self):
        return bool(self.buffer) or bool(self.poll.poll(0))

    def send(self, owner, kind, data, end=b""):
        """Send data in records of a type for a request, and what ends that."""
        if end and os.getpid() != self.process:
            os._exit(0)  # a fork that an application made has come back here
        with self.lock:
            if owner is not self.owner:
                raise ClientGone("the request has ended")
            if len(data) <= MAX_CONTENT:
                head = HEADER.pack(1, kind, 1, len(data), 0) if data else b""
                self.sock.sendall(b"".join((head, data, end)))
            else:
                view = memoryview(data)
                for start in range(0, len(view), MAX_CONTENT):
                    piece = view[start:start + MAX_CONTENT]
                    self.sock.sendall(HEADER.pack(1, kind, 1, len(piece), 0) + bytes(piece))
                if end:
                    self.sock.sendall(end)
            if end:
                self.owner = None


class Input:
    """wsgi.input: the body of a request, as far as it has come."""

    def __init__(self, connection):
        self.connection = connection
        self.pending = b""
        self.ended = False
        self.aborted = False
        connection.owner = self

    def stop(self):
        """Raise ClientGone when there is nobody to read from or write to any more."""
        if self.aborted or self.connection.owner is not self:
            raise ClientGone("the client has left, or has its answer")

    def fetch(self):
        """Wait for more of the body and return it, b"" at its end."""
        self.stop()
        while not self.aborted and not self.ended:
            kind, content = self.connection.record()
            if kind == STDIN and content:
                return content
            self.ended = kind == STDIN
            self.aborted = kind in (None, ABORT)
        self.stop()
        return b""

    def check(self):
        """Raise ClientGone if that is known by now."""
        self.stop()
        while not self.aborted and len(self.pending) < MAX_PENDING and self.connection.readable():
            if self.ended:
                self.aborted = self.connection.record()[0] in (None, ABORT)
            else:
                self.pending += self.fetch()
        self.stop()

    def read(self, size=-1):
        if size is None or size < 0:
            size = sys.maxsize
        parts, have = [self.pending], len(self.pending)
        while have < size:
            parts.append(self.fetch())
            if not parts[-1]:
                break
            have += len(parts[-1])
        data = b"".join(parts)
        self.pending = data[size:]
        return data[:size]

    def readline(self, size=-1):
        limit = sys.maxsize if size is None or size < 0 else size
        parts, have, part = [], 0, self.pending
        while True:
            parts.append(part)
            end = part.find(b"\n") + 1
            if end or have + len(part) >= limit:
                end = min(have + end if end else limit, limit)
                break
            have += len(part)
            part = self.fetch()
            if not part:
                end = have
                break
        data = b"".join(parts)
        self.pending = data[end:]
        return data[:end]

    def readlines(self, hint=-1):
        lines, size = [], 0
        for line in self:
            lines.append(line)
            size += len(line)
            if hint is not None and 0 < hint <= size:
                break
        return lines

    def __iter__(self):
        return iter(self.readline, b"")


class Errors:
    """wsgi.errors: what is written between two flushes becomes one entry of the log."""

    def __init__(self, connection, owner):
        self.connection = connection
        self.owner = owner
        self.parts = []
        self.size = 0

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError("wsgi.errors takes str, not %s" % type(text).__name__)
        if self.connection is None:  # the request has ended
            return sys.stderr.write(text)
        self.parts.append(text)
        self.size += len(text)
        if self.size > 32768:
            self.flush()
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        text, self.parts, self.size = "".join(self.parts), [], 0
        if text.strip() and self.connection is not None:
            self.connection.send(self.owner, STDERR, text.encode("utf-8", "backslashreplace"))

    def end(self):
        if self.parts:
            self.flush()
        self.connection = None


class FileWrapper:
    """wsgi.file_wrapper: a file in pieces of a good size."""

    def __init__(self, file, block_size=MAX_CONTENT):
        self.file = file
        self.block_size = max(block_size, 32768)
        if hasattr(file, "close"):
            self.close = file.close

    def __iter__(self):
        return iter(lambda: self.file.read(self.block_size), b"")


class Response:
    """The answer to one request."""

    def __init__(self, connection, method, body):
        self.connection = connection
        self.method = method
        self.input = body
        self.head = None  # as start_response got it, until it is sent
        self.sent = False

    def start(self, status, headers, exc_info=None):
        if exc_info:
            try:
                if self.sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # or there is a cycle
        elif self.head is not None:
            raise AssertionError("start_response was called twice, without exc_info")
        self.head = (status, list(headers))
        return self.write

    def encoded_head(self):
        if self.head is None:
            raise AssertionError("the application did not call start_response")
        status, headers = self.head
        text = "\n".join(["Status: " + status] + [name + ": " + value for name, value in headers])
        if text.count("\n") != len(headers) or "\r" in text or "\0" in text:
            raise ValueError("status or headers have a CR, LF or NUL: %r" % (self.head,))
        return (text + "\n\n").encode("latin-1")

    def write(self, data):
        """Send some of the body at once, and the head before it."""
        if self.sent:
            self.input.check()
        else:
            data = self.encoded_head() + data
            self.sent = True
        if data:
            self.connection.send(self.input, STDOUT, data)

    def end(self, data):
        """Send the last of the body, and the end."""
        if not self.sent:
            data = self.encoded_head() + data
            self.sent = True
        self.connection.send(self.input, STDOUT, data, ENDED_WELL)

    def iterate(self, result):
        """Send what the application returned, and return what is left for the end."""
        if type(result) in (list, tuple) and len(result) <= 1:
            body = result[0] if result else b""
            if not self.sent:
                self.add_length(len(body))
            return body
        for data in result:
            if data:
                self.write(data)
        return b""

    def add_length(self, size):
        """Say how long the body is, which is known as a whole."""
        status, headers = self.head or ("204", [])
        if self.method != "HEAD" and status[:3] not in ("204", "304"):
            if not any(name.lower() == "content-length" for name, _ in headers):
                headers.append(("Content-Length", str(size)))


def answer(connection, application, environ):
    """Have the application answer one request."""
    body = environ["wsgi.input"] = Input(connection)
    errors = environ["wsgi.errors"] = Errors(connection, body)
    environ["wsgi.url_scheme"] = "https" if environ.get("HTTPS") == "on" else "http"
    response = Response(connection, environ["REQUEST_METHOD"], body)
    try:
        rest = b""
        result = application(environ, response.start)
        try:
            rest = response.iterate(result)
        finally:
            if hasattr(result, "close"):
                result.close()
        errors.end()
        response.end(rest)
    except BaseException as error:
        if not isinstance(error, ClientGone):
            errors.flush()
            errors.write(traceback.format_exc())
        errors.end()
        connection.send(body, STDOUT, b"", ENDED_BADLY)


def decode(params, environ):
    """Decode parameters into environ, each byte as the character of its number."""
    text, at, end = params.decode("latin-1"), 0, len(params)
    while at < end:
        name = params[at]
        if name < 128:
            at += 1
        else:
            name, at = LONG.unpack_from(params, at)[0] & 0x7FFFFFFF, at + 4
        value = params[at]
        if value < 128:
            at += 1
        else:
            value, at = LONG.unpack_from(params, at)[0] & 0x7FFFFFFF, at + 4
        middle = at + name
        environ[text[at:middle]] = text[middle:middle + value]
        at = middle + value


def next_request(connection):
    """Return the parameters of the next request, None at the end of the connection."""
    kind = STDIN
    while kind != BEGIN:  # else it is left of a request that has ended
        kind, _ = connection.record()
        if kind is None:
            return None
    params = b""
    while True:
        kind, content = connection.record()
        if kind is None:
            return None
        if kind == PARAMS and not content:
            return params
        if kind == PARAMS:
            params += content


def serve(connection, application, constant):
    """Serve the requests of a connection, to its end."""
    try:
        while True:
            params = next_request(connection)
            if params is None:
                return
            environ = dict(constant)
            decode(params, environ)
            answer(connection, application, environ)
    except OSError:
        pass  # the program that started us has hung up
    finally:
        try:
            connection.sock.shutdown(socket.SHUT_RDWR)  # or that would wait for ever
        except OSError:
            pass


def load(spec):
    """Return the application that spec names."""
    if spec.startswith("config:"):
        from paste.deploy import loadapp
        return loadapp(spec, relative_to=os.getcwd())
    if os.sep in spec or spec.partition(":")[0].endswith((".py", ".wsgi")):
        path, _, name = spec.partition(":")
        loader = importlib.machinery.SourceFileLoader("wsgi_application", path)
        module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
        loader.exec_module(module)
    else:
        path, _, name = spec.partition(":")
        module = importlib.import_module(path)
    name = name or "application"
    application = module
    for part in name.removesuffix("()").split("."):
        application = getattr(application, part)
    if name.endswith("()"):
        application = application()
    if not callable(application):
        raise TypeError("%s in %s is not callable" % (name, path))
    return application


def watch(control):
    """End the process when the program that started it has gone."""
    control.recv(1)
    os._exit(1)


def main():
    spec, threads, processes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    control = socket.socket(fileno=3)
    sockets = [socket.socket(fileno=4 + i) for i in range(threads)]
    for own in [control] + sockets:
        os.set_inheritable(own.fileno(), False)
    os.dup2(2, 1)  # what it prints belongs into the log
    sys.stdout.reconfigure(line_buffering=True)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    sys.path[:] = [os.getcwd()] + [folder for folder in sys.path if folder]
    sys.argv = [spec]
    try:
        application = load(spec)
    except BaseException:
        control.sendall(b"error\n" + traceback.format_exc().encode("utf-8", "backslashreplace"))
        os._exit(1)
    constant = {
        "wsgi.version": (1, 0), "wsgi.multithread": threads > 1, "wsgi.multiprocess": processes > 1,
        "wsgi.run_once": False, "wsgi.input_terminated": True, "wsgi.file_wrapper": FileWrapper,
    }
    threading.Thread(target=watch, args=(control,), daemon=True).start()
    workers = [threading.Thread(target=serve, args=(Connection(own), application, constant)) for own in sockets]
    for worker in workers:
        worker.start()
    control.sendall(b"ready\n")
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main()
