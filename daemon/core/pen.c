/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/log.h"
#include "base/timefmt.h"
#include "core/manager_internal.h"
#include "core/pen.h"
#include "pw_rec.h"

#define TO(state) (1u << (state))

static const struct {
	const char *name;
	uint32_t next; /* states that may follow */
} pen_states[] = {
	[PEN_AWAY] = {"away", TO(PEN_ATTACHING)},
	[PEN_GREETING] = {"greeting", TO(PEN_ATTACHING) | TO(PEN_AWAY)},
	[PEN_ATTACHING] = {"attaching",
			   TO(PEN_ATTACHING) | TO(PEN_DRAINING) | TO(PEN_STALLED) | TO(PEN_AWAY)},
	[PEN_DRAINING] = {"draining",
			  TO(PEN_LIVE) | TO(PEN_STALLED) | TO(PEN_ATTACHING) | TO(PEN_AWAY)},
	[PEN_LIVE] = {"live", TO(PEN_STALLED) | TO(PEN_ATTACHING) | TO(PEN_AWAY)},
	[PEN_STALLED] = {"stalled",
			 TO(PEN_STALLED) | TO(PEN_DRAINING) | TO(PEN_ATTACHING) | TO(PEN_AWAY)},
};

const char *pen_state_name(enum pen_state s)
{
	assert((size_t)s < ELEMENTSOF(pen_states));
	return pen_states[s].name;
}

void pen_set_state(struct pen *pen, enum pen_state state, const char *trouble)
{
	struct live_event event = {.kind = LIVE_STATE, .pen = &pen->view};

	assert(pen_states[pen->view.state].next & TO(state));
	pen->view.state = state;
	ingest_set_calm(&pen->ingest, state == PEN_LIVE);
	pen->view.since_us = now_boot_us();
	snprintf(pen->trouble, sizeof(pen->trouble), "%s", trouble ? trouble : "");
	pen->view.trouble = trouble ? pen->trouble : NULL;
	manager_tell(pen->manager, &event);
}

bool pen_is_attached(const struct pen *pen)
{
	return pen->port && port_is_open(pen->port) && !pen->attaching;
}

/* ---- messages ---- */

struct work *pen_note_new(struct pen *pen, enum db_op op)
{
	struct work *work = pen->notes < PEN_NOTES_MAX ? work_new(op, false) : NULL;

	if (!work)
		log_warning("a note about a pen is dropped: too many wait to be written", "PEN",
			    pen->serial, NULL);
	return work;
}

void pen_note_send(struct pen *pen, struct work *work)
{
	pen->notes++;
	work_send(&pen->manager->works, work, pen, pen->session);
}

void pen_finding(struct pen *pen, const char *kind, struct buf *detail)
{
	struct work *work = pen_note_new(pen, DB_FINDING);

	if (!work) {
		buf_done(detail);
		return;
	}
	work->msg.finding.pen = pen->view.pen_id;
	work->msg.finding.at_us = now_utc_us();
	work->msg.finding.detail = *detail;
	*detail = (struct buf){0};
	snprintf(work->msg.finding.kind, sizeof(work->msg.finding.kind), "%s", kind);
	pen_note_send(pen, work);
}

static enum db_button pen_button(const struct pen *pen)
{
	enum db_button own = pen->port ? pen->port->config->button : BUTTON_UNSAID;

	return own == BUTTON_UNSAID ? pen->manager->config->button : own;
}

static void pen_send_records(struct work *work, void *ctx)
{
	struct pen *pen = ctx;

	work->msg.ingest.pen = pen->view.pen_id;
	work->msg.ingest.log = pen->log;
	work->msg.ingest.button = pen_button(pen);
	work_send(&pen->manager->works, work, pen, pen->session);
}

/* A recording must not run ahead of the record, for nobody sends again what is dropped. One
 * message's room takes whatever the transport may still deliver in this turn. */
