/* modules/http/url.c - see url.h */
#include "http/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

static int is_digit(char c) { return c >= '0' && c <= '9'; }
static int is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

static int visible(Span text) {
  for (size_t i = 0; i < text.len; i++)
    if ((unsigned char)text.ptr[i] <= ' ' || (unsigned char)text.ptr[i] >= 0x7f) return 0;
  return 1;
}

static Span cut(Span s, size_t from, size_t to) { return span_of(s.ptr + from, to - from); }

static size_t find(Span s, char c) {
  const char *p = s.len > 0 ? memchr(s.ptr, c, s.len) : NULL;
  return p == NULL ? s.len : (size_t)(p - s.ptr);
}

/* "https://" at the start, in any case of letters: its length. 0 for anything else. */
static size_t scheme_length(Url *u, Span text) {
  static const char *const known[] = { "https", "http" };
  for (size_t i = 0; i < 2; i++) {
    size_t n = strlen(known[i]), k = 0;
    while (k < n && k < text.len && lower(text.ptr[k]) == known[i][k]) k++;
    if (k == n && text.len >= n + 3 && memcmp(text.ptr + n, "://", 3) == 0) {
      memcpy(u->scheme, known[i], n + 1);
      return n + 3;
    }
  }
  return 0;
}

/* A name whose last label is a number is an address to some readers: only the plain spelling of one
** passes, four decimal numbers without leading zeros, which inet_pton insists on. */
static int host_name_check(const char *host, Error *err) {
  const char *label = host;
  for (const char *p = host;; p++) {
    if (*p == '.' || *p == '\0') {
      if (p == label || p - label > 63) return error_set(err, "the host of a URL has an empty or overlong label");
      if (*label == '-' || p[-1] == '-') return error_set(err, "a label of the host begins or ends with a hyphen");
      if (*p == '\0') break;
      label = p + 1;
    } else if (!is_digit(*p) && !(*p >= 'a' && *p <= 'z') && *p != '-' && *p != '_') {
      return error_set(err, "a host is made of letters, digits, hyphens and dots (a name in another script "
                            "is written in its xn-- form)");
    }
  }
  int numeric = 1;
  for (const char *p = label; *p != '\0'; p++) numeric &= is_digit(*p);
  if (!numeric && !(label[0] == '0' && label[1] == 'x')) return 0;
  struct in_addr a;
  if (inet_pton(AF_INET, host, &a) == 1) return 0;
  return error_set(err, "an IPv4 address is written as four decimal numbers, without leading zeros");
}

static int read_host(Url *u, Span host, Error *err) {
  if (host.len == 0) return error_set(err, "the URL has no host");
  if (host.len >= URL_HOST - 2) return error_set(err, "the host of a URL is longer than %d bytes", URL_HOST - 3);
  if (host.ptr[0] == '[') {
    struct in6_addr a;
    if (host.ptr[host.len - 1] != ']') return error_set(err, "an IPv6 address stands in brackets: https://[::1]/");
    memcpy(u->host, host.ptr + 1, host.len - 2);
    u->host[host.len - 2] = '\0';
    if (inet_pton(AF_INET6, u->host, &a) != 1) return error_set(err, "what stands in brackets is no IPv6 address");
    inet_ntop(AF_INET6, &a, u->host, sizeof u->host);   /* one spelling */
    u->ipv6 = 1;
    return 0;
  }
  for (size_t i = 0; i < host.len; i++) u->host[i] = lower(host.ptr[i]);
  u->host[host.len] = '\0';
  return host_name_check(u->host, err);
}

static int read_port(Url *u, Span port, Error *err) {
  unsigned n = 0;
  for (size_t i = 0; i < port.len && n <= 65535; i++) {
    if (!is_digit(port.ptr[i])) n = 65536;
    else n = n * 10 + (unsigned)(port.ptr[i] - '0');
  }
  if (n < 1 || n > 65535 || port.len > 5 || port.ptr[0] == '0')
    return error_set(err, "the port of a URL is a number from 1 to 65535");
  u->port = n;
  return 0;
}

