/* SPDX-License-Identifier: MIT */
/* What the pens say of a session: how far the needle came out, where, and how long the motor ran.
 */
#include "ctl-report-session.h"

#include <math.h>

#define PENS_MAX 64 /* that can be attached at once: a session has one or two */

/* ---- depth ---- */

/* Runs of one pen whose depth comes from one source with one uncertainty. */
struct depths {
	const char *pen, *source;
	int64_t uncertainty_um, set_min, set_max, min,
		max; /* uncertainty -1: not stated; set_min INT64_MAX: never set */
	int64_t cycles;
	double sum, square;
};

static bool same_depths(const struct depths *d, const json_t *run)
{
	return report_is(run, "pen", d->pen) && report_is(run, "depth_source", d->source) &&
	       d->uncertainty_um == (report_known(run, "depth_uncertainty_um")
					     ? report_int(run, "depth_uncertainty_um")
					     : -1);
}

static void depths_add(struct depths *d, const json_t *run)
{
	double n = report_real(run, "depth_count"), mean = report_real(run, "depth_mean_um"),
	       sd = report_real(run, "depth_sd_um");

	if (report_known(run, "depth_set_um")) {
		d->set_min = MIN(d->set_min, report_int(run, "depth_set_um"));
		d->set_max = MAX(d->set_max, report_int(run, "depth_set_um"));
	}
	if (n == 0)
		return;
	d->cycles += report_int(run, "depth_count");
	d->sum += mean * n;
	d->square += (sd * sd + mean * mean) * n;
	d->min = MIN(d->min, report_int(run, "depth_min_um"));
	d->max = MAX(d->max, report_int(run, "depth_max_um"));
}

static void write_depths_of(struct session *s, const struct depths *d)
{
	const char *um = page_um(s->p);
	double mean = d->cycles > 0 ? d->sum / (double)d->cycles : 0;
	struct buf *b = &s->b;

	page_cell(s->p, d->pen);
	page_cell(s->p, streq(d->source, "none") ? "the pen has no depth" : d->source);
	if (d->uncertainty_um >= 0)
		page_cellf(s->p, "%s%lld %s", page_plus_minus(s->p), (long long)d->uncertainty_um,
			   um);
	else
		page_cell(s->p, streq(d->source, "none") ? "-" : "not stated");
	/* what was set and not measured has no spread */
	if (d->cycles > 0 && streq(d->source, "sensor")) {
		page_cellf(s->p, "%.0f %s", mean, um);
		page_cellf(s->p, "%.0f %s",
			   sqrt(fmax(d->square / (double)d->cycles - mean * mean, 0)), um);
		page_cellf(s->p, "%lld to %lld %s", (long long)d->min, (long long)d->max, um);
	} else {
		for (int i = 0; i < 3; i++)
			page_cell(s->p, "-");
	}
	if (d->set_min == INT64_MAX)
		page_cell(s->p, "-");
	else if (d->set_min == d->set_max)
		page_cellf(s->p, "%lld %s", (long long)d->set_min, um);
	else
		page_cellf(s->p, "%lld to %lld %s", (long long)d->set_min, (long long)d->set_max,
			   um);
	report_add_count(b, d->cycles);
	report_cell(s->p, b);
}

static void write_pen_depths(struct session *s)
{
	static const struct page_column columns[] = {
		PAGE_COLUMN("pen"),   PAGE_COLUMN("source"), PAGE_WHOLE("uncertainty"),
		PAGE_NUMBER("mean"),  PAGE_NUMBER("sd"),     PAGE_WHOLE("least to greatest"),
		PAGE_WHOLE("as set"), PAGE_NUMBER("cycles"), {}};
	const json_t *runs = session_part(s, "runs"), *run;
	struct depths *all = calloc(json_array_size(runs) + 1, sizeof(*all));
	size_t n = 0, i, k;

	if (!all) {
		s->p->out.error = -ENOMEM;
		return;
	}
	json_array_foreach(runs, i, run)
	{
		if (!report_text(run, "pen") || !report_text(run, "depth_source"))
			continue;
		for (k = 0; k < n && !same_depths(&all[k], run); k++)
			;
		if (k == n)
			all[n++] = (struct depths){
				.pen = report_text(run, "pen"),
				.source = report_text(run, "depth_source"),
				.uncertainty_um = report_known(run, "depth_uncertainty_um")
							  ? report_int(run, "depth_uncertainty_um")
							  : -1,
				.set_min = INT64_MAX,
				.set_max = INT64_MIN,
				.min = INT64_MAX,
				.max = INT64_MIN};
		depths_add(&all[k], run);
	}
	if (n > 0)
		page_table(s->p, columns);
	for (k = 0; k < n; k++)
		write_depths_of(s, &all[k]);
	free(all);
}

