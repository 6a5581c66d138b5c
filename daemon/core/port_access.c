/* SPDX-License-Identifier: MIT */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include "core/port_access.h"

#define NAME_SIZE  64
#define ROOM_BYTES 4096 /* for one entry of an accounts file */
#define RULES	   "udevadm control --reload && udevadm trigger"

static void user_name(uid_t uid, char out[NAME_SIZE])
{
	char room[ROOM_BYTES];
	struct passwd user, *found = NULL;

	if (getpwuid_r(uid, &user, room, sizeof(room), &found) == 0 && found)
		snprintf(out, NAME_SIZE, "%s", user.pw_name);
	else
		snprintf(out, NAME_SIZE, "%u", (unsigned)uid);
}

static void group_name(gid_t gid, char out[NAME_SIZE])
{
	char room[ROOM_BYTES];
	struct group group, *found = NULL;

	if (getgrgid_r(gid, &group, room, sizeof(room), &found) == 0 && found)
		snprintf(out, NAME_SIZE, "%s", group.gr_name);
	else
		snprintf(out, NAME_SIZE, "%u", (unsigned)gid);
}

void port_access_explain(const char *path, const struct stat *st, int error, uid_t uid, char *out,
			 size_t size)
{
	char owner[NAME_SIZE], group[NAME_SIZE], me[NAME_SIZE];
	unsigned mode = (unsigned)st->st_mode & 07777;

	if (error == -EPERM) {
		snprintf(
			out, size,
			"no permission: the service's sandbox keeps it away (major %u): `systemctl "
			"edit stippled`, [Service] DeviceAllow=%s rw",
			major(st->st_rdev), path);
		return;
	}
	user_name(st->st_uid, owner);
	group_name(st->st_gid, group);
	user_name(uid, me);
	/* Nobody should be put into root's own group for a pen. */
	if ((mode & 0060) == 0060 && st->st_gid != 0)
		snprintf(out, size,
			 "no permission: it belongs to %s:%s, mode %04o, and stippled runs as %s, "
			 "who is not in group "
			 "%s: `adduser %s %s`, then restart it",
			 owner, group, mode, me, group, me, group);
	else
		snprintf(out, size,
			 "no permission: it belongs to %s:%s, mode %04o, and stippled runs as %s: "
			 "load udev's rules "
			 "for "
			 "pens with `" RULES "`, or write one that gives it to a group",
			 owner, group, mode, me);
}
