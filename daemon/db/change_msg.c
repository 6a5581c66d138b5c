/* SPDX-License-Identifier: MIT */
/* Changes that the daemon makes by itself: the message and its values in one piece. */
#include <stdio.h>

#include "base/timefmt.h"
#include "db/change.h"

struct own_msg {
	struct db_msg msg;
	struct db_value value[DB_PARAMS_MAX];
};

struct db_msg *db_change_msg_new(const struct db_change *change)
{
	struct own_msg *own = calloc(1, sizeof(*own));

	if (!own)
		return NULL;
	own->msg.op = DB_CHANGE;
	own->msg.change.change = change;
	own->msg.change.value = own->value;
	own->msg.change.at_us = now_utc_us();
	snprintf(own->msg.change.actor.name, sizeof(own->msg.change.actor.name), "daemon");
	return &own->msg;
}

static size_t index_of(const struct db_msg *msg, const char *param)
{
	const struct db_query *d = &msg->change.change->decl;

	for (size_t i = 0; i < d->n_params; i++)
		if (streq(d->params[i].name, param))
			return i;
	assert(!"a parameter that the change does not have");
	return 0;
}

void db_change_msg_int(struct db_msg *msg, const char *param, int64_t value)
{
	struct db_value *v = &msg->change.value[index_of(msg, param)];

	free(v->text);
	*v = (struct db_value){.set = true, .i = value};
}

int db_change_msg_text(struct db_msg *msg, const char *param, const char *value)
{
	size_t i = index_of(msg, param);
	char problem[256];
	int r;

	r = db_value_set(&msg->change.change->decl.params[i], &msg->change.value[i], value,
			 strlen(value), problem);
	assert(r == 0 || r == -ENOMEM);
	return r;
}

struct db_msg *db_change_msg_free(struct db_msg *msg)
{
	if (!msg)
		return NULL;
	for (size_t i = 0; i < DB_PARAMS_MAX; i++)
		free(msg->change.value[i].text);
	buf_done(&msg->change.answer);
	buf_done(&msg->change.refusal.data);
	free(container_of(msg, struct own_msg, msg));
	return NULL;
}
