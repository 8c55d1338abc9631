/* modules/http/url.h - where a request may go: a strict reader of http and https URLs, and what kind
** of network an address belongs to.
**
** The reader takes one spelling of a host and refuses the others (octal, hex and short IPv4 forms,
** user names, fragments, white space, control characters, bytes beyond ASCII), because two readers
** that disagree about a spelling are how a request reaches a host that nobody allowed. A host name
** says nothing about its address: that is asked again, by address_kind, once the name is resolved. */
#ifndef TAMIS_URL_H
#define TAMIS_URL_H

#include <sys/socket.h>

#include "core/error.h"
#include "core/span.h"

enum { URL_HOST = 256, URL_ORIGIN = URL_HOST + 24 };

typedef struct Url {
  char scheme[6];        /* "http" or "https" */
  char host[URL_HOST];   /* lower case; an IPv6 address without its brackets */
  int ipv6;
  unsigned port;         /* 1 to 65535; the scheme's own where the text names none */
  Span path;             /* the text's own bytes behind the authority: "" or "/…", query included */
} Url;

/* Reads text whole. 0, with u->path pointing into text; -1 with err worded, which never repeats the
** text (it may hold a password). */
int url_parse(Url *u, Span text, Error *err);
/* A path with its query, as it goes on the wire: "/" first, visible ASCII, whole %XX, no fragment
** and no segment "." or "..". 0 or -1 with err worded. */
int url_path_check(Span path, Error *err);
int url_same_origin(const Url *a, const Url *b);
void url_origin(const Url *u, char out[URL_ORIGIN]);   /* "https://host", ":port" where not the scheme's */

/* What kind of network an address belongs to. PRIVATE is any that the public internet does not route:
** RFC 1918, shared, benchmarking, documentation, multicast, reserved, unique local, and the IPv6
** forms that carry an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo), whatever they carry. */
typedef enum AddressKind { ADDRESS_PUBLIC, ADDRESS_LOOPBACK, ADDRESS_LINK_LOCAL, ADDRESS_PRIVATE } AddressKind;
AddressKind address_kind(const struct sockaddr *a);     /* a family that is not IP is private */
const char *address_word(AddressKind kind);             /* "public", "loopback", "link-local", "private" */
/* Of a host as url_parse leaves it, without resolving: a literal address, or "localhost" and the
** names under it. ADDRESS_PUBLIC for every other name. */
AddressKind url_host_kind(const Url *u);

#endif
