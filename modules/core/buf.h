/* modules/core/buf.h - bytes that grow. All functions return 0, or -1 when out of memory,
** which leaves the buffer as it was. */
#ifndef TAMIS_BUF_H
#define TAMIS_BUF_H

#include "core/span.h"

typedef struct Buf {
  char *ptr;     /* [cap], owned; NULL when empty */
  size_t len;    /* bytes in use */
  size_t cap;
} Buf;

int buf_reserve(Buf *b, size_t extra);   /* room for extra bytes behind len */
int buf_add(Buf *b, const void *bytes, size_t len);
int buf_str(Buf *b, const char *s);
int buf_char(Buf *b, char c);
int buf_printf(Buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline Span buf_span(const Buf *b) { return span_of(b->ptr ? b->ptr : "", b->len); }
void buf_free(Buf *b);                   /* frees and empties; an empty one is left alone */

#endif
