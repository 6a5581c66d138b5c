#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/embed-sql.awk: what it makes compiles, and what it does not understand it refuses with file and line."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import TOP, Tap, expect, expect_equal, temporary_directory  # noqa: E402

GOOD = """\
-- SPDX-License-Identifier: MIT
-- doc: Things, newest
-- doc: first.
-- role: viewer
-- shape: page
-- param: owner text max=32 -- Only those of "this" owner.
-- param: kind text values=big|small -- Only those of this kind.
-- param: limit int min=1 max=1000 default=100 -- At most so many.
-- param: after text max=64 -- Go on here.
-- column: id int -- Its number.
-- column: size real:2 -- Its size.

-- A free comment: :nothing of it is embedded.
SELECT id, size, 'a -- b :c' AS "x:y", id AS cursor
FROM thing
WHERE true
\tAND owner = :owner   -- if owner
\tAND size > 10        -- if kind=big and owner
\tAND id < :after      -- unless kind=big
ORDER BY id DESC
LIMIT :limit
"""


CHANGE = """\
-- SPDX-License-Identifier: MIT
-- doc: Paints a thing.
-- role: operator
-- noun: thing
-- param: thing ref:thing required -- Which.
-- param: colour text personal max=32 -- Of what colour.
-- param: by ref:person -- Who paints.
-- param: sides list values=left|right -- Which sides.
-- param: until expiry -- How long it holds.
-- about: by helper=person
-- guard: room=session
-- reason: correction
-- after: wipe
-- column: size real:2 -- Its size.

-- A free comment: :nothing of it is embedded.
--: let
SELECT 1 AS helper, (SELECT room FROM thing
\tWHERE id = :thing) AS room
--: check
SELECT 'conflict', 'It is wet.' WHERE :helper = 2 -- why
--: apply
UPDATE thing SET colour_entry = coalesce(:colour, colour_entry), entry = :entry WHERE id = :thing;
INSERT INTO coat (thing, sides, until) VALUES (:thing, :sides, :until);

--: answer
SELECT size FROM thing WHERE id = :thing
"""


