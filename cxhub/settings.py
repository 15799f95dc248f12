"""Django settings, all derived from the validated environment (`cxhub.env`)."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF

from cxhub import env, logs
from profiles.identity.values import IdentifierKind

_environment = env.load(os.environ)

BASE_DIR = Path(__file__).resolve().parent.parent
REDIS_URL = _environment.redis_url
SECRET_KEY = _environment.secret_key
SECRET_KEY_FALLBACKS = list(_environment.secret_key_fallbacks)
DEBUG = _environment.debug
PUBLIC_BASE_URL = _environment.public_base_url
LIVE_URL = _environment.live_url
MEDIA_LINKS_URL = _environment.media_url
#: Where the hub's own processes reach its web process: the simulator is posted to there, and posts there.
LOOPBACK_URL = _environment.loopback_url
#: Whether the customer's side can be played in the browser: for trying the hub out, never where customers are real.
HAS_SIMULATOR_PAGE = _environment.debug or _environment.has_simulator_page
_public = urlsplit(PUBLIC_BASE_URL)
_media = urlsplit(MEDIA_LINKS_URL)
_media_origin = f"{_media.scheme}://{_media.netloc}"

ALLOWED_HOSTS = [_public.hostname or "localhost", _media.hostname or "localhost", "127.0.0.1", "localhost", "[::1]"]
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
ROOT_URLCONF = "cxhub.urls"
WSGI_APPLICATION = "cxhub.wsgi.application"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "profiles",
    "timeline",
    "channels_ingest",
    "cxhub",
]

MIDDLEWARE = [
    "cxhub.request_ids.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "cxhub.compressing.CompressedPagesMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "cxhub.preferring.ChosenLanguageMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",  # deny by default: a view says if it checks for itself
    "profiles.reading_rights.ReadingRightsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "cxhub.privacy.PrivatePagesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "cxhub.context.hub",
            ],
            "libraries": {},
        },
    }
]

DATABASES = {
    "default": {
        **_environment.database.as_django(),
        # Threads of the web process live long; a connection each is kept. It is tried before the first query of a
        # request, so that a restarted PostgreSQL costs nobody an error. A delivery does not pay for that round trip:
        # its one statement bypasses Django's cursor, which is what tries, and is repeated on a fresh connection.
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        # Without a threshold psycopg prepares nothing, not even what asks for it (`profiles.prepared`).
        "OPTIONS": {
            "connect_timeout": 5,
            "application_name": "cxhub",
            "prepare_threshold": 5,
            **_environment.database.options,
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "profiles.StaffMember"
AUTHENTICATION_BACKENDS = ["profiles.backends.StaffBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"

_is_https = _public.scheme == "https"
SESSION_COOKIE_SECURE = _is_https
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 60 * 60 * 12
CSRF_COOKIE_SECURE = _is_https
CSRF_COOKIE_HTTPONLY = True
# Behind the proxy every request comes as plain HTTP; without this neither HSTS nor the origin check of a form knows
# that the browser speaks TLS. Where no proxy is expected, nobody overwrites what a caller claims: it is not believed.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _is_https else None
SECURE_SSL_REDIRECT = False  # the proxy in front does this; the health checks speak plain HTTP on loopback
SECURE_HSTS_SECONDS = 31_536_000 if _is_https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _is_https
SECURE_HSTS_PRELOAD = _is_https
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = ["security.W008"]  # SECURE_SSL_REDIRECT, see above
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:", _media_origin],
        "media-src": [SELF, _media_origin],
        "connect-src": [SELF, LIVE_URL],
        "font-src": [SELF],
        "form-action": [SELF],
        "frame-src": [SELF, _media_origin],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

LANGUAGE_CODE = "en"
#: What the pages are complete in; a browser that asks for another one gets English. `.ci/translations` keeps it so.
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "templates" / "static"]
DATA_FOLDER = _environment.data
STATIC_ROOT = DATA_FOLDER.static
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "media": _environment.media_storage.as_django(),
    "staticfiles": {"BACKEND": "cxhub.static_files.StrippedStaticFilesStorage"},
}

# Signed deliveries are bounded by their adapter's own limit, which answers 413; Django's 400 would lose mail, because
# some providers do not retry it (measured with Django 5.2.19).
DATA_UPLOAD_MAX_MEMORY_SIZE = 40 * 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "profiles.access.BearerToken",
        "profiles.access.StaffSession",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["profiles.access.ReadsCustomers"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["cxhub.parsing.ShallowJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "cxhub.problems.problem_details",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "ENUM_NAME_OVERRIDES": {"IdentifierKindEnum": [str(kind) for kind in IdentifierKind]},
    "TITLE": "Customer profile hub",
    "DESCRIPTION": "Read customers and their timelines, and tell what your own servers know of them; every list is"
    " keyset-paged and every error is RFC 9457.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "cxhub.schema_problems.with_problems",
    ],
}

#: How long raw webhook bodies are kept once worked; keys and entries stay. Longer keeps more personal data.
ASSIGN_ON_TYPING = _environment.assigns_on_typing
RAW_BODY_RETENTION_DAYS = _environment.raw_body_retention_days

#: For so long a mail, a text message or a template waits here, so that its author can take it back.
UNDO_SEND_SECONDS = _environment.undo_send_seconds

LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logs.configuration(level=_environment.log_level)

CELERY_BROKER_URL = _environment.broker_url
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE = {
    "prune raw bodies": {"task": "channels_ingest.tasks.prune_raw_bodies", "schedule": 3600.0},
    "forget chat visitors": {"task": "channels_ingest.tasks.forget_chat_visitors", "schedule": 3600.0},
    "forget old drafts": {"task": "channels_ingest.tasks.forget_old_drafts", "schedule": 3600.0},
    "refresh templates": {"task": "channels_ingest.tasks.refresh_templates", "schedule": 3600.0},
    "run errands": {"task": "channels_ingest.tasks.run_errands", "schedule": 15.0},
}
# A nudge is worth a tenth of a second; the sweeper does the work if it fails.
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 0.1, "socket_connect_timeout": 0.1, "retry_on_timeout": False}
