/* tests/json_cases.h - reads the parsing cases of ../shared/data/json, one call a case. */
#ifndef TAMIS_JSON_CASES_H
#define TAMIS_JSON_CASES_H

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "corpus/json.h"

typedef struct JsonCase { const char *name, *expect; const char *text; size_t len; } JsonCase;

static inline size_t base64_decode(const char *s, size_t n, char *out) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  size_t len = 0;
  unsigned v = 0, bits = 0;
  for (size_t i = 0; i < n && s[i] != '='; i++) {
    const char *d = strchr(digits, s[i]);
    v = v << 6 | (unsigned)(d - digits);
    bits += 6;
    if (bits >= 8) out[len++] = (char)(v >> (bits -= 8));
  }
  return len;
}

static inline char *json_case_text(const JsonValue *row, const char *key) {
  JsonValue v = json_get(row, span_str(key));
  char *s = malloc(v.raw.len + 1);
  s[json_decode(v.raw, s)] = '\0';
  return s;
}

/* 0, or -1 if the file is not there. */
static inline int json_cases(const char *path, void (*each)(const JsonCase *c)) {
  enum { LINE = 1 << 20 };
  gzFile f = gzopen(path, "rb");
  if (f == NULL) return -1;
  char *line = malloc(LINE);
  while (gzgets(f, line, LINE) != NULL) {
    JsonValue row = json_value(span_str(line));
    char *name = json_case_text(&row, "name"), *expect = json_case_text(&row, "expect");
    char *coded = json_case_text(&row, "base64"), *text = malloc(strlen(coded) + 1);
    JsonCase c = { name, expect, text, base64_decode(coded, strlen(coded), text) };
    each(&c);
    free(name), free(expect), free(coded), free(text);
  }
  free(line);
  gzclose(f);
  return 0;
}

#endif