int url_parse(Url *u, Span text, Error *err) {
  memset(u, 0, sizeof *u);
  if (text.len == 0) return error_set(err, "the URL is empty");
  if (!visible(text))
    return error_set(err, "a URL may not hold white space, control characters or bytes beyond ASCII");
  size_t at = scheme_length(u, text);
  if (at == 0) return error_set(err, "a URL begins with https:// or http://");
  size_t end = at;
  while (end < text.len && text.ptr[end] != '/' && text.ptr[end] != '?' && text.ptr[end] != '#') end++;
  Span authority = cut(text, at, end);
  u->path = cut(text, end, text.len);
  if (find(authority, '@') < authority.len)
    return error_set(err, "a URL may not hold a user name or a password");
  if (find(authority, '\\') < authority.len || find(authority, '%') < authority.len)
    return error_set(err, "a host may not hold a backslash or a percent sign");
  if (u->path.len > 0 && u->path.ptr[0] != '/')
    return error_set(err, "behind the host of a URL stands a path that begins with a slash");
  if (u->path.len > 0 && url_path_check(u->path, err) != 0) return -1;
  size_t bracket = find(authority, ']');
  size_t colon = bracket < authority.len ? bracket + 1 : find(authority, ':');
  if (bracket < authority.len && colon < authority.len && authority.ptr[colon] != ':')
    return error_set(err, "behind the brackets of an IPv6 address stands a port or nothing");
  if (read_host(u, cut(authority, 0, colon), err) != 0) return -1;
  if (colon < authority.len) {
    if (colon + 1 == authority.len) return error_set(err, "the URL has a colon and no port");
    return read_port(u, cut(authority, colon + 1, authority.len), err);
  }
  u->port = u->scheme[4] == 's' ? 443 : 80;
  return 0;
}

/* Bytes of the dot that s begins with, spelled plainly or as %2e; 0 if there is none. */
static size_t dot_at(Span s, size_t i) {
  if (i < s.len && s.ptr[i] == '.') return 1;
  return i + 2 < s.len && s.ptr[i] == '%' && s.ptr[i + 1] == '2' && lower(s.ptr[i + 2]) == 'e' ? 3 : 0;
}

static int is_dots(Span segment) {
  size_t one = dot_at(segment, 0);
  if (one == 0) return 0;
  return one == segment.len || one + dot_at(segment, one) == segment.len;
}

int url_path_check(Span path, Error *err) {
  if (path.len == 0 || path.ptr[0] != '/') return error_set(err, "a path begins with a slash");
  if (!visible(path))
    return error_set(err, "a path may not hold white space, control characters or bytes beyond ASCII");
  for (size_t i = 0; i < path.len; i++) {
    char c = path.ptr[i];
    if (c == '#') return error_set(err, "a URL may not hold a fragment (#…)");
    if (strchr("\"<>\\^`{|}", c) != NULL)
      return error_set(err, "the character %c of a path is written as %%%02X", c, c);
    if (c == '%' && (path.len - i < 3 || !is_hex(path.ptr[i + 1]) || !is_hex(path.ptr[i + 2])))
      return error_set(err, "a percent sign of a path stands before two hexadecimal digits");
  }
  size_t stop = find(path, '?');
  for (size_t from = 1; from <= stop;) {
    size_t to = from;
    while (to < stop && path.ptr[to] != '/') to++;
    if (is_dots(cut(path, from, to))) return error_set(err, "a path may not hold a segment of dots alone");
    from = to + 1;
  }
  return 0;
}

int url_same_origin(const Url *a, const Url *b) {
  return a->port == b->port && a->ipv6 == b->ipv6 && strcmp(a->scheme, b->scheme) == 0 && strcmp(a->host, b->host) == 0;
}

void url_origin(const Url *u, char out[URL_ORIGIN]) {
  unsigned own = u->scheme[4] == 's' ? 443 : 80;
  int n = snprintf(out, URL_ORIGIN, u->ipv6 ? "%s://[%s]" : "%s://%s", u->scheme, u->host);
  if (u->port != own) snprintf(out + n, (size_t)(URL_ORIGIN - n), ":%u", u->port);
}

typedef struct Net4 { uint32_t net; int bits; AddressKind kind; } Net4;
typedef struct Net6 { unsigned char net[16]; int bits; AddressKind kind; } Net6;