static void pen_hold(struct pen *pen)
{
	port_hold(pen->port, !pen_is_attached(pen) ||
				     ingest_credit(&pen->ingest) < LIMIT_INGEST_BYTES / PW_REC_MAX);
}

/* ---- attaching ---- */

static int pen_ask(struct pen *pen, enum db_op op)
{
	struct work *work = work_new(op, false);
	struct db_attach *a;

	if (!work)
		return -ENOMEM;
	a = &work->msg.attach;
	a->identity = pen->identity;
	a->has_log = pen->port->config->driver->has_log;
	a->at_us = now_utc_us();
	snprintf(a->driver, sizeof(a->driver), "%s", pen->port->config->driver->name);
	snprintf(a->port, sizeof(a->port), "%s", pen->port->path);
	work->msg.urgent = true;
	pen->session++;
	pen->attaching = true;
	pen->attach_again = false;
	work_send(&pen->manager->works, work, pen, pen->session);
	return 0;
}

static void pen_take_identity(struct pen *pen, const struct pw_identity *identity)
{
	struct pen_view *v = &pen->view;

	pen->identity = *identity;
	pw_text_get(identity->manufacturer, pen->manufacturer);
	pw_text_get(identity->model, pen->model);
	pw_text_get(identity->firmware, pen->firmware);
	v->depth_source = identity->depth_source;
	v->depth_uncertainty_um = identity->depth_uncertainty_um;
	v->depth_resolution_um = identity->depth_resolution_um;
	v->stroke_um = identity->stroke_um;
	v->log_id = identity->log_id;
	v->first_seq = identity->first_seq;
	v->next_seq = identity->next_seq;
	v->boot = identity->boot;
	v->last_seen_us = now_utc_us();
	if (!v->first_seen_us)
		v->first_seen_us = v->last_seen_us;
}

int pen_attach(struct pen *pen, struct port *port, const struct pw_identity *identity)
{
	const struct driver *driver = port->config->driver;
	int r;

	assert(!pen->port || pen->port == port);
	ingest_flush(&pen->ingest); /* of the log as it was known until now */
	r = ingest_open(&pen->ingest, pen_send_records, pen);
	if (r < 0)
		return r;
	if (!pen->port)
		for (size_t i = 0; i < ANOMALY_MAX_; i++) {
			pen->view.anomalies[i] += port->anomalies[i];
			port->anomalies[i] = 0;
		}
	pen->port = port;
	pen->view.port = port->path;
	pen->view.driver = driver->name;
	pen->view.has_log = driver->has_log;
	pen->view.stale_after_us = pen->view.status_stale_after_us = driver->stale_us;
	pen->view.run = pen->view.run_cycles = (struct live_int){0};
	pen_take_identity(pen, identity);
	port_note_pen(port, pen->serial, pen->firmware);
	pen_set_state(pen, PEN_ATTACHING, NULL);
	pen->session++; /* no answer to an earlier question is for this connection */
	if (pen->attaching)
		pen->attach_again = true;
	else
		r = pen_ask(pen, DB_ATTACH);
	pen_hold(pen);
	return r;
}

void pen_detach(struct pen *pen, int error, const char *why)
{
	log_notice("pen went away", "PEN", pen->serial, "PORT", pen->view.port, "REASON",
		   why	   ? why
		   : error ? strerror(-error)
			   : "the port was closed",
		   NULL);
	ingest_close(&pen->ingest);
	pen->session++;
	pen->port = NULL;
	pen->view.port = NULL;
	pen->attach_again = false;
	pen_time_end(pen);
	pen_set_state(pen, PEN_AWAY, NULL);
}

