/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>

#include "log.h"

#define LOG_LINE_MAX  2048 /* of stderr; longer ones are cut: a line must go out in one write() */
#define LOG_FMT_MAX   512
#define LOG_FMT_SLOTS 8

static _Atomic int max_level = LOG_LEVEL_INFO;
static _Atomic(log_sink) current_sink;
static _Atomic enum { STDERR_UNSEEN, STDERR_PLAIN, STDERR_JOURNAL } stderr_kind;

static const char *const level_names[] = {
	[LOG_LEVEL_ERR] = "err",   [LOG_LEVEL_WARNING] = "warning", [LOG_LEVEL_NOTICE] = "notice",
	[LOG_LEVEL_INFO] = "info", [LOG_LEVEL_DEBUG] = "debug",
};

void log_set_level(enum log_level max)
{
	atomic_store(&max_level, (int)max);
}

void log_set_sink(log_sink sink)
{
	atomic_store(&current_sink, sink);
}

int log_level_parse(const char *name)
{
	for (size_t i = 0; i < ELEMENTSOF(level_names); i++)
		if (level_names[i] && streq(level_names[i], name))
			return (int)i;
	return -EINVAL;
}

/* systemd says in JOURNAL_STREAM which device and inode its pipe has; a daemon started from such a
 * shell may have another. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	int kind = stderr_kind;
	struct stat st;

	if (kind == STDERR_UNSEEN) { /* two threads may both look, and find the same */
		kind = STDERR_PLAIN;
		if (stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
		    fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino)
			kind = STDERR_JOURNAL;
		stderr_kind = kind;
	}
	return kind == STDERR_JOURNAL;
}

struct line {
	char text[LOG_LINE_MAX];
	size_t len;
};

static void line_addc(struct line *l, char c)
{
	if (l->len < sizeof(l->text) - 1) /* the newline always fits */
		l->text[l->len++] = c;
}

/* Text from outside may not forge another line or move the cursor of a terminal. */
static void line_add(struct line *l, const char *text, bool quoted)
{
	static const char hex[16] = "0123456789abcdef";

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c == 0x7f) {
			line_addc(l, '\\');
			line_addc(l, c == '\n' ? 'n' : 'x');
			if (c != '\n') {
				line_addc(l, hex[c >> 4]);
				line_addc(l, hex[c & 15]);
			}
			continue;
		}
		if (quoted && (c == '"' || c == '\\'))
			line_addc(l, '\\');
		line_addc(l, (char)c);
	}
}

static bool needs_quotes(const char *value)
{
	if (!*value)
		return true;
	for (; *value; value++)
		if ((unsigned char)*value <= 0x20 || *value == '"' || *value == '=' ||
		    *value == 0x7f)
			return true;
	return false;
}

static void stderr_sink(enum log_level level, const char *message, const struct log_field *fields,
			size_t n_fields)
{
	struct line l = {.len = 0};
	size_t done = 0;

	if (stderr_is_journal()) {
		line_addc(&l, '<');
		line_addc(&l, (char)('0' + level));
		line_addc(&l, '>');
	}
	line_add(&l, message, false);
	for (size_t i = 0; i < n_fields; i++) {
		bool quoted = needs_quotes(fields[i].value);

		line_addc(&l, ' ');
		for (const char *p = fields[i].name; *p; p++)
			line_addc(&l, (char)tolower((unsigned char)*p));
		line_addc(&l, '=');
		if (quoted)
			line_addc(&l, '"');
		line_add(&l, fields[i].value, quoted);
		if (quoted)
			line_addc(&l, '"');
	}
	l.text[l.len++] = '\n';
	while (done < l.len) {
		ssize_t n = write(STDERR_FILENO, l.text + done, l.len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* nobody left to tell */
		done += (size_t)n;
	}
}

void log_full(enum log_level level, const char *message, ...)
{
	struct log_field fields[LOG_FIELDS_MAX];
	int saved_errno = errno;
	const char *name;
	log_sink sink;
	size_t n = 0;
	va_list ap;

	if ((int)level > atomic_load(&max_level))
		return;
	va_start(ap, message);
	while ((name = va_arg(ap, const char *))) {
		const char *value = va_arg(ap, const char *);

		if (!value)
			continue;
		assert(n < LOG_FIELDS_MAX);
		fields[n++] = (struct log_field){name, value};
	}
	va_end(ap);
	sink = atomic_load(&current_sink);
	if (!sink)
		sink = stderr_sink;
	sink(level, message, fields, n);
	errno = saved_errno;
}

const char *log_fmt(const char *format, ...)
{
	static _Thread_local char slots[LOG_FMT_SLOTS][LOG_FMT_MAX];
	static _Thread_local unsigned next;
	char *slot = slots[next++ % LOG_FMT_SLOTS];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(slot, LOG_FMT_MAX, format, ap);
	va_end(ap);
	if (n >= LOG_FMT_MAX)
		memcpy(slot + LOG_FMT_MAX - 4, "...", 4);
	return slot;
}
