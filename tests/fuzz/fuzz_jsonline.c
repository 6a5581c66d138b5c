/* SPDX-License-Identifier: MIT */
/*
 * What a client may send: a whole connection over a manager and a database in memory. Whatever
 * comes in, what goes out are whole lines of JSON, the connection ends, and nothing is left of it.
 */
#include "../unit/rpc_world.h"

#include "rpc/jsonline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(what)                                                                                \
	do {                                                                                       \
		if (!(what))                                                                       \
			abort();                                                                   \
	} while (0)

#define INPUT_MAX  65536 /* fits the socket: the other end is the same thread */
#define LIVE_TIMES 3	 /* so often a pen says something while an input is read */

static void make_world(void)
{
	json_object_seed(1); /* an input does the same each time it is played */
	fake_start(NULL);
	fake_add_pen("AA-1");
	fake_add_pen("AA-10");
	fake_add_pen("BB\"2");
	fake_commit(300);
	fake.server->sql.program = "/invented/program";
}

static void finish_mark(void)
{
	struct db_msg *msg = fake_take_msg();

	if (!msg)
		return;
	msg->result = 0;
	if (msg->op == DB_MARK) {
		msg->mark.entry = 1;
	} else if (msg->op != DB_CHANGE) {
		/* a verdict is kept, and has no answer */
	} else if (msg->change.value[0].set) {
		buf_adds(&msg->change.answer, "{\"entry\":1}");
	} else {
		msg->result = -EBADR;
		msg->change.refusal.code = REFUSE_CONFLICT;
	}
	msg->done(msg, msg->ctx);
}

/* Reads what is there. False at the end. */
static bool take_lines(int fd, struct buf *in)
{
	char room[65536], *end;
	ssize_t n;
	bool open;

	while ((n = recv(fd, room, sizeof(room), MSG_DONTWAIT)) > 0)
		buf_add(in, room, (size_t)n);
	open = n < 0 && errno == EAGAIN; /* asked now: reading JSON writes errno */
	while (in->len > 0 && (end = memchr(in->data, '\n', in->len))) {
		size_t len = (size_t)(end - in->data);
		json_t *value = json_loadb(in->data, len, 0, NULL);

		CHECK(value);
		json_decref(value);
		in->len -= len + 1;
		memmove(in->data, end + 1, in->len);
	}
	return open;
}

/* The walk over our own JSON must at least stay inside whatever it gets. */
static void walk(const uint8_t *data, size_t size)
{
	struct json_piece rest = {(const char *)data, size}, name, value;

	while (json_next_member(&rest, &name, &value))
		CHECK(value.at + value.len <= (const char *)data + size);
	rest = json_inside((struct json_piece){(const char *)data, size}, '[');
	while (json_next_element(&rest, &value))
		CHECK(value.len > 0 && value.at + value.len <= (const char *)data + size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct peer peer = {.role = ROLE_ADMIN, .name = "invented"};
	struct buf in = BUF_INIT(0);
	unsigned live = 0;
	struct client *c;
	int fd[2];

	if (!fake.server)
		make_world();
	size = MIN(size, (size_t)INPUT_MAX);
	walk(data, size);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd) == 0);
	CHECK(client_new(&c, fake.server, fd[1], &peer) == 0);
	CHECK(send(fd[0], data, size, 0) == (ssize_t)size);
	shutdown(fd[0], SHUT_WR);
	/* A subscriber stays after its last request: enough is enough. */
	for (int idle = 0; idle < 3; idle++) {
		if (sd_event_run(fake.event, 0) > 0)
			idle = 0;
		if (fake_db_step())
			idle = 0;
		if (fake.msg)
			idle = 0;
		finish_mark();
		if (fake.server->events.live && idle == 0 && live++ < LIVE_TIMES)
			fake_live_cycles(0, 1, 3);
		if (!take_lines(fd[0], &in))
			break;
	}
	CHECK(in.len == 0);
	close(fd[0]);
	fake_settle();
	while (fake_db_step())
		;
	while (fake.msg)
		finish_mark();
	CHECK(fake.server->n_clients == 0 && !fake.server->events.live &&
	      !fake.server->events.durable);
	buf_done(&in);
	return 0;
}
