/* SPDX-License-Identifier: MIT */
#include "pensim_physics.h"

#include "base/limits.h"

/* All invented. */
const struct pensim_model pensim_models[] = {
	{"Example Pens", "Sample One", "1.4.2", PW_DEPTH_SENSOR, 30, 1, 3500,
	 PW_CAP_IDENTIFY | PW_CAP_BUTTON | PW_CAP_CARTRIDGE_ID | PW_CAP_BATTERY | PW_CAP_CLOCK,
	 0.009, 64, true},
	{"Example Pens", "Sample Mini", "0.9.7", PW_DEPTH_SENSOR, 50, 5, 2500,
	 PW_CAP_IDENTIFY | PW_CAP_BATTERY, 0.012, 32, false},
	{"Invented Instruments", "Imaginary 3", "3.0", PW_DEPTH_SETTING, 100, 10, 4200,
	 PW_CAP_IDENTIFY | PW_CAP_BUTTON | PW_CAP_BATTERY | PW_CAP_CLOCK, 0.010, 32, true},
	{"Invented Instruments", "Imaginary Basic", "2.11", PW_DEPTH_NONE, PW_UNKNOWN_U16,
	 PW_UNKNOWN_U16, 3500, 0, 0.015, 48, false},
};
const size_t pensim_n_models = ELEMENTSOF(pensim_models);

/* A motor's speed follows its voltage; what the practitioner chooses is the speed. */
#define HZ_PER_VOLT 15.0
/* Purposes of random streams. */
enum { STREAM_PHYSICS = 1, STREAM_WORK = 2 };

/* Once in so many cycles the sensor fails to see the needle, or the tip catches. */
#define CYCLES_PER_EXCURSION   4000.0
#define CYCLES_PER_DEPTH_MISS  9000.0
#define CYCLES_PER_PERIOD_MISS 40000.0
#define STEP		       16u /* cycles between two looks at the slow and rare things */

void pensim_physics_init(struct pensim_physics *p, const struct pensim_model *model, uint64_t seed,
			 uint32_t pen, double fixed_hz)
{
	*p = (struct pensim_physics){.model = model, .fixed_hz = fixed_hz};
	rng_init(&p->rng, seed, pen, STREAM_PHYSICS);
	pensim_physics_session(p);
}

void pensim_physics_session(struct pensim_physics *p)
{
	bool lining = rng_chance(&p->rng, 0.6);

	p->hz = lining ? rng_range(&p->rng, 100, 140) : rng_range(&p->rng, 80, 95);
	if (p->fixed_hz > 0)
		p->hz = p->fixed_hz;
	p->voltage_mv = (uint16_t)(lround(p->hz / HZ_PER_VOLT * 10.0) * 100);
	p->depth_um = round(rng_range(&p->rng, 300, 600) / 10.0) * 10.0;
	p->set_depth_um =
		p->model->depth_source == PW_DEPTH_NONE ? PW_UNKNOWN_U16 : (uint16_t)p->depth_um;
}

void pensim_physics_run(struct pensim_physics *p)
{
	p->base_us = 1e6 / (p->hz * (1.0 + 0.01 * rng_normal(&p->rng)));
	p->spin = 0.3; /* the first turns are slow */
	p->droop = 0;
	p->droop_to = rng_range(&p->rng, 0.01, 0.05); /* and skin brakes */
	p->load = 0;
	p->drift = 10.0 * rng_normal(&p->rng);
	p->noise = 0;
	p->excursion = 0;
	p->at = p->have = 0;
}

/* Slow and rare things, looked at every STEP cycles. */
static void slow_things(struct pensim_physics *p)
{
	p->droop += (p->droop_to - p->droop) * 0.1;
	if (p->model->depth_source == PW_DEPTH_SENSOR) {
		p->drift += 0.6 * rng_normal(&p->rng) - 0.001 * p->drift;
		if (rng_chance(&p->rng, STEP / CYCLES_PER_EXCURSION))
			p->excursion = rng_range(&p->rng, -150, 400);
	}
}

static uint16_t depth_value(const struct pensim_physics *p, double um)
{
	uint16_t resolution = p->model->resolution_um;
	long value = lround(um / resolution) * resolution;

	return (uint16_t)(value < 0			? 0
			  : value > p->model->stroke_um ? p->model->stroke_um
							: value);
}

