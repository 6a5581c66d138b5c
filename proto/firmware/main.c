/* SPDX-License-Identifier: MIT */
/*
 * A whole pen: the protocol, a log and a motor on a superloop. What a maker's firmware has in their
 * place is said at each part; README.md says what to change first.
 */
#include "board.h"
#include "motor.h"
#include "pw_mem.h"
#include "pw_pen.h"

static struct pw_pen pen; /* zero, as C has it: the library wants that */

/*
 * Not for makers: a board that has just been powered up has worked for a while already, so that
 * there is something to read, and more than its log holds. Its clock runs ahead by that time, and
 * so ticks stay what they are: times since power-up.
 */
#define PAST_US UINT64_C(900000000)

static uint64_t ahead_us;

static uint64_t ticks(void)
{
	return ahead_us + board_ticks();
}

static void identify_yourself(void)
{
	struct pw_identity *id = &pen.identity;

	id->depth_source = PW_DEPTH_SENSOR;
	id->depth_uncertainty_um = 60;
	id->depth_resolution_um = 1;
	id->stroke_um = 3500;
	id->capabilities = PW_CAP_IDENTIFY;
	pw_text_put(id->manufacturer, "Reference");
	pw_text_put(id->model, "mps2-an385");
	pw_text_put(id->serial, board_serial());
	pw_text_put(id->firmware, "reference 1");
}

/* ---- the host ---- */

/* Bytes in, bytes out, as many as the UART takes; it never waits for either. */
static void serve_host(void)
{
	uint8_t buf[64];
	size_t n;

	while ((n = board_receive(buf, sizeof(buf))) > 0)
		pw_pen_input(&pen, buf, n, ticks());
	while ((n = board_room()) > 0) {
		n = pw_pen_output(&pen, buf, n < sizeof(buf) ? n : sizeof(buf), ticks());
		if (n == 0)
			break;
		board_send(buf, n);
	}
	board_led(pw_pen_blinking(&pen, ticks()));
}

/* ---- the machine ---- */

/*
 * Where the simulated motor is. With a real one the interrupts of its sensor put each cycle's
 * beginning, period and depth into a small ring, and the loop hands them on from there:
 * pw_pen_cycle() is not for interrupts.
 */
static struct {
	bool runs;
	uint32_t index;	  /* of the cycle that is being made */
	uint64_t next_us; /* it ends, or the next run begins */
	uint64_t began_us;
	uint64_t cycles, on_us; /* of its life, since power-up */
} motor;

/* A cycle that the sensor missed lasts as long as any: nobody knows, but time passes. */
static uint32_t duration_us(uint32_t period_us)
{
	return period_us == PW_PERIOD_UNKNOWN ? 8000 : period_us;
}

static void motor_start(uint64_t tick_us)
{
	uint32_t run = pen.next_run;

	pw_pen_run_start(&pen, tick_us, motor_voltage_mv(run), PW_UNKNOWN_U16);
	motor.runs = true;
	motor.index = 0;
	motor.began_us = tick_us;
	motor.next_us = tick_us + duration_us(motor_period_us(run, 0));
}

static void motor_stop(uint64_t tick_us)
{
	uint32_t run = pen.log.run;

	pw_pen_run_end(&pen, tick_us, PW_END_OFF);
	motor.runs = false;
	motor.on_us += tick_us - motor.began_us;
	if (run % 10 == 0)
		pw_pen_counters(&pen, tick_us, motor.cycles, motor.on_us, 64);
	motor.next_us = tick_us + motor_pause_us(run);
}

static void motor_turn(uint64_t tick_us)
{
	uint32_t run = pen.log.run, period_us = motor_period_us(run, motor.index);

	pw_pen_cycle(&pen, tick_us - duration_us(period_us), period_us,
		     motor_depth_um(run, motor.index));
	if (motor.index % 16 == 0)
		pw_pen_measure(&pen, tick_us, PW_QUANTITY_CURRENT,
			       motor_current_ma(run, motor.index));
	motor.cycles++;
	motor.index++;
	if (motor.index == motor_cycles(run))
		motor_stop(tick_us);
	else
		motor.next_us = tick_us + duration_us(motor_period_us(run, motor.index));
}

/* Everything that the motor has done up to @tick_us, each thing at its own time. */
static void follow_motor(uint64_t tick_us)
{
	while (motor.next_us <= tick_us) {
		if (motor.runs)
			motor_turn(motor.next_us);
		else
			motor_start(motor.next_us);
	}
}

static void read_sensors(void)
{
	struct pw_pen_sensors sensors = {
		.flags = PW_STATUS_CARTRIDGE,
		.battery_percent = PW_UNKNOWN_U8,
		.motor_mv = motor.runs ? motor_voltage_mv(pen.log.run) : 0,
		.motor_ma = motor.runs ? (uint16_t)motor_current_ma(pen.log.run, motor.index) : 0,
		.temperature_cc = 3150,
	};

	pw_pen_sensors(&pen, &sensors);
}

/* ---- */

int main(void)
{
	enum pw_error error;

	board_init();
	identify_yourself();
	error = pw_pen_start(&pen, &board_store, board_random(), board_boot_reason(), ticks());
	/* A pen that cannot log still turns; its host sees STORE_FAILED. Here there is nothing else
	 * to do. */
	if (error != PW_OK)
		for (;;)
			board_led(true);
	pw_pen_cartridge(&pen, ticks(), true, "REF-1", "0603RL");
	motor.next_us = ticks() + 500000;
	if (board_boot_reason() == PW_BOOT_POWER)
		ahead_us = PAST_US;
	for (;;) {
		uint64_t now_us = ticks(), wake_us;

		follow_motor(now_us);
		read_sensors();
		serve_host();
		wake_us = pw_pen_next_us(&pen, ticks());
		if (motor.next_us < wake_us)
			wake_us = motor.next_us;
		board_sleep(wake_us > ahead_us ? wake_us - ahead_us : 0);
	}
}
