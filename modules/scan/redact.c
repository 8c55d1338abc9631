/* modules/scan/redact.c - see redact.h */
#include "scan/redact.h"

#include "corpus/json.h"

/* Where a walk over a JSON text stands. */
typedef struct Walk {
  size_t at;
  int in_string;
  size_t escape_start, escape_end;   /* the last escape passed: bytes from its backslash on */
} Walk;

/* Moves on to byte `to`, or to the end of the escape that begins before it. */
static void walk_to(Walk *w, Span text, size_t to) {
  while (w->at < to && w->at < text.len) {
    char c = text.ptr[w->at];
    if (w->in_string && c == '\\') {
      size_t len = w->at + 1 < text.len && text.ptr[w->at + 1] == 'u' ? 6 : 2;
      w->escape_start = w->at;
      w->at = w->escape_end = w->at + len < text.len ? w->at + len : text.len;
      continue;
    }
    if (c == '"') w->in_string = !w->in_string;
    w->at++;
  }
}

static int is_json(Span text) {
  size_t i = 0;
  while (i < text.len && (text.ptr[i] == ' ' || (text.ptr[i] >= 9 && text.ptr[i] <= 13))) i++;
  if (i == text.len || (text.ptr[i] != '{' && text.ptr[i] != '[')) return 0;
  JsonDoc doc = { 0 };
  int good = json_check(&doc, text, 0) == JSON_OK;
  json_doc_free(&doc);
  return good;
}

/* Whether c can be part of a JSON number. */
static int in_number(char c) { return (c >= '0' && c <= '9') || strchr("+-.eE", c) != NULL; }

/* Fits a match to the JSON text: whole escapes within a string, whole numbers outside. Returns 1
** if the replacement needs quotes. */
static int fit(Walk *w, Span text, size_t *start, size_t *end) {
  walk_to(w, text, *start);
  if (w->at > *start) *start = w->at;               /* began inside an escape */
  if (w->in_string) {
    walk_to(w, text, *end);
    if (w->at > *end) *end = w->escape_start;       /* ended inside one: leave that whole */
    return 0;
  }
  while (*start > 0 && text.ptr[*start - 1] != '\0' && in_number(text.ptr[*start - 1])) --*start;
  while (*end < text.len && text.ptr[*end] != '\0' && in_number(text.ptr[*end])) ++*end;
  return 1;
}

static int write_name(Buf *out, const char *name) {
  return buf_char(out, '[') != 0 || buf_str(out, name) != 0 || buf_char(out, ']') != 0 ? -1 : 0;
}

int scan_replace(Buf *out, Span text, const ScanMatch *match, size_t n, const char *const *name, ScanWriter write,
                 void *with) {
  int json = is_json(text);
  Walk walk = { 0 };
  size_t done = 0;
  out->len = 0;
  for (size_t i = 0; i < n; i++) {
    const char *type = name[match[i].type];
    size_t start = match[i].start, end = match[i].end;
    if (type == NULL) continue;
    int quoted = json && fit(&walk, text, &start, &end);
    if (end <= start || start < done) continue;
    Span found = span_of(text.ptr + start, end - start);
    int named = write == NULL || (json && memchr(found.ptr, '\\', found.len) != NULL);
    if (buf_add(out, text.ptr + done, start - done) != 0 || (quoted && buf_char(out, '"') != 0) ||
        (named ? write_name(out, type) : write(with, out, match[i].type, found)) != 0 ||
        (quoted && buf_char(out, '"') != 0))
      return -1;
    done = end;
  }
  return buf_add(out, text.ptr + done, text.len - done);
}

int scan_redact(Buf *out, Span text, const ScanMatch *match, size_t n, const char *const *name) {
  return scan_replace(out, text, match, n, name, NULL, NULL);
}
