/* SPDX-License-Identifier: MIT */
/*
 * Penwire on USB: the numbers by which a host knows a pen (README.md, "USB"). For a pen's descriptors, and for hosts.
 *
 * The Penwire interface of a pen, in one configuration, setting 0 and no other:
 *
 *     09 04 NN 00 02 ff 50 57 SS     interface NN, two endpoints, this class, the string SS is "Penwire"
 *     07 05 8A 02 MM MM 00           bulk IN, max packet MMMM
 *     07 05 0B 02 MM MM 00           bulk OUT
 */
#ifndef PW_USB_H
#define PW_USB_H

#define PW_USB_CLASS     0xffu     /* bInterfaceClass: of the vendor's own kind */
#define PW_USB_SUBCLASS  0x50u     /* bInterfaceSubClass: 'P' */
#define PW_USB_PROTOCOL  0x57u     /* bInterfaceProtocol: 'W' */
#define PW_USB_INTERFACE "Penwire" /* the string of iInterface: exactly this, also of a CDC-ACM pen's communications interface */

#define PW_USB_SETTING       0u /* bAlternateSetting, the only one */
#define PW_USB_ENDPOINTS     2u /* bNumEndpoints: one bulk IN, one bulk OUT */
#define PW_USB_TRANSFER_MAX  16384u /* the longest transfer that a host asks for; always a multiple of the packet size */

#endif
