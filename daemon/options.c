/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

#include "options.h"

enum {
	OPT_CONFIG = 0x100,
	OPT_PORT,
	OPT_RECORD,
	OPT_NO_HOTPLUG,
	OPT_CHECK,
	OPT_VERIFY,
	OPT_RESTORE,
	OPT_KEY_FILE,
	OPT_CHECKPOINT,
	OPT_PUBLIC_KEY,
	OPT_HELP,
	OPT_HELP_CONFIG,
	OPT_VERSION,
	OPT_KEYS, /* from here on: a key of [daemon] */
};

static const char *const key_names[] = {"database", "key", "socket", "zone", "log_level"};

static const struct option long_options[] = {
	{"config", required_argument, NULL, OPT_CONFIG},
	{"port", required_argument, NULL, OPT_PORT},
	{"record", required_argument, NULL, OPT_RECORD},
	{"no-hotplug", no_argument, NULL, OPT_NO_HOTPLUG},
	{"check", no_argument, NULL, OPT_CHECK},
	{"verify", no_argument, NULL, OPT_VERIFY},
	{"restore", required_argument, NULL, OPT_RESTORE},
	{"key-file", required_argument, NULL, OPT_KEY_FILE},
	{"checkpoint", required_argument, NULL, OPT_CHECKPOINT},
	{"public-key", required_argument, NULL, OPT_PUBLIC_KEY},
	{"help", no_argument, NULL, OPT_HELP},
	{"help-config", no_argument, NULL, OPT_HELP_CONFIG},
	{"version", no_argument, NULL, OPT_VERSION},
	{"database", required_argument, NULL, OPT_KEYS + 0},
	{"key", required_argument, NULL, OPT_KEYS + 1},
	{"socket", required_argument, NULL, OPT_KEYS + 2},
	{"zone", required_argument, NULL, OPT_KEYS + 3},
	{"log-level", required_argument, NULL, OPT_KEYS + 4},
	{NULL, 0, NULL, 0},
};

void options_help(void)
{
	printf("stippled - reads pen machines into a database and serves what they did\n"
	       "\n"
	       "    stippled [OPTION]...\n"
	       "\n"
	       "  --config FILE       read FILE and then the *.conf in FILE.d; otherwise\n"
	       "                      %s, if it is there\n"
	       "  --database FILE     the record (%s)\n"
	       "  --key FILE          the key that signs it (%s)\n"
	       "  --socket PATH       where stipplectl and scripts connect (%s)\n"
	       "  --zone ZONE         the clinic's time zone, such as Europe/Berlin (the "
	       "system's)\n"
	       "  --port PATTERN[,driver=NAME][,baud=N][,record=FILE][,serial=NAME][,read-only]\n"
	       "                      a port where a pen may be: a path, a pattern such as "
	       "'/dev/pen/*', or\n"
	       "                      replay:FILE; may be given again. Ports of the files are not "
	       "used then\n"
	       "  --record FILE       record what a single port says; never overwrites\n"
	       "  --no-hotplug        use configured ports only, not those that udev tags as pens\n"
	       "  --log-level LEVEL   err, warning, notice, info (normal) or debug\n"
	       "  --check             check configuration and database, then exit\n"
	       "  --verify            rebuild the record from its entries, compare, check the "
	       "chain of\n"
	       "                      hashes and its signature, then exit: 0 all is well, 1 it is "
	       "not\n"
	       "  --checkpoint FILE   with --verify: the record must hold what it held then\n"
	       "  --public-key FILE   with --verify: check the signature by it; the key itself is "
	       "not read\n"
	       "  --restore FILE      verify the backup FILE and put it to the database's place; "
	       "overwrites\n"
	       "                      nothing\n"
	       "  --key-file FILE     with --restore: the backup of the signing key, put in its "
	       "place too\n"
	       "  --help-config       every key of the configuration\n"
	       "  --help, --version\n"
	       "\n"
	       "The command line wins over the files. Exit status: 0, or as in sysexits.h: 64 "
	       "usage,\n"
	       "66 no such file, 73 cannot create, 74 input or output, 75 try again later,\n"
	       "77 no permission, 78 configuration.\n",
	       CONFIG_FILE, CONFIG_DATABASE, CONFIG_KEY, CONFIG_SOCKET);
}

/* What the command line says, before the files are read. Borrows from argv. */
struct line {
	const char *config, *record, *restore, *key_file, *checkpoint, *public_key;
	const char *key[ELEMENTSOF(key_names)];
	const char *port[LIMIT_PORTS];
	size_t n_ports;
	bool no_hotplug;
};

static int usage(const char *text, const char *what)
{
	fprintf(stderr, "stippled: %s%s; --help lists the options\n", text, what);
	return EX_USAGE;
}

