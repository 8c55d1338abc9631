/* modules/lang/mask.c - what is no prose leaves a text before its language is told: fenced and inline
** code, addresses, paths, names that only programs use, and the keys and short values of JSON. To a
** detector nearly everything in Latin letters is some language, and a function is often German.
**
** One pass from left to right. Looking ahead is bounded (MOST_AHEAD) wherever the result may be "no", and
** where it is "yes" the pass goes on behind what it saw: so the time is linear in any text. */
#include <string.h>

#include "lang/lang.h"
#include "text/chars.h"

enum { MOST_AHEAD = 128, MOST_OPEN = 8 };   /* bytes and brackets in which a JSON text shows that it is one */

typedef struct Mask {
  Span t;
  size_t i;                    /* read up to here */
  char *out;
  size_t n;                    /* written */
  int no_tick;                 /* no backquote closes before the next line */
} Mask;

static int is_blank(char c) { return c == ' ' || (unsigned char)(c - 9) < 5; }
static int is_lower(char c) { return c >= 'a' && c <= 'z'; }
static int is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static int is_letter(char c) { return is_lower(c) || is_upper(c); }
static int is_alnum(char c) { return is_letter(c) || (c >= '0' && c <= '9'); }
static int is_graph(char c) { return c > ' ' && c < 127; }       /* ASCII; char may be signed */

static int at_line_start(Span t, size_t i) {
  while (i > 0 && (t.ptr[i - 1] == ' ' || t.ptr[i - 1] == '\t')) i--;
  return i == 0 || t.ptr[i - 1] == '\n';
}

static int starts_with(Span t, size_t i, const char *s) {
  size_t n = strlen(s);
  return t.len - i >= n && memcmp(t.ptr + i, s, n) == 0;
}

/* Behind the code fence that opens at i; the end of the text if it never closes. */
static size_t skip_fence(Span t, size_t i) {
  char mark = t.ptr[i];
  size_t width = 0;
  while (i + width < t.len && t.ptr[i + width] == mark) width++;
  for (size_t k = i + width; k < t.len; k++) {
    const char *line = memchr(t.ptr + k, '\n', t.len - k);
    if (line == NULL) return t.len;
    k = (size_t)(line - t.ptr) + 1;
    while (k < t.len && (t.ptr[k] == ' ' || t.ptr[k] == '\t')) k++;
    size_t n = 0;
    while (k + n < t.len && t.ptr[k + n] == mark) n++;
    if (n >= width) return k + n;
    k--;                                   /* this byte may be the line feed of an empty line */
  }
  return t.len;
}

static void put_blank(Mask *m, size_t to) {
  m->out[m->n++] = ' ';
  m->i = to;
}

/* `code` in backquotes, on one line. A line with an odd one is looked through once. */
static int mask_ticks(Mask *m) {
  char c = m->t.ptr[m->i];
  if ((starts_with(m->t, m->i, "```") || starts_with(m->t, m->i, "~~~")) && at_line_start(m->t, m->i)) {
    put_blank(m, skip_fence(m->t, m->i));
    return 1;
  }
  if (c != '`' || m->no_tick) return 0;
  for (size_t k = m->i + 1; k < m->t.len && m->t.ptr[k] != '\n'; k++)
    if (m->t.ptr[k] == '`') {
      put_blank(m, k + 1);
      return 1;
    }
  m->no_tick = 1;
  return 0;
}

static size_t skip_blanks(Span t, size_t i, size_t end) {
  while (i < end && is_blank(t.ptr[i])) i++;
  return i;
}

/* Behind the JSON string that opens at i; end if it does not close before. */
static size_t skip_string(Span t, size_t i, size_t end) {
  for (i++; i < end && t.ptr[i] != '"'; i++)
    if (t.ptr[i] == '\\') i++;
  return i < end ? i + 1 : end;
}

/* Whether a JSON object or array opens at i: {"key": or ["text", or one of these inside brackets. */
static int json_at(Span t, size_t i) {
  size_t end = t.len - i < MOST_AHEAD ? t.len : i + MOST_AHEAD;
  char open = 0;
  for (int n = 0; n < MOST_OPEN && i < end && (t.ptr[i] == '[' || (t.ptr[i] == '{' && open != '{')); n++) {
    open = t.ptr[i];
    i = skip_blanks(t, i + 1, end);
  }
  if (i >= end || t.ptr[i] != '"') return 0;
  i = skip_blanks(t, skip_string(t, i, end), end);
  if (i >= end) return 0;
  return open == '{' ? t.ptr[i] == ':' : t.ptr[i] == ',' || t.ptr[i] == ']';
}

static int hex4(Span t, size_t i, size_t end, unsigned *v) {
  *v = 0;
  if (end - i < 4) return 0;
  for (size_t k = i; k < i + 4; k++) {
    char c = t.ptr[k];
    int d = c >= '0' && c <= '9' ? c - '0' : is_letter(c) && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
    if (d < 0) return 0;
    *v = *v << 4 | (unsigned)d;
  }
  return 1;
}