void pen_diverged(struct pen *pen, uint64_t seq, uint32_t expected_crc, uint32_t found_crc)
{
	struct buf detail = BUF_INIT(0);

	if (!pen_is_attached(pen))
		return;
	log_warning("the pen's log is not the one that was read: reading it from its start", "PEN",
		    pen->serial, "SEQ", log_fmt("%llu", (unsigned long long)seq), NULL);
	json_open(&detail, '{');
	json_key(&detail, "log_id");
	json_text(&detail, log_fmt("%016llx", (unsigned long long)pen->view.log_id));
	json_key(&detail, "seq");
	json_uint(&detail, seq);
	json_kv_int(&detail, "expected_crc", expected_crc);
	json_kv_int(&detail, "found_crc", found_crc);
	json_close(&detail, '}');
	pen_finding(pen, "log.diverged", &detail);
	ingest_flush(&pen->ingest);
	pen_set_state(pen, PEN_ATTACHING, NULL);
	if (pen_ask(pen, DB_FORK) < 0)
		port_close(pen->port, -ENOMEM, "out of memory");
	pen_hold(pen);
}

static void pen_attach_done(struct pen *pen, struct work *work)
{
	const struct db_attach *a = &work->msg.attach;
	struct driver_cursor cursor = {
		.log_id = a->identity.log_id,
		.next_seq = a->next_seq,
		.crc = a->crc,
		.have_crc = a->have_crc,
		.host_id = db_host_id(pen->manager->db),
	};
	char text[320];

	pen->attaching = false;
	if (work->msg.result == 0)
		pen->view.pen_id = a->pen;
	if (!pen->port || !port_is_open(pen->port))
		return;
	if (pen->attach_again) {
		if (pen_ask(pen, DB_ATTACH) < 0)
			port_close(pen->port, -ENOMEM, "out of memory");
		return;
	}
	if (work->session != pen->session)
		return;
	if (work->msg.result < 0) {
		snprintf(text, sizeof(text), "the record did not take the pen: %s",
			 strerror(-work->msg.result));
		port_close(pen->port, work->msg.result, text);
		return;
	}
	log_notice("pen attached", "PEN", pen->serial, "PORT", pen->view.port, "LOG",
		   log_fmt("%016llx", (unsigned long long)a->identity.log_id), "FROM",
		   log_fmt("%llu", (unsigned long long)a->next_seq), "TO",
		   log_fmt("%llu", (unsigned long long)pen->view.next_seq), NULL);
	pen->log = a->log;
	pen->heard_seq = pen->view.durable_seq = a->next_seq;
	pen_set_state(pen, PEN_DRAINING, NULL);
	pen_time_begin(pen, a);
	port_cursor(pen->port, &cursor);
	pen_hold(pen);
}

/* ---- records ---- */

uint32_t pen_credit(const struct pen *pen)
{
	return pen_is_attached(pen) ? ingest_credit(&pen->ingest) : 0;
}

static void pen_push(struct pen *pen)
{
	if (ingest_can_wait(&pen->ingest))
		manager_gather(pen->manager);
	else
		ingest_push(&pen->ingest);
}

void pen_records(struct pen *pen, const struct driver_records *records)
{
	int64_t at_us = now_utc_us();
	int r;

	if (!pen_is_attached(pen))
		return;
	r = ingest_add(&pen->ingest, records, at_us);
	if (r < 0) {
		port_close(pen->port, r,
			   "more records than there is room for: reading again from the cursor");
		return;
	}
	pen->view.last_seen_us = at_us;
	pen->heard_seq = records->first_seq + records->count;
	pen->view.first_seq = records->avail_seq;
	pen->view.next_seq = MAX(pen->view.next_seq, pen->heard_seq);
	pen_push(pen);
	pen_hold(pen);
	if (!records->live)
		return;
	if (pen->view.state == PEN_DRAINING)
		pen_set_state(pen, PEN_LIVE, NULL);
	pen_live_records(pen, records);
}

