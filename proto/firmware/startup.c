/* SPDX-License-Identifier: MIT */
/* What happens before main() on a Cortex-M: the vector table, and memory as C expects it. */
#include <stdint.h>

extern uint32_t data_load[], data_start[], data_end[], bss_start[], bss_end[], stack_top[];

int main(void);
void reset_handler(void);
void systick_handler(void);
void uart0_rx_handler(void);

void reset_handler(void)
{
	const uint32_t *from = data_load;

	for (uint32_t *to = data_start; to < data_end; to++)
		*to = *from++;
	for (uint32_t *to = bss_start; to < bss_end; to++)
		*to = 0;
	main();
	for (;;)
		;
}

/* A fault: the log is safe as it is, so the quickest way back to work is a reset (AIRCR,
 * SYSRESETREQ). */
static void fault_handler(void)
{
	*(volatile uint32_t *)0xe000ed0cu = 0x05fa0004u;
	for (;;)
		;
}

/* An entry of the table: the top of the stack, or a handler. */
union vector {
	uint32_t *stack;
	void (*handler)(void);
};

/* The core's sixteen, then the board's interrupts as far as they are in use. */
__attribute__((section(".vectors"), used)) static const union vector vectors[] = {
	{.stack = stack_top},
	{.handler = reset_handler},
	[2 ... 6] = {.handler =
			     fault_handler}, /* NMI, HardFault, MemManage, BusFault, UsageFault */
	[11] = {.handler = fault_handler},   /* SVCall */
	[14] = {.handler = fault_handler},   /* PendSV */
	[15] = {.handler = systick_handler},
	[16] = {.handler = uart0_rx_handler},
};
