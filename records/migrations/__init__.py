"""Migrations of the schema, run by `Database.prepare`."""
