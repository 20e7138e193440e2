"""The index in a database. Importing a module of this package imports SQLAlchemy."""
