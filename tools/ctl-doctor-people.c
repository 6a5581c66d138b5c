/* SPDX-License-Identifier: MIT */
/* Users and groups: whether they are there, who you are, and whether the daemon may open the
 * devices. */
#include "ctl-doctor.h"

#include <pwd.h>
#include <sys/stat.h>

#define CHECK	   "groups"
#define GROUPS_MAX 1024

static const char *const role_names[] = {"viewer", "operator", "admin"};

/* ---- you ---- */

static bool in_group_now(gid_t gid)
{
	gid_t groups[GROUPS_MAX];
	int n = getgroups(GROUPS_MAX, groups);

	for (int i = 0; i < n; i++)
		if (groups[i] == gid)
			return true;
	return getegid() == gid;
}

/* Which role you have by group, -1 none; *ret_later: one that you get when you log in anew. */
static int own_role(const struct doctor *d, const char *me, int *ret_later)
{
	int role = -1;

	*ret_later = -1;
	for (int i = 0; i < 3; i++) {
		bool member = false;
		gid_t gid;

		if (!d->config.group[i][0] ||
		    doctor_group(d, d->config.group[i], me, &gid, &member) < 0)
			continue;
		if (in_group_now(gid))
			role = i;
		else if (member)
			*ret_later = i;
	}
	return role;
}

static void check_own_role(struct doctor *d)
{
	const struct passwd *user = getpwuid(geteuid());
	char me[DOCTOR_GROUP], remedy[DOCTOR_TEXT];
	int later, role;

	if (geteuid() == 0) {
		doctor_say(d, "you", DOCTOR_OK, NULL, "you are root, who may do everything");
		return;
	}
	snprintf(me, sizeof(me), "%s", user ? user->pw_name : "you");
	role = own_role(d, me, &later);
	if (later > role) {
		doctor_say(d, "you", DOCTOR_WARNING, "log out and in again",
			   "%s was made a member of %s after this session began", me,
			   d->config.group[later]);
		return;
	}
	if (role >= 0 || !d->config.group[0][0]) {
		doctor_say(d, "you", DOCTOR_OK, NULL, "%s has the role %s", me,
			   role_names[MAX(role, 0)]);
		return;
	}
	snprintf(remedy, sizeof(remedy), "sudo adduser %s %s%s%s, then log out and in again", me,
		 d->config.group[0], d->config.group[1][0] ? " (or " : "",
		 d->config.group[1][0] ? d->config.group[1] : "");
	if (d->config.group[1][0])
		snprintf(remedy, sizeof(remedy),
			 "sudo adduser %s %s (or %s, to keep records too), then log out and in "
			 "again",
			 me, d->config.group[0], d->config.group[1]);
	doctor_say(d, "you", DOCTOR_PROBLEM, remedy,
		   "%s is in none of the groups that may look: %s", me, d->config.group[0]);
}

/* ---- accounts ---- */

void doctor_check_accounts(struct doctor *d)
{
	bool good = true;
	gid_t gid;
	uid_t uid;

	if (d->unit.there && doctor_user(d, d->unit.user, &uid, &gid) < 0) {
		good = false;
		doctor_say(d, CHECK, DOCTOR_PROBLEM,
			   "sudo systemd-sysusers && sudo systemctl restart stippled",
			   "the service runs as user %s, whom there is not", d->unit.user);
	}
	if (doctor_group(d, "stipple", NULL, &gid, NULL) < 0 && d->unit.there) {
		good = false;
		doctor_say(d, CHECK, DOCTOR_PROBLEM,
			   "sudo systemd-sysusers && sudo udevadm control --reload && sudo udevadm "
			   "trigger",
			   "there is no group stipple, which should own the pens' devices");
	}
	for (size_t i = 0; i < ELEMENTSOF(role_names); i++) {
		if (!d->config.group[i][0] ||
		    doctor_group(d, d->config.group[i], NULL, &gid, NULL) == 0)
			continue;
		good = false;
		doctor_say(d, CHECK, DOCTOR_WARNING,
			   "sudo systemd-sysusers, or name another group in stippled.conf; then "
			   "sudo systemctl restart stippled",
			   "%s_group = %s: there is no such group, so nobody is %s by it",
			   role_names[i], d->config.group[i], role_names[i]);
	}
	if (good)
		doctor_say(d, CHECK, DOCTOR_OK, NULL, "the users and groups are there");
	check_own_role(d);
}

/* ---- the daemon ---- */

