"""A site of Django's that is its admin. OFFICE_DATA is the folder of its database.

Run as a program it prepares that folder, then does what manage.py does: python3 office.py createsuperuser
"""

import os
import pathlib
import secrets
import sys

from django.conf import settings

data = pathlib.Path(os.environ["OFFICE_DATA"])
secret = data / "secret"
if __name__ == "__main__" and not secret.exists():
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret.write_text(secrets.token_urlsafe(50) + "\n")

settings.configure(
    SECRET_KEY=os.environ.get("OFFICE_SECRET") or secret.read_text(),
    ALLOWED_HOSTS=["localhost", "127.0.0.1", ".example.org"],
    ROOT_URLCONF="urls",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": data / "office.sqlite"}},
    INSTALLED_APPS=["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
                    "django.contrib.sessions", "django.contrib.messages"],
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware",
                "django.contrib.sessions.middleware.SessionMiddleware",
                "django.middleware.common.CommonMiddleware",
                "django.middleware.csrf.CsrfViewMiddleware",
                "django.contrib.auth.middleware.AuthenticationMiddleware",
                "django.contrib.messages.middleware.MessageMiddleware"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
                "OPTIONS": {"context_processors": ["django.template.context_processors.request",
                                                   "django.contrib.auth.context_processors.auth",
                                                   "django.contrib.messages.context_processors.messages"]}}],
    STATIC_URL="static/",  # below the prefix, wherever that is
    USE_TZ=True,
)

if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    execute_from_command_line([sys.argv[0], "migrate", "--verbosity=0"])
    execute_from_command_line(sys.argv)
else:
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
