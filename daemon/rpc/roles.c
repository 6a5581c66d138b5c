/* SPDX-License-Identifier: MIT */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/log.h"
#include "roles.h"

#define GROUPS_MAX 65536 /* NGROUPS_MAX of Linux */

/* getgrnam_r() with as much room as it wants. -ESRCH: no such group. */
static int group_find(const char *name, gid_t *ret)
{
	size_t size = 4096;

	for (;;) {
		_cleanup_(freep) char *room = malloc(size);
		struct group group, *found = NULL;
		int r;

		if (!room)
			return -ENOMEM;
		r = getgrnam_r(name, &group, room, size, &found);
		if (r == ERANGE && size < 1024 * 1024) {
			size *= 4;
			continue;
		}
		if (!found)
			return r > 0 ? -r : -ESRCH;
		*ret = found->gr_gid;
		return 0;
	}
}

int roles_init(struct roles *r, const char *viewer, const char *operator_, const char *admin)
{
	const char *const names[ROLES_N] = {
		[ROLE_VIEWER] = viewer,
		[ROLE_OPERATOR] = operator_,
		[ROLE_ADMIN] = admin,
	};

	*r = (struct roles){.own = geteuid()};
	for (int i = 0; i < ROLES_N; i++) {
		int k;

		if (!names[i] || !names[i][0])
			continue;
		r->group[i] = strdup(names[i]);
		if (!r->group[i]) {
			roles_done(r);
			return -ENOMEM;
		}
		k = group_find(names[i], &r->gid[i]);
		r->known[i] = k == 0;
		if (k < 0)
			log_warning("no such group: nobody gets its role by it", "GROUP", names[i],
				    "ROLE", db_role_name(i), NULL);
	}
	return 0;
}

void roles_done(struct roles *r)
{
	for (int i = 0; i < ROLES_N; i++)
		free(r->group[i]);
	*r = (struct roles){0};
}

int roles_of(const struct roles *r, uid_t uid, const gid_t *groups, size_t n_groups)
{
	if (uid == 0 || uid == r->own)
		return ROLE_ADMIN;
	for (int role = ROLE_ADMIN; role >= ROLE_VIEWER; role--) {
		if (!r->known[role])
			continue;
		for (size_t i = 0; i < n_groups; i++)
			if (groups[i] == r->gid[role])
				return role;
	}
	return r->group[ROLE_VIEWER] ? ROLE_NONE : ROLE_VIEWER;
}

/* The peer's supplementary groups, with room for one more. Caller frees *ret with free(). */
static int peer_groups(int fd, gid_t **ret, size_t *ret_n)
{
	socklen_t len = 64 * sizeof(gid_t);

	for (;;) {
		_cleanup_(freep) gid_t *groups = malloc(len + sizeof(gid_t));

		if (!groups)
			return -ENOMEM;
		if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == 0) {
			*ret = TAKE_PTR(groups);
			*ret_n = len / sizeof(gid_t);
			return 0;
		}
		if (errno == ENODATA) { /* made before the peer had any */
			*ret = TAKE_PTR(groups);
			*ret_n = 0;
			return 0;
		}
		if (errno != ERANGE || len > GROUPS_MAX * sizeof(gid_t))
			return -errno;
	}
}

const char *peer_name(struct peer *p)
{
	char room[4096];
	struct passwd user, *found = NULL;

	if (p->name[0])
		return p->name;
	if (getpwuid_r(p->uid, &user, room, sizeof(room), &found) == 0 && found)
		snprintf(p->name, sizeof(p->name), "%s", user.pw_name);
	if (!p->name[0])
		snprintf(p->name, sizeof(p->name), "%u", (unsigned)p->uid);
	return p->name;
}

int roles_peer(const struct roles *r, int fd, struct peer *ret)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	_cleanup_(freep) gid_t *groups = NULL;
	size_t n = 0;
	int k;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return -errno;
	k = peer_groups(fd, &groups, &n);
	if (k < 0)
		return k;
	groups[n++] = cred.gid;
	*ret = (struct peer){
		.uid = cred.uid, .pid = cred.pid, .role = roles_of(r, cred.uid, groups, n)};
	return 0;
}

void roles_hint(const struct roles *r, enum db_role role, char out[160])
{
	if (role == ROLE_VIEWER && !r->group[role])
		snprintf(out, 160, "everybody is a viewer");
	else if (!r->group[role])
		snprintf(out, 160, "no group gives the role %s here; root has it",
			 db_role_name(role));
	else
		snprintf(out, 160, "members of group %.64s have the role %s", r->group[role],
			 db_role_name(role));
}
