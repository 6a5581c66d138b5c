/* SPDX-License-Identifier: MIT */
/* The configuration: what is taken, and what each mistake is told as. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "config.h"

struct files {
	char dir[64], file[128];
	struct config config;
	struct buf problems;
};

static int setup(void **state)
{
	struct files *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->dir, "/tmp/stipple-config-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->file, sizeof(f->file), "%s/c.conf", f->dir);
	assert_int_equal(config_init(&f->config), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct files *f = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", f->dir);
	assert_int_equal(system(command), 0);
	config_done(&f->config);
	buf_done(&f->problems);
	free(f);
	return 0;
}

static void write_bytes(const char *path, const char *text, size_t len)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void write_file(const char *path, const char *text)
{
	write_bytes(path, text, strlen(text));
}

static int load(struct files *f, const char *text)
{
	write_file(f->file, text);
	return config_load(&f->config, f->file, false, &f->problems);
}

/* Loading @text must fail with exactly these lines, "%s" in them standing for the file. */
static void fails(struct files *f, const char *text, const char *expected)
{
	struct buf wanted = {0};

	assert_int_equal(load(f, text), -EINVAL);
	for (const char *p = expected; *p; p++) {
		if (p[0] == '%' && p[1] == 's') {
			buf_adds(&wanted, f->file);
			p++;
		} else {
			buf_addc(&wanted, *p);
		}
	}
	assert_string_equal(f->problems.data, wanted.data);
	buf_done(&wanted);
}

static void test_defaults(void **state)
{
	struct files *f = *state;

	assert_string_equal(f->config.database, "/var/lib/stipple/stipple.db");
	assert_string_equal(f->config.key, "/var/lib/stipple/private/signing.key");
	assert_string_equal(f->config.socket, "/run/stipple/stipple.sock");
	assert_true(f->config.hotplug);
	assert_int_equal(f->config.log_level, LOG_LEVEL_INFO);
	assert_int_equal(f->config.n_ports, 0);
	assert_null(f->config.operator_group);
	/* Nothing there is fine, unless it was asked for. */
	assert_int_equal(config_load(&f->config, f->file, true, &f->problems), 0);
	assert_int_equal(f->problems.len, 0);
	assert_int_equal(config_load(&f->config, f->file, false, &f->problems), -ENOENT);
	assert_non_null(strstr(f->problems.data, f->file));
}

static void test_everything(void **state)
{
	struct files *f = *state;
	const struct port_config *p = f->config.ports;

	assert_int_equal(load(f, "; a comment\n"
				 "# another\n"
				 "[daemon]\n"
				 "database = /a/b c.db\n"
				 "  key=/a/k  \n"
				 "\tsocket = /a/s ; where\n"
				 "zone = Europe/Berlin\n"
				 "log_level = debug\n"
				 "viewer_group = v\noperator_group = o\nadmin_group = a\n"
				 "hotplug = no\nbutton = toggle\nsession_idle = 90\nretention_years = 5\nprofile = site\n"
				 "[port one]\n"
				 "path = /dev/pen/*\n"
				 "driver = penwire\n"
				 "baud = 921600\n"
				 "record = /r/%p.rec\n"
				 "read_only = yes\n"
				 "[port analyser]\n"
				 "path = /dev/ttyACM7\n"
				 "serial = TMA-1 (left)\n"
				 "driver = tma\n"
				 "button = none\n"
				 "[port the  second]\r\n"
				 "path = replay:/r/x.rec\r\n"),
			 0);
	assert_string_equal(f->config.database, "/a/b c.db");
	assert_string_equal(f->config.key, "/a/k");
	assert_string_equal(f->config.socket, "/a/s");
	assert_string_equal(f->config.zone, "Europe/Berlin");
	assert_int_equal(f->config.log_level, LOG_LEVEL_DEBUG);
	assert_string_equal(f->config.viewer_group, "v");
	assert_string_equal(f->config.operator_group, "o");
	assert_string_equal(f->config.admin_group, "a");
	assert_int_equal(f->config.button, BUTTON_TOGGLE);
	assert_int_equal(f->config.session_idle_us, 90 * 60 * USEC_PER_SEC);
	assert_int_equal(f->config.retention_years, 5);
	assert_string_equal(f->config.profile, "site");
	assert_false(f->config.hotplug);
	assert_int_equal(f->config.n_ports, 3);
	assert_string_equal(p[0].pattern, "/dev/pen/*");
	assert_string_equal(p[0].driver->name, "penwire");
	assert_int_equal(p[0].baud, 921600);
	assert_string_equal(p[0].record, "/r/%p.rec");
	assert_true(p[0].read_only);
	assert_null(p[0].serial);
	assert_string_equal(p[1].driver->name, "tma");
	assert_string_equal(p[1].serial, "TMA-1 (left)");
	assert_int_equal(p[0].button, BUTTON_UNSAID);
	assert_int_equal(p[1].button, BUTTON_NONE);
	assert_string_equal(p[2].pattern, "replay:/r/x.rec");
	assert_int_equal(p[2].baud, 0);
	assert_false(p[2].read_only);
	assert_string_equal(f->config.port_names[2], "the  second");
}

