/* SPDX-License-Identifier: MIT */
/*
 * Arm's MPS2 with the Cortex-M3 image AN385, as QEMU emulates it (qemu-system-arm -M mps2-an385): a
 * CMSDK timer for the time, a CMSDK UART for the host, and RAM that a reset leaves alone in the
 * place of flash.
 */
#include "board.h"
#include "pw_mem.h"
#include "pw_rec.h"

#define CLOCK_HZ  25000000u
#define MS_CLOCKS (CLOCK_HZ / 1000u)
#define US_CLOCKS (CLOCK_HZ / 1000000u)

#define REG(address) (*(volatile uint32_t *)(address))

/* The core's own */
#define SYST_CSR   REG(0xe000e010u) /* bit 0 on, 1 interrupts, 2 by the core's clock */
#define SYST_RVR   REG(0xe000e014u)
#define SYST_CVR   REG(0xe000e018u)
#define NVIC_ISER0 REG(0xe000e100u)

/* CMSDK timer 0, counting down */
#define TIMER_CTRL   REG(0x40000000u)
#define TIMER_VALUE  REG(0x40000004u)
#define TIMER_RELOAD REG(0x40000008u)

/* CMSDK UART 0 */
#define UART_DATA     REG(0x40004000u)
#define UART_STATE    REG(0x40004004u)
#define UART_CTRL     REG(0x40004008u)
#define UART_INTCLEAR REG(0x4000400cu)
#define UART_BAUDDIV  REG(0x40004010u)
#define STATE_TX_FULL (1u << 0)
#define STATE_RX_FULL (1u << 1)
#define CTRL_TX_ON    (1u << 0)
#define CTRL_RX_ON    (1u << 1)
#define CTRL_RX_IRQ   (1u << 3)
#define INT_RX	      (1u << 1)
#define IRQ_UART0_RX  0u
#define BAUD	      115200u

#define FPGAIO_LED REG(0x40028000u)

/* ---- time ---- */

static uint64_t passed; /* clocks, as of the last look */
static uint32_t last_count;

/*
 * The hardware counts 32 bits, which is under three minutes; what has passed since the last look is
 * added up. SysTick looks often enough. Counting interrupts instead would lose time whenever one
 * comes late.
 */
uint64_t board_ticks(void)
{
	uint32_t masked, count;
	uint64_t clocks;

	__asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(masked)::"memory");
	count = ~TIMER_VALUE;
	passed += count - last_count;
	last_count = count;
	clocks = passed;
	__asm__ volatile("msr primask, %0" ::"r"(masked) : "memory");
	return clocks / US_CLOCKS;
}

void systick_handler(void);
void systick_handler(void)
{
	(void)board_ticks();
}

/* ---- the host ---- */

#define BOARD_RX                                                                                   \
	512u /* a power of two: 40 ms at 115200 baud, longer than anything keeps the main loop */

static volatile uint8_t rx[BOARD_RX];
static volatile uint32_t rx_in, rx_out; /* run on; one writes each */

void uart0_rx_handler(void);
void uart0_rx_handler(void)
{
	/* Cleared first: a byte that comes after the last look raises it again. The other way round
	 * it would be forgotten, and with its buffer full the UART would never say another word. */
	UART_INTCLEAR = INT_RX;
	while (UART_STATE & STATE_RX_FULL) {
		uint8_t byte = (uint8_t)UART_DATA;

		if (rx_in - rx_out <
		    BOARD_RX) /* else it is noise to the protocol, and asked for again */
			rx[rx_in++ % BOARD_RX] = byte;
	}
}

size_t board_receive(uint8_t *out, size_t cap)
{
	size_t n = 0;

	while (n < cap && rx_out != rx_in)
		out[n++] = rx[rx_out++ % BOARD_RX];
	return n;
}

/* The UART has a buffer of one byte. With a DMA this would be what is free in its ring. */
size_t board_room(void)
{
	return UART_STATE & STATE_TX_FULL ? 0 : 1;
}

void board_send(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		UART_DATA = data[i];
}

