/* SPDX-License-Identifier: MIT */
/* Which pen is meant. */
#ifndef RPC_METHOD_PEN_H
#define RPC_METHOD_PEN_H

#include "call.h"
#include "core/manager.h"

/*
 * The serial number that @text means: itself, or the only one that begins with it, letters of
 * either case. Borrowed, valid until the next call into the manager. NULL with @p filled: no such
 * pen, or several.
 */
const char *pen_resolve(struct manager *m, const char *text, struct rpc_problem *p);

#endif