/* All mistakes in one pass, each with its line and what is allowed. */
static void test_mistakes(void **state)
{
	fails(*state,
	      "[daemon]\n"
	      "databse = /x\n"
	      "socket = relative\n"
	      "zone = Mars/Base\n"
	      "log_level = loud\n"
	      "hotplug = maybe\n"
	      "[port a]\n"
	      "path = pen\n"
	      "driver = parker\n"
	      "baud = 12\n"
	      "speed = 5\n"
	      "read_only = 1\n"
	      "serial = 012345678901234567890123456789012\n"
	      "[dæmon]\n"
	      "database = /x\n",
	      "%s:2: unknown key databse in [daemon]: allowed are database, key, socket, zone, "
	      "log_level, viewer_group, operator_group, admin_group, hotplug, "
	      "button, session_idle, retention_years, profile\n"
	      "%s:3: socket = relative: allowed is an absolute path\n"
	      "%s:4: zone = Mars/Base: allowed is a name as in 'timedatectl list-timezones', such "
	      "as "
	      "Europe/Berlin\n"
	      "%s:5: log_level = loud: allowed is err, warning, notice, info or debug\n"
	      "%s:6: hotplug = maybe: allowed is yes or no\n"
	      "%s:8: path = pen: allowed is an absolute path, a pattern of paths such as "
	      "/dev/pen/by-serial/*, or replay:/FILE\n"
	      "%s:9: driver = parker: allowed is penwire, tma\n"
	      "%s:10: baud = 12: allowed is 300 to 4000000\n"
	      "%s:11: unknown key speed of a port: allowed are path, driver, baud, record, "
	      "read_only, button, serial\n"
	      "%s:12: read_only = 1: allowed is yes or no\n"
	      "%s:13: serial = 012345678901234567890123456789012: allowed is 1 to 32 bytes of "
	      "text\n"
	      "%s:14: unknown section [dæmon]: allowed are [daemon] and [port NAME]\n");
}

/* A serial number is for what cannot say who it is. */
static void test_serial(void **state)
{
	struct files *f = *state;

	fails(f, "[port a]\npath = /dev/a\nserial = X\n[port b]\npath = /dev/b\ndriver = tma\n",
	      "%s: [port a]: serial = X: driver penwire asks its pens who they are; allowed with "
	      "driver = tma\n");
	buf_reset(&f->problems);
	assert_int_equal(config_add_port(&f->config, "/dev/c,serial=Y", &f->problems), -EINVAL);
	assert_non_null(strstr(f->problems.data, "--port: serial = Y: driver penwire asks"));
	assert_int_equal(config_add_port(&f->config, "/dev/c,serial=Y,driver=tma", &f->problems),
			 0);
}

static void test_sections(void **state)
{
	fails(*state,
	      "database = /x\n"
	      "[port]\n"
	      "[portx]\n"
	      "[port ]\n"
	      "[port y]\n",
	      "%s:1: database stands in no section: allowed are [daemon] and [port NAME]\n"
	      "%s:2: unknown section [port]: allowed are [daemon] and [port NAME]\n"
	      "%s:3: unknown section [portx]: allowed are [daemon] and [port NAME]\n"
	      "%s:4: unknown section [port ]: allowed are [daemon] and [port NAME]\n"
	      "%s: [port y] has no path: allowed is an absolute path, a pattern of paths such as "
	      "/dev/pen/by-serial/*, or replay:/FILE\n");
}

static void test_no_key_and_value(void **state)
{
	fails(*state, "[daemon]\nhotplug\n", "%s:2: neither [section] nor key = value\n");
}

