/* SPDX-License-Identifier: MIT */
/*
 * Methods answered by the daemon itself. They are declared as queries are, so that arguments are
 * checked, and discovered, in one way.
 */
#ifndef RPC_METHOD_H
#define RPC_METHOD_H

#include "call.h"

struct native {
	struct db_query decl; /* sql is NULL */
	uint32_t lists; /* bit i: parameter i is an array of its type; min and max are those of an
			   item */
	const char *result;	 /* JSON Schema of the result */
	enum rpc_code errors[6]; /* those that only this method gives; 0 ends */
	/* Ends the call with call_result() or call_fail(), now or later. */
	void (*run)(struct call *call);
};

/* All natives, sorted by name; NULL-terminated. */
extern const struct native *const natives[];
/* NULL: no such native. */
const struct native *native_find(const char *method);

extern const struct native method_backup_read, method_backup_start, method_backup_status,
	method_key_export, method_daemon_status, method_pen_list, method_pen_get,
	method_pen_identify, method_events_subscribe, method_events_unsubscribe, method_sql_query,
	method_record_verified, method_rpc_discover;

/* Checks @params (object, array or NULL) against call->query and fills call->job and call->list.
 * False with @p filled. */
bool method_bind(struct call *call, json_t *params, struct rpc_problem *p);

/* What @param may be, as an array; it must be one of a list of values. */
void method_values(struct buf *b, const struct db_param *param);

#endif