/* Whether the daemon's user is in the group, by the accounts or by the unit. */
static bool daemon_in_group(const struct doctor *d, gid_t gid, gid_t own)
{
	char words[sizeof(d->unit.groups)], *at = words, *word;
	gid_t each;

	if (gid == own)
		return true;
	strcpy(words, d->unit.groups);
	while ((word = strsep(&at, " ")))
		if (*word && doctor_group(d, word, NULL, &each, NULL) == 0 && each == gid)
			return true;
	return false;
}

/* Membership is found by the group's name. */
static bool daemon_is_member(const struct doctor *d, const char *owner)
{
	const char *group = strchr(owner, ':');
	bool member = false;
	gid_t gid;

	return group && doctor_group(d, group + 1, d->unit.user, &gid, &member) == 0 && member;
}

static void check_device(struct doctor *d, const struct doctor_port *p, uid_t uid, gid_t gid)
{
	char path[DOCTOR_PATH], owner[2 * DOCTOR_GROUP], remedy[DOCTOR_TEXT];
	struct stat st;
	const char *group;

	if (stat(doctor_path(d, path, "%s", p->node), &st) < 0 || uid == 0)
		return;
	doctor_owner(d, st.st_uid, st.st_gid, owner, sizeof(owner));
	if ((st.st_uid == uid && (st.st_mode & 0600) == 0600) ||
	    ((st.st_mode & 0060) == 0060 &&
	     (daemon_in_group(d, st.st_gid, gid) || daemon_is_member(d, owner))) ||
	    (st.st_mode & 0006) == 0006)
		return;
	group = strchr(owner, ':');
	if (p->pen)
		snprintf(remedy, sizeof(remedy),
			 "sudo udevadm control --reload && sudo udevadm trigger, which gives it to "
			 "group stipple");
	else if ((st.st_mode & 0060) == 0060 && group && !streq(group, ":root"))
		snprintf(remedy, sizeof(remedy),
			 "sudo adduser %s %s && sudo systemctl restart stippled", d->unit.user,
			 group + 1);
	else
		snprintf(remedy, sizeof(remedy),
			 "a rule in /etc/udev/rules.d that gives it to group dialout with "
			 "MODE=\"0660\"");
	doctor_say(d, "access", DOCTOR_PROBLEM, remedy,
		   "%s belongs to %s, mode %04o, and stippled runs as %s, who may not open it",
		   p->node, owner, (unsigned)st.st_mode & 07777, d->unit.user);
}

static bool is_allowed(const struct doctor *d, const char *kind, const char *name)
{
	char word[DOCTOR_NODE + 8];

	snprintf(word, sizeof(word), " %s%s ", kind, name);
	return strstr(d->unit.devices, word);
}

/* The unit allows kinds of devices by their major number or by a name that the kernel has for that, or each by its own. */
static bool is_let_in(const struct doctor *d, const struct doctor_port *p)
{
	char devices[8192], number[16], name[64];
	unsigned major;

	snprintf(number, sizeof(number), "%u", p->major);
	if (is_allowed(d, "", p->node) || is_allowed(d, "char-", number) ||
	    is_allowed(d, "char-", "*"))
		return true;
	doctor_read(d, "/proc/devices", devices, sizeof(devices));
	for (char *at = devices, *line; (line = strsep(&at, "\n"));) {
		if (streq(line, "Block devices:"))
			break;
		if (sscanf(line, "%u %63s", &major, name) == 2 && major == p->major &&
		    is_allowed(d, "char-", name))
			return true;
	}
	return false;
}

static void check_sandbox(struct doctor *d, const struct doctor_port *p)
{
	char remedy[DOCTOR_TEXT];

	if (p->major == 0 || !*d->unit.devices || is_let_in(d, p))
		return;
	snprintf(remedy, sizeof(remedy),
		 "sudo systemctl edit stippled, write [Service] and DeviceAllow=%s rw, then sudo "
		 "systemctl restart stippled",
		 p->node);
	doctor_say(d, "access", DOCTOR_PROBLEM, remedy,
		   "%s is of a kind (major %u) that the service's sandbox keeps away", p->node,
		   p->major);
}

void doctor_check_access(struct doctor *d)
{
	size_t before = d->count[DOCTOR_PROBLEM];
	uid_t uid;
	gid_t gid;

	if (!d->unit.there || doctor_user(d, d->unit.user, &uid, &gid) < 0 || d->n_ports == 0)
		return;
	for (size_t i = 0; i < d->n_ports; i++) {
		check_device(d, &d->port[i], uid, gid);
		check_sandbox(d, &d->port[i]);
	}
	if (d->count[DOCTOR_PROBLEM] == before)
		doctor_say(d, "access", DOCTOR_OK, NULL, "the service may open the %zu port%s",
			   d->n_ports, d->n_ports == 1 ? "" : "s");
}
