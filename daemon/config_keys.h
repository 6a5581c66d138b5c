/* SPDX-License-Identifier: MIT */
/* The keys of the configuration, for config.c. */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include <stdio.h>

#include "config.h"

#define CONFIG_REPLAY "replay:" /* before the file of a port that plays a recording */

extern const char config_path_allowed[];

/* Number of a key of [daemon] or of a port, -1 unknown. */
int config_key(const char *name);
int config_port_key(const char *name);
/* As config_set(), for a port's key. */
int config_set_port(struct port_config *p, const char *key, const char *value, const char *where,
		    struct buf *problems);

/*
 * Every key: a line with its section or its name, then lines that are moved in: what it is, what is allowed, what holds without it. For
 * people, and the manual page is made of it.
 */
void config_help(FILE *out);

#endif
