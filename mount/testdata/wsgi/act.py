"""The application that every backend mounts, as it is in backend_test.go."""

import json


def application(environ, start_response):
    act = environ.get("HTTP_X_ACT", "")
    body = environ["wsgi.input"]
    plain = [("Content-Type", "text/plain")]
    if act == "echo":
        start_response("200 OK", plain)
        return iter(lambda: body.read(1), b"")
    if act == "cut":
        start_response("200 OK", plain)
        return cut()
    if act == "short":
        start_response("200 OK", plain + [("Content-Length", "100")])
        return iter([b"half"])
    if act == "long":
        start_response("200 OK", plain + [("Content-Length", "4")])
        return iter([b"half and more"])
    if act == "head":
        start_response("200 OK", plain + [("X-Long", "x" * (1 << 20))])
        return [b"body"]
    text = body.read().decode("latin-1")
    env = {name: value.encode("latin-1").decode("utf-8", "replace") for name, value in environ.items() if isinstance(value, str)}
    start_response("200 OK", [("Content-Type", "application/json"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    return iter([json.dumps({"Env": env, "Body": text}).encode()])


def cut():
    yield b"half"
    raise RuntimeError("cut")
