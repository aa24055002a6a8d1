"""Every SQL statement of Reelgate: tables, migrations, one module per aggregate, one function per query.

Query functions are plain and synchronous, take a SQLAlchemy `Connection` first and never commit:
the `Backend` that runs them decides where a transaction begins and ends. Rules live in `core`,
verbs in `engine`; nothing here reads the time or invents an id.
"""
