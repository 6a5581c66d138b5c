/* SPDX-License-Identifier: MIT */
/* A pen and what it does, as JSON. */
#ifndef RPC_LIVE_H
#define RPC_LIVE_H

#include "base/buf.h"
#include "core/manager.h"

/* The notification of live event @n. */
void live_encode(struct buf *b, const struct live_event *event, uint64_t n, int64_t at_us);
/* The notification that live events @from to @to were dropped. */
void live_encode_gap(struct buf *b, uint64_t from, uint64_t to, int64_t at_us);

/* The pen as pen.list and pen.get show it; @now_us is CLOCK_BOOTTIME, @utc_us the time. */
void pen_encode(struct buf *b, const struct pen_view *v, int64_t now_us, int64_t utc_us);

#endif