def embed(files, directory=None):
    """Writes {path: text} below a directory and embeds them in this order. Returns (status, stdout, stderr)."""
    directory = directory or temporary_directory()
    for path, text in files.items():
        full = os.path.join(directory, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", newline="") as f:
            f.write(text)
    run = subprocess.run([*os.environ.get("AWK", "awk").split(), "-f", os.path.join(TOP, "tools/embed-sql.awk"), *files],
                         cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return run.returncode, run.stdout, run.stderr


def compiles(source, directory, *checks):
    """The table compiles without a warning, and a program over it finds each check to hold."""
    with open(os.path.join(directory, "table.c"), "w") as f:
        f.write(source)
    with open(os.path.join(directory, "main.c"), "w") as f:
        f.write('#include "db/change.h"\n#include "db/audit.h"\nint main(void) {\n' + "".join(
            f"if (!({check})) return {i + 1};\n" for i, check in enumerate(checks)) + "return 0; }\n")
    subprocess.run(["cc", "-std=gnu17", "-Wall", "-Wextra", "-Werror", f"-I{TOP}/daemon", f"-I{TOP}/proto", "-o", "checks",
                    "main.c", "table.c"], cwd=directory, check=True)
    status = subprocess.run([os.path.join(directory, "checks")]).returncode
    expect(status == 0, f"does not hold: {checks[status - 1]}" if status else "")


def good_files():
    directory = temporary_directory()
    status, out, err = embed({
        "schema/0001-first.sql": "CREATE TABLE \"a\\b\" (x TEXT); -- kept\n",
        "schema/0002-second.sql": "ALTER TABLE x;\n",
        "write/thing_add.sql": "-- why\nINSERT INTO thing VALUES (:a)\n",
        "engine/thing_last.sql": "SELECT max(id) FROM thing\n",
        "temp/thing.sql": "CREATE TEMP TABLE a (x);\nCREATE TEMP TABLE b (x);\n",
        "query/thing.get.sql": GOOD.replace("shape: page", "shape: list"),
        "query/thing.list.sql": GOOD,
    }, directory)
    expect_equal((status, err), (0, ""), "status and messages")
    compiles(out, directory,
             "db_n_queries == 2 && db_n_schema == 2 && db_n_writes == 1",
             'streq(db_queries[1].method, "thing.list")',
             'streq(db_queries[1].doc, "Things, newest first.")',
             "db_queries[1].role == ROLE_VIEWER && db_queries[1].shape == SHAPE_PAGE && db_queries[0].shape == SHAPE_LIST",
             "db_queries[1].n_params == 4 && db_queries[1].n_columns == 2",
             'streq(db_queries[1].params[0].doc, "Only those of \\"this\\" owner.")',
             "db_queries[1].params[0].max == 32 && db_queries[1].params[0].min == INT64_MIN",
             'streq(db_queries[1].params[1].values, "big|small") && !db_queries[1].params[0].values',
             'streq(db_queries[1].params[2].fallback, "100") && !db_queries[1].params[2].required',
             "db_queries[1].columns[1].type == COLUMN_REAL && db_queries[1].columns[1].decimals == 2",
             'strncmp(db_queries[1].sql, "SELECT id, size, \'a -- b :c\' AS \\"x:y\\"", 35) == 0',
             'strstr(db_queries[1].sql, "\\tAND owner = :owner -- if owner\\n")',
             'strstr(db_queries[1].sql, "\\tAND size > 10 -- if kind=big and owner\\n")',
             '!strstr(db_queries[1].sql, "free comment")',
             'streq(db_schema[0].name, "0001-first") && streq(db_schema[1].name, "0002-second")',
             'streq(db_schema[0].sql, "CREATE TABLE \\"a\\\\b\\" (x TEXT); -- kept\\n")',
             'streq(db_writes[0].name, "thing_add")',
             'streq(db_writes[0].sql, "-- why\\nINSERT INTO thing VALUES (:a)\\n")',
             'db_n_engines == 1 && streq(db_engines[0].name, "thing_last")',
             'streq(db_engines[0].sql, "SELECT max(id) FROM thing\\n")',
             'db_n_temps == 1 && streq(db_temps[0].name, "thing")',
             'streq(db_temps[0].sql, "CREATE TEMP TABLE a (x);\\nCREATE TEMP TABLE b (x);\\n")')


def good_changes():
    directory = temporary_directory()
    status, out, err = embed({
        "query/thing.get.sql": GOOD.replace("shape: page", "shape: list").replace("owner text max=32", "owner ref:* "),
        "change/thing.paint.sql": CHANGE,
        "change/thing.add.sql": CHANGE.replace("param: thing ref:thing required", "param: other ref:thing").replace(
            "1 AS helper", "1 AS helper, :other AS thing").replace("WHERE id = :thing) AS room", "WHERE id = :other) AS room"),
        "resolve/thing.sql": "-- personal only here\nSELECT id, name AS label, 0 AS rank FROM thing WHERE name = :text\n",
        "resolve/person.sql": "SELECT entry, value, 0 FROM personal WHERE value = :text\n",
    }, directory)
    expect_equal((status, err), (0, ""), "status and messages")
    compiles(out, directory,
             "db_n_changes == 2 && db_n_resolves == 2",
             'streq(db_changes[0].decl.method, "thing.paint") && streq(db_changes[0].noun, "thing")',
             "db_changes[0].decl.role == ROLE_OPERATOR && db_changes[0].decl.shape == SHAPE_OBJECT && !db_changes[0].decl.sql",
             "db_changes[0].n_own == 5 && db_changes[0].decl.n_params == 5 + CHANGE_PARAMS_",
             'db_changes[0].decl.params[0].type == DB_REF && streq(db_changes[0].decl.params[0].noun, "thing")',
             "db_changes[0].decl.params[1].personal && !db_changes[0].decl.params[2].personal",
             "db_changes[0].decl.params[3].type == DB_LIST && db_changes[0].decl.params[4].type == DB_EXPIRY",
             'streq(db_changes[0].decl.params[5 + CHANGE_REASON].name, "reason")',
             'streq(db_changes[0].decl.params[5 + CHANGE_DRY_RUN].name, "dry_run")',
             "db_changes[0].decl.n_columns == CHANGE_COLUMNS_BEFORE + 1 + CHANGE_COLUMNS_AFTER",
             'streq(db_changes[0].decl.columns[2].name, "thing") && streq(db_changes[0].decl.columns[3].name, "size")',
             "db_changes[0].reason == REASON_CORRECTION && db_changes[0].wipe",
             'db_changes[0].n_about == 3 && streq(db_changes[0].about[0].noun, "person") && !db_changes[0].about[0].guard',
             'streq(db_changes[0].about[1].name, "helper") && streq(db_changes[0].about[1].noun, "person")',
             'streq(db_changes[0].about[2].name, "room") && db_changes[0].about[2].guard',
             "db_changes[0].n_sections == 4 && db_changes[0].sections[0].kind == SECTION_LET",
             "db_changes[0].sections[1].kind == SECTION_CHECK && db_changes[0].sections[3].kind == SECTION_ANSWER",
             """streq(db_changes[0].sections[1].sql, "SELECT 'conflict', 'It is wet.' WHERE :helper = 2\\n")""",
             'strstr(db_changes[0].sections[2].sql, "INSERT INTO coat")',
             'streq(db_queries[0].params[0].noun, "*")',
             "!db_resolves[0].personal && db_resolves[1].personal")


QUERY = "query/thing.list.sql"
PART = """\
-- SPDX-License-Identifier: MIT
-- What two share.

-- param: owner text max=32 -- Only those of "this" owner.
"""
ROWS = """\
-- Rows of {TABLE}.

FROM {TABLE} -- free
WHERE true
\tAND owner = :owner   -- if owner
"""
PARTED = GOOD.replace(PART.split("\n\n")[1], "-- part: thing.owner\n").replace(
    ROWS.split("\n\n")[1].replace("{TABLE} -- free", "thing"), "-- part: thing.rows TABLE=thing\n")
PARTS = {"part/thing.owner.sql": PART, "part/thing.rows.sql": ROWS}


def parts():
    expect(PARTED.count("-- part:") == 2, PARTED)
    plain, parted = embed({QUERY: GOOD}), embed({**PARTS, QUERY: PARTED})
    expect_equal(parted, plain, "what is made of parts, and of the whole")
    expect_equal(plain[0], 0, "status")
    for room in ("write", "engine", "temp", "resolve"):
        name = f"{room}/thing.sql"
        expect_equal(embed({**PARTS, name: "SELECT 1\n-- part: thing.rows TABLE=thing\n"}),
                     embed({name: "SELECT 1\n" + ROWS.split("\n\n")[1].replace("{TABLE}", "thing")}), f"what is made of {name}")
    status, out, err = embed({**PARTS, "schema/0001-a.sql": "-- part: thing.rows TABLE=thing\n"})
    expect(status == 0 and "-- part: thing.rows TABLE=thing" in out, "a migration stays as it was written: " + err)


def refused_parts(files, where, message):
    status, out, err = embed({**PARTS, QUERY: PARTED, **files})
    expect(status == 1 and not out and f"{where}: " in err and message in err, err)


BAD_PARTS = [
    ("a part that is not there", {QUERY: PARTED.replace("thing.rows", "thing.lines")}, QUERY + ":15", "there is no part thing.lines"),
    ("a key that nobody gives", {QUERY: PARTED.replace(" TABLE=thing", "")}, QUERY + ":15",
     "nothing is said for {TABLE} (line 1 of part thing.rows)"),
    ("a key that it has not", {QUERY: PARTED.replace("TABLE=thing", "TABLE=thing ROW=1")}, QUERY + ":15", "part thing.rows has no {ROW}"),
    ("a key in small letters", {QUERY: PARTED.replace("TABLE=", "table=")}, QUERY + ":15", "the key in capitals"),
    ("a value that holds a key", {QUERY: PARTED.replace("TABLE=thing", "TABLE={TABLE}")}, QUERY + ":15", "the key in capitals"),
    ("a key without a value", {QUERY: PARTED.replace("TABLE=thing", "TABLE=")}, QUERY + ":15", "the key in capitals"),
    ("a mistake in a part", {"part/thing.rows.sql": ROWS.replace("-- if owner", "-- if other")}, QUERY + ":15",
     "the mark names other, which is no param of this query (line 3 of part thing.rows)"),
    ("a part of a part", {"part/thing.rows.sql": ROWS + "-- part: thing.owner\n"}, "part/thing.rows.sql:6", "a part has no parts"),
    ("a part without a comment", {"part/thing.rows.sql": "SELECT 1\n"}, "part/thing.rows.sql:1", "a part begins with a comment"),
    ("an empty part", {"part/thing.rows.sql": "-- Nothing.\n\n"}, "part/thing.rows.sql:1", "nothing in this part"),
]


RULE = """\
-- SPDX-License-Identifier: MIT
-- doc: Things that are too
-- doc: big.
-- source: the house
-- scope: session
-- online: yes
-- threshold: warn_size real 4.5 cm severity=warn -- Bigger than this is "big".
-- threshold: error_size int off cm severity=error -- Bigger than this is too big.
-- key: session name
-- says: {name} of {client} is {value}.
-- do: Make it smaller.

SELECT t.at_us AS at_us, t.session AS session, t.name AS name, t.client AS client, t.size AS value, x.severity AS severity
FROM thing t JOIN audit_threshold x ON x.rule = 'thing-big' -- why
WHERE t.size > x.value AND t.at_us < :now_us
\tAND t.at_us >= :since_us -- if since_us
\tAND t.at_us < :until_us -- if until_us
\tAND t.session = :session -- if session
\tAND t.client = :client -- if client
"""


def good_rules():
    directory = temporary_directory()
    status, out, err = embed({
        "audit/thing-big.sql": RULE,
        "audit/thing-odd.sql": RULE.replace(" severity=warn", "").replace(" severity=error", "").replace(
            "-- online: yes", "-- severity: critical"),
        "profiles/house.conf": "[profile]\nname = house # \"ours\"\n",
    }, directory)
    expect_equal((status, err), (0, ""), "status and messages")
    compiles(out, directory,
             "db_n_rules == 2 && db_n_profiles == 1",
             'streq(db_rules[0].query.method, "thing-big") && streq(db_rules[0].query.doc, "Things that are too big.")',
             'streq(db_rules[0].source, "the house") && db_rules[0].scope == SCOPE_SESSION',
             "db_rules[0].online && db_rules[0].graded && db_rules[0].severity == SEVERITY_NONE",
             "!db_rules[1].online && !db_rules[1].graded && db_rules[1].severity == SEVERITY_CRITICAL",
             "db_rules[0].n_thresholds == 2 && db_rules[0].thresholds[0].type == DB_REAL",
             'streq(db_rules[0].thresholds[0].fallback, "4.5") && !db_rules[0].thresholds[1].fallback',
             'streq(db_rules[0].thresholds[0].unit, "cm") && db_rules[0].thresholds[1].severity == SEVERITY_ERROR',
             'streq(db_rules[0].thresholds[0].doc, "Bigger than this is \\"big\\".")',
             'streq(db_rules[0].key[0], "session") && streq(db_rules[0].key[1], "name") && !db_rules[0].key[2]',
             'streq(db_rules[0].says, "{name} of {client} is {value}.") && streq(db_rules[0].does, "Make it smaller.")',
             "db_rules[0].query.params == db_rule_params && db_rules[0].query.n_params == RULE_PARAMS_",
             'streq(db_rule_params[RULE_SESSION].name, "session") && streq(db_rule_params[RULE_TODAY].name, "today")',
             'strstr(db_rules[0].query.sql, "\\tAND t.client = :client -- if client\\n")',
             'streq(db_profiles[0].name, "house")',
             'streq(db_profiles[0].sql, "[profile]\\nname = house # \\"ours\\"\\n")')


BAD_RULE = [
    ("-- doc: big.", "-- doc: big", 1, "the head lacks `-- doc:`, a sentence"),
    ("-- source: the house\n", "", 1, "the head lacks `-- source:`"),
    ("scope: session", "scope: shop", 5, "scope shop: allowed are session, pen, lot, client, place, record"),
    ("online: yes", "online: maybe", 6, "online maybe: allowed are yes, no"),
    ("-- online: yes", "-- severity: warn", 1, "a rule has either `-- severity:` or thresholds with severity="),
    ("-- online: yes", "-- colour: red", 6, "unknown key colour: allowed are doc, source, scope, online, severity, threshold, key, says, do"),
    ("real 4.5 cm", "real 4.5", 7, "a threshold is `name type value unit -- description`"),
    ("warn_size real", "warn_size text", 7, "type text: allowed are int, real"),
    ("int off", "int 4.5", 8, "value 4.5 does not fit type int; or write off"),
    ("severity=warn", "severity=bad", 7, "unknown severity=bad: allowed is severity= with info, warn, error or critical"),
    ("error_size", "warn_size", 8, "threshold warn_size is declared twice"),
    ("error_size", "enabled", 8, "every rule has enabled already"),
    ("key: session name", "key: session Name", 9, "key Name: names of columns"),
    ("-- key: session name\n", "", 1, "the head lacks `-- key:`"),
    ("is {value}.", "is {value}", 1, "the head lacks `-- says:`, a sentence"),
    ("-- do: Make it smaller.\n", "", 1, "the head lacks `-- do:`, a sentence"),
    (":now_us", ":yesterday", 15, ":yesterday is no parameter of a rule"),
    ("-- if client", "-- if colour", 19, "the mark names colour, which is no param"),
    ("-- if client", "-- if now_us", 19, "the mark names now_us, which always has a value"),
    ("\tAND t.session = :session -- if session\n", "", 1, "a rule of scope session has a line for :session"),
    ("scope: session", "scope: client", 1, "online is for rules of scope session"),
]


def empty_sets():
    for files in ({}, {"schema/0001-first.sql": "CREATE TABLE a (x);\n"}):
        directory = temporary_directory()
        status, out, err = embed(files, directory)
        expect_equal((status, err), (0, ""), "status and messages")
        compiles(out, directory, f"db_n_queries == 0 && db_n_writes == 0 && db_n_schema == {len(files)}")


def refused(name, text, line, message):
    status, out, err = embed({name: text})
    expect_equal((status, out), (1, ""), "status and output")
    expect(f"{name}:{line}: {message}" in err, f"wanted {name}:{line}: {message}\nfound  {err}")


# what is replaced in GOOD, by what, the line told, the message
BAD = [
    ("-- role: viewer\n", "", 1, "the head lacks `-- role:`"),
    ("role: viewer", "role: everybody", 4, "role everybody: allowed are viewer, operator, admin"),
    ("-- role: viewer\n", "-- role: viewer\n-- role: admin\n", 5, "role is stated twice"),
    ("shape: page", "shape: tree", 5, "shape tree: allowed are object, list, page, cycles, moment, audit"),
    ("-- shape: page\n", "", 1, "the head lacks `-- shape:`"),
    ("first.\n", "first\n", 1, "the head lacks `-- doc:`, a sentence"),
    ("-- doc: first.", "-- about: first.", 3, "unknown key about"),
    ("-- doc: first.", "-- something else", 3, "a head line is `-- key: value`"),
    ("owner text max=32", "owner blob max=32", 6, "type blob: allowed are int, real, text, bool, time, date, expiry, list, json, ref:NOUN"),
    ("owner text max=32", "Owner text max=32", 6, "name Owner"),
    ("owner text max=32", "owner", 6, "a param is `name type"),
    (" -- Only those of \"this\" owner.", "", 6, "a param ends in ` -- ` and a sentence"),
    ("\"this\" owner.", "this owner", 6, "a description is a sentence"),
    ("max=32", "max=many", 6, "max is not an integer"),
    ("max=32", "most=32", 6, "unknown most=32: allowed are required, min=, max=, default=, values="),
    ("max=32", "min=33 max=32", 6, "min is above max"),
    ("owner text max=32", "kind text max=32", 7, "param kind is declared twice"),
    ("kind text values", "kind int values", 7, "values= is for text and list"),
    ("values=big|small", "values=big|small default=medium", 7, "the default is not one of the values"),
    ("default=100", "required default=100", 8, "a required param needs no default"),
    ("default=100", "default=0", 8, "the default lies outside min and max"),
    ("default=100", "default=some", 8, "default some does not fit type int"),
    (" default=100", "", 8, "the limit of a page has a default"),
    ("-- param: after text max=64 -- Go on here.\n", "", 1, "a page has `-- param: after text`"),
    ("real:2", "real", 11, "say how many decimals"),
    ("size real:2", "size colour", 11, "type colour: allowed are int, real:N, text, bool, time, json, hex"),
    ("size real:2", "id int", 11, "column id is declared twice"),
    ("owner = :owner", "owner = :holder", 17, ":holder is not declared"),
    ("AND owner = :owner ", "AND true ", None, None),  # owner is still named by marks: not an error
    ("-- if owner", "-- if holder", 17, "the mark names holder, which is no param"),
    ("-- if owner", "-- if limit", 17, "the mark names limit, which always has a value"),
    ("kind=big and owner", "kind=medium and owner", 18, "the mark names kind=medium, which is not one of its values="),
    ("kind=big and owner", "kind=big or owner", 18, "a mark is `-- if PARAM`"),
    ("-- unless kind=big", "-- unless it rains", 19, "a mark is `-- if PARAM`"),
    ("FROM thing", "FROM thing /* all */", 15, "write comments as `-- ...`"),
    ("'a -- b :c'", "'a -- b :c", 14, "a quoted text must end on the line"),
    ("FROM thing\n", "FROM thing\r\n", 15, "the line ends in a carriage return"),
    ("FROM thing\n", "FROM thing\n-- column: later int -- Too late.\n", 16, "a declaration below the head"),
    ("LIMIT :limit", "LIMIT 5", 8, "param limit is not used"),
]


PAINT = "change/thing.paint.sql"
BAD_CHANGE = [
    ("role: operator", "role: viewer", 3, "role viewer: allowed are operator, admin, daemon"),
    ("-- noun: thing\n", "", 1, "the head lacks `-- noun:`"),
    ("-- role: operator\n", "-- role: operator\n-- shape: object\n", 4, "unknown key shape"),
    ("thing ref:thing required", "thing int required", 5, "param thing is the record's id: its type is ref:thing"),
    ("noun: thing", "noun: stone", 1, "nothing gives :stone, the id of the record"),
    ("by ref:person", "by ref:", 7, "type ref:: allowed are"),
    ("by ref:person", "by ref:person min=1", 7, "a ref has no min=1"),
    ("by ref:person", "by ref:person personal", 7, "personal is for text, date and expiry"),
    ("by ref:person", "version int", 7, "every change has version already"),
    ("about: by", "about: somebody", 10, "somebody is neither a param nor a column of a let"),
    ("guard: room=session", "guard: room", 11, "guard room: that is no session"),
    ("reason: correction", "reason: always", 12, "reason always: allowed are required, correction"),
    ("after: wipe", "after: lunch", 13, "after lunch: allowed is wipe"),
    ("after: wipe", "same: always", 13, "same always: allowed are nothing, nothing unless LET"),
    ("after: wipe", "same: nothing unless colour", 1, "same: colour is no column of a let"),
    ("column: size real:2 -- Its size.", "column: entry int -- It.", 14, "every answer has entry already"),
    ("-- column: size real:2 -- Its size.\n", "", 1, "columns are declared for an answer, and an answer has columns"),
    ("1 AS helper", "1 AS entry", 18, "a let cannot be named entry"),
    ("1 AS helper", "1 AS colour", 18, "a let cannot be named colour"),
    (":helper = 2", ":holder = 2", 21, ":holder is neither a param nor a column of an earlier let"),
    ("--: check", "--: look", 20, "section look: allowed are let, check, apply, answer"),
    ("--: check", "--: apply", 20, "the last statement of an apply ends in a semicolon"),
    ("--: let\n", "", 17, "SQL before the first section"),
    ("(:thing, :sides, :until);", "(:thing, :sides, :until)", 22, "the last statement of an apply ends in a semicolon"),
    ("--: answer", "--: let\nSELECT 1 AS late\n--: answer", 26, "a let stands before the first apply"),
    ("WHERE id = :thing\n", "WHERE id = :thing\n--: check\nSELECT 1, 2\n", 28, "the answer is the last section"),
    ("SELECT size FROM thing WHERE id = :thing\n", "", 26, "nothing in this section"),
    (":sides, :until);", "1, :until);", 8, "param sides is not used"),
]


def main():
    tap = Tap()
    tap.case("good files make the table", good_files)
    tap.case("good changes make the table", good_changes)
    tap.case("good rules and profiles make the table", good_rules)
    tap.case("parts stand where they are named", parts)
    for what, files, where, message in BAD_PARTS:
        tap.case(f"refused: {what}", refused_parts, files, where, message)
    tap.case("refused: a part's name", refused, "part/Story.sql", PART, 1, "a part's file is named by what it is a part of")
    for old, new, line, message in BAD_RULE:
        expect(RULE.count(old) >= 1, old)
        tap.case(f"refused: {new!r} for {old!r} in a rule", refused, "audit/thing-big.sql", RULE.replace(old, new, 1), line, message)
    tap.case("refused: a rule's name", refused, "audit/thing_big.sql", RULE, 1, "a rule's file is named like the rule")
    tap.case("refused: a profile's name", refused, "profiles/House.conf", "x\n", 1, "a profile's file is named like the profile")
    tap.case("refused: a new record that is the same", refused, PAINT,
             CHANGE.replace("-- param: thing ref:thing required -- Which.\n", "").replace("1 AS helper", "1 AS helper, 1 AS thing")
             .replace("after: wipe", "same: nothing"), 1, "same: what makes a new record is never the same")
    for old, new, line, message in BAD_CHANGE:
        expect(CHANGE.count(old) >= 1, old)
        tap.case(f"refused: {new!r} for {old!r} in a change", refused, PAINT, CHANGE.replace(old, new, 1), line, message)
    tap.case("refused: a change and a query of one name", lambda: expect(
        "a query and a change of the same name" in embed({"query/thing.get.sql": GOOD, "change/thing.get.sql": CHANGE})[2], "taken"))
    tap.case("refused: a write and an engine's statement of one name", lambda: expect(
        "a statement of write/ and one of engine/ of the same name" in embed({
            "write/thing_add.sql": "SELECT 1\n", "engine/thing_add.sql": "SELECT 1\n"})[2], "taken"))
    tap.case("refused: a statement's name", refused, "engine/thing-add.sql", "SELECT 1\n", 1, "a statement's file is named in lower case")
    tap.case("empty sets make empty tables", empty_sets)
    for old, new, line, message in BAD:
        expect(GOOD.count(old) >= 1, old)
        text = GOOD.replace(old, new, 1)
        if message is None:
            tap.case(f"taken: {new!r}", lambda text=text: expect_equal(embed({QUERY: text})[0], 0, "status"))
        else:
            tap.case(f"refused: {new!r} for {old!r}", refused, QUERY, text, line, message)
    tap.case("refused: a query without columns", refused, QUERY,
             "\n".join(x for x in GOOD.splitlines() if "column:" not in x) + "\n", 1, "the head lacks `-- column:`")
    tap.case("refused: a head alone", refused, QUERY, GOOD[:GOOD.index("\n\n") + 1], 1, "no SQL in it")
    tap.case("refused: too many params", refused, QUERY, GOOD.replace(
        "-- column: id", "".join(f"-- param: p{i} int -- One more.\n" for i in range(29)) + "-- column: id"), 38,
        "more than 32 params")
    tap.case("refused: a query's name", refused, "query/List.sql", GOOD, 1, "a query's file is named like its method")
    tap.case("refused: a migration's name", refused, "schema/first.sql", "CREATE TABLE a (x);\n", 1, "a migration's file is named")
    tap.case("refused: another ending", refused, "write/a.txt", "SELECT 1\n", 1, "the name does not end in .sql")
    tap.case("refused: another folder", refused, "other/a.sql", "SELECT 1\n", 1, "cannot tell what this is")

    def out_of_order():
        status, _, err = embed({"schema/0002-b.sql": "B;\n", "schema/0001-a.sql": "A;\n"})
        expect(status == 1 and "migrations must be given in the order of their names" in err, err)

    tap.case("refused: migrations out of order", out_of_order)
    tap.done()


main()