static void pen_ingest_done(struct pen *pen, struct work *work)
{
	bool ours = work->session == pen->session;
	uint64_t next_seq = work->msg.ingest.next_seq;
	int result = work->msg.result;
	char text[320];

	/* Also when the pen went meanwhile: what it left behind is durable all the same. */
	if (result == 0 && work->msg.ingest.log == pen->log)
		pen->view.durable_seq = MAX(pen->view.durable_seq, next_seq);
	ingest_return(&pen->ingest, work);
	if (!ours || !pen_is_attached(pen))
		return;
	if (result < 0) {
		snprintf(text, sizeof(text), "the record refused what the pen sent: %s",
			 strerror(-result));
		port_close(pen->port, result, text);
		return;
	}
	pen_push(pen);
	if (pen->view.state == PEN_STALLED) {
		log_notice("the record can be written again", "PEN", pen->serial, NULL);
		pen_set_state(pen, PEN_DRAINING, NULL);
	}
	port_committed(pen->port, next_seq);
	pen_hold(pen);
}

void pen_stalled(struct pen *pen, const char *text)
{
	char trouble[320];

	if (!pen || !pen->port || pen->view.state == PEN_STALLED || pen->view.state == PEN_AWAY)
		return;
	snprintf(trouble, sizeof(trouble), "the record cannot be written: %s", text);
	log_err(trouble, "PEN", pen->serial, NULL);
	pen_set_state(pen, PEN_STALLED, trouble);
}

void pen_status(struct pen *pen, const struct pw_status *status)
{
	if (!pen->port)
		return;
	pen->view.last_seen_us = now_utc_us();
	pen->view.first_seq = status->first_seq;
	pen->view.next_seq = status->next_seq;
	if (pen->view.state == PEN_DRAINING && pen_is_attached(pen) &&
	    status->next_seq <= pen->heard_seq)
		pen_set_state(pen, PEN_LIVE, NULL);
	if (pen->view.state == PEN_LIVE && port_is_open(pen->port))
		pen_time_status(pen, status->boot, status->tick_us);
	pen_live_status(pen, status);
}

void pen_work_done(struct pen *pen, struct work *work)
{
	switch (work->msg.op) {
	case DB_INGEST:
		pen_ingest_done(pen, work); /* keeps it */
		return;
	case DB_ATTACH:
	case DB_FORK:
		pen_attach_done(pen, work);
		break;
	default:
		pen->notes--;
		if (work->msg.result < 0)
			log_err("a note about a pen was not recorded", "PEN", pen->serial, "ERROR",
				strerror(-work->msg.result), NULL);
	}
	work_free(work);
}

/* ---- */

void pen_load(struct pen *pen, const struct db_pen_row *row)
{
	struct pen_view *v = &pen->view;

	v->pen_id = row->id;
	snprintf(pen->manufacturer, sizeof(pen->manufacturer), "%s", row->manufacturer);
	snprintf(pen->model, sizeof(pen->model), "%s", row->model);
	snprintf(pen->firmware, sizeof(pen->firmware), "%s", row->firmware);
	v->depth_source = row->depth_source;
	v->depth_uncertainty_um = row->depth_uncertainty_um;
	v->depth_resolution_um = row->depth_resolution_um;
	v->stroke_um = row->stroke_um;
	v->first_seen_us = row->first_seen_us;
	v->last_seen_us = row->last_seen_us;
	v->has_log = row->has_log;
}

int pen_new(struct pen **ret, struct manager *m, const char *serial)
{
	struct pen *pen = calloc(1, sizeof(*pen));

	if (!pen)
		return -ENOMEM;
	pen->manager = m;
	snprintf(pen->serial, sizeof(pen->serial), "%s", serial);
	pen->view.serial = pen->serial;
	pen->view.manufacturer = pen->manufacturer;
	pen->view.model = pen->model;
	pen->view.firmware = pen->firmware;
	pen->view.since_us = now_boot_us();
	*ret = pen;
	return 0;
}

struct pen *pen_free(struct pen *pen)
{
	if (!pen)
		return NULL;
	pen->ingest.open = false;
	while (pen->ingest.n_spare > 0)
		work_free(pen->ingest.spare[--pen->ingest.n_spare]);
	work_free(pen->ingest.fill);
	free(pen->clock);
	free(pen);
	return NULL;
}
