/* SPDX-License-Identifier: MIT */
/* How a motor and a needle behave, and how a practitioner works with them. */
#ifndef TOOLS_PENSIM_PHYSICS_H
#define TOOLS_PENSIM_PHYSICS_H

#include "pensim_rng.h"
#include "pw_pen.h"

struct pensim_model {
	const char *manufacturer, *model, *firmware;
	uint8_t depth_source; /* enum pw_depth_source */
	uint16_t uncertainty_um, resolution_um, stroke_um;
	uint32_t capabilities;
	double jitter;	     /* standard deviation of a period, as a part of it */
	uint8_t cycles_bits; /* of the lifetime counter */
	bool measures;	     /* voltage, current, vibration, temperature */
};

extern const struct pensim_model pensim_models[];
extern const size_t pensim_n_models;

#define PENSIM_AHEAD 256u /* cycles made at a time */

struct pensim_physics {
	const struct pensim_model *model;
	struct pensim_rng rng;
	double fixed_hz; /* 0: as the practitioner likes it */
	/* the session's technique */
	double hz, depth_um;
	uint16_t voltage_mv, set_depth_um;
	/* the run */
	double base_us, spin, droop, droop_to, load;
	double drift, noise, excursion;
	/* cycles made but not yet used */
	uint32_t period[PENSIM_AHEAD];
	uint16_t depth[PENSIM_AHEAD];
	uint32_t at, have;
};

void pensim_physics_init(struct pensim_physics *p, const struct pensim_model *model, uint64_t seed,
			 uint32_t pen, double fixed_hz);
/* Another client: another technique, protrusion and voltage. */
void pensim_physics_session(struct pensim_physics *p);
/* Motor on. */
void pensim_physics_run(struct pensim_physics *p);
/* What the other sensors show @on_s after motor on. */
struct pensim_measured {
	int32_t mv, ma, vibration_mg, temperature_cc;
};
struct pensim_measured pensim_physics_measure(const struct pensim_physics *p,
					      struct pensim_rng *rng, double on_s);
/* Makes the next PENSIM_AHEAD cycles of the run. */
void pensim_physics_fill(struct pensim_physics *p);

/* What comes next in a day of dot work; all times in microseconds of the pen's tick. */
enum pensim_phase {
	PHASE_REST,  /* nobody works */
	PHASE_BREAK, /* between clients */
	PHASE_PAUSE, /* motor off, client in the chair */
	PHASE_RUN,
};

struct pensim_work {
	struct pensim_rng rng;
	double share; /* of the chair time with the motor on */
	enum pensim_phase phase;
	uint64_t until_us;	/* end of the phase; UINT64_MAX: until told */
	uint64_t chair_left_us; /* of the session */
	uint64_t total_left_us; /* of the day; UINT64_MAX: no end */
	uint64_t chair_us;	/* worked so far, in all */
};

void pensim_work_init(struct pensim_work *w, uint64_t seed, uint32_t pen, double share);
/* Length of the next session, at most what is left of the day. */
uint64_t pensim_work_session(struct pensim_work *w);
/* Lengths of the next burst and pause; they count as chair time. */
uint64_t pensim_work_burst(struct pensim_work *w);
uint64_t pensim_work_pause(struct pensim_work *w);

#endif
