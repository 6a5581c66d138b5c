/* SPDX-License-Identifier: MIT */
/*
 * stipplectl: what its files share. One table of verbs (ctl-verbs.c) names each verb, what it asks
 * the daemon, its arguments, options and columns, and the function that runs it; the help is made
 * from the same table. A verb that only prints a query needs no code: its line names ctl_print_list
 * or ctl_print_object.
 *
 * Functions that return `status` give an exit status: 0, or one of enum ctl_exit after the reason
 * was printed on stderr.
 */
#ifndef TOOLS_CTL_H
#define TOOLS_CTL_H

#include <stdio.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/util.h"

#define CTL_SOCKET   "/run/stipple/stipple.sock"
#define CTL_ARGS_MAX 65 /* a method and 64 key=value pairs */

enum ctl_exit {
	EXIT_NONE_SUCH = 1, /* the answer is "there is no such ..." */
	EXIT_USAGE = 64,
	EXIT_NO_INPUT = 66,
	EXIT_UNAVAILABLE = 69, /* no daemon, or the pen is not connected */
	EXIT_BUG = 70,
	EXIT_IO = 74,
	EXIT_AGAIN = 75,    /* too busy, or took too long: try again */
	EXIT_PROTOCOL = 76, /* what answered is not stippled, or not one we understand */
	EXIT_PERMISSION = 77,
};

/* clang-format off */
/* In the order of ctl_options[]; those before OPT_PEN go with every verb. */
enum ctl_option_id {
	OPT_HELP, OPT_VERSION, OPT_SOCKET, OPT_JSON, OPT_CSV, OPT_NO_HEADINGS, OPT_UTC,
	OPT_PEN, OPT_SINCE, OPT_UNTIL, OPT_STATE, OPT_LIMIT, OPT_CYCLES, OPT_FIRST, OPT_POINTS,
	OPT_DURABLE, OPT_AFTER, OPT_SECONDS, OPT_REASON, OPT_REQUEST_ID, OPT_N_,
};
/* clang-format on */
#define CTL_OPTION(id)	   (1u << (id))
#define CTL_OPTIONS_COMMON (CTL_OPTION(OPT_PEN) - 1)

enum ctl_type {
	TYPE_TEXT,
	TYPE_INT,
	TYPE_REAL,
	TYPE_TIME, /* RFC 3339 from the daemon; local zone for people */
	TYPE_BOOL,
	TYPE_AGE,   /* seconds, for people as "2 h 05 min" */
	TYPE_BYTES, /* for people as "12.3 MiB" */
	TYPE_STATE, /* text that is coloured by its meaning */
};

struct ctl_option {
	const char *name;
	char letter;	   /* 0: none */
	const char *value; /* what follows it in the help, NULL: nothing does */
	const char *param; /* the method's parameter it becomes, NULL: the verb's affair */
	enum ctl_type type;
	int64_t min, max; /* INT */
	const char *doc;
};

struct ctl_argument {
	const char *name;  /* "PEN"; NULL ends the list */
	const char *param; /* the method's parameter it becomes, NULL: the verb's affair */
	enum ctl_type type;
	bool optional, many; /* many: any number may follow, last argument only */
	const char *doc;
};
#define CTL_VERB_ARGS 2

struct ctl_column {
	const char *path;    /* member of the row, dots between: "log.behind"; NULL ends the list */
	const char *heading; /* with the unit */
	enum ctl_type type;
	int decimals; /* REAL; of the seconds of a TIME */
	bool trunc;   /* may be cut on a narrow terminal */
};
/* clang-format off */
#define COLUMN(path_, heading_, type_, ...) {.path = path_, .heading = heading_, .type = TYPE_##type_, __VA_ARGS__}
/* clang-format on */

struct ctl;
struct ctl_client;

struct ctl_verb {
	const char *name, *doc;
	const char *method; /* NULL: none, or several */
	int (*run)(struct ctl *ctl);
	uint32_t options; /* CTL_OPTION() of those beyond the common ones */
	struct ctl_argument args[CTL_VERB_ARGS + 1];
	const struct ctl_column *columns;
	const char *example; /* lines for the help, or NULL */
};

enum ctl_format { FORMAT_TABLE, FORMAT_JSON, FORMAT_CSV };

struct ctl {
	const struct ctl_verb *verb;
	const char *socket;
	enum ctl_format format;
	bool headings, utc;
	bool terminal, colours;	    /* of stdout */
	const char *option[OPT_N_]; /* as typed; "" for one without value; NULL not given */
	char *args[CTL_ARGS_MAX];
	size_t n_args;
	int64_t now_us;		   /* UTC: what "yesterday" and "-2h" mean in this call */
	struct ctl_client *client; /* NULL until ctl_call() needs it */
};

/* ---- stipplectl.c ---- */
/* Prints "stipplectl: ..." on stderr, control characters escaped; returns @status. */
int ctl_fail(int status, const char *format, ...) _printf_(2, 3);
int ctl_fail_memory(void);
/* Flushes stdout. A reader that left (EPIPE) is no error: *@ret_gone tells (NULL: exit quietly). */
int ctl_flush(bool *ret_gone);

/* ---- ctl-verbs.c ---- */
extern const struct ctl_verb ctl_verbs[]; /* ends with name NULL */
extern const struct ctl_option ctl_options[OPT_N_];
extern const struct ctl_column ctl_cycle_columns[], ctl_point_columns[], ctl_port_columns[],
	ctl_api_columns[], ctl_param_columns[];
const struct ctl_verb *ctl_verb_find(const char *name); /* NULL if there is none */

/* ---- ctl-options.c ---- */
/* Reads the command line into @ctl: options anywhere, verb, arguments. Leaves verb NULL when none
 * was typed. status. */
int ctl_parse(struct ctl *ctl, int argc, char **argv);
/*
 * Opens the params object and writes what options and arguments of the verb mean, checked; the
 * caller adds what else it wants and closes the object. status.
 */
int ctl_params(struct ctl *ctl, struct buf *ret);
/* A whole number from @min to @max out of an option's or argument's text. status, naming @what. */
int ctl_parse_int(const char *what, const char *text, int64_t min, int64_t max, int64_t *ret);

/* ---- ctl-help.c ---- */
void ctl_help(FILE *out);
void ctl_help_verb(FILE *out, const struct ctl_verb *verb);
/* The name that was probably meant, or NULL. @next yields the candidates, NULL at the end. */
const char *ctl_nearest(const char *typed, const char *(*next)(size_t index));

/* ---- ctl-print.c ---- */
/* Asks the verb's method, page after page where it has pages, and prints all rows. */
int ctl_print_list(struct ctl *ctl);
/* Asks the verb's method and prints the one object, a line per column. */
int ctl_print_object(struct ctl *ctl);

/* ---- the verbs with code, ctl-<verb>.c ---- */
int ctl_run(struct ctl *ctl);
int ctl_status(struct ctl *ctl);
int ctl_watch(struct ctl *ctl);
int ctl_screen(struct ctl *ctl); /* watch on a terminal */
int ctl_sql(struct ctl *ctl);
int ctl_call_verb(struct ctl *ctl);
int ctl_api(struct ctl *ctl);
int ctl_identify(struct ctl *ctl);
int ctl_help_run(struct ctl *ctl);

#endif