/* IANA's special-purpose registries, RFC 6890 and its updates. */
static const Net4 NETS4[] = {
  { 0x00000000, 8,  ADDRESS_PRIVATE },  { 0x0a000000, 8,  ADDRESS_PRIVATE },    { 0x64400000, 10, ADDRESS_PRIVATE },
  { 0x7f000000, 8,  ADDRESS_LOOPBACK }, { 0xa9fe0000, 16, ADDRESS_LINK_LOCAL }, { 0xac100000, 12, ADDRESS_PRIVATE },
  { 0xc0000000, 24, ADDRESS_PRIVATE },  { 0xc0000200, 24, ADDRESS_PRIVATE },    { 0xc0586300, 24, ADDRESS_PRIVATE },
  { 0xc0a80000, 16, ADDRESS_PRIVATE },  { 0xc6120000, 15, ADDRESS_PRIVATE },    { 0xc6336400, 24, ADDRESS_PRIVATE },
  { 0xcb007100, 24, ADDRESS_PRIVATE },  { 0xe0000000, 3,  ADDRESS_PRIVATE },
};

static const Net6 NETS6[] = {
  { { [15] = 1 }, 128, ADDRESS_LOOPBACK },
  { { 0 }, 96, ADDRESS_PRIVATE },                                    /* ::, and IPv4-compatible */
  { { [10] = 0xff, [11] = 0xff }, 96, ADDRESS_PRIVATE },             /* IPv4-mapped */
  { { 0x00, 0x64, 0xff, 0x9b }, 32, ADDRESS_PRIVATE },               /* NAT64, well-known and local */
  { { 0x01, 0x00 }, 64, ADDRESS_PRIVATE },                           /* discard */
  { { 0x20, 0x01, 0x00 }, 23, ADDRESS_PRIVATE },                     /* protocol assignments, Teredo */
  { { 0x20, 0x01, 0x0d, 0xb8 }, 32, ADDRESS_PRIVATE },               /* documentation */
  { { 0x20, 0x02 }, 16, ADDRESS_PRIVATE },                           /* 6to4 */
  { { 0x3f, 0xff, 0x00 }, 20, ADDRESS_PRIVATE },                     /* documentation */
  { { 0x5f, 0x00 }, 16, ADDRESS_PRIVATE },                           /* segment routing */
  { { 0xfc, 0x00 }, 7, ADDRESS_PRIVATE },                            /* unique local */
  { { 0xfe, 0x80 }, 10, ADDRESS_LINK_LOCAL },
  { { 0xfe, 0xc0 }, 10, ADDRESS_PRIVATE },                           /* site-local */
  { { 0xff, 0x00 }, 8, ADDRESS_PRIVATE },                            /* multicast */
};

static AddressKind kind4(uint32_t a) {
  for (size_t i = 0; i < sizeof NETS4 / sizeof NETS4[0]; i++)
    if (((a ^ NETS4[i].net) >> (32 - NETS4[i].bits)) == 0) return NETS4[i].kind;
  return ADDRESS_PUBLIC;
}

static AddressKind kind6(const unsigned char a[16]) {
  for (size_t i = 0; i < sizeof NETS6 / sizeof NETS6[0]; i++) {
    int whole = NETS6[i].bits / 8, rest = NETS6[i].bits % 8;
    if (memcmp(a, NETS6[i].net, (size_t)whole) != 0) continue;
    if (rest == 0 || ((a[whole] ^ NETS6[i].net[whole]) >> (8 - rest)) == 0) return NETS6[i].kind;
  }
  return ADDRESS_PUBLIC;
}

AddressKind address_kind(const struct sockaddr *a) {
  if (a->sa_family == AF_INET) {
    struct sockaddr_in in;
    memcpy(&in, a, sizeof in);
    return kind4(ntohl(in.sin_addr.s_addr));
  }
  if (a->sa_family == AF_INET6) {
    struct sockaddr_in6 in;
    memcpy(&in, a, sizeof in);
    return kind6(in.sin6_addr.s6_addr);
  }
  return ADDRESS_PRIVATE;
}

const char *address_word(AddressKind kind) {
  static const char *const words[] = { "public", "loopback", "link-local", "private" };
  return words[kind];
}

AddressKind url_host_kind(const Url *u) {
  struct in_addr a;
  struct in6_addr b;
  if (u->ipv6) return inet_pton(AF_INET6, u->host, &b) == 1 ? kind6(b.s6_addr) : ADDRESS_PRIVATE;
  if (inet_pton(AF_INET, u->host, &a) == 1) return kind4(ntohl(a.s_addr));
  size_t n = strlen(u->host);
  if (strcmp(u->host, "localhost") == 0 || (n > 10 && strcmp(u->host + n - 10, ".localhost") == 0))
    return ADDRESS_LOOPBACK;
  return ADDRESS_PUBLIC;
}