/* ---- sleep ---- */

void board_sleep(uint64_t tick_us)
{
	/* With interrupts off, one that comes between the look and the wfi still ends the wfi:
	 * nothing is slept through. The tick of a millisecond wakes it too, so no alarm is set. A
	 * pen with a battery would set one. */
	while (board_ticks() < tick_us) {
		__asm__ volatile("cpsid i" ::: "memory");
		if (rx_in == rx_out)
			__asm__ volatile("wfi" ::: "memory");
		__asm__ volatile("cpsie i" ::: "memory");
		if (rx_in != rx_out)
			return;
	}
}

/* ---- memory for the log ---- */

/*
 * NOR flash in RAM: erasing sets all bits, programming only clears them. The section is left alone
 * by the start-up code and by a reset, as flash would be; when the power goes it is gone, and the
 * pen begins another log.
 */
#define PAGE_SIZE 4096u
#define PAGES	  32u

static uint8_t flash[PAGES][PAGE_SIZE] __attribute__((section(".noinit"), aligned(8)));

static int flash_read(void *ctx, uint32_t page, uint32_t offset, void *buf, uint32_t len)
{
	(void)ctx;
	memcpy(buf, &flash[page][offset], len);
	return 0;
}

static int flash_program(void *ctx, uint32_t page, uint32_t offset, const void *buf, uint32_t len)
{
	const uint8_t *from = buf;

	(void)ctx;
	for (uint32_t i = 0; i < len; i++)
		flash[page][offset + i] &= from[i];
	return memcmp(&flash[page][offset], buf, len) == 0
		       ? 0
		       : -1; /* as flash drivers do: was it erased? */
}

static int flash_erase(void *ctx, uint32_t page)
{
	(void)ctx;
	memset(flash[page], 0xff, PAGE_SIZE);
	return 0;
}

const struct pw_store board_store = {
	.page_size = PAGE_SIZE,
	.pages = PAGES,
	.align = 8,
	.read = flash_read,
	.program = flash_program,
	.erase = flash_erase,
};

/* ---- who and why ---- */

/* Whether RAM kept its contents tells a reset from a power-up. Hardware has a register for it. */
#define RAM_KEPT 0x50575057u
static uint32_t ram_mark __attribute__((section(".noinit")));
static uint8_t boot_reason;

uint8_t board_boot_reason(void)
{
	return boot_reason;
}

/*
 * The emulator has no source of randomness but how unevenly its clock advances against its
 * instructions. A board has a generator, or the noise of an open ADC input; what it must never be
 * is a constant or the time since power-up alone.
 */
uint64_t board_random(void)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (uint32_t i = 0; i < 4096; i++) {
		for (volatile uint32_t spin = 0; spin < 16 + (hash & 63); spin++)
			;
		hash = (hash ^ TIMER_VALUE) * UINT64_C(0x100000001b3);
	}
	return hash ? hash : 1;
}

/* From the factory: a page of flash, a fuse, the controller's unique number. Never the same for two
 * boards. */
#ifndef BOARD_SERIAL
#define BOARD_SERIAL "MPS2-0001"
#endif

const char *board_serial(void)
{
	return BOARD_SERIAL;
}

void board_led(bool on)
{
	FPGAIO_LED = on;
}

void board_init(void)
{
	boot_reason = ram_mark == RAM_KEPT ? PW_BOOT_RESET : PW_BOOT_POWER;
	ram_mark = RAM_KEPT;
	TIMER_RELOAD = UINT32_MAX;
	TIMER_VALUE = UINT32_MAX;
	TIMER_CTRL = 1;
	last_count = ~TIMER_VALUE;
	SYST_RVR = MS_CLOCKS - 1u;
	SYST_CVR = 0;
	SYST_CSR = 7;
	UART_BAUDDIV = CLOCK_HZ / BAUD;
	UART_CTRL = CTRL_TX_ON | CTRL_RX_ON | CTRL_RX_IRQ;
	NVIC_ISER0 = 1u << IRQ_UART0_RX;
}
