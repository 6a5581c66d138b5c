/* SPDX-License-Identifier: MIT */
/* stippled's configuration: defaults, files, command line, each over the one before. */
#ifndef CONFIG_H
#define CONFIG_H

#include "base/buf.h"
#include "base/log.h"
#include "core/manager.h"

#define CONFIG_FILE	STIPPLE_SYSCONFDIR "/stipple/stippled.conf"
#define CONFIG_DATABASE "/var/lib/stipple/stipple.db"
#define CONFIG_KEY	"/var/lib/stipple/private/signing.key"
#define CONFIG_PROFILES STIPPLE_SYSCONFDIR "/stipple/profiles" /* a clinic's own audit profiles, NAME.conf */
#define CONFIG_SOCKET	"/run/stipple/stipple.sock"
#define LIMIT_PORT_NAME 64 /* of [port NAME] */
#define SESSION_IDLE_US (60 * 60 * USEC_PER_SEC)

struct config {
	char *database, *key, *socket;
	char *zone;
	char *viewer_group, *operator_group, *admin_group; /* NULL: none */
	enum log_level log_level;
	bool hotplug;
	enum db_button button;	 /* of pens whose port says nothing else */
	int64_t session_idle_us; /* 0: a session never ends by itself */
	int retention_years;	 /* 0: as the record was told last */
	char *profile;		 /* name or absolute path of the audit profile; NULL: as the record was told last */
	struct port_config *ports;
	char **port_names; /* of [port NAME], beside ports; NULL from the command line */
	size_t n_ports;
};

/* Fills in the defaults. -ENOMEM. */
int config_init(struct config *c);
void config_done(struct config *c);

/*
 * Reads @file and then each *.conf of the directory FILE.d in the order of their names. A problem
 * is a line in @problems, "FILE:LINE: what is wrong and what is allowed"; all are found in one
 * pass. -EINVAL when there are any; -ENOENT when @file is missing and not @optional (a line in
 * @problems too); -ENOMEM.
 */
int config_load(struct config *c, const char *file, bool optional, struct buf *problems);

/* Adds a port as the command line has it,
 * "PATTERN[,driver=NAME][,baud=N][,record=FILE][,serial=NAME][,button=WHAT][,read-only]"; a relative path counts from the
 * working directory. -EINVAL with a line in @problems. */
int config_add_port(struct config *c, const char *text, struct buf *problems);
/* @path as people write it on a command line, made absolute. Caller frees with free(); NULL: no
 * memory. */
char *config_absolute(const char *path);
/* Forgets the ports so far: those of the command line replace the files'. */
void config_clear_ports(struct config *c);
/* A [daemon] key, as the files have it. -EINVAL with a line in @problems that begins with @where.
 */
int config_set(struct config *c, const char *key, const char *value, const char *where,
	       struct buf *problems);

#endif
