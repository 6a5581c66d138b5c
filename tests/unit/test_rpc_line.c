/* SPDX-License-Identifier: MIT */
/* The parts below a connection: JSON before it is parsed, pieces of our own JSON, the queue of
 * lines, the listening socket. */
#include "rpc_fake.h"

#include "rpc/jsonline.h"

/* ---- jsonline ---- */

static int parse(const char *text)
{
	char problem[JSONLINE_PROBLEM] = "";
	json_t *value;
	int r;

	r = jsonline_parse(text, strlen(text), &value, problem);
	if (r == 0)
		json_decref(value);
	else
		assert_true(strlen(problem) > 0);
	return r;
}

static void test_what_is_json(void **state UNUSED)
{
	assert_int_equal(parse("{\"a\":[1,2.5e3,null,true,\"\\u00e9\"]}"), 0);
	assert_int_equal(parse("7"), 0);
	assert_int_equal(parse(""), -EBADMSG);
	assert_int_equal(parse("{\"a\":1,\"a\":2}"), -EBADMSG);
	assert_int_equal(parse("\"\xc3\x28\""), -EBADMSG);
	assert_int_equal(parse("\"\xed\xa0\x80\""), -EBADMSG); /* half a surrogate pair */
	assert_int_equal(parse("[1,]"), -EBADMSG);
	assert_int_equal(parse("[NaN]"), -EBADMSG);
	assert_int_equal(parse("[1e999]"), -EBADMSG);
	assert_int_equal(parse("[9223372036854775808]"), -EBADMSG);
}

static void test_brackets_in_texts_do_not_nest(void **state UNUSED)
{
	struct buf b = BUF_INIT(0);

	buf_adds(&b, "[\"\\\"\\\\");
	for (int i = 0; i < 1000; i++)
		buf_adds(&b, "[{,");
	buf_adds(&b, "\"]");
	assert_int_equal(parse(b.data), 0);
	buf_done(&b);
}

/* What the measure lets through is never deeper than it says, wherever the text stops being JSON.
 */
static void test_depth(void **state UNUSED)
{
	static const char *const prefixes[] = {"", "[\"\\\"\",", "[\"a\" ", "[}", "\"", "{\"x\":"};

	for (size_t i = 0; i < ELEMENTSOF(prefixes); i++) {
		struct buf b = BUF_INIT(0);

		buf_adds(&b, prefixes[i]);
		for (int k = 0; k < 100000; k++)
			buf_addc(&b, '[');
		assert_true(parse(b.data) < 0);
		buf_done(&b);
	}
}

static void test_members(void **state UNUSED)
{
	const char *text =
		"{\"a\":1,\"b \\\"}\":{\"x\":[\"]\",{}]},\"c\":\"t,\\\\\",\"d\":[],\"e\":null}";
	static const char *const names[] = {"a", "b \\\"}", "c", "d", "e"};
	static const char *const values[] = {"1", "{\"x\":[\"]\",{}]}", "\"t,\\\\\"", "[]", "null"};
	struct json_piece rest = json_inside((struct json_piece){text, strlen(text)}, '{'), name,
			  value;

	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		assert_true(json_next_member(&rest, &name, &value));
		assert_true(json_piece_eq(name, names[i]));
		assert_true(json_piece_eq(value, values[i]));
	}
	assert_false(json_next_member(&rest, &name, &value));
	rest = json_inside((struct json_piece){"[]", 2}, '[');
	assert_false(json_next_element(&rest, &value));
	rest = json_inside((struct json_piece){"[1,[2,3],\"4\"]", 13}, '[');
	for (int i = 0; i < 3; i++)
		assert_true(json_next_element(&rest, &value));
	assert_true(json_piece_eq(value, "\"4\""));
	assert_false(json_next_element(&rest, &value));
	assert_int_equal(json_inside((struct json_piece){"{}", 2}, '[').len, 0);
}

/* Cut anywhere, it says that there is nothing more, and reads nothing that is not there. */
static void test_members_of_cut_text(void **state UNUSED)
{
	const char *text = "{\"a\":1,\"b\":{\"x\":[\"]\",{}]},\"c\":\"t\\\"\"}";

	for (size_t len = 0; len < strlen(text); len++) {
		char *copy = malloc(len + 1); /* so that a sanitizer sees a step too far */
		struct json_piece rest, name, value;
		int members = 0;

		memcpy(copy, text, len);
		rest = json_inside((struct json_piece){copy, len}, '{');
		while (json_next_member(&rest, &name, &value))
			members++;
		assert_true(members <= 3);
		free(copy);
	}
}

/* ---- outq ---- */

static void drain(int fd, struct buf *b)
{
	char room[1000];
	ssize_t n;

	while ((n = recv(fd, room, sizeof(room), MSG_DONTWAIT)) > 0)
		buf_add(b, room, (size_t)n);
}

