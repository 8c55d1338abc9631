/* modules/core/error.c - see error.h */
#include "core/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(Error *err, const char *fmt, ...) {
  if (err == NULL) return -1;
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(err->text, sizeof err->text, fmt, ap);
  va_end(ap);
  return -1;
}

int error_errno(Error *err, const char *fmt, ...) {
  int code = errno;
  if (err == NULL) return -1;
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(err->text, sizeof err->text, fmt, ap);
  va_end(ap);
  size_t used = strlen(err->text);
  snprintf(err->text + used, sizeof err->text - used, ": %s", strerror(code));
  return -1;
}

int error_memory(Error *err) { return error_set(err, "not enough memory"); }