static void write_areas(struct session *s)
{
	static const struct page_column columns[] = {
		PAGE_COLUMN("area"),	PAGE_WHOLE("when"),
		PAGE_WHOLE("motor on"), PAGE_NUMBER("cycles"),
		PAGE_NUMBER("mean"),	PAGE_WHOLE("least to greatest"),
		PAGE_COLUMN("note"),	{}};
	const json_t *zone;
	struct buf *b = &s->b;
	size_t i;

	if (json_array_size(session_part(s, "segments")) == 0)
		return;
	page_table(s->p, columns);
	json_array_foreach(session_part(s, "segments"), i, zone)
	{
		report_add_words(b, report_text(zone, "zone"));
		report_cell(s->p, b);
		report_add_span(b, zone, s->day);
		report_cell(s->p, b);
		text_add_age(b, report_real(zone, "on_time_s"));
		report_cell(s->p, b);
		report_add_count(b, report_int(zone, "cycles"));
		report_cell(s->p, b);
		if (report_known(zone, "depth_mean_um")) {
			page_cellf(s->p, "%.0f %s", report_real(zone, "depth_mean_um"),
				   page_um(s->p));
			page_cellf(s->p, "%lld to %lld %s",
				   (long long)report_int(zone, "depth_min_um"),
				   (long long)report_int(zone, "depth_max_um"), page_um(s->p));
		} else {
			page_cell(s->p, "-");
			page_cell(s->p, "-");
		}
		page_cell(s->p, report_known(zone, "note") ? report_text(zone, "note") : "");
	}
}

bool session_has_depth(const struct session *s, const char *source)
{
	const json_t *run;
	size_t i;

	json_array_foreach(session_part(s, "runs"), i, run)
	{
		if (report_is(run, "depth_source", source))
			return true;
	}
	return false;
}

void session_write_depth(struct session *s)
{
	const json_t *hist = session_part(s, "depth_hist");

	page_heading(s->p, "Depth of needles and area treated");
	write_pen_depths(s);
	write_areas(s);
	if (report_known(s->all, "depth_um"))
		page_pairf(s->p, "As the practitioner states",
			   "%lld %s protrusion (source: manual)",
			   (long long)report_int(s->all, "depth_um"), page_um(s->p));
	if (session_has_depth(s, "sensor") && report_hist_total(hist) > 0)
		page_pairf(s->p, "Spread",
			   "one cycle in a hundred below %lld %s, half below %lld %s, 99 in a "
			   "hundred below %lld %s",
			   (long long)report_hist_percentile(hist, .01) + 25, page_um(s->p),
			   (long long)report_hist_percentile(hist, .5) + 25, page_um(s->p),
			   (long long)report_hist_percentile(hist, .99) + 25, page_um(s->p));
	else if (report_hist_total(hist) == 0 && !report_known(s->all, "depth_um"))
		page_pair(s->p, "Depth", NULL);
	page_fine(s->p, REPORT_PROTRUSION " An area has the runs that began in it.");
}

/* ---- machine time ---- */

struct machine {
	int64_t runs, open, unlogged, cycles, lost, by_hand, estimated, rtc, freq_count;
	double on_s, freq_sum, freq_square, freq_min, freq_max;
};

/* Of @pen's runs, NULL: of all. */
static struct machine machine_of(const json_t *runs, const char *pen)
{
	struct machine m = {.freq_min = INFINITY};
	const json_t *run;
	size_t i;

	json_array_foreach(runs, i, run)
	{
		double n = report_real(run, "freq_count"), mean = report_real(run, "freq_mean_hz"),
		       sd = report_real(run, "freq_sd_hz");

		if (pen && !report_is(run, "pen", pen))
			continue;
		m.runs++;
		m.open += report_is(run, "state", "open");
		m.unlogged += report_is(run, "completeness", "unlogged");
		m.cycles += report_int(run, "cycles");
		m.lost += report_int(run, "lost_cycles");
		m.by_hand += json_is_true(json_object_get(run, "by_hand"));
		m.estimated += report_is(run, "quality", "estimated");
		m.rtc += report_is(run, "quality", "rtc");
		m.on_s += report_real(run, "on_time_s");
		m.freq_count += (int64_t)n;
		m.freq_sum += mean * n;
		m.freq_square += (sd * sd + mean * mean) * n;
		if (report_known(run, "freq_min_hz"))
			m.freq_min = fmin(m.freq_min, report_real(run, "freq_min_hz"));
		m.freq_max = fmax(m.freq_max, report_real(run, "freq_max_hz"));
	}
	return m;
}

