/* SPDX-License-Identifier: MIT */
/*
 * Changes as data: each daemon/sql/change/<noun>.<verb>.sql becomes one struct db_change, and daemon/db/change.c carries it out in the
 * writer. Dispatch, validation, rpc.discover, the tool's verbs, its prompts and the manual are made from this table.
 *
 * Head of such a file (tools/embed-sql.awk reads it and refuses what it does not understand); doc, param and column as in query.h:
 *     -- doc: Starts a session: a client sits down.
 *     -- role: operator                                  operator | admin | daemon (by the daemon itself, not from the socket)
 *     -- noun: session                                   what it changes. The record's id is :session: a param (ref:session, required) of a
 *                                                        change, a column of a let of what makes a new one
 *     -- param: client ref:client -- Record number or name.
 *     -- param: note text personal max=4096 -- ...       `personal` (text, date, expiry): the value goes to table personal; the entry's
 *                                                        payload has its salted commitment only
 *     -- param: zones list values=hairline|crown -- ...
 *     -- about: client course by=practitioner            params and lets whose records the entry names too; name=noun where the noun is not
 *                                                        the param's own, or not the name itself
 *     -- guard: session                                  those that name sessions: refused while that session is signed, unless `amend`
 *     -- reason: correction                              required: always; correction: when a value that was there is replaced
 *     -- same: nothing                                   where each own param but the noun's is a column of the noun's table and says what stands
 *                                                        there, and clear names only what holds nothing, there is no entry: the answer's entry
 *                                                        is null. `-- same: nothing unless spans`: not when that let has a value
 *     -- after: wipe                                     it deletes personal values: the write-ahead log is truncated once it is durable
 *     -- column: start time -- When it began.            of the answer, beside entry, version, the noun, repeated and dry_run
 *
 * Below the head come sections, each begun by its marker; any number of each, in the order in which they run:
 *     --: let       one SELECT that gives exactly one row. Its columns become members of the payload and :names of later sections; NULL is
 *                   left out of the payload and bound as NULL. INTEGER or TEXT only. All lets stand before the first apply.
 *     --: check     one SELECT code, message[, hint]: a row refuses the change. code: conflict | missing | invalid | not_found. The message
 *                   is a whole sentence that names what conflicts; of several rows the first counts. hint: the parameter to look at.
 *     --: apply     statements. They run in the live transaction, in `stippled --verify` and for history: from the payload alone. So
 *                   they read neither the clock, nor chance, nor `personal`, nor `entry`.
 *     --: answer    one SELECT that gives exactly one row: the declared columns. The last section.
 *
 * Bound everywhere: own params, columns of earlier lets, :entry (number of the change's entry), :at_us, :actor, and :on_behalf_of, :amend,
 * :reason. Values are as in query.h. In let, check and answer a personal param is its text; in apply it is the number of the entry
 * that holds it (= :entry), or NULL when it was not given:
 *     name_entry = coalesce(:name, name_entry)
 * What was not given is NULL. To take a value back to nothing, a change may have `param: clear list values=a|b`:
 *     licence = iif('licence' IN (SELECT value FROM json_each(:clear)), NULL, coalesce(:licence, licence))
 *
 * Every change takes, beside its own, the params of enum change_param below, and refuses by itself: a ref to nothing or to several, a
 * record whose version has moved on, a signed session, a missing reason, a request_id used for something else.
 *
 * Its entry: action is the method, actor the user. Payload: uid; every param and let that has a value (ref: the id; time: microseconds;
 * bool: 0 or 1; real: text; list, json: itself); on_behalf_of; amend, 1 when a signed session was changed;
 * personal {field: commitment}; was {column: old value} for each given (or cleared) param that is a column of the noun's table and had
 * another value that was not null (personal: P_entry and the entry that held the old one). In table about stand the noun's record as
 * subject, and those of about and guard.
 */
#ifndef DB_CHANGE_H
#define DB_CHANGE_H

#include "query.h"

enum db_section_kind { SECTION_LET, SECTION_CHECK, SECTION_APPLY, SECTION_ANSWER };

struct db_section {
	enum db_section_kind kind;
	const char *sql;             /* apply: statements, each ended by a semicolon */
};

enum db_reason { REASON_FREE, REASON_REQUIRED, REASON_CORRECTION };

/* A param or let whose record the entry names. */
struct db_about {
	const char *name, *noun;
	bool guard;                  /* a session, and refused when it is signed */
};

/* Parameters of every change: decl.params[n_own + CHANGE_...]. */
enum change_param {
	CHANGE_REASON,               /* text, personal: why */
	CHANGE_ON_BEHALF_OF,         /* ref:practitioner: whose word it is, when somebody else types */
	CHANGE_REQUEST_ID,           /* text: the same id with the same content returns the first answer */
	CHANGE_VERSION,              /* int: the entry that last changed the record, as far as the sender knows */
	CHANGE_AMEND,                /* bool: a signed session may be changed */
	CHANGE_DRY_RUN,              /* bool: all is checked and answered, nothing is kept */
	CHANGE_PARAMS_,
};

#define CHANGE_COLUMNS_BEFORE 3 /* entry, version, the noun's id: in front of decl.columns ... */
#define CHANGE_COLUMNS_AFTER  2 /* ... and repeated, dry_run behind */

struct db_change {
	/* Parameters: own ones, then enum change_param. Columns: the whole answer's. shape is SHAPE_OBJECT, sql NULL. */
	struct db_query decl;
	const char *noun;
	size_t n_own;                /* of decl.params */
	enum db_reason reason;
	bool wipe;
	const char *same;            /* NULL: always an entry; else none for what stands there, unless the let of this name has a value; "": no let */
	const struct db_about *about;
	size_t n_about;
	const struct db_section *sections;
	size_t n_sections;
};

/* Generated, in the order of their methods. */
extern const struct db_change db_changes[];
extern const size_t db_n_changes;
const struct db_change *db_change_find(const char *method); /* NULL: no such change */

/* Of daemon/sql/resolve/<noun>.sql: a SELECT of id, label, rank by :text; the rows of the lowest rank are what the text may mean. */
struct db_resolve {
	const char *noun;
	bool personal;               /* it reads names: not for viewers */
	const char *sql;
};
extern const struct db_resolve db_resolves[];
extern const size_t db_n_resolves;
const struct db_resolve *db_resolve_find(const char *noun); /* NULL: by number only */

/* The noun of a REF of @query with @values: its own, or what the parameter `noun` says. NULL: nothing. */
const char *db_ref_noun(const struct db_query *query, const struct db_value *values, const struct db_param *param);

/* A kind of record. */
struct db_noun {
	const char *name, *table;
	const char *row;             /* SELECT * of the record with number ?1 */
};
extern const struct db_noun db_nouns[]; /* sorted by name */
extern const size_t db_n_nouns;
const struct db_noun *db_noun_find(const char *noun); /* NULL: no such kind */

/*
 * A change by the daemon itself: a message with room for the parameters, whose done and ctx the caller sets before db_submit(). NULL
 * without memory. Times, numbers and refs are set by _int(), all else by _text() (as in db_value_set(); asserts that it fits). Freed by db_change_msg_free(), which returns NULL.
 */
struct db_msg *db_change_msg_new(const struct db_change *change);
void db_change_msg_int(struct db_msg *msg, const char *param, int64_t value);
int db_change_msg_text(struct db_msg *msg, const char *param, const char *value); /* -ENOMEM */
struct db_msg *db_change_msg_free(struct db_msg *msg);

#endif