static int parse_line(struct options *o, struct line *line, int argc, char **argv)
{
	int opt, index = 0;

	while ((opt = getopt_long(argc, argv, "", long_options, &index)) != -1) {
		switch (opt) {
		case OPT_CONFIG:
			line->config = optarg;
			break;
		case OPT_PORT:
			if (line->n_ports == LIMIT_PORTS)
				return usage("too many ports at ", optarg);
			line->port[line->n_ports++] = optarg;
			break;
		case OPT_RECORD:
			line->record = optarg;
			break;
		case OPT_NO_HOTPLUG:
			line->no_hotplug = true;
			break;
		case OPT_RESTORE:
			line->restore = optarg;
			o->mode = MODE_RESTORE;
			break;
		case OPT_KEY_FILE:
			line->key_file = optarg;
			break;
		case OPT_CHECKPOINT:
			line->checkpoint = optarg;
			break;
		case OPT_PUBLIC_KEY:
			line->public_key = optarg;
			break;
		case OPT_CHECK:
		case OPT_VERIFY:
			if (o->mode != MODE_RUN &&
			    o->mode != (opt == OPT_CHECK ? MODE_CHECK : MODE_VERIFY))
				return usage("--check, --verify and --restore exclude each other",
					     "");
			o->mode = opt == OPT_CHECK ? MODE_CHECK : MODE_VERIFY;
			break;
		case OPT_HELP:
			o->mode = MODE_HELP;
			return 0;
		case OPT_HELP_CONFIG:
			o->mode = MODE_HELP_CONFIG;
			return 0;
		case OPT_VERSION:
			o->mode = MODE_VERSION;
			return 0;
		case '?':
			fputs("stippled: --help lists the options\n",
			      stderr); /* getopt said the rest */
			return EX_USAGE;
		default:
			/* an unset variable of a script, not the working directory */
			if (!*optarg)
				return usage("a value is empty: that of --",
					     long_options[index].name);
			line->key[opt - OPT_KEYS] = optarg;
		}
	}
	if (line->restore && o->mode != MODE_RESTORE)
		return usage("--check, --verify and --restore exclude each other", "");
	if (line->key_file && !line->restore)
		return usage("--key-file goes with --restore", "");
	if ((line->checkpoint || line->public_key) && o->mode != MODE_VERIFY)
		return usage("--checkpoint and --public-key go with --verify", "");
	if (optind < argc)
		return usage("there are no arguments, but here is ", argv[optind]);
	return 0;
}

/* Paths on a command line count from the working directory, in files they must be absolute. */
static int set_from_line(struct config *c, const char *name, const char *value,
			 struct buf *problems)
{
	_cleanup_(freep) char *path = NULL;
	_cleanup_(freep) char *option = NULL;

	if (!streq(name, "zone") && !streq(name, "log_level")) {
		path = config_absolute(value);
		if (!path)
			return -ENOMEM;
		value = path;
	}
	if (asprintf(&option, "--%s", streq(name, "log_level") ? "log-level" : name) < 0) {
		option = NULL;
		return -ENOMEM;
	}
	return config_set(c, name, value, option, problems);
}

static int apply_record(struct config *c, const char *file, struct buf *problems)
{
	if (c->n_ports != 1) {
		buf_adds(problems,
			 "--record: allowed with a single --port; otherwise write record=FILE "
			 "for each\n");
		return -EINVAL;
	}
	free(c->ports[0].record);
	c->ports[0].record = config_absolute(file);
	return c->ports[0].record ? 0 : -ENOMEM;
}

static int apply_line(struct config *c, const struct line *line, struct buf *problems)
{
	int r = 0;

	for (size_t i = 0; r != -ENOMEM && i < ELEMENTSOF(key_names); i++)
		if (line->key[i])
			r = set_from_line(c, key_names[i], line->key[i], problems);
	if (line->no_hotplug)
		c->hotplug = false;
	if (line->n_ports > 0)
		config_clear_ports(c);
	for (size_t i = 0; r != -ENOMEM && i < line->n_ports; i++)
		r = config_add_port(c, line->port[i], problems);
	if (r != -ENOMEM && line->record)
		r = apply_record(c, line->record, problems);
	return r == -ENOMEM ? r : 0;
}

static int set_restore(struct options *o, const struct line *line)
{
	o->restore = strdup(line->restore);
	o->key_file = line->key_file ? strdup(line->key_file) : NULL;
	return !o->restore || (line->key_file && !o->key_file) ? -ENOMEM : 0;
}

static int tell(const struct buf *problems, int status)
{
	if (problems->len > 0)
		fprintf(stderr, "%s", problems->data);
	return status;
}

int options_load(struct options *o, int argc, char **argv)
{
	_cleanup_(buf_done) struct buf problems = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct line line = {0};
	int r, status;

	*o = (struct options){0};
	status = parse_line(o, &line, argc, argv);
	if (status != 0 || o->mode == MODE_HELP || o->mode == MODE_HELP_CONFIG ||
	    o->mode == MODE_VERSION)
		return status;
	r = config_init(&o->config);
	if (r < 0)
		return EX_OSERR;
	r = config_load(&o->config, line.config ? line.config : CONFIG_FILE, !line.config,
			&problems);
	if (r == -ENOENT)
		return tell(&problems, EX_NOINPUT);
	if (r == -EINVAL)
		return tell(&problems, EX_CONFIG);
	if (r < 0)
		return EX_OSERR;
	r = apply_line(&o->config, &line, &problems);
	if (r == 0 && line.restore)
		r = set_restore(o, &line);
	o->checkpoint = line.checkpoint;
	o->public_key = line.public_key;
	if (r < 0)
		return EX_OSERR;
	return tell(&problems, problems.len > 0 ? EX_USAGE : 0);
}

void options_done(struct options *o)
{
	config_done(&o->config);
	free(o->restore);
	free(o->key_file);
}
