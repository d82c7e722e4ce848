"""Django's SQLite backend, told how many parameters SQLite really takes (docs/adr/0008)."""

from django.db.backends.sqlite3.base import DatabaseWrapper as DjangoWrapper
from django.db.backends.sqlite3.features import DatabaseFeatures as DjangoFeatures


class DatabaseFeatures(DjangoFeatures):
    """As Django's, with SQLITE_MAX_VARIABLE_NUMBER as it is since SQLite 3.32 (2020)."""

    max_query_params = 32_766


class DatabaseWrapper(DjangoWrapper):
    """As Django's."""

    features_class = DatabaseFeatures
