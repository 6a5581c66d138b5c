/* SPDX-License-Identifier: MIT */
#include "transport/transport.h"

int transport_send(struct transport *t, const void *data, size_t len)
{
	return t->ops->send(t, data, len);
}

void transport_hold(struct transport *t, bool hold)
{
	if (t->ops->hold)
		t->ops->hold(t, hold);
}

const char *transport_trouble(struct transport *t)
{
	return t->ops->trouble ? t->ops->trouble(t) : NULL;
}

struct transport *transport_free(struct transport *t)
{
	return t ? t->ops->free(t) : NULL;
}
