/* modules/schema/answer.c - see answer.h */
#include "schema/answer.h"

#include <stddef.h>

static int is_blank(char c) { return c == ' ' || (unsigned char)(c - 9) < 5u; }

static Span trimmed(const char *p, const char *end) {
  while (p < end && is_blank(*p)) p++;
  while (end > p && is_blank(end[-1])) end--;
  return span_of(p, (size_t)(end - p));
}

static int opens(Span t) { return t.len > 0 && (t.ptr[0] == '{' || t.ptr[0] == '['); }

static const char *line_end(const char *p, const char *end) {
  const char *stop = memchr(p, '\n', (size_t)(end - p));
  return stop != NULL ? stop : end;
}

/* Is the line, blanks before it off, a fence of that sign? */
static int is_fence(const char *p, const char *end, char sign) {
  while (p < end && (*p == ' ' || *p == '\t')) p++;
  return end - p >= 3 && p[0] == sign && p[1] == sign && p[2] == sign;
}

static int says_json(const char *p, const char *end) {
  static const char WORD[] = "json";
  while (p < end && (*p == ' ' || *p == '\t' || *p == '`' || *p == '~')) p++;
  if (end - p < 4) return 0;
  for (int i = 0; i < 4; i++)
    if ((p[i] | 0x20) != WORD[i]) return 0;
  return end - p == 4 || is_blank(p[4]) || (p[4] | 0x20) == 'c' || p[4] == '5';   /* jsonc, json5 */
}

/* The first fence that says json, else the first that opens a bracket. ptr NULL: none. */
static Span in_fence(Span t) {
  const char *end = t.ptr + t.len, *next;
  Span other = { NULL, 0 };
  for (const char *p = t.ptr; p < end; p = next) {
    const char *stop = line_end(p, end);
    next = stop < end ? stop + 1 : end;
    char sign = is_fence(p, stop, '`') ? '`' : is_fence(p, stop, '~') ? '~' : '\0';
    if (sign == '\0') continue;
    const char *from = next, *to = end;
    for (const char *q = from; q < end;) {
      const char *e = line_end(q, end);
      if (is_fence(q, e, sign)) {
        to = q, next = e < end ? e + 1 : end;
        break;
      }
      q = next = e < end ? e + 1 : end;
    }
    Span inside = trimmed(from, to);
    if (says_json(p, stop)) return inside;
    if (other.ptr == NULL && opens(inside)) other = inside;
  }
  return other;
}

/* From the first bracket that may begin JSON to the one that closes it, or to the end. */
static Span in_prose(Span t) {
  size_t at = 0, depth = 0;
  while (at < t.len && t.ptr[at] != '{' && t.ptr[at] != '[') at++;
  if (at == t.len) return t;
  int string = 0;
  for (size_t i = at; i < t.len; i++) {
    char c = t.ptr[i];
    if (string && c == '\\') i++;
    else if (c == '"') string = !string;
    else if (string) continue;
    else if (c == '{' || c == '[') depth++;
    else if ((c == '}' || c == ']') && --depth == 0) return span_of(t.ptr + at, i + 1 - at);
  }
  return span_of(t.ptr + at, t.len - at);
}

Span answer_json(Span text, int prose) {
  Span t = trimmed(text.ptr, text.ptr + text.len);
  if (opens(t)) return t;
  Span fenced = in_fence(t);
  if (fenced.ptr != NULL) return fenced;
  return prose ? in_prose(t) : t;
}
