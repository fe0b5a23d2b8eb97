"""A Trac that says what it is told."""

import json


def dispatch_request(environ, start_response):
    told = {name: value.encode("latin-1").decode() for name, value in environ.items() if isinstance(value, str)}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(told).encode()]