static void test_button_and_idle(void **state)
{
	fails(*state, "[daemon]\nbutton = yes\nsession_idle = 1441\n",
	      "%s:2: button = yes: allowed is none, start, end or toggle\n"
	      "%s:3: session_idle = 1441: allowed is 0 (never) to 1440 minutes, or seconds such as "
	      "90s\n");
}

static void test_idle_in_seconds(void **state)
{
	struct files *f = *state;

	assert_int_equal(f->config.session_idle_us, 60 * 60 * USEC_PER_SEC);
	assert_int_equal(load(f, "[daemon]\nsession_idle = 90s\n"), 0);
	assert_int_equal(f->config.session_idle_us, 90 * USEC_PER_SEC);
}

static void test_set_twice(void **state)
{
	fails(*state, "[daemon]\nhotplug = no\nhotplug = yes\n",
	      "%s:3: hotplug is set twice in [daemon]\n");
}

/* The second would silently win. */
static void test_set_twice_apart(void **state)
{
	fails(*state, "[port a]\npath = /dev/a\n[daemon]\nhotplug = no\n[port a]\npath = /dev/b\n",
	      "%s:6: path is set twice in [port a]\n");
}

/* As editors of Windows write. */
static void test_bom(void **state)
{
	struct files *f = *state;

	assert_int_equal(load(f, "\xef\xbb\xbf[daemon]\r\nhotplug = no\r\n"), 0);
	assert_false(f->config.hotplug);
}

static void test_baud_bounds(void **state)
{
	static const char *const bad[] = {
		"299", "4000001", "-300", "0x500", "9600 8N1", "18446744073709551915", ""};
	struct files *f = *state;
	char text[256];

	assert_int_equal(load(f, "[port a]\npath = /a\nbaud = 300\n"
				 "[port b]\npath = /b\nbaud = 4000000\n"),
			 0);
	for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
		buf_reset(&f->problems);
		snprintf(text, sizeof(text), "[port a]\nbaud = %s\n", bad[i]);
		assert_int_equal(load(f, text), -EINVAL);
		assert_non_null(strstr(f->problems.data, ":2: baud = "));
	}
}

static void test_long_line(void **state)
{
	struct files *f = *state;
	const char *head = "[daemon]\nsocket = /";
	char path[6001], text[8192];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	snprintf(text, sizeof(text), "%s%.4000s", head, path);
	assert_int_equal(load(f, text), 0);
	assert_int_equal(strlen(f->config.socket), 4001);
	snprintf(text, sizeof(text), "%s%s\nhotplug = no\n", head, path);
	assert_int_equal(load(f, text), -EINVAL);
	assert_non_null(strstr(f->problems.data, ":2: the line is too long: allowed are "));
	assert_null(strstr(f->problems.data, ":3:"));
	assert_false(f->config.hotplug);
}

static void test_large_and_binary_files(void **state)
{
	struct files *f = *state;
	char *text = malloc(LIMIT_CONFIG_BYTES + 2);

	assert_non_null(text);
	memset(text, '\n', LIMIT_CONFIG_BYTES + 1);
	write_bytes(f->file, text, LIMIT_CONFIG_BYTES);
	assert_int_equal(config_load(&f->config, f->file, false, &f->problems), 0);
	write_bytes(f->file, text, LIMIT_CONFIG_BYTES + 1);
	assert_int_equal(config_load(&f->config, f->file, false, &f->problems), -EINVAL);
	assert_non_null(strstr(f->problems.data, "larger than 65536 bytes"));
	buf_reset(&f->problems);
	write_bytes(f->file, "[daemon]\n\0\n", 11);
	assert_int_equal(config_load(&f->config, f->file, false, &f->problems), -EINVAL);
	assert_non_null(strstr(f->problems.data, "zero byte"));
	free(text);
	/* A directory in its place. */
	buf_reset(&f->problems);
	assert_int_equal(config_load(&f->config, f->dir, false, &f->problems), -EINVAL);
	assert_non_null(strstr(f->problems.data, "directory"));
}

static void test_too_many_ports(void **state)
{
	struct files *f = *state;
	struct buf text = {0};

	for (int i = 0; i <= LIMIT_PORTS; i++)
		buf_addf(&text, "[port %d]\npath = /p%d\n", i, i);
	assert_int_equal(load(f, text.data), -EINVAL);
	assert_non_null(strstr(f->problems.data, ":257: at most 128 ports\n"));
	buf_done(&text);
}