/* The escape at i becomes its letter or a blank; behind it. */
static size_t put_escape(Mask *m, size_t i, size_t end) {
  unsigned v;
  if (i + 1 >= end) return end;
  if (m->t.ptr[i + 1] != 'u' || !hex4(m->t, i + 2, end, &v)) {
    m->out[m->n++] = ' ';
    return (signed char)m->t.ptr[i + 1] < 0 ? i + 1 : i + 2;
  }
  if (v < 0x80 || (v >= 0xD800 && v < 0xE000)) {
    m->out[m->n++] = v >= 0x20 && v < 0x80 ? (char)v : ' ';
  } else if (v < 0x800) {
    m->out[m->n++] = (char)(0xC0 | v >> 6);
    m->out[m->n++] = (char)(0x80 | (v & 0x3F));
  } else {
    m->out[m->n++] = (char)(0xE0 | v >> 12);
    m->out[m->n++] = (char)(0x80 | (v >> 6 & 0x3F));
    m->out[m->n++] = (char)(0x80 | (v & 0x3F));
  }
  return i + 6;
}

/* A string value between its quotes is prose if it has more than two words, or none of ASCII. */
static void put_value(Mask *m, size_t i, size_t end) {
  size_t blanks = 0, other = 0;
  for (size_t k = i; k < end; k++) {
    blanks += m->t.ptr[k] == ' ';
    other += (signed char)m->t.ptr[k] < 0;
  }
  if (blanks < 2 && other * 2 < end - i) return;
  m->out[m->n++] = ' ';
  while (i < end) {
    if (m->t.ptr[i] == '\\') i = put_escape(m, i, end);
    else m->out[m->n++] = m->t.ptr[i++];
  }
}

/* The JSON text that opens here, or what there is of it: only prose in its values stays. */
static void mask_json(Mask *m) {
  Span t = m->t;
  size_t depth = 0, i = m->i;
  do {
    char c = t.ptr[i];
    if (c == '"') {
      size_t begin = i + 1, behind = skip_string(t, i, t.len);
      size_t end = behind > begin && t.ptr[behind - 1] == '"' ? behind - 1 : behind;
      size_t next = skip_blanks(t, behind, t.len);
      if (next >= t.len || t.ptr[next] != ':') put_value(m, begin, end);
      i = behind;
      continue;
    }
    depth += c == '{' || c == '[';
    depth -= c == '}' || c == ']';
    i++;
  } while (depth > 0 && i < t.len);
  put_blank(m, i);
}

/* Whether what stands between a and b, ASCII without blanks, is no word of a language. */
static int is_code(const char *a, const char *b) {
  size_t slashes = 0;
  for (const char *p = a; p < b; p++) {
    char before = p > a ? p[-1] : ' ', after = p + 1 < b ? p[1] : ' ';
    switch (*p) {
      case '=': case '<': case '>': case '{': case '}': case '^': return 1;
      case '\\': case '$': if (is_letter(after)) return 1; break;
      case '_': case '@': if (is_alnum(before) && is_alnum(after)) return 1; break;
      case '.': if (is_alnum(before) && is_letter(after)) return 1; break;
      case '(': case '[': if (is_alnum(before)) return 1; break;
      case ':': if (after == ':' || (after == '/' && p + 2 < b && p[2] == '/')) return 1; break;
      case '/': if (++slashes >= 2 || ((p == a || before == '.' || before == '~') && is_letter(after))) return 1; break;
      default: if (is_upper(*p) && is_lower(before)) return 1; break;
    }
  }
  return 0;
}

/* Behind the run of characters that are no white space. */
static size_t skip_run(Span t, size_t i) {
  size_t next;
  while (i < t.len && !chars_is_space(chars_decode(t.ptr, t.len, i, &next))) i = next;
  return i;
}

/* The run of ASCII here: a word with its punctuation, or something that is masked. An address of the web
** goes on to the next blank, whatever its letters. */
static void mask_run(Mask *m) {
  Span t = m->t;
  size_t end = m->i + 1;
  while (end < t.len && is_graph(t.ptr[end]) && t.ptr[end] != '`' &&
         !((t.ptr[end] == '{' || t.ptr[end] == '[') && json_at(t, end)))
    end++;
  const char *a = t.ptr + m->i, *b = t.ptr + end;
  int web = starts_with(t, m->i, "http://") || starts_with(t, m->i, "https://") || starts_with(t, m->i, "www.");
  if (web) {
    put_blank(m, skip_run(t, end));
  } else if (is_code(a, b)) {
    put_blank(m, end);
  } else {
    memcpy(m->out + m->n, a, (size_t)(b - a));
    m->n += (size_t)(b - a);
    m->i = end;
  }
}

size_t lang_mask(Span text, char *out) {
  Mask m = { .t = text, .out = out };
  while (m.i < text.len) {
    char c = text.ptr[m.i];
    if ((c == '`' || c == '~') && mask_ticks(&m)) continue;
    if ((c == '{' || c == '[') && json_at(text, m.i)) {
      mask_json(&m);
    } else if (is_graph(c) && c != '`') {
      mask_run(&m);
    } else {
      if (c == '\n') m.no_tick = 0;
      out[m.n++] = c;
      m.i++;
    }
  }
  memset(out + m.n, 0, 16);
  return m.n;
}
