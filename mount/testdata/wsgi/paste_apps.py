"""Factories for PasteDeploy."""

from paste.request import construct_url

import apps


def home(global_conf, **local_conf):
    def application(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [global_conf["greeting"].encode(), b" at ", construct_url(environ).encode()]
    return application


def report(global_conf, **local_conf):
    return apps.report


def mark(global_conf, **local_conf):
    def wrap(application):
        def wrapped(environ, start_response):
            def start(status, headers, exc_info=None):
                return start_response(status, headers + [("X-Filtered", "yes")], exc_info)
            return application(environ, start)
        return wrapped
    return wrap
