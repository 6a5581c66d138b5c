/* SPDX-License-Identifier: MIT */
/*
 * stipplectl: what its files share. A verb is two words, noun and verb, or one
 * where there is no noun. Most are made from the daemon's own declarations of
 * its methods (ctl-declared.c): options, prompts, columns, help and manual
 * follow from them, and a line in ctl-lines.c says what people want otherwise.
 * The others are in a table of their own (ctl-verbs.c).
 *
 * Functions that return `status` give an exit status: 0, or one of enum
 * ctl_exit after the reason was printed on stderr.
 */
#ifndef TOOLS_CTL_H
#define TOOLS_CTL_H

#include <stdio.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/util.h"
#include "db/change.h"
#include "ctl-text.h"

#define CTL_SOCKET   "/run/stipple/stipple.sock"
#define CTL_DATABASE "/var/lib/stipple/stipple.db"
#define CTL_KEY	     "/var/lib/stipple/private/signing.key"
#define CTL_ARGS_MAX 65 /* a method and 64 key=value pairs */

enum ctl_exit {
	EXIT_NONE_SUCH = 1, /* the answer is "there is no such ..." */
	EXIT_FOUND_WARN = 3, /* audit: the worst that nobody acknowledged; info is 0 */
	EXIT_FOUND_ERROR = 4,
	EXIT_FOUND_CRITICAL = 5,
	EXIT_USAGE = 64,
	EXIT_DATA = 65, /* some lines of a file were refused */
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
	OPT_HELP, OPT_VERSION, OPT_HOST, OPT_SOCKET, OPT_JSON, OPT_CSV, OPT_NO_HEADINGS, OPT_UTC,
	OPT_PEN, OPT_SINCE, OPT_UNTIL, OPT_STATE, OPT_LIMIT, OPT_CYCLES, OPT_FIRST, OPT_POINTS,
	OPT_DURABLE, OPT_AFTER, OPT_SECONDS, OPT_REASON, OPT_REQUEST_ID,
	OPT_SESSION, OPT_GS, OPT_PLAIN, OPT_STOCK, OPT_USED_ANYWAY, OPT_ACCEPT, OPT_QUANTITY, OPT_DRY_RUN, OPT_ON_BEHALF_OF,
	OPT_MAP, OPT_DATE_FORMAT, OPT_DELIMITER, OPT_ENCODING, OPT_UPDATE, OPT_KEY_FILE, OPT_CONFIG, OPT_AT,
	OPT_DATABASE, OPT_KEY, OPT_PUBLIC_KEY, OPT_CHECKPOINT, OPT_HTML,
	OPT_PERIOD, OPT_OUTPUT, OPT_PERSONAL, OPT_FORCE, OPT_BUNDLE, OPT_N_,
};
/* clang-format on */
#define CTL_OPTION(id)	   (UINT64_C(1) << (id))
#define CTL_OPTIONS_COMMON (CTL_OPTION(OPT_PEN) - 1) /* those before it */

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
	const char *value; /* what follows it in the help, NULL: nothing does; "[=FILE]": may follow */
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
	const char *path;    /* member of the row, dots between: "log.behind"; NULL ends
				the list */
	const char *heading; /* with the unit */
	enum ctl_type type;
	int decimals; /* REAL; of the seconds of a TIME */
	bool trunc;   /* may be cut on a narrow terminal, and is left out after all that may not */
	bool cut;     /* may be cut, and is left out in its turn */
	size_t least; /* of what may be cut: so much stays, if it is as long; 0: its heading */
};
/* clang-format off */
#define COLUMN(path_, heading_, type_, ...) {.path = path_, .heading = heading_, .type = TYPE_##type_, __VA_ARGS__}
/* clang-format on */

struct ctl;
struct ctl_client;

/* What a line of ctl-lines.c says about one method, beside its declaration.
 * NULL: nothing. */
struct ctl_line {
	const char *method;
	const char *verb;    /* its name here; else noun and verb of the method, get
				being "show" */
	const char *args;    /* params that may stand without their option, in this
				order: "client kind" */
	const char *columns; /* of a list, those that people see: "id name start"; the
				others: --csv, --json */
	const char *done;    /* what is said after it was done; ctl-sentence.c */
	const char *fixed;   /* a bool param that this verb sets */
	bool reason;	     /* this verb wants a reason where its method does not */
	bool audited;	     /* after it, people are told what the audit warns of in the session */
	const char *confirm; /* why whoever sits there is asked before it is done */
	uint64_t options;    /* CTL_OPTION() beside those of the declaration */
	const char *example; /* lines for the help */
	int (*run)(struct ctl *ctl);
	bool hidden; /* no verb: others ask it */
};
extern const struct ctl_line ctl_lines[]; /* ends with method NULL */

/* A parameter of the verb's method as an option of the verb. */
struct ctl_own {
	const struct db_param *param;
	const char *name; /* "on-behalf-of" */
	char letter;	  /* 0: none */
	bool fixed;	  /* set by the verb itself: no option */
	int position;	  /* from 0 among those that may stand without the option; -1 none
			   */
};

