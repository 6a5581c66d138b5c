/* SPDX-License-Identifier: MIT */
/*
 * Structured logging: a message and named fields. Plain lines on a terminal, "<N>"-prefixed when stderr goes to a pipe of
 * systemd, journal fields when a sink that knows the journal is installed (main does that).
 *
 *     log_notice("pen attached", "PEN", serial, "PORT", path, NULL);
 *
 * Fields are name and text in pairs, closed by NULL; names are upper case. The journal gets STIPPLE_PEN=..., a terminal gets
 * the message followed by pen=... port=....
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "util.h"

enum log_level { LOG_LEVEL_ERR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_NOTICE = 5, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

#define LOG_FIELDS_MAX 8

struct log_field {
	const char *name;
	const char *value;
};

/* Where a message goes. @fields: n_fields pairs, borrowed. Called from any thread. */
typedef void (*log_sink)(enum log_level level, const char *message, const struct log_field *fields, size_t n_fields);

void log_set_level(enum log_level max);
void log_set_sink(log_sink sink); /* NULL: stderr */
/* "err", "warning", "notice", "info", "debug" -> level, or -EINVAL. */
int log_level_parse(const char *name);

void log_full(enum log_level level, const char *message, ...) __attribute__((sentinel));
/* printf-like text of a field or message, valid until the 8th call after it in the same thread. */
const char *log_fmt(const char *format, ...) _printf_(1, 2);

#define log_err(...) log_full(LOG_LEVEL_ERR, __VA_ARGS__)
#define log_warning(...) log_full(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_full(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_full(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_full(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
