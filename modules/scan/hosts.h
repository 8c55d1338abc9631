/* modules/scan/hosts.h - checks of what names a machine: web addresses, domains, MAC addresses. */
#ifndef TAMIS_HOSTS_H
#define TAMIS_HOSTS_H

#include "scan/checks.h"

/* "https://host/…" of a domain that there may be; narrows by punctuation that closes a sentence */
int check_url(ScanCandidate *c);
/* "host.tld" or "www.host.tld", with a path or not, under an ending that is rarely a file's or a word */
int check_domain(ScanCandidate *c);
/* "scheme://user:password@host"; not of a host reserved for examples, nor a template's ${…}; a host under .internal or
** .local is a house's own, and its password one */
int check_credentials(ScanCandidate *c);
int check_mac(ScanCandidate *c);       /* not zero, not all ones, not documentation (RFC 7042) */
/* Is a host (no port) reserved: example.com, localhost, .local and their like (RFC 2606, 6761)? */
int host_reserved(Span host);

#endif
