"""An application that cannot be loaded, as long as a file is not there."""

import os

if not os.path.exists(os.environ["MENDED"]):
    raise ImportError("the database is not there")


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [os.environ.get("VERSION", "mended").encode()]