/* Drop-ins in the order of their names, each over what came before; other files are left alone. */
static void test_drop_ins(void **state)
{
	struct files *f = *state;
	char path[256];

	snprintf(path, sizeof(path), "%s.d", f->file);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s.d/20-late.conf", f->file);
	write_file(path, "[daemon]\nsocket = /late\n[port a]\nbaud = 1200\n");
	snprintf(path, sizeof(path), "%s.d/10-early.conf", f->file);
	write_file(path, "[daemon]\nsocket = /early\nkey = /early\n");
	snprintf(path, sizeof(path), "%s.d/30-not.conf.bak", f->file);
	write_file(path, "nonsense");
	snprintf(path, sizeof(path), "%s.d/.hidden.conf", f->file);
	write_file(path, "nonsense");
	assert_int_equal(load(f, "[daemon]\nsocket = /main\ndatabase = /main\n"
				 "[port a]\npath = /dev/a\n"),
			 0);
	assert_string_equal(f->config.database, "/main");
	assert_string_equal(f->config.key, "/early");
	assert_string_equal(f->config.socket, "/late");
	assert_int_equal(f->config.n_ports, 1);
	assert_string_equal(f->config.ports[0].pattern, "/dev/a");
	assert_int_equal(f->config.ports[0].baud, 1200);
	/* Their mistakes are told with their names, and without a main file they count too. */
	snprintf(path, sizeof(path), "%s.d/40-bad.conf", f->file);
	write_file(path, "[daemon]\n\nhotplug = 0\n");
	unlink(f->file);
	assert_int_equal(config_load(&f->config, f->file, true, &f->problems), -EINVAL);
	assert_non_null(
		strstr(f->problems.data, "40-bad.conf:3: hotplug = 0: allowed is yes or no"));
}

static void test_port_of_the_command_line(void **state)
{
	struct files *f = *state;
	struct config *c = &f->config;
	char cwd[256], expected[300];

	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_int_equal(config_add_port(c, "/dev/p*,driver=penwire,baud=9600,record=r,read-only",
					 &f->problems),
			 0);
	assert_string_equal(c->ports[0].pattern, "/dev/p*");
	assert_int_equal(c->ports[0].baud, 9600);
	assert_true(c->ports[0].read_only);
	snprintf(expected, sizeof(expected), "%s/r", cwd);
	assert_string_equal(c->ports[0].record, expected);
	assert_int_equal(config_add_port(c, "replay:r.rec", &f->problems), 0);
	snprintf(expected, sizeof(expected), "replay:%s/r.rec", cwd);
	assert_string_equal(c->ports[1].pattern, expected);
	assert_int_equal(config_add_port(c, "pen0", &f->problems), 0);
	snprintf(expected, sizeof(expected), "%s/pen0", cwd);
	assert_string_equal(c->ports[2].pattern, expected);
	assert_int_equal(f->problems.len, 0);
	config_clear_ports(c);
	assert_int_equal(c->n_ports, 0);
	assert_int_equal(config_add_port(c, "", &f->problems), -EINVAL);
	assert_int_equal(config_add_port(c, "/a,fast", &f->problems), -EINVAL);
	assert_int_equal(config_add_port(c, "/a,baud=fast", &f->problems), -EINVAL);
	assert_int_equal(config_add_port(c, "/a,path=/b", &f->problems), -EINVAL);
	assert_non_null(strstr(f->problems.data, "--port: unknown option fast: allowed are "));
	assert_non_null(strstr(f->problems.data, "--port: unknown option path=/b: "));
	assert_non_null(strstr(f->problems.data, "--port: baud = fast: allowed is 300 to 4000000"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_defaults),
		TEST(test_everything),
		TEST(test_mistakes),
		TEST(test_serial),
		TEST(test_sections),
		TEST(test_no_key_and_value),
		TEST(test_button_and_idle),
		TEST(test_idle_in_seconds),
		TEST(test_set_twice),
		TEST(test_set_twice_apart),
		TEST(test_bom),
		TEST(test_baud_bounds),
		TEST(test_long_line),
		TEST(test_large_and_binary_files),
		TEST(test_too_many_ports),
		TEST(test_drop_ins),
		TEST(test_port_of_the_command_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