struct pensim_measured pensim_physics_measure(const struct pensim_physics *p,
					      struct pensim_rng *rng, double on_s)
{
	return (struct pensim_measured){
		/* the supply sags a little, a motor at work draws half an ampere and warms up, and
		   good bearings are quiet */
		.mv = (int32_t)lround(p->voltage_mv - 30 + 8 * rng_normal(rng)),
		.ma = (int32_t)lround(300 + 3 * p->hz * (1 + p->droop * 5) + 25 * rng_normal(rng)),
		.vibration_mg = (int32_t)lround(MAX(12 + p->hz / 20 + 2 * rng_normal(rng), 1.0)),
		.temperature_cc =
			(int32_t)lround(3000 + 900 * (1 - exp(-on_s / 120)) + 10 * rng_normal(rng)),
	};
}

void pensim_physics_fill(struct pensim_physics *p)
{
	for (uint32_t i = 0; i < PENSIM_AHEAD; i++) {
		double us;

		if (i % STEP == 0)
			slow_things(p);
		p->load = 0.97 * p->load + 0.0015 * rng_normal(&p->rng);
		us = p->base_us *
		     (1.0 + p->spin + p->droop + p->load + p->model->jitter * rng_normal(&p->rng));
		p->spin *= 0.65;
		p->period[i] = (uint32_t)(us + 0.5);
		switch (p->model->depth_source) {
		case PW_DEPTH_SENSOR:
			p->noise = 0.9 * p->noise + 13.0 * rng_normal(&p->rng);
			p->excursion *= 0.8;
			p->depth[i] =
				depth_value(p, p->depth_um + p->drift + p->noise + p->excursion);
			break;
		case PW_DEPTH_SETTING:
			p->depth[i] = p->set_depth_um;
			break;
		default:
			p->depth[i] = PW_DEPTH_UNKNOWN;
			break;
		}
	}
	if (rng_chance(&p->rng, PENSIM_AHEAD / CYCLES_PER_DEPTH_MISS))
		p->depth[rng_below(&p->rng, PENSIM_AHEAD)] = PW_DEPTH_UNKNOWN;
	if (rng_chance(&p->rng, PENSIM_AHEAD / CYCLES_PER_PERIOD_MISS))
		p->period[rng_below(&p->rng, PENSIM_AHEAD)] = PW_PERIOD_UNKNOWN;
	p->at = 0;
	p->have = PENSIM_AHEAD;
}

/* ---- work ---- */

#define BURST_MEDIAN_S 7.0
#define BURST_SIGMA    0.8
#define BURST_MIN_S    1.0
#define BURST_MAX_S    60.0
/* Mean of the above distribution, cut at both ends; measured. */
#define BURST_MEAN_S   9.6
#define PAUSE_MIN_S    0.2
#define SESSION_MIN_S  7200.0
#define SESSION_MAX_S  14400.0

void pensim_work_init(struct pensim_work *w, uint64_t seed, uint32_t pen, double share)
{
	*w = (struct pensim_work){.share = share, .phase = PHASE_REST, .until_us = UINT64_MAX};
	rng_init(&w->rng, seed, pen, STREAM_WORK);
}

uint64_t pensim_work_session(struct pensim_work *w)
{
	uint64_t us = (uint64_t)(rng_range(&w->rng, SESSION_MIN_S, SESSION_MAX_S) * 1e6);

	w->chair_left_us = MIN(us, w->total_left_us);
	if (w->total_left_us != UINT64_MAX)
		w->total_left_us -= w->chair_left_us;
	return w->chair_left_us;
}

static uint64_t take(struct pensim_work *w, double seconds)
{
	uint64_t us = MIN((uint64_t)(seconds * 1e6), w->chair_left_us);

	w->chair_left_us -= us;
	w->chair_us += us;
	return us;
}

uint64_t pensim_work_burst(struct pensim_work *w)
{
	double s = BURST_MEDIAN_S * exp(BURST_SIGMA * rng_normal(&w->rng));

	return take(w, s < BURST_MIN_S ? BURST_MIN_S : s > BURST_MAX_S ? BURST_MAX_S : s);
}

uint64_t pensim_work_pause(struct pensim_work *w)
{
	double mean = BURST_MEAN_S * (1.0 - w->share) / w->share - PAUSE_MIN_S;

	return take(w, PAUSE_MIN_S + (mean > 0 ? rng_exponential(&w->rng, mean) : 0));
}
