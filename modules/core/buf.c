/* modules/core/buf.c - see buf.h */
#include "core/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int buf_reserve(Buf *b, size_t extra) {
  if (extra > SIZE_MAX / 2 - b->len) return -1;
  size_t need = b->len + extra;
  if (need <= b->cap) return 0;
  size_t cap = b->cap + b->cap / 2;
  if (cap < need) cap = need;
  if (cap < 64) cap = 64;
  char *ptr = realloc(b->ptr, cap);
  if (ptr == NULL) return -1;
  b->ptr = ptr;
  b->cap = cap;
  return 0;
}

int buf_add(Buf *b, const void *bytes, size_t len) {
  if (buf_reserve(b, len) != 0) return -1;
  if (len > 0) memcpy(b->ptr + b->len, bytes, len);
  b->len += len;
  return 0;
}

int buf_str(Buf *b, const char *s) { return buf_add(b, s, strlen(s)); }
int buf_char(Buf *b, char c) { return buf_add(b, &c, 1); }

int buf_printf(Buf *b, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  int n = vsnprintf(NULL, 0, fmt, ap);
  va_end(ap);
  if (n < 0 || buf_reserve(b, (size_t)n + 1) != 0) return -1;
  va_start(ap, fmt);
  vsnprintf(b->ptr + b->len, (size_t)n + 1, fmt, ap);
  va_end(ap);
  b->len += (size_t)n;
  return 0;
}

void buf_free(Buf *b) {
  free(b->ptr);
  *b = (Buf){ 0 };
}
