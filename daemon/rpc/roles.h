/* SPDX-License-Identifier: MIT */
/* Who is at the other end of a connection, and what that lets them do: decided once, when they
 * connect. */
#ifndef RPC_ROLES_H
#define RPC_ROLES_H

#include <sys/types.h>

#include "base/util.h"
#include "db/query.h"

#define ROLE_NONE (-1) /* below ROLE_VIEWER */
#define ROLES_N	  (ROLE_ADMIN + 1)

struct roles {
	uid_t own;	      /* the daemon's: admin, as root is */
	char *group[ROLES_N]; /* name by enum db_role, NULL: none configured */
	gid_t gid[ROLES_N];
	bool known[ROLES_N]; /* the system has that group */
};

struct peer {
	uid_t uid;
	pid_t pid;
	int role;      /* enum db_role or ROLE_NONE */
	char name[64]; /* see peer_name() */
};

/* Looks the groups up, once. A group that the system does not know gives nobody its role: logged as
 * a warning. -ENOMEM. */
int roles_init(struct roles *r, const char *viewer, const char *operator_, const char *admin);
void roles_done(struct roles *r);

/* The highest role that the uid or one of the groups gives. Without a viewer group everybody is a
 * viewer at least. */
int roles_of(const struct roles *r, uid_t uid, const gid_t *groups, size_t n_groups);

/* Asks the kernel who connected @fd. */
int roles_peer(const struct roles *r, int fd, struct peer *ret);

/* The user's name, or its number where the system knows none. Asked for when it is first wanted:
 * the answer may come over a network, and few connections need it. Borrowed from @p. */
const char *peer_name(struct peer *p);

/* How somebody gets @role, as a sentence. */
void roles_hint(const struct roles *r, enum db_role role, char out[160]);

#endif