static void write_frequency(struct session *s, const struct machine *m, const char *pen)
{
	double mean = m->freq_sum / (double)m->freq_count;
	struct buf *b = &s->b;

	if (m->freq_count == 0)
		return;
	buf_addf(b, "mean %.1f Hz, sd %.1f Hz, %.1f to %.1f Hz", mean,
		 sqrt(fmax(m->freq_square / (double)m->freq_count - mean * mean, 0)),
		 isfinite(m->freq_min) ? m->freq_min : 0, m->freq_max);
	report_add_more(b, "of ", pen);
	report_pair(s->p, "Frequency", b);
}

/* Of each pen by itself: two together have a spread that neither has. */
static void write_frequencies(struct session *s)
{
	const json_t *runs = session_part(s, "runs"), *run;
	const char *pens[PENS_MAX];
	size_t n = 0, i, k;

	json_array_foreach(runs, i, run)
	{
		const char *serial = report_text(run, "pen");

		for (k = 0; k < n && serial && !streq(pens[k], serial); k++)
			;
		if (k == n && serial && n < PENS_MAX)
			pens[n++] = serial;
	}
	for (i = 0; i < n; i++) {
		struct machine m = machine_of(runs, pens[i]);

		write_frequency(s, &m, n > 1 ? pens[i] : NULL);
	}
}

static void write_quality(struct session *s, const struct machine *m)
{
	struct buf *b = &s->b;

	if (m->lost > 0) {
		report_add_count(b, m->lost);
		buf_adds(b, " cycles known to be lost");
	} else if (m->unlogged < m->runs) {
		buf_adds(b, "no cycle known to be lost");
	}
	if (m->unlogged > 0)
		buf_addf(b,
			 "%s%lld of %lld runs of a pen that keeps no log: cycles estimated, what "
			 "it did "
			 "while nobody listened is not there",
			 b->len > 0 ? "; " : "", (long long)m->unlogged, (long long)m->runs);
	if (m->open > 0)
		buf_addf(b, "; %lld not read to the end", (long long)m->open);
	if (m->by_hand > 0)
		buf_addf(b, "; %lld linked by hand", (long long)m->by_hand);
	if (m->rtc > 0)
		buf_addf(b, "; times of %lld by the pen's own clock", (long long)m->rtc);
	if (m->estimated > 0)
		buf_addf(b, "; times of %lld only estimated", (long long)m->estimated);
	report_pair(s->p, "Quality", b);
}

void session_write_machine(struct session *s)
{
	struct machine m = machine_of(session_part(s, "runs"), NULL);
	double chair = report_real(s->all, "chair_s");
	struct buf *b = &s->b;
	const json_t *pen;
	size_t i;

	page_heading(s->p, "Machine time");
	json_array_foreach(session_part(s, "pens"), i, pen)
	{
		report_add_more(b, "", report_text(pen, "pen"));
		report_add_more(b, "", report_text(pen, "manufacturer"));
		report_add_more(b, "", report_text(pen, "model"));
		report_add_more(b, "firmware ", report_text(pen, "firmware"));
		buf_adds(b, "; ");
		report_add_span(b, pen, s->day);
		report_pair(s->p, "Pen", b);
	}
	text_add_age(b, m.on_s);
	if (chair > 0)
		buf_addf(b, " (%.0f %% of the chair time)", m.on_s / chair * 100);
	report_pair(s->p, "Motor on", b);
	report_add_count(b, m.cycles);
	buf_addf(b, " in %lld run%s", (long long)m.runs, m.runs == 1 ? "" : "s");
	report_pair(s->p, "Needle cycles", b);
	write_frequencies(s);
	if (json_array_size(session_part(s, "pauses")) > 0) {
		buf_addf(b, "%zu, of ", json_array_size(session_part(s, "pauses")));
		text_add_age(b, report_real(s->all, "pause_s"));
		report_pair(s->p, "Pauses", b);
	}
	if (m.runs > 0)
		write_quality(s, &m);
}
