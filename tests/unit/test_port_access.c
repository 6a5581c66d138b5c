/* SPDX-License-Identifier: MIT */
/* What is said of a device that may not be opened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include "core/port_access.h"

#define NOBODY_KNOWN 54321 /* a number that no account has */

static struct stat device(uid_t uid, gid_t gid, mode_t mode)
{
	return (struct stat){
		.st_uid = uid, .st_gid = gid, .st_mode = S_IFCHR | mode, .st_rdev = makedev(4, 65)};
}

static void test_group(void **state)
{
	struct stat st = device(0, 20, 0660); /* dialout, as Debian numbers it */
	char text[256] = "";

	(void)state;
	port_access_explain("/dev/ttyS1", &st, -EACCES, NOBODY_KNOWN, text, sizeof(text));
	assert_string_equal(text, "no permission: it belongs to root:dialout, mode 0660, and "
				  "stippled runs as 54321, who is "
				  "not in group dialout: `adduser 54321 dialout`, then restart it");
}

static void test_no_group(void **state)
{
	struct stat of_root = device(0, 0, 0660), closed = device(NOBODY_KNOWN, 20, 0600);
	char text[256] = "";

	(void)state;
	port_access_explain("/dev/ttyS1", &of_root, -EACCES, NOBODY_KNOWN, text, sizeof(text));
	assert_non_null(strstr(text, "belongs to root:root, mode 0660"));
	assert_null(strstr(text, "adduser"));
	assert_non_null(strstr(text, "udevadm control --reload"));
	port_access_explain("/dev/ttyS1", &closed, -EACCES, 0, text, sizeof(text));
	assert_non_null(
		strstr(text, "belongs to 54321:dialout, mode 0600, and stippled runs as root"));
	assert_null(strstr(text, "adduser"));
}

static void test_sandbox(void **state)
{
	struct stat st = device(0, 20, 0666);
	char text[256] = "";

	(void)state;
	port_access_explain("/dev/ttyS1", &st, -EPERM, 0, text, sizeof(text));
	assert_string_equal(
		text,
		"no permission: the service's sandbox keeps it away (major 4): `systemctl edit "
		"stippled`, [Service] DeviceAllow=/dev/ttyS1 rw");
}

static void test_cut(void **state)
{
	struct stat st = device(0, 20, 0660);
	char text[24];

	(void)state;
	memset(text, 'x', sizeof(text));
	port_access_explain("/dev/ttyS1", &st, -EACCES, 0, text, 16);
	assert_string_equal(text, "no permission: ");
	assert_int_equal(text[16], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_no_group),
		cmocka_unit_test(test_sandbox),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