struct ctl_verb {
	const char *name, *doc; /* "client add"; "status" */
	const char *noun;	/* its first word, NULL when it is the only one */
	const char *method;	/* NULL: none, or several */
	int (*run)(struct ctl *ctl);
	uint64_t options; /* CTL_OPTION() of those beyond the common ones */
	struct ctl_argument args[CTL_VERB_ARGS + 1];
	const struct ctl_column *columns;
	const char *example; /* lines for the help, or NULL */
	bool here;	     /* about this computer: --host is refused */
	/* Of a declared method: */
	const struct db_query *decl;
	const struct db_change *change; /* NULL: it only asks */
	const struct ctl_line *line;	/* NULL: none */
	const struct ctl_own *own;
	size_t n_own, n_positions;
	const struct ctl_column *csv; /* every column: those for people are often fewer */
};

enum ctl_format { FORMAT_TABLE, FORMAT_JSON, FORMAT_CSV };

struct ctl {
	const struct ctl_verb *verb; /* NULL: only a noun was typed, or nothing */
	const char *noun;	     /* as typed, NULL none */
	const char *socket, *host;   /* host: of --host, NULL here */
	enum ctl_format format;
	bool headings, utc;
	bool terminal, colours;	    /* of stdout */
	bool utf8;		    /* the locale's code: what is drawn may have more than ASCII */
	const char *option[OPT_N_]; /* as typed; "" for one without value; NULL not given */
	char *args[CTL_ARGS_MAX];
	size_t n_args;
	char *value[DB_PARAMS_MAX]; /* of the verb's own options, as typed; owned;
				       NULL not given */
	char **argv;		    /* as main() got it, for the other side of --host */
	int argc;
	int64_t now_us;		   /* UTC: what "yesterday" and "-2h" mean in this call */
	struct ctl_client *client; /* NULL until ctl_call() needs it */
};

/* ---- ctl-say.c ---- */
/* Prints "stipplectl: ..." on stderr, control characters escaped; returns
 * @status. */
int ctl_fail(int status, const char *format, ...) _printf_(2, 3);
int ctl_fail_memory(void);
/* Flushes stdout. A reader that left (EPIPE) is no error: *@ret_gone tells
 * (NULL: exit quietly). */
int ctl_flush(bool *ret_gone);

/* ---- ctl-verbs.c ---- */
extern const struct ctl_verb ctl_verbs[]; /* those without a declaration; ends with name NULL */
extern const struct ctl_option ctl_options[OPT_N_];
extern const struct ctl_column ctl_doctor_columns[], ctl_cycle_columns[], ctl_point_columns[],
	ctl_port_columns[], ctl_api_columns[], ctl_param_columns[];

/* ---- ctl-declared.c ---- */
/* Every verb, sorted by name; ends with name NULL. Made once, lives as long as
 * the program. NULL without memory. */
const struct ctl_verb *ctl_verbs_all(void);
const struct ctl_verb *ctl_verb_find(const char *name); /* NULL if there is none */
/* The verb that asks @method, NULL if there is none. */
const struct ctl_verb *ctl_verb_of(const char *method);
bool ctl_noun_exists(const char *noun, size_t len);
/* The verb that a short form stands for ("pens": "pen list"), NULL when @word
 * is none. */
const struct ctl_verb *ctl_verb_short(const char *word);

/* ---- ctl-options.c ---- */
/* Reads the command line into @ctl: options anywhere, verb, arguments. Leaves
 * verb NULL when none was typed. status. */
int ctl_parse(struct ctl *ctl, int argc, char **argv);
/*
 * Opens the params object and writes what options and arguments of the verb
 * mean, checked; the caller adds what else it wants and closes the object.
 * status.
 */
int ctl_params(struct ctl *ctl, struct buf *ret);
/* A whole number from @min to @max out of an option's or argument's text.
 * status, naming @what. */
int ctl_parse_int(const char *what, const char *text, int64_t min, int64_t max, int64_t *ret);
/* A time out of an option's or argument's text (ctl-time.h). status, naming @what and what was probably meant. ctl-value.c */
int ctl_parse_time(const struct ctl *ctl, const char *what, const char *text, bool end, int64_t *ret_us);

/* The value of the own option @name ("client"), NULL not given or no such
 * option. */
const char *ctl_value(const struct ctl *ctl, const char *param);
/* Sets it, copying @text. status. */
int ctl_set_value(struct ctl *ctl, const char *param, const char *text);

/* ---- ctl-value.c ---- */
/*
 * Adds "param": value to the JSON object in @b from what was typed, checked as
 * far as it can be here; @what names it in errors ("--kind"). status.
 */
int ctl_add_value(struct ctl *ctl, struct buf *b, const struct db_param *param, const char *what,
		  const char *text);

/* The allowed word that @text begins, whole; @text itself when there is none or any text is
 * allowed. */
struct slice ctl_whole_word(const struct db_param *param, const char *text);
/* Whether the verb refuses to go on without it. */
bool ctl_own_required(const struct ctl_verb *verb, const struct ctl_own *own);

