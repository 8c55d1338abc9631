/* modules/corpus/array.c - a JSON array of rows becomes one element a line.
**
** Only the frame is judged here: brackets, commas, where strings end. Each element is judged as a
** line of its own later, like any other, so that one bad element costs one row. */
#include "corpus/json_scan.h"
#include "corpus/source.h"

typedef struct Walk {
  const char *begin, *p, *end;
  Spool *out;
  Broken *broken;
  Error *err;
} Walk;

enum { BROKEN = 1 };

static int broken(Walk *w, const char *at, const char *why) {
  *w->broken = (Broken){ (uint64_t)(at - w->begin), why };
  return BROKEN;
}

static void skip_space(Walk *w) {
  while (w->p < w->end && json_is_space(*w->p)) w->p++;
}

/* w->p is behind the opening quote; steps behind the closing one. */
static int skip_string(Walk *w) {
  uint64_t high = 0;
  const char *limit = json_scan_limit(w->p, w->end, 0);
  for (;;) {
    w->p = json_plain_run(w->p, w->end, limit, &high);
    if (w->p >= w->end) return broken(w, w->end, "the file ends inside a string");
    if (*w->p == '"') break;
    if (*w->p == '\n') return broken(w, w->p, "a line break inside a string");
    w->p += *w->p == '\\' && w->end - w->p > 1 ? 2 : 1;
  }
  w->p++;
  return 0;
}

/* Steps behind the element at w->p. *breaks: it holds line breaks between its tokens. */
static int skip_element(Walk *w, int *breaks) {
  size_t depth = 0;
  const char *begin = w->p;
  *breaks = 0;
  while (w->p < w->end) {
    char c = *w->p;
    if (depth == 0 && (c == ',' || c == ']' || c == '}' || (json_is_space(c) && w->p > begin))) break;
    w->p++;
    if (c == '\n' || c == '\r') *breaks = 1;
    else if (c == '"') {
      int r = skip_string(w);
      if (r != 0) return r;
      if (depth == 0) break;
    }
    else if (c == '{' || c == '[') depth++;
    else if ((c == '}' || c == ']') && --depth == 0) break;
  }
  if (depth > 0) return broken(w, w->end, "the file ends inside an element");
  if (w->p == begin) return broken(w, w->p, w->p < w->end ? "an element is missing" : "the file ends inside the array");
  return 0;
}

/* Strings hold no raw line break, so every one in the element stands between tokens. */
static int put_element(Walk *w, const char *begin, int breaks) {
  const char *end = w->p;
  int r = 0;
  while (breaks && r == 0) {
    const char *at = begin;
    while (at < end && *at != '\n' && *at != '\r') at++;
    r = spool_write(w->out, begin, (size_t)(at - begin), w->err);
    if (at == end) return r == 0 ? spool_write(w->out, "\n", 1, w->err) : r;
    if (r == 0) r = spool_write(w->out, " ", 1, w->err);
    begin = at + 1;
  }
  if (r == 0) r = spool_write(w->out, begin, (size_t)(end - begin), w->err);
  return r == 0 ? spool_write(w->out, "\n", 1, w->err) : r;
}

static int walk(Walk *w) {
  skip_space(w);
  if (w->p >= w->end || *w->p != '[') return broken(w, w->p, "no array begins here");
  w->p++;
  skip_space(w);
  if (w->p < w->end && *w->p == ']') w->p++;
  else for (;;) {
    if (interrupt_pending()) return POOL_INTERRUPTED;
    int breaks;
    skip_space(w);
    const char *begin = w->p;
    int r = skip_element(w, &breaks);
    if (r == 0) r = put_element(w, begin, breaks);
    if (r != 0) return r;
    skip_space(w);
    if (w->p >= w->end) return broken(w, w->end, "the file ends inside the array");
    char c = *w->p;
    if (c != ',' && c != ']') return broken(w, w->p, "a comma is missing");
    w->p++;
    if (c == ']') break;
  }
  skip_space(w);
  return w->p < w->end ? broken(w, w->p, "there is text after the array") : 0;
}

int array_to_lines(Span text, Spool *out, Broken *why, Error *err) {
  *why = (Broken){ 0 };
  Walk w = { text.ptr, text.ptr, text.ptr + text.len, out, why, err };
  int r = walk(&w);
  if (r == POOL_INTERRUPTED) error_set(err, "%s", "");
  return r == BROKEN ? 0 : r;
}