static void test_lines_go_out_whole(void **state UNUSED)
{
	struct buf wanted = BUF_INIT(0), got = BUF_INIT(0);
	struct outq q = {0};
	int fd[2], small = 4096;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
	assert_int_equal(setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	for (int i = 0; i < 500; i++) {
		struct buf body = BUF_INIT(0);
		struct line *l;
		char head[32];

		snprintf(head, sizeof(head), "head %d ", i);
		for (int k = 0; k < i * 7 % 4000; k++)
			buf_addc(&body, (char)('a' + k % 26));
		buf_adds(&wanted, head);
		if (i % 3) {
			buf_add(&wanted, body.data, body.len);
			buf_adds(&wanted, " tail");
			l = line_wrap(head, strlen(head), &body, " tail");
		} else {
			buf_done(&body);
			l = line_new(head, strlen(head), i % 2);
		}
		buf_addc(&wanted, '\n');
		assert_non_null(l);
		assert_int_equal(outq_push(&q, l), 0);
		line_unref(l);
	}
	assert_int_equal(q.answer_bytes + q.event_bytes, wanted.len);
	while (outq_send(&q, fd[0]) == -EAGAIN)
		drain(fd[1], &got);
	drain(fd[1], &got);
	assert_int_equal(got.len, wanted.len);
	assert_memory_equal(got.data, wanted.data, wanted.len);
	assert_int_equal(q.answer_bytes, 0);
	assert_int_equal(q.event_bytes, 0);
	close(fd[1]);
	struct line *late = line_new("late", 4, false);
	outq_push(&q, late);
	line_unref(late);
	assert_int_equal(outq_send(&q, fd[0]), -EPIPE);
	outq_done(&q);
	close(fd[0]);
	buf_done(&wanted);
	buf_done(&got);
}

static void test_a_line_that_is_too_large(void **state UNUSED)
{
	struct buf body = BUF_INIT(4);

	buf_adds(&body, "12345");
	assert_int_equal(body.error, -E2BIG);
	assert_null(line_wrap("", 0, &body, ""));
	assert_null(body.data);
}

/* ---- listen ---- */

static int make_dir(void **state)
{
	fake = (struct fake){0};
	strcpy(fake.dir, "/tmp/stipple-rpc-XXXXXX");
	assert_non_null(mkdtemp(fake.dir));
	snprintf(fake.path, sizeof(fake.path), "%s/socket", fake.dir);
	*state = NULL;
	return 0;
}

static int remove_dir(void **state UNUSED)
{
	unlink(fake.path);
	return rmdir(fake.dir);
}

static void test_socket_of_a_dead_daemon(void **state UNUSED)
{
	struct listen dead, l;
	struct stat st;
	mode_t mask = umask(077);

	assert_int_equal(listen_open(&dead, fake.path), 0);
	umask(mask);
	assert_int_equal(stat(fake.path, &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0666); /* whatever the umask */
	assert_int_equal(listen_open(&l, fake.path), -EADDRINUSE);
	close(dead.fd); /* killed: the file stays */
	assert_int_equal(listen_open(&l, fake.path), 0);
	/* The dead one's end does not take the new one's file away. */
	dead.fd = -EBADF;
	listen_close(&dead);
	assert_int_equal(stat(fake.path, &st), 0);
	listen_close(&l);
	assert_int_equal(stat(fake.path, &st), -1);
}

static void test_something_else_is_there(void **state UNUSED)
{
	struct listen l;
	int fd = open(fake.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	char far[200], *end = far;

	close(fd);
	assert_int_equal(listen_open(&l, fake.path), -EEXIST);
	assert_int_equal(access(fake.path, F_OK), 0);
	end = stpcpy(end, fake.dir);
	memset(end, 'x', 150);
	end[0] = '/';
	end[150] = '\0';
	assert_int_equal(listen_open(&l, far), -ENAMETOOLONG);
	assert_int_equal(listen_open(&l, "/tmp/no-such-directory-of-stipple/socket"), -ENOENT);
}

static void test_socket_passed_in(void **state UNUSED)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct listen l;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(sun.sun_path, fake.path);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen_adopt(&l, fd), -EINVAL); /* does not listen */
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(listen_adopt(&l, fd), 0);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	listen_close(&l);
	assert_int_equal(access(fake.path, F_OK), 0); /* not ours to remove */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_json),
		cmocka_unit_test(test_brackets_in_texts_do_not_nest),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_members_of_cut_text),
		cmocka_unit_test(test_lines_go_out_whole),
		cmocka_unit_test(test_a_line_that_is_too_large),
		cmocka_unit_test_setup_teardown(test_socket_of_a_dead_daemon, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_something_else_is_there, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_socket_passed_in, make_dir, remove_dir),
	};

	return cmocka_run_group_tests_name("rpc-line", tests, NULL, NULL);
}
