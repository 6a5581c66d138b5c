/* SPDX-License-Identifier: MIT */
/*
 * USB pens on a wire: USB/IP, version 1.1.1, as Linux' usbip and vhci_hcd speak it
 * (Documentation/usb/usbip_protocol.rst of the kernel). Hosts come over TCP or a Unix socket and
 * import a pen, or the pens are put into this machine's own vhci_hcd.
 */
#ifndef TOOLS_PENSIM_USBIP_H
#define TOOLS_PENSIM_USBIP_H

#include "pensim_world.h"

#define USBIP_CONNS (PENSIM_PENS + 16u) /* a pen has one host; some more may ask what there is */
#define USBIP_TRANSFER_MAX                                                                         \
	(1u << 20) /* bytes to a pen in one transfer; usbfs splits at 16 KiB, cdc-acm sends less   \
		    */
#define USBIP_OUT_FULL                                                                             \
	(256u << 10) /* bytes that a host has not fetched: then transfers with data wait */
#define USBIP_OUT_MAX (4u << 20) /* and then it is a host that only sends: it is cut off */

struct usbip_conn {
	int fd;	    /* -EBADF: free */
	size_t pen; /* imported; SIZE_MAX: none */
	struct buf in, out;
	size_t at;    /* of @out, sent up to here */
	bool writing; /* epoll tells when there is room */
	bool broken;  /* to be closed when epoll tells of it */
};

struct usbip {
	struct world *world;
	int listen_fd;
	char *path; /* of a Unix socket */
	bool attach;
	struct usbip_conn **conn;
	size_t n;
};

/*
 * Serves the pens of @w at "[HOST:]PORT" (HOST is 127.0.0.1 unless it is said), "unix:PATH", or
 * nowhere (NULL). @attach: and puts them into vhci_hcd. -EINVAL for an address that is none; errors
 * of the socket. Pens that are plugged already are put there at once; -ENOENT: there is no
 * vhci_hcd, -EBUSY: all of its ports are taken.
 */
int usbip_open(struct usbip *u, struct world *w, const char *address, bool attach);
void usbip_close(struct usbip *u);
void usbip_on_listen(struct usbip *u);
void usbip_on_conn(struct usbip *u, size_t i);

/* The pen has come: with @attach it goes into vhci_hcd. -EBUSY: the port is not free, or not free
 * yet. */
int usbip_plug(struct usbip *u, size_t pen);
/* The pen has gone: so does its host. */
void usbip_pull(struct usbip *u, size_t pen);
/* Answers the host's next transfer with what the pen has queued, if that is at most @allowance
 * bytes, and none beyond the byte at which the cable is pulled. Whether it did. */
bool usbip_talk(struct usbip *u, size_t pen, uint64_t allowance, int64_t now_us);
/* How many bytes the pen's oldest pending transfer takes; 0: none is pending, or the host does not
 * fetch what it was sent. */
size_t usbip_room(const struct pensim_pen *pen);

/* ---- pensim_vhci.c ---- */

#define VHCI_PORTS                                                                                 \
	4096 /* of all its controllers at most; Debian's first one has 15 of each speed */

/* Hands one end of a connection to port @wanted of vhci_hcd, or to any that is free (-1); @fd stays
 * the caller's, which closes it. -EBUSY, -ENOENT as above. */
int vhci_attach(int fd, int wanted, enum pensim_usb_speed speed, uint32_t devid, int *ret_port);

#endif
