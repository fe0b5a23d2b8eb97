"""Mercurial's web application, for the repositories that a configuration names."""

import os

from mercurial.hgweb import hgweb

application = hgweb(os.environb[b"HGWEB_CONFIG"])
