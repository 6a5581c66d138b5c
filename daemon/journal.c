/* SPDX-License-Identifier: MIT */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include "base/log.h"
#include "journal.h"

#define FIELD_PREFIX "STIPPLE_"

/* systemd tells device and inode of the stream that it made our stderr; anything else there wants
 * plain lines. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

static struct iovec field(char **slot, const char *name, const char *value)
{
	int n = asprintf(slot, "%s=%s", name, value);

	if (n < 0) {
		*slot = NULL;
		return (struct iovec){0};
	}
	return (struct iovec){.iov_base = *slot, .iov_len = (size_t)n};
}

static void journal_sink(enum log_level level, const char *message, const struct log_field *fields,
			 size_t n_fields)
{
	char priority[] = {'P', 'R', 'I', 'O', 'R', 'I', 'T', 'Y', '=', (char)('0' + level), '\0'};
	struct iovec iov[LOG_FIELDS_MAX + 2];
	char *text[LOG_FIELDS_MAX + 1] = {0};
	int n = 0;

	iov[n] = field(&text[0], "MESSAGE", message);
	n += text[0] != NULL;
	iov[n++] = (struct iovec){.iov_base = priority, .iov_len = sizeof(priority) - 1};
	for (size_t i = 0; i < MIN(n_fields, (size_t)LOG_FIELDS_MAX); i++) {
		char name[64];

		if (!fields[i].value || !fields[i].value[0])
			continue;
		snprintf(name, sizeof(name), FIELD_PREFIX "%s", fields[i].name);
		iov[n] = field(&text[i + 1], name, fields[i].value);
		n += text[i + 1] != NULL;
	}
	(void)sd_journal_sendv(iov, n);
	for (size_t i = 0; i < ELEMENTSOF(text); i++)
		free(text[i]);
}

void journal_use(void)
{
	if (stderr_is_journal())
		log_set_sink(journal_sink);
}
