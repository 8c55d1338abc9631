/* modules/core/span.h - a borrowed run of bytes: any bytes, NULs included, no terminator.
** Whoever hands out a Span says until when its bytes stay where they are. */
#ifndef TAMIS_SPAN_H
#define TAMIS_SPAN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct Span {
  const char *ptr;   /* NULL means absent; an empty text has a pointer and len 0 */
  size_t len;        /* bytes */
} Span;

static inline Span span_of(const char *ptr, size_t len) { return (Span){ ptr, len }; }
static inline Span span_str(const char *s) { return (Span){ s, strlen(s) }; }
static inline int span_eq(Span a, Span b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

#endif
