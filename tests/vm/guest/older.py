# SPDX-License-Identifier: MIT
"""Makes a record one of an older version of the schema, as an older release would have left it: older.py DATABASE SCHEMA-DIRECTORY VERSION

What newer steps added is taken away; what is left must be what the older steps make.
"""
import glob
import sqlite3
import sys

MASTER = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name"


def shape(db):
    """What a schema is: of tables the columns, of everything else the text."""
    return {(kind, name): db.execute(f'PRAGMA table_xinfo("{name}")').fetchall() if kind == "table" else sql
            for kind, name, sql in db.execute(MASTER).fetchall()}


def main():
    database, directory, version = sys.argv[1], sys.argv[2], int(sys.argv[3])
    reference = sqlite3.connect(":memory:")
    for path in sorted(glob.glob(directory + "/*.sql"))[:version]:
        with open(path, encoding="utf-8") as f:
            reference.executescript(f.read())
    wanted = shape(reference)
    db = sqlite3.connect(database, isolation_level=None)
    db.execute("PRAGMA foreign_keys=OFF")
    db.execute("BEGIN IMMEDIATE")
    # All that hangs on tables goes, then tables and columns, and what the older steps make of the rest comes again.
    for kind in ("trigger", "view", "index", "table"):
        for found, name in shape(db):
            if found == kind and (kind != "table" or (found, name) not in wanted):
                db.execute(f'DROP {kind} IF EXISTS "{name}"')
    for kind, name in shape(db):
        had = {column[1] for column in wanted[kind, name]}
        for column in db.execute(f'PRAGMA table_info("{name}")').fetchall():
            if column[1] not in had:
                db.execute(f'ALTER TABLE "{name}" DROP COLUMN "{column[1]}"')
    for order in ("index", "view", "trigger"):
        for kind, _, sql in reference.execute(MASTER).fetchall():
            if kind == order:
                db.execute(sql)
    left = shape(db)
    if left != wanted:
        names = sorted(name for kind, name in left.keys() | wanted.keys() if left.get((kind, name)) != wanted.get((kind, name)))
        sys.exit(f"older.py: a record of version {version} cannot be made by taking away what is newer: {names}")
    db.execute(f"PRAGMA user_version={version}")
    db.execute("COMMIT")
    db.close()


if __name__ == "__main__":
    main()
