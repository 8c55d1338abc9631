/* modules/scan/checks.h - is what a pattern found the thing itself? Facts about numbers and
** addresses: check digits, issuers, reserved ranges. A check may narrow the match. */
#ifndef TAMIS_CHECKS_H
#define TAMIS_CHECKS_H

#include "core/span.h"

typedef struct ScanCandidate {
  Span text;
  size_t start, end;   /* bytes; a check may narrow them */
  int strict;          /* accept what is reserved for documentation and the like */
} ScanCandidate;

typedef int (*ScanCheck)(ScanCandidate *c);   /* 1: it is one */

/*  card   12 to 19 digits of a card issuer and its lengths, Luhn's sum, in one run or grouped as
**         on cards (ISO/IEC 7812-1)
**  luhn   Luhn's sum alone, over the digits of the match
**  ssn    US social security number: area, group and serial that are given out
**  ipv4   four octets; not loopback, documentation (RFC 5737), netmasks, what reads as a version (four numbers below 10,
**         behind "version"), public name servers
**  ipv6   RFC 4291; not ::1, documentation (RFC 3849), public name servers
**  email  not the domains of RFC 2606 and 6761, not file names, not the password@host of an address
**  phone  E.164 lengths by country code, or the North American plan
**  national_phone, date, filled, secret, assigned, password     shapes.h
**  url, domain, credentials, mac     hosts.h
**  iban, nhs, nif, de_tax, pesel, aadhaar, cpf     ids.h                                       */
ScanCheck scan_check(Span name);   /* NULL if there is none of that name */
const char *scan_check_name(size_t i);   /* of all in turn, for a message; NULL behind the last */

#endif