/* ---- ctl-config.c ---- */
/* The value of @key in the desk's configuration, NULL when nobody set it. Caller frees with free().
 * status. */
int ctl_config(const char *key, char **ret);
/* A character as people write it ("|", "tab", "\\x1e") to @out, which has @max + 1 bytes. status,
 * naming @what. */
int ctl_characters(const char *what, const char *text, size_t max, char *out);

/* ---- ctl-prompt.c ---- */
/* Whether somebody is there to be asked: stdin and stderr are a terminal. */
bool ctl_interactive(void);
/* Asks a question on stderr; *ret is the answer without blanks around it, ""
 * for none. Caller frees with free(). status; EXIT_USAGE at the end of input.
 */
int ctl_prompt(const char *question, char **ret);
/* Asks for every required option that was not given; in a script, an error that
 * names the first. status. */
int ctl_ask_missing(struct ctl *ctl);
/*
 * Tries to mend what the daemon refused, with whoever sits there: a choice
 * among several candidates, something missing. True: ask the daemon again.
 * *@ret_status: what to end with when false.
 */
bool ctl_mend(struct ctl *ctl, const json_t *error, int *ret_status);

/* ---- ctl-sentence.c ---- */
/* One plain sentence about a change that was done (or would be: --dry-run), to
 * stdout. status. */
int ctl_say_done(struct ctl *ctl, const json_t *answer);

/* ---- ctl-help.c ---- */
void ctl_help(FILE *out);
void ctl_help_verb(FILE *out, const struct ctl_verb *verb);
/* "client change CLIENT": the verb with its arguments. */
void ctl_usage(const struct ctl_verb *verb, struct buf *out);
/* The verbs of one noun. */
void ctl_help_noun(FILE *out, const char *noun);
/* Calls @each for every option that goes with the verb, the common ones last or
 * not at all. */
void ctl_each_option(const struct ctl_verb *verb, bool common,
		     void (*each)(void *ctx, char letter, const char *name, const char *value,
				  const char *doc),
		     void *ctx);
/* The name that was probably meant, or NULL. @next yields the candidates, NULL
 * at the end. */
const char *ctl_nearest(const char *typed, const char *(*next)(size_t index));

/* ---- ctl-print.c ---- */
/* The verb's columns in the format that was asked for. */
const struct ctl_column *ctl_columns(const struct ctl *ctl);
/* Asks the verb's method, page after page where it has pages, and prints all
 * rows. */
int ctl_print_list(struct ctl *ctl);
/* Asks the verb's method and prints the one object, a line per column. */
int ctl_print_object(struct ctl *ctl);
/* Does the change that the verb is, and says so in a sentence. */
int ctl_change(struct ctl *ctl);

/* ---- the verbs with code, ctl-<verb>.c ---- */
int ctl_run(struct ctl *ctl);
int ctl_status(struct ctl *ctl);
int ctl_watch(struct ctl *ctl);
int ctl_screen(struct ctl *ctl); /* watch on a terminal */
int ctl_sql(struct ctl *ctl);
int ctl_call_verb(struct ctl *ctl);
int ctl_api(struct ctl *ctl);
int ctl_identify(struct ctl *ctl);
int ctl_doctor(struct ctl *ctl);
int ctl_help_run(struct ctl *ctl);
int ctl_bridge(struct ctl *ctl);
int ctl_scan(struct ctl *ctl);
int ctl_today(struct ctl *ctl);
int ctl_audit(struct ctl *ctl);
int ctl_audit_explain(struct ctl *ctl);
int ctl_audit_acknowledge(struct ctl *ctl);
int ctl_profile_show(struct ctl *ctl);
int ctl_profile_load(struct ctl *ctl);
int ctl_profile_use(struct ctl *ctl);
int ctl_history(struct ctl *ctl);
int ctl_recall(struct ctl *ctl);
int ctl_import(struct ctl *ctl);
int ctl_export(struct ctl *ctl);
int ctl_backup(struct ctl *ctl);
int ctl_backup_key(struct ctl *ctl);
int ctl_restore(struct ctl *ctl);
int ctl_report_session(struct ctl *ctl);
int ctl_report_client(struct ctl *ctl);
int ctl_report_pen(struct ctl *ctl);
int ctl_report_period(struct ctl *ctl);
int ctl_verify(struct ctl *ctl);
int ctl_checkpoint(struct ctl *ctl);
int ctl_bundle_export(struct ctl *ctl);
int ctl_bundle_verify(struct ctl *ctl);
/* stippled of the same installation, else the one of $PATH. ctl-restore.c */
void ctl_find_daemon(char out[LIMIT_PATH]);
/* Arguments for stippled: @first, @argument unless NULL, and what the options say. @program stays the
 * caller's. */
#define CTL_DAEMON_ARGS 20
void ctl_daemon_args(struct ctl *ctl, char *program, const char *first, char *argument,
		     char *argv[CTL_DAEMON_ARGS]);

#endif
